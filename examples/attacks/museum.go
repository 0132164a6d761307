package main

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/learning/settle"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
	"github.com/grapevine-network/grapevine/node/sim/lab"
)

// museum holds the deltas of past rounds, and sees how alike new ones are.
type museum struct {
	past         []piece // at most as many rounds as are archived
	here, before *pairs
	copies       []*pairs // by thefts
}

// piece is a delta and whose it is.
type piece struct {
	author ledger.Author
	round  uint64
	data   []byte
	update delta.Sparse
}

// thefts are the copies that are made of a delta of the round before.
var thefts = []adversary.Kind{
	adversary.Copy, adversary.Copy99, adversary.Copy95, adversary.Copy90, adversary.Copy80, adversary.CopyMost, adversary.CopyHalf,
}

func newMuseum(data string, keep uint64) *museum {
	row := func(what string) *pairs { return &pairs{Data: data, Keep: keep, What: what} }
	m := &museum{here: row("honest, the same round"), before: row("honest, earlier rounds")}
	for _, k := range thefts {
		m.copies = append(m.copies, row(string(k)))
	}
	return m
}

func (m *museum) rows() []*pairs {
	all := append([]*pairs{m.here, m.before}, m.copies...)
	for _, p := range all {
		p.Raw, p.Centred = ranksOf(p.raw), ranksOf(p.centred)
	}
	return all
}

// round compares what was revealed in a round with what was before, as settle
// does: by sketches of a seed that nobody knew. Then it keeps it.
func (m *museum) round(codec delta.Codec, e lab.Ended) {
	var now []piece
	for _, author := range e.Before.Round.Deltas() {
		p := piece{author: author, round: e.Outcome.Round, data: e.Blob(e.Before.Round.Reveals[author].Delta)}
		var err error
		if p.update, err = codec.Decode(p.data); err == nil && len(p.update.Index) > 0 {
			now = append(now, p)
		}
	}
	seed := sha256.Sum256(fmt.Append(nil, e.Seed, e.Outcome.Round))
	fresh, old := signed(now, seed), signed(m.past, seed)
	centre := centreOf(fresh)
	for i := range fresh {
		for j := range fresh[:i] {
			m.here.add(&fresh[i].Sketch, &fresh[j].Sketch, &centre)
		}
		for j := range old {
			if old[j].Author != fresh[i].Author {
				m.before.add(&fresh[i].Sketch, &old[j].Sketch, &centre)
			}
		}
	}
	m.before.judge(settle.Copies(fresh, old))
	m.steal(codec, e, seed, fresh, old)
	m.past = append(slices.DeleteFunc(m.past, func(p piece) bool { return p.round+incentives.ArchiveRounds <= e.Outcome.Round }), now...)
}

// steal lets a thief join the round with a copy of each kind, of one of the
// deltas of the round before.
func (m *museum) steal(codec delta.Codec, e lab.Ended, seed [32]byte, fresh, old []settle.Signed) {
	round := e.Outcome.Round
	first := slices.IndexFunc(m.past, func(p piece) bool { return p.round+1 == round })
	if first < 0 {
		return
	}
	at := first + int(round)%(len(m.past)-first)
	victim := m.past[at]
	for i, kind := range thefts {
		f := adversary.NewForger(kind, codec, round+e.Seed<<32)
		f.Watch(victim.round, victim.data)
		stolen, err := codec.Decode(f.Forge(round, victim.data))
		if err != nil {
			continue
		}
		thief := signed([]piece{{author: nameOf("thief", 0), update: stolen}}, seed)
		with := append(slices.Clone(fresh), thief...)
		centre := centreOf(with)
		m.copies[i].add(&thief[0].Sketch, &old[at].Sketch, &centre)
		m.copies[i].judge(settle.Copies(with, old)[len(fresh):])
	}
}

func signed(pieces []piece, seed [32]byte) []settle.Signed {
	var updates []delta.Sparse
	for _, p := range pieces {
		updates = append(updates, p.update)
	}
	out := make([]settle.Signed, len(pieces))
	for i, sketch := range settle.Sketches(updates, seed) {
		out[i] = settle.Signed{Author: pieces[i].author, Weight: bond, Sketch: sketch}
	}
	return out
}

// centreOf is the lower median in each component.
func centreOf(all []settle.Signed) (centre settle.Sketch) {
	column, weights := make([]int64, len(all)), make([]uint64, len(all))
	for b := range centre {
		for i := range all {
			column[i], weights[i] = all[i].Sketch[b], all[i].Weight
		}
		centre[b] = settle.LowerMedian(column, weights)
	}
	return centre
}

// pairs are how alike the deltas of one kind of pair are, by their sketches.
type pairs struct {
	Data    string `json:"data"`
	Keep    uint64 `json:"keep"` // of 1,024 values
	What    string `json:"what"`
	Pairs   int    `json:"pairs"`
	Raw     ranks  `json:"raw"`
	Centred ranks  `json:"centred"`
	Judged  int    `json:"judged"` // deltas
	Caught  int    `json:"caught"` // of them, copies to settle.Copies

	raw, centred []float64
}

func (p *pairs) add(a, b, centre *settle.Sketch) {
	p.Pairs++
	p.raw, p.centred = append(p.raw, cosine(a, b, &settle.Sketch{})), append(p.centred, cosine(a, b, centre))
}

func (p *pairs) judge(copies []bool) {
	p.Judged += len(copies)
	for _, is := range copies {
		if is {
			p.Caught++
		}
	}
}

// cosine is that of a-c and b-c.
func cosine(a, b, c *settle.Sketch) float64 {
	var ab, aa, bb float64
	for i := range c {
		x, y := float64(a[i]-c[i]), float64(b[i]-c[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(max(aa*bb, 1e-300))
}

// ranks are the least, the middle and the largest of some cosines.
type ranks struct {
	Least  float64 `json:"least"`
	Median float64 `json:"median"`
	Most   float64 `json:"most"`
}

func ranksOf(x []float64) ranks {
	if len(x) == 0 {
		return ranks{}
	}
	slices.Sort(x)
	return ranks{x[0], x[len(x)/2], x[len(x)-1]}
}
