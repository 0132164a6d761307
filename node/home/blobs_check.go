package home

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/ipfs/go-cid"

	"github.com/grapevine-network/grapevine/ledger/store"
)

// All yields the names of the blobs that are here, in the order of their files.
// It reads no blob; an error ends it.
func (b *Blobs) All() iter.Seq2[cid.Cid, error] {
	return func(yield func(cid.Cid, error) bool) {
		for f, err := range b.files() {
			if f.foreign {
				continue
			}
			if err != nil {
				err = fmt.Errorf("list blobs: %w", err)
			}
			if !yield(f.cid, err) {
				return
			}
		}
	}
}

// Check reads every blob. It yields the name of each sound one, and a
// *store.Damage for each whose bytes are not the ones its name stands for and
// for every file or directory that Put did not make, then goes on.
func (b *Blobs) Check() iter.Seq2[cid.Cid, error] {
	return func(yield func(cid.Cid, error) bool) {
		for f, err := range b.files() {
			if f.foreign {
				err = &store.Damage{File: f.path, What: "it does not belong to the blobs"}
			} else if err == nil {
				_, err = b.get(f.cid)
			}
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted meanwhile
			}
			if err != nil {
				err = fmt.Errorf("check blobs: %w", err)
			}
			if !yield(f.cid, err) {
				return
			}
		}
	}
}

// blobFile is what lies in the blobs' directory.
type blobFile struct {
	path    string
	cid     cid.Cid
	size    int64
	foreign bool // not made by Put
}

// files yields everything in the blobs' directory. An error ends it.
func (b *Blobs) files() iter.Seq2[blobFile, error] {
	return func(yield func(blobFile, error) bool) {
		more := true
		err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && (path != b.dir || b.home.readOnly) {
				return nil // deleted meanwhile, or a View of a home without blobs
			}
			if err != nil {
				return err
			}
			f, skip := b.classify(path, d)
			if skip {
				return nil
			}
			if more = yield(f, nil); !more {
				return fs.SkipAll
			}
			if f.foreign && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		})
		if err != nil && more {
			yield(blobFile{}, advise(err))
		}
	}
}

// classify tells a blob from a foreign file; skip is for the directories that
// Put makes and for what has just been deleted.
func (b *Blobs) classify(path string, d fs.DirEntry) (f blobFile, skip bool) {
	if d.IsDir() {
		rel, _ := filepath.Rel(b.dir, path)
		return blobFile{path: path, foreign: true}, rel == "." || len(rel) == 2
	}
	info, err := d.Info()
	if errors.Is(err, os.ErrNotExist) {
		return blobFile{}, true
	}
	c, parse := cid.Decode(d.Name())
	if err != nil || parse != nil || ours(c) != nil || b.path(c) != path || !info.Mode().IsRegular() {
		return blobFile{path: path, foreign: true}, false
	}
	return blobFile{path: path, cid: c, size: info.Size()}, false
}
