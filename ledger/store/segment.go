package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	segmentHeader = 32
	segmentLimit  = 64 << 20 // a segment that would grow beyond it is ended
	magic         = "gvlog\x00\x00"
	version       = 1
)

// segmentInfo is what a segment's header says.
type segmentInfo struct {
	id     logID
	number uint32
	before int64 // size of the segment before, its last record included
}

func (s segmentInfo) bytes() []byte {
	b := append(make([]byte, 0, segmentHeader), magic...)
	b = append(append(b, version), s.id[:]...)
	b = binary.BigEndian.AppendUint32(b, s.number)
	b = binary.BigEndian.AppendUint64(b, uint64(s.before))
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// readSegmentHeader checks the header of the segment file at path by itself;
// whether it fits its neighbours is for the caller to see.
func readSegmentHeader(f file, path string, size int64) (segmentInfo, error) {
	if size < segmentHeader {
		return segmentInfo{}, &Damage{File: path, What: "the segment header is cut short", torn: true}
	}
	b := make([]byte, segmentHeader)
	if _, err := f.ReadAt(b, 0); err != nil {
		return segmentInfo{}, fmt.Errorf("read %s: %w", path, err)
	}
	rest := b[:segmentHeader-4]
	if string(b[:len(magic)]) != magic || binary.BigEndian.Uint32(b[len(rest):]) != crc32.Checksum(rest, castagnoli) {
		empty, err := zeros(f, int64(len(rest)), size) // the end of the header never arrived
		if err != nil {
			return segmentInfo{}, fmt.Errorf("read %s: %w", path, err)
		}
		return segmentInfo{}, &Damage{File: path, What: "the segment header does not match its checksum", torn: empty}
	}
	if v := b[len(magic)]; v != version {
		return segmentInfo{}, &Damage{File: path, What: fmt.Sprintf("log format %d, made by a newer program: update this one", v), Newer: true}
	}
	return segmentInfo{
		id:     logID(b[8:16]),
		number: binary.BigEndian.Uint32(b[16:]),
		before: int64(binary.BigEndian.Uint64(b[20:])),
	}, nil
}

// zeros reports whether f holds nothing but zero bytes in [from, size): what a
// file system shows that grew a file but lost its contents.
func zeros(f file, from, size int64) (bool, error) {
	b := make([]byte, min(max(size-from, 0), 64<<10))
	for from < size {
		b = b[:min(size-from, int64(len(b)))]
		if n, err := f.ReadAt(b, from); n < len(b) {
			return false, err
		}
		if slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) {
			return false, nil
		}
		from += int64(len(b))
	}
	return true, nil
}

func segmentName(number uint32) string { return fmt.Sprintf("%06d.log", number) }

// segmentNumber is the inverse of segmentName; 0 for any other name.
func segmentNumber(name string) uint32 {
	digits, ok := strings.CutSuffix(name, ".log")
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || segmentName(uint32(n)) != name {
		return 0
	}
	return uint32(n)
}

// listing is what a log directory holds.
type listing struct {
	segments []uint32 // ascending
	head     bool
	foreign  []string
}

func list(fsys filesystem, dir string) (listing, error) {
	var ls listing
	entries, err := fsys.ReadDir(dir)
	for _, e := range entries {
		n := segmentNumber(e.Name())
		switch {
		case n != 0 && e.Type().IsRegular():
			ls.segments = append(ls.segments, n)
		case e.Name() == headName && e.Type().IsRegular():
			ls.head = true
		default:
			ls.foreign = append(ls.foreign, e.Name())
		}
	}
	slices.Sort(ls.segments)
	return ls, err
}

// createSegment makes a segment file with its header, not durable yet. When it
// returns an error, the file is gone or has no sound header.
func createSegment(fsys filesystem, dir string, info segmentInfo) (file, error) {
	path := filepath.Join(dir, segmentName(info.number))
	f, err := fsys.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := writeFull(f, info.bytes(), 0); err != nil {
		return nil, errors.Join(err, f.Close(), fsys.Remove(path))
	}
	return f, nil
}

// syncSegment makes a new segment file durable, name and header.
func syncSegment(fsys filesystem, dir string, f file) error {
	if err := f.Sync(); err != nil {
		return err
	}
	return fsys.SyncDir(dir)
}

func writeFull(f file, b []byte, at int64) error {
	n, err := f.WriteAt(b, at)
	if err == nil && n < len(b) {
		return io.ErrShortWrite
	}
	return err
}

// missing is the damage of a segment file that is not there.
func missing(dir string, number uint32) *Damage {
	return &Damage{File: filepath.Join(dir, segmentName(number)), What: "the file is missing"}
}

// openSegment opens a segment file and tells its size.
func openSegment(fsys filesystem, path string, flag int) (file, int64, error) {
	f, err := fsys.OpenFile(path, flag, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, &Damage{File: path, What: "the file is missing"}
	}
	if err != nil {
		return nil, 0, err
	}
	size, err := f.Size()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, size, nil
}
