package home

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// ErrLocked is what Open's error is when another process has the home. The
// error's text names that process.
var ErrLocked = errors.New("the home is in use")

// lockedError is ErrLocked with its evidence.
type lockedError struct {
	dir string
	pid int // 0 if unknown
}

func (e *lockedError) Error() string {
	owner := "another grapevine"
	if e.pid != 0 {
		owner += fmt.Sprintf(" (pid %d)", e.pid)
	}
	return fmt.Sprintf("%s owns %s; stop it or choose another --home", owner, e.dir)
}

func (e *lockedError) Is(target error) bool { return target == ErrLocked }

// takeLock locks dir/LOCK and writes our process into it. The system drops the
// lock when the process ends, however it ends; the file stays.
func takeLock(dir string) (*flock.Flock, error) {
	path := filepath.Join(dir, "LOCK")
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil {
		return nil, advise(err)
	}
	if !held {
		return nil, &lockedError{dir: dir, pid: lockOwner(path)}
	}
	err = os.WriteFile(path, fmt.Appendln(nil, os.Getpid()), 0o600)
	if err != nil && runtime.GOOS != "windows" { // where a locked file can't be written to: there it names nobody
		return nil, errors.Join(advise(err), lock.Close())
	}
	return lock, nil
}

// lockOwner is the process that LOCK names, 0 if it names none (yet).
func lockOwner(path string) int {
	b, err := read(path, 32)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}
