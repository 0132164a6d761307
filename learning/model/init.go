package model

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// Init returns the genesis anchor for a seed: fixed point, LSB 2^-20. Biases
// are 0; weights are uniform in [-b, b], with b = sqrt(6/in) before a ReLU (He
// et al. 2015) and sqrt(6/(in+out)) in the last layer (Glorot and Bengio 2010).
//
// Only integers are used and the generator is the published ChaCha8, so every
// platform gets the same bits.
func (m Model) Init(seed uint64) []int32 {
	key := [32]byte([]byte("grapevine/model/init/1\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	binary.LittleEndian.PutUint64(key[24:], seed)
	source := rand.NewChaCha8(key)
	anchor := make([]int32, m.size())
	for i, l := range m.layers {
		fan := l.in
		if i == len(m.layers)-1 {
			fan += l.out
		}
		b := root(6 << 40 / uint64(fan)) // sqrt(6/fan) in units of 2^-20
		for j := range l.in * l.out {
			// rand.Rand may change its way of drawing; this may not.
			r, _ := bits.Mul64(source.Uint64(), 2*b+1)
			anchor[l.at+j] = int32(int64(r) - int64(b))
		}
	}
	return anchor
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
