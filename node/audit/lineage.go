package audit

import (
	"math/bits"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// Evidence names the entries of the round in flight that took effect, so that
// what came of it can be looked up.
type Evidence struct {
	entries map[evident]ledger.CID
	data    map[ledger.Author]*Declared // newest
	bound   map[ledger.Author]*Declared // when the author committed to a delta of the round
	over    bool                        // the round is
}

type evident struct {
	kind   ledger.Kind
	author ledger.Author
}

// Declared is a DATA entry: what its author said to train on.
type Declared struct {
	Entry ledger.CID
	ledger.Data
}

// NewEvidence has none yet.
func NewEvidence() *Evidence {
	return &Evidence{entries: map[evident]ledger.CID{}, data: map[ledger.Author]*Declared{}, bound: map[ledger.Author]*Declared{}}
}

// Visit takes the next height. What it says of a round holds until the height
// after the one that ended it.
func (e *Evidence) Visit(h *Height) {
	if e.over {
		clear(e.entries)
		clear(e.bound)
	}
	e.over = h.Outcome != nil
	void := map[ledger.CID]bool{}
	for _, v := range h.Voids {
		void[v.Entry.CID()] = true
	}
	for _, x := range h.Entries {
		if void[x.CID()] {
			continue
		}
		switch body := x.Body.(type) {
		case *ledger.Data:
			e.data[x.Author] = &Declared{x.CID(), *body}
			continue
		case *ledger.Commit:
			e.bound[x.Author] = e.data[x.Author]
		}
		e.entries[evident{x.Kind, x.Author}] = x.CID()
	}
}

// Of is the entry of a kind that author made in the round; undefined if there is
// none.
func (e *Evidence) Of(kind ledger.Kind, author ledger.Author) ledger.CID {
	return e.entries[evident{kind, author}]
}

// Declared is what author had declared when it committed to a delta; nil if it
// had not.
func (e *Evidence) Declared(author ledger.Author) *Declared { return e.bound[author] }

// Step is how a round made a model of the one before.
type Step struct {
	Round  uint64
	Height uint64
	Block  ledger.CID // that ended the round
	Before ledger.CID
	After  ledger.CID
	Deltas []Merged
}

// Merged is a delta's part in a step.
type Merged struct {
	Author ledger.Author
	Delta  ledger.CID
	Base   ledger.CID // model that it was made on
	Age    int        // steps that Base was behind
	Weight uint64     // bond, or 1, before age
	Share  uint64     // of the mean, millionths
	Gate   int64      // what it gained, by those who scored it, micro-nats
	Commit ledger.CID // entries that prove it
	Reveal ledger.CID
	Data   *Declared // what its author had declared to train on; nil if nothing
}

// Lineage collects which deltas led to each model.
type Lineage struct {
	Steps    []Step // in order
	First    ledger.CID
	evidence *Evidence
}

// NewLineage begins with a model: the topic's first, or that of a snapshot.
func NewLineage(first ledger.CID) *Lineage { return &Lineage{First: first, evidence: NewEvidence()} }

// Visit takes the next height.
func (l *Lineage) Visit(h *Height) {
	l.evidence.Visit(h)
	if h.Outcome == nil || h.Outcome.Blob == nil {
		return // the model stays
	}
	s := Step{Round: h.Outcome.Round, Height: h.Outcome.Height, Block: h.Block.CID(), Before: l.newest(), After: h.Outcome.Anchor}
	for i := range h.Outcome.Deltas {
		if d := &h.Outcome.Deltas[i]; d.Merged() {
			s.Deltas = append(s.Deltas, l.merged(d))
		}
	}
	share(s.Deltas)
	l.Steps = append(l.Steps, s)
}

func (l *Lineage) newest() ledger.CID {
	if len(l.Steps) == 0 {
		return l.First
	}
	return l.Steps[len(l.Steps)-1].After
}

func (l *Lineage) merged(d *incentives.DeltaPay) Merged {
	return Merged{
		Author: d.Author, Delta: d.Delta, Base: d.Base, Age: d.Age, Weight: d.Weight, Gate: d.Gate,
		Commit: l.evidence.Of(ledger.KindCommit, d.Author), Reveal: l.evidence.Of(ledger.KindReveal, d.Author), Data: l.evidence.Declared(d.Author),
	}
}

// share divides a million by weight and age: a delta weighs 45875/65536 for each
// anchor of age.
func share(deltas []Merged) {
	weights, total := make([]uint64, len(deltas)), uint64(0)
	for i, d := range deltas {
		weights[i] = d.Weight << 10
		for range d.Age {
			hi, lo := bits.Mul64(weights[i], 45875)
			weights[i] = hi<<48 | lo>>16
		}
		total += weights[i]
	}
	for i := range deltas {
		if total > 0 {
			hi, lo := bits.Mul64(weights[i], 1_000_000)
			deltas[i].Share, _ = bits.Div64(hi, lo, total)
		}
	}
}

// To returns the steps that led to a model, the first at first; ok is false if
// none did and it is not where they begin. Of a model that came twice it is the
// last time.
func (l *Lineage) To(model ledger.CID) (steps []Step, ok bool) {
	for i, s := range slices.Backward(l.Steps) {
		if s.After == model {
			return l.Steps[:i+1], true
		}
	}
	return nil, model == l.First
}
