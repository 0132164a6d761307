package p2p

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"
)

// blob makes size bytes and their announcement.
func blob(t testing.TB, size int) ([]byte, Announcement) {
	t.Helper()
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size), byte(size >> 8), byte(size >> 16)}).Read(data)
	a, err := Announce(cidOf(t, data), data)
	if err != nil {
		t.Fatal(err)
	}
	return data, a
}

func cidOf(t testing.TB, data []byte) cid.Cid {
	t.Helper()
	sum := sha256.Sum256(data)
	h, err := multihash.Encode(sum[:], multihash.SHA2_256)
	if err != nil {
		t.Fatal(err)
	}
	return cid.NewCidV1(cid.Raw, h)
}

func TestAnAnnouncementSurvivesItsEncoding(t *testing.T) {
	for size, length := range map[int]int{1: 40, chunkSize: 40, chunkSize + 1: 104, 1 << 20: 552, MaxBlob: 40 + 8<<10} {
		_, a := blob(t, size)
		b := a.Bytes()
		if len(b) != length {
			t.Errorf("%d bytes are announced in %d, want %d", size, len(b), length)
		}
		if got, err := ParseAnnouncement(b); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("%d bytes: got another announcement back, %v", size, err)
		}
	}
}

func TestAnnounceRefusesWhatNobodyCouldCheck(t *testing.T) {
	data := []byte("data")
	v1 := cidOf(t, data)
	sum, _ := multihash.Sum(data, multihash.SHA2_512, -1)
	for name, c := range map[string]cid.Cid{
		"no CID":          cid.Undef,
		"another blob":    cidOf(t, []byte("other")),
		"an old CID":      cid.NewCidV0(v1.Hash()),
		"another hash":    cid.NewCidV1(cid.Raw, sum),
		"a truncated one": cid.NewCidV1(cid.Raw, must(multihash.Encode(v1.Hash()[2:22], multihash.SHA2_256))),
	} {
		if _, err := Announce(c, data); err == nil {
			t.Errorf("announced %s", name)
		}
	}
	for _, size := range []int{0, MaxBlob + 1} {
		data := make([]byte, size)
		if _, err := Announce(cidOf(t, data), data); err == nil {
			t.Errorf("announced %d bytes", size)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestParseRefusesAnyOtherForm(t *testing.T) {
	_, small := blob(t, 10)
	_, large := blob(t, 2*chunkSize)
	s, l := small.Bytes(), large.Bytes()
	size := func(b []byte, n uint32) []byte {
		b = bytes.Clone(b)
		binary.BigEndian.PutUint32(b[36:], n)
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":                     nil,
		"half a CID":                  s[:20],
		"no size":                     s[:36],
		"half a size":                 s[:38],
		"a byte more":                 append(bytes.Clone(s), 0),
		"a hash more":                 append(bytes.Clone(s), make([]byte, 32)...),
		"a hash less":                 l[:len(l)-32],
		"half a hash less":            l[:len(l)-16],
		"size zero":                   size(s, 0),
		"a size for other hashes":     size(l, 2*chunkSize+1),
		"a size above the limit":      size(l, MaxBlob+1),
		"a size beyond 31 bits":       size(s, 1<<32-1),
		"a padded varint in the CID":  append([]byte{0x81, 0x00}, s[1:]...),
		"hash of the one chunk given": append(size(s, chunkSize), small.CID.Hash()[2:]...),
	} {
		if _, err := ParseAnnouncement(b); err == nil {
			t.Errorf("took %s", name)
		}
	}
}

func FuzzAnnouncement(f *testing.F) {
	for _, size := range []int{1, chunkSize, chunkSize + 1, 300 << 10} {
		_, a := blob(f, size)
		f.Add(a.Bytes())
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAnnouncement(b)
		if err != nil {
			return
		}
		if !bytes.Equal(a.Bytes(), b) {
			t.Errorf("%x is read as %x", b, a.Bytes())
		}
		total := 0
		for i := range chunks(a.Size) {
			n, _ := a.chunk(i)
			total += n
		}
		if total != a.Size || a.Size > MaxBlob {
			t.Errorf("chunks add up to %d, size is %d", total, a.Size)
		}
	})
}
