package home

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// maxFile bounds the small files of a home, in bytes.
const maxFile = 1 << 20

// replace puts data under path, whole and durable, readable by its owner only.
func (h *Home) replace(path string, data []byte) error {
	if h.readOnly {
		return ErrReadOnly
	}
	if err := h.makeDir(h.temp()); err != nil { // a cache may be deleted
		return err
	}
	temp, err := h.writeTemp(filepath.Base(path), data)
	if err != nil {
		return advise(err)
	}
	if err := h.try("rename", func() error { return os.Rename(temp, path) }); err != nil {
		return errors.Join(advise(err), os.Remove(temp))
	}
	return h.syncDir(filepath.Dir(path))
}

// try does an operation of a disk. Tests make one fail.
func (h *Home) try(op string, do func() error) error {
	if h.before != nil {
		if err := h.before(op); err != nil {
			return err
		}
	}
	return do()
}

// writeTemp puts data into a new temporary file, durably, and returns its path.
func (h *Home) writeTemp(name string, data []byte) (path string, err error) {
	var f *os.File
	err = h.try("create", func() (err error) {
		f, err = os.CreateTemp(h.temp(), name+".*") // nobody but the owner may read it
		return err
	})
	if err != nil {
		return "", err
	}
	err = h.try("write", func() error { _, err := f.Write(data); return err })
	if err == nil {
		err = h.try("sync", f.Sync)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// makeDir creates a directory and makes its name durable.
func (h *Home) makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := h.try("mkdir", func() error { return os.MkdirAll(dir, 0o700) }); err != nil {
		return advise(err)
	}
	return h.syncDir(filepath.Dir(dir))
}

// syncDir makes the names in a directory durable.
func (h *Home) syncDir(dir string) error {
	return h.try("sync directory", func() error { return syncDir(dir) })
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there; NTFS journals names
	}
	d, err := os.Open(dir)
	if err != nil {
		return advise(err)
	}
	defer d.Close()
	return d.Sync()
}

// read returns the contents of a regular file of at most limit bytes.
func read(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, advise(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file: move it away", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than the %d it can have: move it away", path, info.Size(), limit)
	}
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return b, nil
}

// advise adds to an error of the operating system what a person can do about it.
func advise(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: run as the owner of the file or choose another --home", err)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.EEXIST):
		return fmt.Errorf("%w: a file and a directory are in each other's place; move it away or choose another --home", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: free some space on the disk of the home", err)
	}
	return err
}
