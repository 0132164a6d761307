package store

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
)

// Check reads the log in dir and changes nothing. It yields every sound record,
// whose Data is valid until the next step, and a *Damage for everything that is
// not as it was written: a changed byte, a torn tail, a missing or foreign file,
// the head. It goes on behind damage as far as it can. A process appending to
// the log at the same time looks like a torn tail.
//
// It cannot see that whole records were cut off the end of the newest segment;
// comparing the log with the head can.
func Check(dir string) iter.Seq2[Record, error] { return check(disk{}, dir) }

func check(fsys filesystem, dir string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		c := checker{fsys: fsys, dir: dir, yield: yield}
		c.run()
	}
}

// checker walks a log; its steps return false when the reader has had enough.
type checker struct {
	fsys  filesystem
	dir   string
	yield func(Record, error) bool
	id    logID
	known bool  // id is known
	size  int64 // of the segment before, or -1
}

func (c *checker) report(err error) bool {
	if err == nil {
		return true
	}
	return c.yield(Record{}, fmt.Errorf("check log: %w", err))
}

func (c *checker) run() bool {
	ls, err := list(c.fsys, c.dir)
	if err != nil {
		return c.report(err)
	}
	for _, name := range ls.foreign {
		if !c.report(&Damage{File: filepath.Join(c.dir, name), What: "the file does not belong to a log"}) {
			return false
		}
	}
	if ls.head {
		if _, err := readHead(c.fsys, c.dir); !c.report(err) {
			return false
		}
	}
	c.identify(ls.segments)
	return c.segments(ls.segments)
}

// identify takes the log's id from the first segment that still has one.
func (c *checker) identify(numbers []uint32) {
	for _, n := range numbers {
		f, size, err := openSegment(c.fsys, c.path(n), os.O_RDONLY)
		if err != nil {
			continue
		}
		info, err := readSegmentHeader(f, c.path(n), size)
		if f.Close(); err == nil {
			c.id, c.known = info.id, true
			return
		}
	}
}

func (c *checker) path(n uint32) string { return filepath.Join(c.dir, segmentName(n)) }

// segments checks the files named and reports those missing between them.
func (c *checker) segments(numbers []uint32) bool {
	want := uint32(1)
	for i, n := range numbers {
		for ; want < n; want++ {
			c.size = -1
			if !c.report(missing(c.dir, want)) {
				return false
			}
		}
		want++
		if !c.segment(n, i == len(numbers)-1) {
			return false
		}
	}
	return len(numbers) > 0 || c.report(missing(c.dir, 1))
}

func (c *checker) segment(n uint32, last bool) bool {
	f, size, err := openSegment(c.fsys, c.path(n), os.O_RDONLY)
	if err != nil {
		c.size = -1
		return c.report(err)
	}
	defer f.Close()
	before := c.size
	c.size = size
	info, err := readSegmentHeader(f, c.path(n), size)
	if err == nil {
		if what := info.misfit(c.id, n, before); what != "" {
			err = &Damage{File: c.path(n), What: what}
		}
	}
	if !c.report(err) {
		return false
	}
	if !c.known || size < segmentHeader {
		return true
	}
	return c.records(scan(f, c.path(n), c.id, n, size), last)
}

// records yields a segment's records and checks that it is closed if and only
// if it is not the last.
func (c *checker) records(s *cursor, last bool) bool {
	closed := false
	for {
		r, err := s.next()
		if err == io.EOF {
			return c.ending(s, closed, last)
		}
		if d, ok := errors.AsType[*Damage](err); ok {
			if !c.report(d) {
				return false
			}
			err = s.skip()
		} else if err == nil {
			if closed && !c.report(&Damage{File: s.path, Offset: r.At.Offset, What: "a record follows the closing one"}) {
				return false
			}
			if closed = r.Kind == rolled; !closed && !c.yield(r, nil) {
				return false
			}
		}
		if err != nil {
			return c.report(err)
		}
	}
}

func (c *checker) ending(s *cursor, closed, last bool) bool {
	switch {
	case closed && last:
		return c.report(missing(c.dir, s.at.Segment+1))
	case !closed && !last:
		return c.report(unclosed(s.path, s.size))
	}
	return true
}
