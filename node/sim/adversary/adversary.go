// Package adversary is the one list of attacks, used by the simulator, the demo
// and the laboratory. An attack wraps an engine: it changes what the engine is
// told and what it says, with the keys of its own peer and nothing else.
package adversary

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// Kind names an attack.
type Kind string

// The attacks.
const (
	SignFlip   Kind = "signflip"   // sends the opposite of what it learnt, and inverts its scores
	Noise      Kind = "noise"      // sends random values of the same size, and inverts its scores
	LabelFlip  Kind = "labelflip"  // trains on wrong labels: see FlipsLabels
	Copy       Kind = "copy"       // sends byte for byte what another revealed in an earlier round
	FreeRide   Kind = "freeride"   // sends a delta of almost nothing
	Equivocate Kind = "equivocate" // signs two entries for one place of its chain
	Silent     Kind = "silent"     // takes part in nothing
	Mute       Kind = "mute"       // makes no proposal when it is its turn
	Withhold   Kind = "withhold"   // reveals, but gives the delta to nobody
)

// Kinds lists all attacks.
var Kinds = []Kind{SignFlip, Noise, LabelFlip, Copy, FreeRide, Equivocate, Silent, Mute, Withhold}

// Parse reads a name.
func Parse(name string) (Kind, error) {
	if k := Kind(name); slices.Contains(Kinds, k) {
		return k, nil
	}
	return "", fmt.Errorf("unknown attack %q: choose one of %v", name, Kinds)
}

// FlipsLabels tells whether the attack is made by giving the trainer labels in
// reverse.
func (k Kind) FlipsLabels() bool { return k == LabelFlip }

// InvertsScores tells whether a validator of this kind says the opposite of what
// it measures.
func (k Kind) InvertsScores() bool { return k == SignFlip || k == Noise || k == LabelFlip }

// Learns tells whether the attack is made by deltas and scores, and needs no
// network.
func (k Kind) Learns() bool {
	return slices.Contains([]Kind{SignFlip, Noise, LabelFlip, Copy, FreeRide}, k)
}

// Machine is what an attack wraps, and is itself: an engine, to whoever steps it.
type Machine interface {
	Step(now int64, in engine.Input) ([]engine.Output, error)
}

// Self is what an attacker has: its own key and the topic's rules.
type Self struct {
	Topic  ledger.CID
	Author ledger.Author
	Sign   func(message []byte) []byte
	Codec  delta.Codec
	Seed   uint64
}

// Wrap makes m attack.
func Wrap(k Kind, m Machine, self Self) Machine {
	return &attacker{Machine: m, kind: k, Self: self, forger: NewForger(k, self.Codec, self.Seed)}
}

type attacker struct {
	Machine
	Self
	kind   Kind
	forger *Forger
}

// Step tampers on both sides.
func (a *attacker) Step(now int64, in engine.Input) ([]engine.Output, error) {
	out, err := a.Machine.Step(now, a.tell(in))
	return a.say(out), err
}

// tell changes what the engine hears.
func (a *attacker) tell(in engine.Input) engine.Input {
	switch in := in.(type) {
	case engine.Received:
		a.watch(in.Message)
	case engine.Trained:
		in.Delta = a.forger.Forge(in.Round, in.Delta)
		return in
	case engine.Scored:
		if a.kind.InvertsScores() {
			for _, m := range in.Scores {
				if m != nil {
					m.U = -m.U
				}
			}
		}
	}
	return in
}

func (a *attacker) watch(m engine.Message) {
	e, is := m.(engine.EntryMessage)
	if !is || len(e.Delta) == 0 || e.Entry.Author == a.Author {
		return
	}
	a.forger.Watch(e.Entry.Body.(*ledger.Reveal).Round, e.Delta)
}

// say changes what the world hears.
func (a *attacker) say(out []engine.Output) (said []engine.Output) {
	for _, o := range out {
		p, is := o.(engine.Publish)
		switch {
		case a.kind == Silent && (is || isAsk(o)):
		case a.kind == Mute && is && engine.IsProposal(p.Data):
		case a.kind == Withhold && is:
			said = append(said, engine.Publish{Data: a.strip(p.Data)})
		case a.kind == Equivocate && is:
			said = append(said, o)
			said = append(said, a.double(p.Data)...)
		default:
			said = append(said, o)
		}
	}
	return said
}

func isAsk(o engine.Output) bool {
	_, is := o.(engine.Ask)
	return is
}

// own returns the entry that a message carries, if it is one.
func (a *attacker) own(data []byte) (engine.EntryMessage, bool) {
	m, err := engine.Decode(data, a.Topic, func(ledger.Author, []byte, []byte) bool { return true })
	if err != nil {
		return engine.EntryMessage{}, false
	}
	e, is := m.(engine.EntryMessage)
	return e, is
}

func (a *attacker) strip(data []byte) []byte {
	if e, is := a.own(data); is && len(e.Delta) > 0 {
		return engine.Encode(engine.EntryMessage{Entry: e.Entry})
	}
	return data
}

// double signs another COMMIT for the place of one that is being published.
func (a *attacker) double(data []byte) []engine.Output {
	e, is := a.own(data)
	if !is {
		return nil
	}
	c, is := e.Entry.Body.(*ledger.Commit)
	if !is {
		return nil
	}
	other := *c
	other.Hash[0] ^= 1
	x, err := ledger.Sign(a.Sign, a.Author, a.Topic, e.Entry.Seq-1, e.Entry.Prev, &other)
	if err != nil || bytes.Equal(x.Bytes(), e.Entry.Bytes()) {
		return nil
	}
	return []engine.Output{engine.Publish{Data: engine.Encode(engine.EntryMessage{Entry: x})}}
}
