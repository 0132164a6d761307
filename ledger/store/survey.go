package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// survey is what reading a whole log shows: where it ends, and what a crash
// left unfinished there.
type survey struct {
	fsys filesystem
	dir  string
	listing

	id     logID
	ends   []int64 // where the records of each segment end, its closing one left out
	rolled bool    // the newest segment read has its closing record
	cut    *Damage // the newest segment read ends in a torn record

	stray bool // the newest file is a segment whose header was never finished
	open  bool // the newest segment is begun, the one before it not yet closed
}

// surveyLog reads all of a log. Its error is a *Damage when no crash explains
// what is there.
func surveyLog(fsys filesystem, dir string) (*survey, error) {
	ls, err := list(fsys, dir)
	if err != nil {
		return nil, err
	}
	s := &survey{fsys: fsys, dir: dir, listing: ls}
	if len(ls.segments) == 0 && ls.head {
		return nil, missing(dir, 1)
	}
	for _, n := range ls.segments {
		if want := s.newest() + 1; n != want {
			return nil, missing(dir, want)
		}
		if err := s.take(n); err != nil {
			return nil, err
		}
	}
	for s.rolled { // since the listing, or the file is missing
		s.segments = append(s.segments, s.newest()+1)
		if err := s.take(s.newest() + 1); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *survey) newest() uint32 { return uint32(len(s.ends)) }

func (s *survey) path(n uint32) string { return filepath.Join(s.dir, segmentName(n)) }

// take reads segment n, the one after the newest.
func (s *survey) take(n uint32) error {
	f, size, err := openSegment(s.fsys, s.path(n), os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := readSegmentHeader(f, s.path(n), size)
	if d, ok := errors.AsType[*Damage](err); ok && d.torn && s.mayBeStray(n) {
		s.stray = true
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.join(n, info, size); err != nil {
		return err
	}
	return s.walk(scan(f, s.path(n), s.id, n, size))
}

// again reads the newest segment once more: another process may have closed it
// since. It grows no more once the next one has a header.
func (s *survey) again() error {
	n := s.newest()
	f, size, err := openSegment(s.fsys, s.path(n), os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	s.ends, s.cut = s.ends[:n-1], nil
	return s.walk(scan(f, s.path(n), s.id, n, size))
}

// last reports whether n is the highest number in the directory.
func (s *survey) last(n uint32) bool { return n == s.segments[len(s.segments)-1] }

// mayBeStray: a segment is closed only after the next one's header is durable,
// and a head is written only when a log exists.
func (s *survey) mayBeStray(n uint32) bool {
	return s.last(n) && !s.rolled && !(n == 1 && s.head)
}

// join checks that segment n follows the newest one.
func (s *survey) join(n uint32, info segmentInfo, size int64) error {
	if n == 1 {
		s.id = info.id
	} else if !s.rolled {
		if err := s.again(); err != nil {
			return err
		}
	}
	if what := info.misfit(s.id, n, s.sizeBefore(n)); what != "" {
		return &Damage{File: s.path(n), What: what}
	}
	if n == 1 || s.rolled {
		return nil
	}
	return s.unclosed(n, size)
}

// unclosed accepts that the segment before n has no closing record if n was
// only just made.
func (s *survey) unclosed(n uint32, size int64) error {
	switch {
	case s.last(n) && size == segmentHeader:
		s.open, s.cut = true, nil
		return nil
	case s.cut != nil:
		return s.cut
	}
	return unclosed(s.path(n-1), s.ends[n-2])
}

func (s *survey) sizeBefore(n uint32) int64 {
	if n == 1 {
		return 0
	}
	return s.ends[n-2] + recordHeader
}

// walk reads the records of a segment up to its end or a torn one.
func (s *survey) walk(c *cursor) error {
	s.ends, s.rolled = append(s.ends, segmentHeader), false
	for {
		r, err := c.next()
		if err == io.EOF {
			return nil
		}
		if d, ok := errors.AsType[*Damage](err); ok && d.torn && !s.rolled {
			s.cut = d
			return nil
		}
		if err != nil {
			return err
		}
		if s.rolled {
			return &Damage{File: c.path, Offset: r.At.Offset, What: "a record follows the closing one"}
		}
		if s.rolled = r.Kind == rolled; !s.rolled {
			s.ends[len(s.ends)-1] = c.at.Offset
		}
	}
}

// misfit says why a segment header does not belong at its place, or "".
// A negative before fits everything.
func (info segmentInfo) misfit(id logID, number uint32, before int64) string {
	switch {
	case info.id != id:
		return "the segment belongs to another log"
	case info.number != number:
		return "the segment has another number: " + segmentName(info.number)
	case before >= 0 && info.before != before:
		return "the segment before it had another size when this one was begun"
	}
	return ""
}

func unclosed(path string, size int64) *Damage {
	return &Damage{File: path, Offset: size, What: "the segment ends without its closing record"}
}
