package home

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
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
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(h.temp()), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return advise(err)
	}
	defer f.Cleanup()
	if _, err := f.Write(data); err != nil {
		return advise(err)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return advise(err)
	}
	return syncDir(filepath.Dir(path))
}

// makeDir creates a directory and makes its name durable.
func (h *Home) makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return advise(err)
	}
	return syncDir(filepath.Dir(dir))
}

func syncDir(dir string) error {
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
