package store

import (
	"encoding/binary"
	"hash/crc32"
)

// MaxData is the largest size of one record's data, in bytes: 16 MiB.
const MaxData = 16 << 20

// recordHeader is length, kind and two checksums.
const recordHeader = 4 + 1 + 4 + 4

// Kind tells the caller's records apart: 1 to 255. The log keeps 0 for itself.
type Kind byte

// rolled is the kind of the record that ends every segment but the last.
const rolled Kind = 0

// Position is where a record begins. Positions grow with every append and are
// never used again, except those a crash cut off.
type Position struct {
	Segment uint32 // number of the segment file, from 1
	Offset  int64  // byte in that file
}

// Record is one appended piece of data; its bytes belong to the reader.
type Record struct {
	Kind Kind
	Data []byte
	At   Position
}

// logID is drawn at random when a log is made. It is mixed into every checksum,
// so that nobody can prepare data that would pass for a record of its own.
type logID [8]byte

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the first part of a record.
type header struct {
	length     uint32
	kind       Kind
	check, sum uint32
}

// appendRecord appends the bytes of a record that will begin at at.
func appendRecord(dst []byte, id logID, at Position, k Kind, data []byte) []byte {
	h := header{length: uint32(len(data)), kind: k}
	h.check = h.checksum(id, at)
	dst = binary.BigEndian.AppendUint32(dst, h.length)
	dst = append(dst, byte(k))
	dst = binary.BigEndian.AppendUint32(dst, h.check)
	dst = binary.BigEndian.AppendUint32(dst, h.dataChecksum(data))
	return append(dst, data...)
}

// parseHeader reads a record's first recordHeader bytes.
func parseHeader(b []byte) header {
	return header{
		length: binary.BigEndian.Uint32(b),
		kind:   Kind(b[4]),
		check:  binary.BigEndian.Uint32(b[5:]),
		sum:    binary.BigEndian.Uint32(b[9:]),
	}
}

// checksum covers the position too: a sound record in the wrong place is
// damage. The length has a checksum apart from the data's, because a changed
// length must not make the rest of the log look like one unfinished record.
func (h header) checksum(id logID, at Position) uint32 {
	var b [25]byte
	copy(b[:], id[:])
	binary.BigEndian.PutUint32(b[8:], at.Segment)
	binary.BigEndian.PutUint64(b[12:], uint64(at.Offset))
	binary.BigEndian.PutUint32(b[20:], h.length)
	b[24] = byte(h.kind)
	return crc32.Checksum(b[:], castagnoli)
}

// dataChecksum goes on from the header's, which ties the data to its place.
func (h header) dataChecksum(data []byte) uint32 {
	return crc32.Update(h.check, castagnoli, data)
}
