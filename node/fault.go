package node

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/store"
)

// Fault says that something in a home is not what was written, signed and
// certified, and where. Fields that say nothing are zero.
type Fault struct {
	File   string        // path from the home, with slashes
	Offset int64         // byte at which the record at fault begins; 0 stands for the whole file
	Height uint64        // of the block that it belongs to
	Author ledger.Author // whose entry it is
	Seq    uint64        // number of the entry
	Err    error         // what is wrong
}

// Error names the place and what is wrong there.
func (f *Fault) Error() string { return f.Where() + ": " + f.Err.Error() }

// Unwrap returns what is wrong, without the place.
func (f *Fault) Unwrap() error { return f.Err }

// Where names the place for a person: file, byte, height and entry, as far as
// they are known.
func (f *Fault) Where() string {
	var parts []string
	if f.File != "" {
		parts = append(parts, f.File)
	}
	if f.Offset > 0 {
		parts = append(parts, fmt.Sprintf("byte %d", f.Offset))
	}
	if f.Height > 0 {
		parts = append(parts, fmt.Sprintf("height %d", f.Height))
	}
	if f.Seq > 0 {
		parts = append(parts, fmt.Sprintf("entry %d of %v", f.Seq, f.Author))
	}
	return strings.Join(parts, ", ")
}

// logFile is the file that a record is in.
func logFile(at store.Position) string { return fmt.Sprintf("ledger/%06d.log", at.Segment) }

// blame makes a Fault of an error in a record.
func (p *replay) blame(r store.Record, err error) error {
	f, is := errors.AsType[*Fault](err)
	if !is {
		f = &Fault{Err: err}
	}
	if f.File == "" {
		f.File, f.Offset = logFile(r.At), r.At.Offset
	}
	if f.Height == 0 {
		f.Height = p.Replica.Head.Height + 1 // the one under way
	}
	return f
}

// locate makes a Fault of an error that names a file of the home in dir. What
// names none stays as it is, and so does what says that dir is no home.
func locate(dir string, err error) error {
	if d, is := errors.AsType[*store.Damage](err); is {
		return &Fault{File: within(dir, d.File), Offset: d.Offset, Err: errors.New(d.What)}
	}
	if f, is := errors.AsType[*Fault](err); is {
		return f
	}
	p, is := errors.AsType[*fs.PathError](err)
	if !is || !errors.Is(p, fs.ErrNotExist) || within(dir, p.Path) == "config.toml" {
		return err
	}
	return &Fault{File: within(dir, p.Path), Err: errors.New("it is missing")}
}

func within(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil {
		path = rel
	}
	return filepath.ToSlash(path)
}
