package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/grapevine-network/grapevine/ledger/store"
)

// Home is an open directory of one peer. Open and View make one.
type Home struct {
	dir      string
	readOnly bool
	lock     *flock.Flock
	log      *store.Log
	blobs    Blobs
	before   func(op string) error // fails an operation of the disk, in tests
}

// ErrReadOnly is returned by what would change a home opened with View.
var ErrReadOnly = errors.New("the home is open for reading only")

// Open takes the home in dir for this process and creates what is missing,
// readable by its owner only. The error is ErrLocked if another process has it,
// wraps a *store.Damage if the ledger's bytes have changed, and says what to do
// if the layout is newer than this program.
func Open(dir string) (*Home, error) {
	h := at(dir)
	if err := h.open(); err != nil {
		return nil, fmt.Errorf("open home: %w", errors.Join(err, h.Close()))
	}
	return h, nil
}

// View opens the home in dir for reading, whoever else has it. It takes no lock
// and changes nothing; see store.View for what its ledger shows. The error
// wraps fs.ErrNotExist if there is no home.
func View(dir string) (*Home, error) {
	h := at(dir)
	h.readOnly = true
	if err := h.view(); err != nil {
		return nil, fmt.Errorf("view home: %w", err)
	}
	return h, nil
}

func at(dir string) *Home {
	h := &Home{dir: dir}
	h.blobs = Blobs{home: h, dir: h.path("blobs"), size: unknown}
	return h
}

// take locks the home for this process.
func (h *Home) take() (err error) {
	if err := h.makeDir(h.dir); err != nil {
		return err
	}
	if h.lock, err = takeLock(h.dir); err != nil {
		return err
	}
	return h.checkVersion()
}

func (h *Home) open() (err error) {
	if err := h.take(); err != nil {
		return err
	}
	// Whatever was being written when the last process ended.
	if err := os.RemoveAll(h.temp()); err != nil {
		return advise(err)
	}
	for _, dir := range []string{h.temp(), h.blobs.dir} {
		if err := h.makeDir(dir); err != nil {
			return err
		}
	}
	// A process killed between rename and sync leaves names that are not durable.
	if err := errors.Join(syncDir(h.dir), syncDir(h.blobs.dir)); err != nil {
		return err
	}
	if err := h.finishReplace(); err != nil {
		return advise(err)
	}
	h.log, err = store.Open(h.path("ledger"))
	return advise(err)
}

func (h *Home) view() (err error) {
	if err := h.checkVersion(); err != nil {
		return err
	}
	h.log, err = store.View(h.path("ledger"))
	return advise(err)
}

// Close makes the ledger durable and gives the home back.
func (h *Home) Close() error {
	var err error
	if h.log != nil {
		err = h.log.Close()
	}
	if h.lock != nil {
		err = errors.Join(err, h.lock.Close())
	}
	return err
}

// Dir is the directory that Open or View was given.
func (h *Home) Dir() string { return h.dir }

// Log is the ledger's log. It is closed with the home.
func (h *Home) Log() *store.Log { return h.log }

// Blobs is the home's store of models and deltas.
func (h *Home) Blobs() *Blobs { return &h.blobs }

// SetHead notes the newest certified height, and how long the log is, which must
// be durable by then. See store.WriteHead.
func (h *Home) SetHead(head store.Head) error {
	if h.readOnly {
		return ErrReadOnly
	}
	if err := h.makeDir(h.temp()); err != nil {
		return err
	}
	head.End = h.log.End()
	return store.WriteHead(h.path("ledger"), h.temp(), head)
}

// Head is what SetHead noted last. The error wraps fs.ErrNotExist if it never
// was called, and a *store.Damage if the file has changed.
func (h *Home) Head() (store.Head, error) { return store.ReadHead(h.path("ledger")) }

// SetManifest makes this the home of the topic with that manifest. A home
// belongs to one topic for ever: another manifest is refused.
func (h *Home) SetManifest(manifest []byte) error {
	if len(manifest) == 0 || len(manifest) > maxFile {
		return fmt.Errorf("set manifest: %d bytes, want 1 to %d", len(manifest), maxFile)
	}
	old, err := h.Manifest()
	switch {
	case err == nil && string(old) == string(manifest):
		return nil
	case err == nil:
		return fmt.Errorf("set manifest: %s belongs to another topic: choose another --home", h.dir)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := h.replace(h.path("manifest.cbor"), manifest); err != nil {
		return fmt.Errorf("set manifest: %w", err)
	}
	return nil
}

// Manifest returns what SetManifest was given; whether it is the topic's is for
// the caller to see by its CID. The error wraps fs.ErrNotExist if there is none.
func (h *Home) Manifest() ([]byte, error) {
	b, err := read(h.path("manifest.cbor"), maxFile)
	if err == nil && len(b) == 0 {
		err = fmt.Errorf("%s is empty: put the topic's manifest back or join the topic again with another --home", h.path("manifest.cbor"))
	}
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return b, nil
}

func (h *Home) path(name string) string { return filepath.Join(h.dir, name) }

// temp is where files are written before they get their name: on the same file
// system as the rest.
func (h *Home) temp() string { return filepath.Join(h.dir, "cache", "tmp") }
