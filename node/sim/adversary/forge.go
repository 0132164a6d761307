package adversary

import (
	"math/rand/v2"
	"slices"

	"github.com/grapevine-network/grapevine/learning/delta"
)

// Forger makes the deltas that one attacker sends instead of its own. They are
// compressed as everybody's are.
type Forger struct {
	// Liars is how many attack together; 0 counts as 1.
	Liars int
	// Harmless as in View; nil: it cannot tell.
	Harmless func(update []float32) bool

	kind   Kind
	codec  delta.Codec
	rng    *rand.Rand
	stolen []theft     // deltas of others, of the newest two rounds
	peeked [][]float32 // honest updates of this round
	first  []byte      // its own first delta
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
	f.stolen = slices.DeleteFunc(f.stolen, func(t theft) bool { return t.round+1 < round })
	f.stolen = append(f.stolen, theft{round, data})
}

// Peek shows it the honest deltas of this round before they are revealed. In a
// network nobody has that: there an attacker knows those of the last round.
func (f *Forger) Peek(honest [][]byte) {
	f.peeked = nil
	if !crowded[f.kind] && f.kind != Backdoor {
		return
	}
	for _, data := range honest {
		f.peeked = append(f.peeked, f.dense(data))
	}
}

// Forge returns what is sent in a round instead of own, a delta honestly made;
// nil if nothing is.
func (f *Forger) Forge(round uint64, own []byte) []byte {
	if own == nil {
		return nil
	}
	if f.first == nil {
		f.first = own
	}
	switch f.kind {
	case Copy:
		return f.another(round)
	case Replay:
		return f.first
	case NaN:
		return notNumbers(f.codec.Size)
	case Oversize:
		return append(slices.Clone(own), make([]byte, f.codec.MaxBytes())...)
	}
	if altered[f.kind] != nil {
		return f.altered(round)
	}
	if forgers[f.kind] == nil {
		return own
	}
	update := f.kind.Update(f.view(round, own))
	if crowded[f.kind] { // one part in a thousand differs: the very bytes of another are a copy
		update = scaled(1+f.rng.Float64()/1000, update)
	}
	forged, err := f.codec.Encode(nil, update)
	if err != nil {
		return own
	}
	return forged
}

// another returns a delta that somebody else revealed in an earlier round.
func (f *Forger) another(round uint64) []byte {
	for _, t := range f.stolen {
		if t.round < round {
			return t.data
		}
	}
	return nil // nothing to copy yet
}

// view is what the attacker knows when it forges.
func (f *Forger) view(round uint64, own []byte) View {
	v := View{Own: f.dense(own), Others: f.peeked, Liars: f.Liars, Seed: f.rng.Uint64(), Harmless: f.Harmless}
	if v.Others != nil {
		return v
	}
	for _, t := range f.stolen {
		if x := f.dense(t.data); t.round+1 == round && x != nil {
			v.Others = append(v.Others, x)
		}
	}
	return v
}

// dense decodes a delta; nil for what is none.
func (f *Forger) dense(data []byte) []float32 {
	s, err := f.codec.Decode(data)
	if err != nil {
		return nil
	}
	x := make([]float32, f.codec.Size)
	for i, at := range s.Index {
		x[at] = float32(s.Value[i]) / delta.One
	}
	return x
}
