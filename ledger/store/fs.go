package store

import (
	"io"
	"io/fs"
	"os"
	"runtime"
)

// filesystem is what the log asks of the operating system. Tests put faults and
// power cuts here.
type filesystem interface {
	MkdirAll(dir string, perm fs.FileMode) error
	ReadDir(dir string) ([]fs.DirEntry, error)
	OpenFile(path string, flag int, perm fs.FileMode) (file, error)
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error // makes names durable, as Sync does contents
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// disk is the filesystem of the operating system.
type disk struct{}

func (disk) MkdirAll(dir string, perm fs.FileMode) error { return os.MkdirAll(dir, perm) }
func (disk) ReadDir(dir string) ([]fs.DirEntry, error)   { return os.ReadDir(dir) }
func (disk) Rename(from, to string) error                { return os.Rename(from, to) }
func (disk) Remove(path string) error                    { return os.Remove(path) }

func (disk) OpenFile(path string, flag int, perm fs.FileMode) (file, error) {
	f, err := os.OpenFile(path, flag, perm)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (disk) SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there; NTFS journals names
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

type diskFile struct{ *os.File }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
