// Package adversary is the one list of attacks, used by the simulator, the demo
// and the laboratory. An attack wraps an engine: it changes what the engine is
// told and what it says, with the keys of its own peer and nothing else. What an
// attack makes of an update is a pure function of a [View]: [Kind.Update].
//
// What attacks through data is in [Kind.Poison]; who trains for the attacker
// gives it the poisoned samples.
package adversary

import (
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// Kind names an attack.
type Kind string

// The attacks. Those that harm the model on purpose invert their scores too, if
// they validate: see [Kind.Misjudge].
const (
	SignFlip      Kind = "signflip"       // the opposite of what it learnt
	SignFlip10    Kind = "signflip10"     // ten times the opposite
	LabelFlip     Kind = "labelflip"      // trains on labels in reverse
	ALIE          Kind = "alie"           // hides in the spread of the others
	OptALIE       Kind = "opt-alie"       // the same, as far as is not noticed
	IPM           Kind = "ipm"            // against the others' mean
	OptIPM        Kind = "opt-ipm"        // the same, as far as is not noticed
	MinMax        Kind = "minmax"         // as far off as honest updates are from each other
	Mimic         Kind = "mimic"          // repeats the most unusual honest peer
	Gauss         Kind = "gauss"          // noise ten times as long as an update
	Noise         Kind = "noise"          // random signs
	Outlier       Kind = "outlier"        // all send one and the same long vector, which honest deltas are to be judged by
	Backdoor      Kind = "backdoor"       // teaches a trigger, n/f times as loud
	FreeRide      Kind = "freeride"       // a delta of almost nothing
	FreeRideZero  Kind = "freeride-zero"  // a delta of nothing
	FreeRideNoise Kind = "freeride-noise" // noise as long as an update
	Copy          Kind = "copy"           // byte for byte what another revealed in an earlier round
	Copy99        Kind = "copy-99"        // the same with noise, so that the cosine is 0.99
	Copy95        Kind = "copy-95"        // 0.95
	Copy90        Kind = "copy-90"        // 0.9
	Copy80        Kind = "copy-80"        // 0.8
	CopyMost      Kind = "copy-most"      // the same without a quarter of its values
	CopyHalf      Kind = "copy-half"      // without half of them
	Replay        Kind = "replay"         // byte for byte what itself revealed in an earlier round

	NaN        Kind = "nan"        // a delta of floats that are no numbers, and scores at the limits of integers
	Oversize   Kind = "oversize"   // a delta longer than any can be
	WrongBase  Kind = "wrong-base" // commits to a base that is no anchor
	Double     Kind = "double"     // commits twice in a round
	Equivocate Kind = "equivocate" // signs two entries for one place of its chain
	Silent     Kind = "silent"     // takes part in nothing
	Mute       Kind = "mute"       // makes no proposal when it is its turn
	Censor     Kind = "censor"     // does not hear one peer, and proposes blocks without it
	Withhold   Kind = "withhold"   // reveals, but gives the delta to nobody
	DoubleVote Kind = "doublevote" // votes for a block and, in the same slot, against it
)

// Kinds lists all attacks.
var Kinds = []Kind{
	SignFlip, SignFlip10, LabelFlip, ALIE, OptALIE, IPM, OptIPM, MinMax, Mimic, Gauss, Noise, Outlier, Backdoor,
	FreeRide, FreeRideZero, FreeRideNoise, Copy, Copy99, Copy95, Copy90, Copy80, CopyMost, CopyHalf, Replay,
	NaN, Oversize, WrongBase, Double, Equivocate, Silent, Mute, Censor, Withhold, DoubleVote,
}

// Parse reads a name.
func Parse(name string) (Kind, error) {
	if k := Kind(name); slices.Contains(Kinds, k) {
		return k, nil
	}
	return "", fmt.Errorf("unknown attack %q: choose one of %v", name, Kinds)
}

// Misjudge makes of an honest measure, the i-th of a round, what a validator that
// attacks so says: those that harm the model by their deltas invert it.
func (k Kind) Misjudge(i int, m *engine.Measure) {
	switch {
	case k == NaN:
		*m = limits[i%len(limits)]
	case k != FreeRide && forgers[k] != nil && k != FreeRideZero && k != FreeRideNoise || k == LabelFlip:
		m.U = -m.U
	}
}

// Learns tells whether the attack is made by deltas and scores, and needs no
// network.
func (k Kind) Learns() bool {
	return forgers[k] != nil || altered[k] != nil || slices.Contains([]Kind{LabelFlip, Copy, Replay, NaN, Oversize}, k)
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
	victim ledger.Author // whom it does not hear: the first in order that it has met
}

// Step tampers on both sides.
func (a *attacker) Step(now int64, in engine.Input) ([]engine.Output, error) {
	if a.deaf(in) {
		return nil, nil
	}
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
		for i, m := range in.Scores {
			if m != nil {
				a.kind.Misjudge(i, m)
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
