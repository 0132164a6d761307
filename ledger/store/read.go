package store

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
)

// Read returns the record at a position that Append returned or Records showed.
// If its bytes have changed, the error is a *Damage.
func (l *Log) Read(at Position) (Record, error) {
	ends, err := l.snapshot()
	var r Record
	if err == nil {
		r, err = l.read(at, ends)
	}
	if err != nil {
		return Record{}, fmt.Errorf("read log %s: %w", l.dir, err)
	}
	return r, nil
}

// Records yields what the log held when the loop began, oldest first. The first
// error ends it: a *Damage if bytes have changed.
func (l *Log) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		ends, err := l.snapshot()
		for i := 0; err == nil && i < len(ends); i++ {
			more := true
			if more, err = l.replay(uint32(i+1), ends[i], yield); !more {
				return
			}
		}
		if err != nil {
			yield(Record{}, fmt.Errorf("read log %s: %w", l.dir, err))
		}
	}
}

// snapshot returns where the segments end. Ends before the last never change.
func (l *Log) snapshot() ([]int64, error) {
	l.shown.RLock()
	defer l.shown.RUnlock()
	return slices.Clone(l.ends), l.broken
}

// replay yields the records of one segment and reports whether to go on.
func (l *Log) replay(n uint32, end int64, yield func(Record, error) bool) (bool, error) {
	path := filepath.Join(l.dir, segmentName(n))
	f, _, err := openSegment(l.fsys, path, os.O_RDONLY)
	if err != nil {
		return true, err
	}
	defer f.Close()
	c := scan(f, path, l.id, n, end)
	for {
		r, err := c.next()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return true, err
		}
		r.Data = bytes.Clone(r.Data)
		if !yield(r, nil) {
			return false, nil
		}
	}
}

func (l *Log) read(at Position, ends []int64) (Record, error) {
	if at.Segment < 1 || int(at.Segment) > len(ends) || at.Offset < segmentHeader || at.Offset >= ends[at.Segment-1] {
		return Record{}, fmt.Errorf("no record at byte %d of segment %d", at.Offset, at.Segment)
	}
	path := filepath.Join(l.dir, segmentName(at.Segment))
	f, _, err := openSegment(l.fsys, path, os.O_RDONLY)
	if err != nil {
		return Record{}, err
	}
	defer f.Close()
	end := ends[at.Segment-1]
	c := cursor{f: f, path: path, id: l.id, at: at, size: end, r: io.NewSectionReader(f, at.Offset, end-at.Offset)}
	return c.next()
}
