package store

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing/fstest"
)

// memory is a filesystem that knows what a power cut would leave and calls a
// hook before every operation.
type memory struct {
	names, durable map[string]*memoryFile // durable: what the last SyncDir made so
	before         func(op string) error  // an error is the operation's result
}

type memoryFile struct{ data, synced []byte }

// errShort as a hook's result makes a write stop half way without an error.
var errShort = errors.New("short")

func newMemory() *memory {
	return &memory{names: map[string]*memoryFile{}, durable: map[string]*memoryFile{}}
}

func (m *memory) do(op string) error {
	if m.before == nil {
		return nil
	}
	return m.before(op)
}

func (m *memory) MkdirAll(string, fs.FileMode) error { return m.do("mkdir") }

func (m *memory) ReadDir(dir string) ([]fs.DirEntry, error) {
	if err := m.do("readdir"); err != nil {
		return nil, err
	}
	files := fstest.MapFS{}
	for name := range m.names {
		if filepath.Dir(name) == dir {
			files[filepath.Base(name)] = &fstest.MapFile{}
		}
	}
	return files.ReadDir(".")
}

func (m *memory) OpenFile(path string, flag int, _ fs.FileMode) (file, error) {
	if err := m.do("open"); err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	f, ok := m.names[path]
	switch {
	case !ok && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	case ok && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrExist}
	case !ok:
		f = &memoryFile{}
		m.names[path] = f
	}
	if flag&os.O_TRUNC != 0 {
		f.data = nil
	}
	return handle{m, f}, nil
}

func (m *memory) Rename(from, to string) error {
	if err := m.do("rename"); err != nil {
		return err
	}
	m.names[to] = m.names[from]
	delete(m.names, from)
	return nil
}

func (m *memory) Remove(path string) error {
	if err := m.do("remove"); err != nil {
		return err
	}
	delete(m.names, path)
	return nil
}

func (m *memory) SyncDir(dir string) error {
	if err := m.do("syncdir"); err != nil {
		return err
	}
	maps.DeleteFunc(m.durable, func(name string, _ *memoryFile) bool { return filepath.Dir(name) == dir })
	for name, f := range m.names {
		if filepath.Dir(name) == dir {
			m.durable[name] = f
		}
	}
	return nil
}

type handle struct {
	m *memory
	f *memoryFile
}

func (h handle) Close() error         { return h.m.do("close") }
func (h handle) Size() (int64, error) { return int64(len(h.f.data)), h.m.do("size") }

func (h handle) ReadAt(b []byte, at int64) (int, error) {
	if err := h.m.do("read"); err != nil {
		return 0, err
	}
	return bytes.NewReader(h.f.data).ReadAt(b, at)
}

func (h handle) WriteAt(b []byte, at int64) (int, error) {
	err := h.m.do("write")
	if err != nil {
		b = b[:len(b)/2]
	}
	end := at + int64(len(b))
	data := slices.Clone(h.f.data) // synced and clones may share the old array
	if grow := end - int64(len(data)); grow > 0 {
		data = append(data, make([]byte, grow)...)
	}
	copy(data[at:], b)
	h.f.data = data
	if err == errShort {
		err = nil
	}
	return len(b), err
}

func (h handle) Truncate(size int64) error {
	if err := h.m.do("truncate"); err != nil {
		return err
	}
	h.f.data = slices.Clone(h.f.data[:size])
	return nil
}

func (h handle) Sync() error {
	if err := h.m.do("sync"); err != nil {
		return err
	}
	h.f.synced = h.f.data
	return nil
}

// crash returns what a power cut leaves if percent of the bytes that no sync
// covered reached the disk. With zeroed, files keep their size and the lost
// bytes read as zeroes. Between 0 and 100, rng decides about names.
func (m *memory) crash(percent int, zeroed bool, rng *rand.Rand) *memory {
	c := newMemory()
	for _, name := range slices.Sorted(maps.Keys(union(m.names, m.durable))) {
		from := m.names
		if percent == 0 || percent < 100 && rng.IntN(2) == 0 {
			from = m.durable
		}
		if f, ok := from[name]; ok {
			data := f.after(percent, zeroed)
			kept := &memoryFile{data: data, synced: data}
			c.names[name], c.durable[name] = kept, kept
		}
	}
	return c
}

func union(a, b map[string]*memoryFile) map[string]*memoryFile {
	u := maps.Clone(a)
	maps.Copy(u, b)
	return u
}

func (f *memoryFile) after(percent int, zeroed bool) []byte {
	if !bytes.HasPrefix(f.data, f.synced) {
		if percent >= 50 {
			return slices.Clone(f.data)
		}
		return slices.Clone(f.synced)
	}
	extra := len(f.data) - len(f.synced)
	kept := slices.Clone(f.data[:len(f.synced)+extra*percent/100])
	if zeroed {
		kept = append(kept, make([]byte, len(f.data)-len(kept))...)
	}
	return kept
}

// clone is the same filesystem seen by a process that starts now.
func (m *memory) clone() *memory { return m.crash(100, false, nil) }

func (m *memory) put(name string, data []byte) {
	m.names[name] = &memoryFile{data: data, synced: data}
	m.durable[name] = m.names[name]
}

var _ io.WriterAt = handle{}
