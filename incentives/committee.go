package incentives

import (
	"cmp"
	"maps"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// Committee returns who votes for a height, if that is certain already: for the
// next heights up to and including the one that ends the checkpoint period after
// this one.
func (s *State) Committee(height uint64) (ledger.Committee, bool) {
	switch s.period(height) {
	case s.period(s.Height + 1):
		return s.Now, true
	case s.period(s.Height+1) + 1:
		return s.Next, true
	}
	return nil, false
}

// period numbers the runs of heights between checkpoints, from 0: by default
// heights 1 to 64, 65 to 128, and so on.
func (s *State) period(height uint64) uint64 { return (height - 1) / s.Phases.Period() }

// elect draws the committee of the period after the next from the stakes as they
// are now. Not more than a third of the power comes, and not more goes, at once:
// so that honest seats keep their majority over those who come, whatever those
// hold.
func (s *State) elect() ledger.Committee {
	seats := make([]ledger.Seat, 0, len(s.Seats))
	for id, author := range s.Seats {
		seats = append(seats, ledger.Seat{ID: uint64(id), Author: author, Stake: s.Account(author).Stake})
	}
	want := ledger.NewCommittee(seats)
	if len(want) == 0 {
		return s.Next // nobody is left: the last who were stay, or no block could ever follow
	}
	return step(s.Next, want)
}

// shift is how much a seat is to gain or lose.
type shift struct {
	ledger.Seat
	by uint64
}

// step goes from one committee towards another, the largest changes first. With
// all seats taken, who comes waits for somebody to go.
func step(from, to ledger.Committee) ledger.Committee {
	stakes := map[uint64]ledger.Seat{}
	for _, seat := range from {
		stakes[seat.ID] = seat
	}
	budget := max(1, from.Stake()/3)
	left := budget
	for _, x := range shifts(to, from) { // losses
		by := min(x.by, left)
		left -= by
		if x.Stake -= by; x.Stake == 0 {
			delete(stakes, x.ID)
			continue
		}
		stakes[x.ID] = x.Seat
	}
	left = budget
	for _, x := range shifts(from, to) { // gains
		seat, seated := stakes[x.ID]
		if !seated {
			seat = ledger.Seat{ID: x.ID, Author: x.Author}
		}
		by := min(x.by, left)
		if by == 0 || !seated && len(stakes) >= ledger.MaxCommittee {
			continue
		}
		left -= by
		seat.Stake += by
		stakes[x.ID] = seat
	}
	return ledger.NewCommittee(slices.Collect(maps.Values(stakes)))
}

// shifts lists by how much seats of high exceed what they have in low, the
// largest first.
func shifts(low, high ledger.Committee) (all []shift) {
	for _, seat := range high {
		before := uint64(0)
		if at := low.Seat(seat.Author); at >= 0 {
			before = low[at].Stake
		}
		if seat.Stake > before {
			all = append(all, shift{seat, seat.Stake - before})
		}
	}
	slices.SortFunc(all, func(a, b shift) int { return cmp.Or(cmp.Compare(b.by, a.by), cmp.Compare(a.ID, b.ID)) })
	return all
}
