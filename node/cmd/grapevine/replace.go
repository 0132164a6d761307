package main

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile puts data under path, whole or not at all, for its owner only.
func replaceFile(path string, data []byte) error {
	return replaceWith(path, 0o600, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// replaceWith puts what write writes under path, or where that links to, whole or not
// at all. What is there and no file, such as /dev/stdout, is written to as it is.
func replaceWith(path string, mode fs.FileMode, write func(w io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, mode) // a link may lead to what is not there yet
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text())
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}
