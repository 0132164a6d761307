package store

import (
	"bufio"
	"fmt"
	"io"
	"math"
)

// cursor reads the records of one segment, in order.
type cursor struct {
	f    file
	path string
	id   logID
	r    io.Reader
	buf  []byte
	at   Position
	size int64 // where to stop
	end  int64 // where the current record ends by a sound header, or 0
}

// scan returns a cursor for a whole segment.
func scan(f file, path string, id logID, number uint32, size int64) *cursor {
	c := &cursor{f: f, path: path, id: id, size: size, at: Position{Segment: number}}
	c.seek(segmentHeader)
	return c
}

func (c *cursor) seek(to int64) {
	c.at.Offset, c.end = to, 0
	c.r = bufio.NewReaderSize(io.NewSectionReader(c.f, to, math.MaxInt64-to), 64<<10)
}

// next returns the record at the cursor and moves on; its Data is valid until
// the next call. At the end it returns io.EOF. On damage it stays.
func (c *cursor) next() (Record, error) {
	c.end = 0
	if c.at.Offset >= c.size {
		return Record{}, io.EOF
	}
	h, err := c.header()
	if err != nil {
		return Record{}, err
	}
	data := c.grow(int(h.length))
	if _, err := io.ReadFull(c.r, data); err != nil {
		return Record{}, c.ioError(err)
	}
	if h.dataChecksum(data) != h.sum {
		return Record{}, c.damage("a record does not match its checksum", c.end)
	}
	r := Record{Kind: h.kind, Data: data, At: c.at}
	c.at.Offset = c.end
	return r, nil
}

// header reads a record's header and vouches for its length.
func (c *cursor) header() (header, error) {
	left := c.size - c.at.Offset
	if left < recordHeader {
		return header{}, c.damage("a record is cut short", c.size)
	}
	b := c.grow(recordHeader)
	if _, err := io.ReadFull(c.r, b); err != nil {
		return header{}, c.ioError(err)
	}
	h := parseHeader(b)
	if h.checksum(c.id, c.at) != h.check || h.length > MaxData {
		return header{}, c.damage("a record's header does not match its checksum", c.at.Offset+recordHeader)
	}
	if left-recordHeader < int64(h.length) {
		return header{}, c.damage("a record is cut short", c.size)
	}
	c.end = c.at.Offset + recordHeader + int64(h.length)
	return h, nil
}

func (c *cursor) grow(n int) []byte {
	if cap(c.buf) < n {
		c.buf = make([]byte, n)
	}
	return c.buf[:n]
}

// damage describes the record at the cursor. It passes for torn if the file
// holds nothing but zeroes from byte rest on.
func (c *cursor) damage(what string, rest int64) error {
	torn, err := zeros(c.f, rest, c.size)
	if err != nil {
		return c.ioError(err)
	}
	return &Damage{File: c.path, Offset: c.at.Offset, What: what, torn: torn}
}

func (c *cursor) ioError(err error) error {
	return fmt.Errorf("read %s at byte %d: %w", c.path, c.at.Offset, err)
}

// skip moves from a damaged record to the next place where one may begin. The
// id in the checksums keeps data that imitates a record from being taken for one.
func (c *cursor) skip() error {
	if c.end != 0 {
		c.seek(c.end)
		return nil
	}
	c.seek(c.at.Offset + 1)
	r := c.r.(*bufio.Reader)
	for c.at.Offset+recordHeader <= c.size {
		b, err := r.Peek(recordHeader)
		if err != nil {
			return c.ioError(err)
		}
		if h := parseHeader(b); h.checksum(c.id, c.at) == h.check {
			return nil
		}
		_, _ = r.Discard(1) // peeked, so it is there
		c.at.Offset++
	}
	c.at.Offset = c.size
	return nil
}
