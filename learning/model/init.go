package model

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// Init returns the genesis anchor for a seed: fixed point, LSB 2^-20. Biases
// are 0; weights are uniform in [-b, b], with b = sqrt(6/in) before a ReLU (He
// et al. 2015; 9 times the channels are in of a convolution), sqrt(6/(in+out)) in
// the last layer (Glorot and Bengio 2010) and 1 in an embedding.
//
// Only integers are used and the generator is the published ChaCha8, so every
// platform gets the same bits.
func (m Model) Init(seed uint64) []int32 {
	key := [32]byte([]byte("grapevine/model/init/1\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	binary.LittleEndian.PutUint64(key[24:], seed)
	source := rand.NewChaCha8(key)
	anchor := make([]int32, m.size())
	at := 0
	for _, l := range m.layers {
		for _, t := range l.weights() {
			part := anchor[at:][:t.Size()]
			at += len(part)
			if t.fan > 0 {
				fill(part, root(6<<40/uint64(t.fan)), source) // sqrt(6/fan) in units of 2^-20
			}
		}
	}
	return anchor
}

// fill draws from [-b, b]. rand.Rand may change its way of drawing; this may not.
func fill(part []int32, b uint64, source *rand.ChaCha8) {
	for j := range part {
		r, _ := bits.Mul64(source.Uint64(), 2*b+1)
		part[j] = int32(int64(r) - int64(b))
	}
}

// root returns the integer part of the square root of n.
func root(n uint64) uint64 {
	var r uint64
	for bit := uint64(1) << 31; bit > 0; bit >>= 1 {
		if (r|bit)*(r|bit) <= n {
			r |= bit
		}
	}
	return r
}
