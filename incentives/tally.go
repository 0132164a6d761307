package incentives

import (
	"cmp"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// Tally says what the round's openings say of each revealed delta, in order of
// their authors. It changes nothing.
func (s *State) Tally() []DeltaPay {
	r := &s.Round
	deltas := make([]DeltaPay, 0, len(r.Reveals))
	opinions := s.opinions(len(r.Reveals))
	for place, author := range r.Deltas() {
		c, v := r.Commits[author], r.Reveals[author]
		d := DeltaPay{
			Author: author, Delta: v.Delta, Base: c.Base, Age: slices.Index(s.Anchors, c.Base), Bond: c.Bond,
			Newcomer: c.Work != nil,
			Opinion:  opinions[place],
		}
		d.Counts = !s.Account(author).Forked && s.countsFor(author, d.Opinion)
		s.measure(&d)
		deltas = append(deltas, d)
	}
	s.markRepeats(deltas)
	s.Weigh(deltas)
	return deltas
}

// opinions collects what was opened about each place, in order of seats.
func (s *State) opinions(places int) [][]Opinion {
	out := make([][]Opinion, places)
	for seat, v := range s.Now {
		discord := s.inDiscord(v.Author)
		for _, score := range s.Round.Openings[v.Author] {
			o := Opinion{v.Author, seat, v.Stake, score.U, score.SE, discord}
			out[score.Delta] = append(out[score.Delta], o)
		}
	}
	return out
}

// countsFor tells whether the opinions are those of a quorum, the author of the
// delta left out on both sides.
func (s *State) countsFor(author ledger.Author, opinions []Opinion) bool {
	scored := make([]bool, len(s.Now))
	for _, o := range opinions {
		scored[o.Seat] = true
	}
	return s.Now.Quorum(
		func(seat int) bool { return scored[seat] },
		func(seat int) bool { return s.Now[seat].Author != author })
}

// markRepeats marks as copies all but the first COMMIT of a delta's CID, those
// of the archive included.
func (s *State) markRepeats(deltas []DeltaPay) {
	seen := map[ledger.CID]bool{}
	for _, a := range s.Archive {
		seen[a.Delta] = true
	}
	order := make([]int, len(deltas))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Compare(s.Round.Commits[deltas[a].Author].Order, s.Round.Commits[deltas[b].Author].Order)
	})
	for _, i := range order {
		deltas[i].Copy = seen[deltas[i].Delta]
		seen[deltas[i].Delta] = true
	}
}
