package p2p

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"
)

const (
	// MaxBlob is the largest blob in bytes. Its announcement has 8 KiB.
	MaxBlob = 16 << 20

	chunkSize = 64 << 10

	sha2256 = 0x12 // the multihash code
)

// Announcement describes a blob so that each part of it can be checked when it
// arrives. A blob of up to 64 KiB is one chunk, which the CID itself checks.
type Announcement struct {
	CID    cid.Cid             // version 1, SHA-256 of the whole blob
	Size   int                 // bytes, 1 to MaxBlob
	Chunks [][sha256.Size]byte // SHA-256 of each 64 KiB; nil for one chunk
}

// Announce describes data, whose CID is c. Any codec will do; the hash must be
// SHA-256, of data.
func Announce(c cid.Cid, data []byte) (Announcement, error) {
	a := Announcement{CID: c, Size: len(data)}
	if chunks(a.Size) > 1 {
		for rest := data; len(rest) > 0; rest = rest[min(chunkSize, len(rest)):] {
			a.Chunks = append(a.Chunks, sha256.Sum256(rest[:min(chunkSize, len(rest))]))
		}
	}
	if err := a.check(); err != nil {
		return Announcement{}, fmt.Errorf("announce: %w", err)
	}
	if sha256.Sum256(data) != a.digest() {
		return Announcement{}, fmt.Errorf("announce: data do not have the hash of %s", c)
	}
	return a, nil
}

// ParseAnnouncement reads what Bytes wrote and refuses everything else.
func ParseAnnouncement(b []byte) (Announcement, error) {
	a, err := parseAnnouncement(b)
	if err == nil {
		err = a.check()
	}
	if err == nil && !bytes.Equal(a.Bytes(), b) {
		err = errors.New("not in canonical form")
	}
	if err != nil {
		return Announcement{}, fmt.Errorf("parse announcement: %w", err)
	}
	return a, nil
}

func parseAnnouncement(b []byte) (a Announcement, err error) {
	n, c, err := cid.CidFromBytes(b)
	if err != nil {
		return a, err
	}
	if b = b[n:]; len(b) < 4 {
		return a, errors.New("no size")
	}
	a.CID = c
	if size := binary.BigEndian.Uint32(b); size <= MaxBlob {
		a.Size = int(size)
	}
	for b = b[4:]; len(b) >= sha256.Size; b = b[sha256.Size:] {
		a.Chunks = append(a.Chunks, [sha256.Size]byte(b))
	}
	return a, nil
}

// Bytes is the canonical encoding: CID ‖ size in four bytes, big endian ‖ hashes
// of the chunks, if there is more than one. A blob of 1 MiB is announced in 552.
func (a Announcement) Bytes() []byte {
	b := binary.BigEndian.AppendUint32(a.CID.Bytes(), uint32(a.Size))
	for _, h := range a.Chunks {
		b = append(b, h[:]...)
	}
	return b
}

func (a Announcement) check() error {
	if !a.CID.Defined() {
		return errors.New("no CID")
	}
	if p := a.CID.Prefix(); p.Version != 1 || p.MhType != sha2256 || p.MhLength != sha256.Size {
		return fmt.Errorf("CID %s: want version 1 with SHA-256", a.CID)
	}
	if a.Size < 1 || a.Size > MaxBlob {
		return fmt.Errorf("blob of %d bytes, want 1 to %d", a.Size, MaxBlob)
	}
	want := chunks(a.Size)
	if want == 1 {
		want = 0
	}
	if len(a.Chunks) != want {
		return fmt.Errorf("%d chunk hashes for %d bytes, want %d", len(a.Chunks), a.Size, want)
	}
	return nil
}

// digest is the SHA-256 in the CID of an announcement that passed check.
func (a Announcement) digest() [sha256.Size]byte {
	h := a.CID.Hash()
	return [sha256.Size]byte(h[len(h)-sha256.Size:])
}

// chunk returns the length and the hash of chunk i.
func (a Announcement) chunk(i int) (int, [sha256.Size]byte) {
	n := min(chunkSize, a.Size-i*chunkSize)
	if len(a.Chunks) == 0 {
		return n, a.digest()
	}
	return n, a.Chunks[i]
}

// chunks is the number of chunks of a blob.
func chunks(size int) int { return (size + chunkSize - 1) / chunkSize }
