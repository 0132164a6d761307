package settle

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/grapevine-network/grapevine/learning/delta"
)

// Sketch is a delta in 256 integers; the cosine of two sketches of one seed is
// near that of the deltas: for a cosine c within about (1-c²)/16, one standard
// deviation. It is a count sketch (Charikar, Chen and Farach-Colton, 2002):
// every parameter adds its value, or its negative, to one sum. A full random
// projection is no nearer and takes 256 times the work.
type Sketch [256]int64

const (
	sketchDomain = "grapevine/sketch/1"
	perHash      = sha256.Size / 2
)

// SketchOf returns the sketch of d by seed, a hash that nobody knew when the
// deltas compared were committed. With
//
//	key = SHA-256("grapevine/sketch/1" ‖ seed)
//	h   = SHA-256(key ‖ ⌊i/16⌋ as 4 bytes, little-endian)
//
// parameter i adds to the sum h[2(i mod 16)], and its negative if the byte after
// that is odd. For many deltas of one seed use Sketches.
func SketchOf(d delta.Sparse, seed [32]byte) Sketch {
	var s Sketch
	key, h, have := sketchKey(seed), [sha256.Size]byte{}, int64(-1)
	for i, at := range d.Index {
		if block := at / perHash; int64(block) != have {
			h, have = sketchHash(key, block), int64(block)
		}
		p := h[at%perHash*2:]
		s.add(p[0], p[1], d.Value[i])
	}
	return s
}

// Sketches returns the sketch of each of deltas by seed, as SketchOf does, but
// hashes every parameter once.
func Sketches(deltas []delta.Sparse, seed [32]byte) []Sketch {
	places := sketchPlaces(deltas, seed)
	sketches := make([]Sketch, len(deltas))
	for j, d := range deltas {
		for i, at := range d.Index {
			p := places[2*int(at):]
			sketches[j].add(p[0], p[1], d.Value[i])
		}
	}
	return sketches
}

// sketchPlaces returns two bytes for each parameter up to the last one used.
func sketchPlaces(deltas []delta.Sparse, seed [32]byte) []byte {
	blocks := uint32(0)
	for _, d := range deltas {
		if n := len(d.Index); n > 0 {
			blocks = max(blocks, d.Index[n-1]/perHash+1)
		}
	}
	key, places := sketchKey(seed), make([]byte, 0, int(blocks)*sha256.Size)
	for b := range blocks {
		h := sketchHash(key, b)
		places = append(places, h[:]...)
	}
	return places
}

func sketchKey(seed [32]byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(sketchDomain), seed[:]...))
}

func sketchHash(key [sha256.Size]byte, block uint32) [sha256.Size]byte {
	var in [sha256.Size + 4]byte
	copy(in[:], key[:])
	binary.LittleEndian.PutUint32(in[sha256.Size:], block)
	return sha256.Sum256(in[:])
}

func (s *Sketch) add(place, sign byte, v int32) {
	odd := int64(sign & 1)
	s[place] += (int64(v) ^ -odd) + odd
}
