package adversary

import (
	"math/rand/v2"

	"github.com/grapevine-network/grapevine/learning/delta"
)

// Forger makes the deltas that one attacker sends instead of its own.
type Forger struct {
	kind   Kind
	codec  delta.Codec
	rng    *rand.Rand
	stolen []theft // deltas of others
}

type theft struct {
	round uint64
	data  []byte
}

// NewForger returns the forger of an attacker; what it draws follows from seed.
func NewForger(k Kind, c delta.Codec, seed uint64) *Forger {
	return &Forger{kind: k, codec: c, rng: rand.New(rand.NewPCG(seed, 0xa77ac4))}
}

// Watch shows it a delta that another peer revealed in a round.
func (f *Forger) Watch(round uint64, data []byte) {
	if f.kind == Copy {
		f.stolen = append(f.stolen, theft{round, data})
	}
}

// Forge returns what is sent in a round instead of own, a delta honestly made;
// nil if nothing is.
func (f *Forger) Forge(round uint64, own []byte) []byte {
	u, err := f.codec.Decode(own)
	if err != nil {
		return own
	}
	switch f.kind {
	case SignFlip:
		for i := range u.Value {
			u.Value[i] = -u.Value[i]
		}
	case Noise:
		for i := range u.Value {
			if f.rng.IntN(2) == 0 {
				u.Value[i] = -u.Value[i]
			}
		}
	case FreeRide:
		for i := range u.Value {
			u.Value[i] = int32(1 - 2*f.rng.IntN(2))
		}
	case Copy:
		for _, t := range f.stolen {
			if t.round < round {
				return t.data
			}
		}
		return nil // nothing to copy yet
	default:
		return own
	}
	forged, err := f.codec.EncodeSparse(nil, u)
	if err != nil {
		return own
	}
	return forged
}
