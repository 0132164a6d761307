package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Open opens the log in dir for appending and creates what is missing. It reads
// and checks every byte, and everything it shows afterwards is durable.
//
// A crash can leave an unfinished record at the end of the newest segment. Open
// cuts it off (Torn tells) if it is incomplete or if it is the very last record
// and its checksum fails; only zero bytes may follow. Changed bytes in the very
// last record look the same, and so do the bytes missing from a file that was cut
// short at its end: compare with the head. Any other difference is a *Damage,
// and Open changes nothing.
func Open(dir string) (*Log, error) { return open(disk{}, dir, segmentLimit) }

// View opens the log in dir for reading, while another process may append to
// it. It changes nothing; a torn tail is left out; Append and Sync return
// ErrReadOnly. The log shown ends where it ended when View was called.
func View(dir string) (*Log, error) { return view(disk{}, dir) }

// ErrReadOnly is returned by Append and Sync of a log opened with View.
var ErrReadOnly = errors.New("the log is open for reading only")

func open(fsys filesystem, dir string, limit int64) (*Log, error) {
	if err := makeDir(fsys, dir); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	s, err := surveyLog(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	tail, err := s.mend()
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	l := s.log()
	l.tail, l.limit = tail, limit
	l.durable = l.end()
	return l, nil
}

func view(fsys filesystem, dir string) (*Log, error) {
	s, err := surveyLog(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("view log: %w", err)
	}
	l := s.log()
	l.readOnly = true
	return l, nil
}

// makeDir creates dir and makes its name durable.
func makeDir(fsys filesystem, dir string) error {
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(dir))
}

func (s *survey) log() *Log {
	return &Log{fsys: s.fsys, dir: s.dir, id: s.id, ends: s.ends, torn: s.cut}
}

// mend finishes what a crash left unfinished and returns the newest segment.
// A crash in here leaves a log that mend mends.
func (s *survey) mend() (file, error) {
	if s.stray {
		if err := s.fsys.Remove(s.path(s.newest() + 1)); err != nil {
			return nil, err
		}
	}
	if s.newest() == 0 {
		return s.begin()
	}
	if s.open {
		if err := s.close(s.newest() - 1); err != nil {
			return nil, err
		}
	}
	f, err := s.reopen(s.newest())
	if err != nil {
		return nil, err
	}
	// What a killed process wrote is readable before it is durable.
	return s.durable(f)
}

// durable syncs f and the directory, or closes f.
func (s *survey) durable(f file) (file, error) {
	if err := syncSegment(s.fsys, s.dir, f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// begin makes the first segment of a new log.
func (s *survey) begin() (file, error) {
	if _, err := rand.Read(s.id[:]); err != nil {
		return nil, err
	}
	f, err := createSegment(s.fsys, s.dir, segmentInfo{id: s.id, number: 1})
	if err != nil {
		return nil, err
	}
	s.ends = []int64{segmentHeader}
	return s.durable(f)
}

// close writes the closing record of segment n.
func (s *survey) close(n uint32) error {
	f, err := s.reopen(n)
	if err != nil {
		return err
	}
	at := Position{Segment: n, Offset: s.ends[n-1]}
	err = writeFull(f, appendRecord(nil, s.id, at, rolled, nil), at.Offset)
	return errors.Join(err, f.Sync(), f.Close())
}

// reopen opens segment n for writing and cuts what follows its records.
func (s *survey) reopen(n uint32) (file, error) {
	f, size, err := openSegment(s.fsys, s.path(n), os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if size == s.ends[n-1] {
		return f, nil
	}
	if err := f.Truncate(s.ends[n-1]); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
