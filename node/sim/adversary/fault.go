package adversary

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// Faults of the protocol: what is said, not what was learnt.

// limits are scores that arithmetic could stumble over.
var limits = []engine.Measure{
	{U: math.MinInt64, SE: math.MaxInt64}, {U: math.MaxInt64, SE: 0}, {U: math.MinInt64, SE: 0}, {U: 0, SE: math.MinInt64},
}

// notNumbers are the bytes of size floats, as a peer would send them that does
// not know the codec.
func notNumbers(size int) (b []byte) {
	for range min(size, 1024) {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(math.NaN())))
	}
	return b
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
		case a.kind == WrongBase && is:
			said = append(said, engine.Publish{Data: a.unbased(p.Data)})
		case (a.kind == Equivocate || a.kind == Double) && is:
			said = append(said, o)
			said = append(said, a.rival(p.Data)...)
		case a.kind == DoubleVote && is:
			said = append(said, o)
			said = append(said, a.contradict(p.Data)...)
		default:
			said = append(said, o)
		}
	}
	return said
}

// deaf tells whether a censor overhears what it is told: the entries of its
// victim. When a block holds them all the same, it asks for them as others do.
func (a *attacker) deaf(in engine.Input) bool {
	r, is := in.(engine.Received)
	if !is || a.kind != Censor {
		return false
	}
	e, is := r.Message.(engine.EntryMessage)
	if !is {
		return false
	}
	if who := e.Entry.Author; a.victim == (ledger.Author{}) || bytes.Compare(who[:], a.victim[:]) < 0 {
		a.victim = who
	}
	return e.Entry.Author == a.victim
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

// unbased puts a base that no anchor has into a COMMIT that is being published.
// The peer's own engine notices that somebody signed in its name, and stops.
func (a *attacker) unbased(data []byte) []byte {
	e, c := a.commit(data)
	if c == nil {
		return data
	}
	c.Base = ledger.SumBlob([]byte("no anchor"))
	return a.entry(data, e.Seq-1, e.Prev, c)
}

// rival signs a second COMMIT beside one that is being published: for its place
// in the chain, or for the next, which its REVEAL will take.
func (a *attacker) rival(data []byte) []engine.Output {
	e, c := a.commit(data)
	if c == nil {
		return nil
	}
	c.Hash[0] ^= 1
	seq, prev := e.Seq-1, e.Prev
	if a.kind == Double {
		seq, prev = e.Seq, e.CID()
	}
	other := a.entry(data, seq, prev, c)
	if bytes.Equal(other, data) {
		return nil
	}
	return []engine.Output{engine.Publish{Data: other}}
}

// commit returns the entry that a message carries and a copy of its body, if
// that is a COMMIT.
func (a *attacker) commit(data []byte) (*ledger.Entry, *ledger.Commit) {
	e, is := a.own(data)
	if !is {
		return nil, nil
	}
	c, is := e.Entry.Body.(*ledger.Commit)
	if !is {
		return nil, nil
	}
	other := *c
	return e.Entry, &other
}

// entry signs body as what follows number seq, and returns the message; instead
// if that cannot be.
func (a *attacker) entry(instead []byte, seq uint64, prev ledger.CID, body any) []byte {
	x, err := ledger.Sign(a.Sign, a.Author, a.Topic, seq, prev, body)
	if err != nil {
		return instead
	}
	return engine.Encode(engine.EntryMessage{Entry: x})
}

// contradict signs another vote for the slot of one that is being published: for
// the base instead of a block.
func (a *attacker) contradict(data []byte) []engine.Output {
	m, err := engine.Decode(data, a.Topic, ledger.Ed25519)
	if err != nil {
		return nil
	}
	v, is := m.(engine.VoteMessage)
	if !is || v.Frame.Vote.Next == nil {
		return nil
	}
	other := *v.Frame
	other.Vote.Next = nil
	other.Sig = a.Sign(other.Vote.Message(a.Topic, other.Committee))
	return []engine.Output{engine.Publish{Data: engine.Encode(engine.VoteMessage{Frame: &other, Attempt: v.Attempt})}}
}
