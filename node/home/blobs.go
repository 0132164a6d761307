package home

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"

	"github.com/grapevine-network/grapevine/ledger/store"
)

// Blobs stores models and deltas by their CID (version 1, raw, SHA-256), one
// file each. The name of a file is the proof of its bytes.
type Blobs struct {
	// Quota bounds the sum of all blobs, in bytes; 0 is no bound. Set it before
	// the first Put.
	Quota int64

	home *Home
	dir  string

	mu   sync.Mutex // held by those who change the directory
	size int64      // sum of all blobs, or unknown
}

const unknown = -1

// ErrQuota is returned by Put for a blob that would exceed the Quota. Delete
// what is no longer needed, then try again.
var ErrQuota = errors.New("the blobs have reached their quota")

// Put stores data and returns its CID. It is durable then. Storing the same
// again is cheap, and repairs the file if its bytes have changed.
func (b *Blobs) Put(data []byte) (cid.Cid, error) {
	c, err := sum(data)
	if err != nil {
		return cid.Undef, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	used, err := b.room(b.path(c), int64(len(data)))
	if err == nil {
		b.size = unknown // if this fails half way
		err = b.write(b.path(c), data)
	}
	if err != nil {
		return cid.Undef, fmt.Errorf("put blob %s: %w", c, err)
	}
	if used != unknown {
		b.size = used + int64(len(data))
	}
	return c, nil
}

// PutAll does the same for many at once. That takes little longer than for one: a
// disk makes them durable together. With a quota it is one after the other.
func (b *Blobs) PutAll(all [][]byte) error {
	if b.Quota > 0 || len(all) == 1 {
		for _, data := range all {
			if _, err := b.Put(data); err != nil {
				return err
			}
		}
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.size = unknown
	errs := make([]error, len(all))
	var writers sync.WaitGroup
	for first := range min(len(all), maxWriters) {
		writers.Go(func() {
			for i := first; i < len(all); i += maxWriters {
				c, err := sum(all[i])
				errs[i] = errors.Join(err, b.write(b.path(c), all[i]))
			}
		})
	}
	writers.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("put blobs: %w", err)
	}
	return nil
}

// maxWriters bounds the blobs that are written at a time.
const maxWriters = 32

func (b *Blobs) write(path string, data []byte) error {
	if b.home.readOnly {
		return ErrReadOnly
	}
	if old, err := read(path, int64(len(data))); err == nil && bytes.Equal(old, data) {
		return b.home.syncDir(filepath.Dir(path)) // whoever wrote it may have been killed before it did
	}
	if err := b.home.makeDir(filepath.Dir(path)); err != nil {
		return err
	}
	return b.home.replace(path, data)
}

// room checks that size bytes under path fit the quota. It returns the sum of
// the other blobs, or unknown if nobody needs it.
func (b *Blobs) room(path string, size int64) (int64, error) {
	if b.Quota == 0 {
		return unknown, nil
	}
	used, err := b.measure()
	if err != nil {
		return 0, err
	}
	if info, err := os.Stat(path); err == nil {
		used -= info.Size() // it is replaced
	}
	if size > b.Quota-used {
		return 0, fmt.Errorf("%w: %d of %d bytes are in use, %d more do not fit: delete some or raise it", ErrQuota, used, b.Quota, size)
	}
	return used, nil
}

// Size is the sum of all blobs, in bytes.
func (b *Blobs) Size() (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.measure()
}

func (b *Blobs) measure() (int64, error) {
	if b.size != unknown && !b.home.readOnly {
		return b.size, nil
	}
	var total int64
	for f, err := range b.files() {
		if err != nil {
			return 0, fmt.Errorf("measure blobs: %w", err)
		}
		total += f.size
	}
	b.size = total
	return total, nil
}

// Get returns the blob that c names. The error wraps fs.ErrNotExist if it is
// not here, and a *store.Damage if its bytes are not the ones c names.
func (b *Blobs) Get(c cid.Cid) ([]byte, error) {
	data, err := b.get(c)
	if err != nil {
		return nil, fmt.Errorf("get blob %s: %w", c, err)
	}
	return data, nil
}

func (b *Blobs) get(c cid.Cid) ([]byte, error) {
	if err := ours(c); err != nil {
		return nil, err
	}
	path := b.path(c)
	data, err := read(path, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	if got, err := sum(data); err != nil || got != c {
		return nil, errors.Join(err, &store.Damage{File: path, What: "the bytes are not the ones its name stands for"})
	}
	return data, nil
}

// Has reports whether a blob is here, without reading it.
func (b *Blobs) Has(c cid.Cid) bool {
	if ours(c) != nil {
		return false
	}
	info, err := os.Stat(b.path(c))
	return err == nil && info.Mode().IsRegular()
}

// Delete removes a blob. One that is not here is no error.
func (b *Blobs) Delete(c cid.Cid) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := ours(c)
	if err == nil && b.home.readOnly {
		err = ErrReadOnly
	}
	if err == nil {
		err = b.remove(b.path(c))
	}
	if err != nil {
		return fmt.Errorf("delete blob %s: %w", c, err)
	}
	return nil
}

func (b *Blobs) remove(path string) error {
	b.size = unknown
	err := b.home.try("remove", func() error { return os.Remove(path) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return advise(err)
	}
	return nil
}

// path spreads the blobs over 256 directories.
func (b *Blobs) path(c cid.Cid) string {
	name := c.String()
	return filepath.Join(b.dir, name[len(name)-2:], name)
}

func sum(data []byte) (cid.Cid, error) {
	hash, err := multihash.Sum(data, multihash.SHA2_256, -1)
	if err != nil {
		return cid.Undef, fmt.Errorf("hash blob: %w", err)
	}
	return cid.NewCidV1(cid.Raw, hash), nil
}

// ours refuses CIDs that Put never returns.
func ours(c cid.Cid) error {
	want := cid.Prefix{Version: 1, Codec: cid.Raw, MhType: multihash.SHA2_256, MhLength: 32}
	if !c.Defined() || c.Prefix() != want {
		return errors.New("not the name of a blob: want a CID of version 1, raw, sha2-256")
	}
	return nil
}
