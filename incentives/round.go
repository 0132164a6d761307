package incentives

import (
	"maps"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// Phase is a part of a round.
type Phase uint64

// The phases in their order.
const (
	PhaseCommit Phase = iota
	PhaseReveal
	PhaseSeal
	PhaseOpen
)

// String returns the name in capitals.
func (p Phase) String() string { return [...]string{"COMMIT", "REVEAL", "SEAL", "OPEN"}[p&3] }

// Round is the round in flight, as the certified entries have it.
type Round struct {
	Number   uint64                          `cbor:"number"`
	Phase    Phase                           `cbor:"phase"`
	Blocks   uint64                          `cbor:"blocks"` // of this phase; COMMIT counts from the first COMMIT on
	Commits  map[ledger.Author]Committed     `cbor:"commits"`
	Taken    uint64                          `cbor:"taken"` // commits, those of forked authors included
	Reveals  map[ledger.Author]Revealed      `cbor:"reveals"`
	Seals    map[ledger.Author]ledger.Hash   `cbor:"seals"`
	Openings map[ledger.Author]ledger.Scores `cbor:"openings"`
	Entries  map[ledger.Author]uint64        `cbor:"entries"`  // how many of each author this round has
	Seed     ledger.Hash                     `cbor:"seed"`     // of the block that ended REVEAL: nobody knew it before
	Trainers []ledger.Author                 `cbor:"trainers"` // who committed in the round before
	Scorers  []ledger.Author                 `cbor:"scorers"`  // who sealed in the round before
}

// Committed is a COMMIT that took effect.
type Committed struct {
	Base  ledger.CID   `cbor:"base"`
	Hash  ledger.Hash  `cbor:"hash"`
	Order uint64       `cbor:"order"`          // among the round's commits, as certified
	Bond  uint64       `cbor:"bond"`           // at the end of COMMIT, from then on locked until settle
	Work  *ledger.Hash `cbor:"work,omitempty"` // of a newcomer, who has no bond
}

// Revealed is a REVEAL that took effect.
type Revealed struct {
	Delta ledger.CID `cbor:"delta"`
	Size  uint64     `cbor:"size"`
}

// MaxEntries bounds an author's entries in one round, so that nobody can fill
// the blocks: one of each kind of the round and eight others. While nothing is
// committed to, it bounds those in one block.
const MaxEntries = 12

func newRound(number uint64, trainers, scorers []ledger.Author) Round {
	return Round{
		Number: number, Trainers: trainers, Scorers: scorers,
		Commits: map[ledger.Author]Committed{}, Reveals: map[ledger.Author]Revealed{},
		Seals: map[ledger.Author]ledger.Hash{}, Openings: map[ledger.Author]ledger.Scores{},
		Entries: map[ledger.Author]uint64{},
	}
}

// Deltas returns the authors of the revealed deltas in order. A score's place
// is an index into it.
func (r *Round) Deltas() []ledger.Author {
	return slices.SortedFunc(maps.Keys(r.Reveals), compareAuthors)
}

// Idle tells whether nothing has been committed yet.
func (r *Round) Idle() bool { return r.Phase == PhaseCommit && len(r.Commits) == 0 }

// EndBlock ends the block that the last entries came in: it carries out the
// orders among them, with those that have no effect in voids, and moves the round
// on. It tells whether the round is over: then call [State.Settle].
func (s *State) EndBlock(block ledger.CID) (over bool, voids []Void) {
	voids = s.carryOut()
	s.resolve()
	s.Height++
	if s.Height%s.Phases.Period() == 0 {
		s.Now, s.Next = s.Next, s.elect()
	}
	if s.Closed != nil {
		return false, voids
	}
	s.payBack()
	return s.moveOn(block), voids
}

// moveOn ends the phase if everything has come, or if its time is up.
func (s *State) moveOn(block ledger.CID) (over bool) {
	r := &s.Round
	if r.Idle() {
		r.Blocks = 0 // there may have been a commit, of an author who forked since
		clear(r.Entries)
		return false
	}
	r.Blocks++
	if r.Blocks < s.limit() && !s.Complete(nil) {
		return false
	}
	switch r.Phase {
	case PhaseCommit:
		s.lockBonds()
	case PhaseReveal:
		r.Seed = ledger.Hash(block.Hash()[2:])
	}
	over = r.Phase == PhaseOpen || r.Phase == PhaseReveal && len(r.Reveals) == 0 || r.Phase == PhaseSeal && len(r.Seals) == 0
	r.Phase, r.Blocks = r.Phase+1, 0
	return over
}

// limit is how many blocks the phase may take at most.
func (s *State) limit() uint64 {
	p := s.Phases
	return [...]uint64{p.Commit, p.Reveal, p.Seal, p.Open}[s.Round.Phase]
}

// Complete tells whether everything has come that the phase waits for, if the
// entries that authors are about to add, by waiting, are counted in.
//
//   - COMMIT waits for all who committed in the round before.
//   - REVEAL waits for all who committed; for newcomers, who have nothing to lose,
//     two blocks only.
//   - SEAL waits for a quorum and for all seats that sealed in the round before
//     or were heard in this one: who is away delays a round once, not each.
//   - OPEN waits for all who sealed.
func (s *State) Complete(waiting map[ledger.Author]ledger.Kind) bool {
	r := &s.Round
	gone := func(a ledger.Author) bool { return s.Account(a).Forked }
	has := func(a ledger.Author, kind ledger.Kind, done bool) bool { return done || waiting[a] == kind || gone(a) }
	committed := func(a ledger.Author) bool {
		_, ok := r.Commits[a]
		return has(a, ledger.KindCommit, ok)
	}
	sealed := func(a ledger.Author) bool {
		_, ok := r.Seals[a]
		return has(a, ledger.KindSeal, ok)
	}
	switch r.Phase {
	case PhaseCommit:
		return all(slices.Values(r.Trainers), committed)
	case PhaseReveal:
		return all(maps.Keys(r.Commits), func(a ledger.Author) bool {
			_, ok := r.Reveals[a]
			slow := r.Commits[a].Work != nil && r.Blocks > 1
			return has(a, ledger.KindReveal, ok || slow)
		})
	case PhaseSeal:
		quorum := s.Now.Quorum(func(i int) bool { return sealed(s.Now[i].Author) }, nil)
		return quorum && all(slices.Values(s.awaited()), sealed)
	default:
		return all(maps.Keys(r.Seals), func(a ledger.Author) bool {
			_, ok := r.Openings[a]
			return has(a, ledger.KindScore, ok)
		})
	}
}

// awaited are the seats that SEAL waits for.
func (s *State) awaited() (out []ledger.Author) {
	for _, a := range s.seated() {
		if s.Round.Entries[a] > 0 || slices.Contains(s.Round.Scorers, a) {
			out = append(out, a)
		}
	}
	return out
}

func all[T any](seq func(yield func(T) bool), ok func(T) bool) bool {
	for v := range seq {
		if !ok(v) {
			return false
		}
	}
	return true
}

// lockBonds fixes what each commit weighs until the round is settled. One that
// weighs nothing any more is dropped.
func (s *State) lockBonds() {
	for author, c := range s.Round.Commits {
		if c.Work != nil {
			continue
		}
		if c.Bond = s.Weight(author); c.Bond == 0 {
			delete(s.Round.Commits, author)
			continue
		}
		s.Round.Commits[author] = c
	}
}
