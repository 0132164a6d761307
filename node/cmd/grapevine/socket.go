package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// maxSocket is what a Unix socket's path may have, in bytes, on all systems.
const maxSocket = 100

func runPath(dir, name string) string { return filepath.Join(dir, "run", name) }

// socketOf is where the daemon of a home listens, if it does.
func socketOf(dir string) (string, error) {
	b, err := os.ReadFile(runPath(dir, "api.path"))
	path := strings.TrimSpace(string(b))
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if _, err := os.Stat(path); err != nil {
		return "", err
	}
	return path, nil
}

// listenSocket opens the API's socket for this user only. The file run/api.path
// says where: in the home or, if its path is too long for a socket, in a new
// directory for temporary files. close removes both.
func listenSocket(dir, socket string) (l net.Listener, path string, close func(), err error) {
	if path = socket; !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	short, noted := "", socket // seen from the home, so that it may be moved
	if len(path) > maxSocket {
		if short, err = os.MkdirTemp("", "grapevine-"); err != nil {
			return nil, "", nil, fault(codeFailed, "make a directory for the socket", err)
		}
		path = filepath.Join(short, "api.sock")
		noted = path
	}
	note := runPath(dir, "api.path")
	close = func() {
		_, _ = os.Remove(path), os.Remove(note)
		if short != "" {
			_ = os.Remove(short)
		}
	}
	removeStale(dir)
	if err = os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil, fault(codeFailed, "remove an old socket", err)
	}
	if l, err = net.Listen("unix", path); err != nil {
		close()
		return nil, "", nil, fault(codeFailed, "open the socket "+path, err)
	}
	if err = errors.Join(os.Chmod(path, 0o600), os.WriteFile(note, []byte(noted+"\n"), 0o600)); err != nil {
		_ = l.Close()
		close()
		return nil, "", nil, fault(codeFailed, "open the socket "+path, err)
	}
	return l, path, close, nil
}

// removeStale removes the short path that a killed daemon left.
func removeStale(dir string) {
	old, err := socketOf(dir)
	if parent := filepath.Dir(old); err == nil && strings.HasPrefix(filepath.Base(parent), "grapevine-") {
		_, _ = os.Remove(old), os.Remove(parent)
	}
}

// lockDaemon makes this process the daemon of a home. The lock is gone when the
// process is, however it ends.
func lockDaemon(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(filepath.Join(dir, "run"), 0o700); err != nil {
		return nil, &failure{code: codeFailed, err: err, hint: "choose another --home"}
	}
	path := runPath(dir, "daemon.pid")
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fault(codeFailed, "lock the home", err)
	}
	if !held {
		return nil, &failure{code: codeFailed, err: fmt.Errorf("a daemon is running in %s already (pid %d)", dir, daemonPID(dir)), hint: "grapevine stop --home " + dir}
	}
	if err := os.WriteFile(path, fmt.Appendln(nil, os.Getpid()), 0o600); err != nil {
		return nil, errors.Join(fault(codeFailed, "lock the home", err), lock.Close())
	}
	return lock, nil
}

// unlockDaemon gives the home back.
func unlockDaemon(dir string, lock *flock.Flock) error {
	return errors.Join(os.Truncate(runPath(dir, "daemon.pid"), 0), lock.Close())
}

// daemonPID is the process of the daemon, 0 if none is known.
func daemonPID(dir string) int {
	b, _ := os.ReadFile(runPath(dir, "daemon.pid"))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}
