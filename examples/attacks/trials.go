package main

import (
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// crowds are the numbers of identities that one bond is split among.
var crowds = []int{2, 3, 5, 10, 20, 50, 100, 1_000}

// shift is what collusion changes for a friend: its income, its score, and what is
// sure of that, which is paid, beside the score that all would have come to.
type shift struct{ income, score, sure gain }

// trials are all comparisons.
type trials struct {
	crowd                                  map[int]*gain
	sameBytes, almost, last, knowing, lazy gain
	colluding                              map[int]*shift // by percent of the stake
}

func newTrials() *trials {
	t := &trials{crowd: map[int]*gain{}, colluding: map[int]*shift{10: {}, 20: {}, 33: {}}}
	for _, k := range crowds {
		t.crowd[k] = &gain{}
	}
	return t
}

// identities lets one peer appear as k, with a k-th of its bond each and a copy
// of its delta that is as good.
func (t *trials) identities(r *round, who ledger.Author) {
	for _, k := range crowds {
		var deltas []incentives.DeltaPay
		var many []ledger.Author
		for _, d := range r.Outcome.Deltas {
			if d.Author != who {
				deltas = append(deltas, d)
				continue
			}
			whole := d.Bond
			for i := range uint64(k) {
				d.Author, d.Bond = nameOf("identity", i), (whole+i)/uint64(k)
				many, deltas = append(many, d.Author), append(deltas, d)
			}
		}
		t.crowd[k].add(joint(r.with(deltas), many...), joint(r.with(r.Outcome.Deltas), who))
	}
}

// leak gives a's delta to b before the round: b commits to the same bytes, or to
// something as good. Compared with a alone, with both bonds.
func (t *trials) leak(r *round, a, b ledger.Author) {
	pay := payOf(r.Outcome.Deltas)
	one, two := pay[a], pay[a]
	one.Bond += pay[b].Bond
	two.Author, two.Bond = b, pay[b].Bond
	others := slices.DeleteFunc(slices.Clone(r.Outcome.Deltas), func(d incentives.DeltaPay) bool { return d.Author == a || d.Author == b })
	honest := joint(r.with(append(slices.Clone(others), one)), a)
	t.almost.add(joint(r.with(append(slices.Clone(others), pay[a], two)), a, b), honest)
	same := r.settle(func(s *incentives.State) []incentives.DeltaPay {
		s.Round.Reveals[b] = s.Round.Reveals[a]
		first, second := pay[a], two
		tally := payOf(s.Tally()) // knows whose COMMIT came first
		first.Copy, second.Copy = tally[a].Copy, tally[b].Copy
		return append(slices.Clone(others), first, second)
	})
	t.sameBytes.add(joint(same, a, b), honest)
}

// lastMover lets a group see all deltas and then reveal only those of its own that
// will bring it most. What others will score is sealed: it goes by what the first
// validator measured. Or it knows all, which nobody does.
func (t *trials) lastMover(r *round, who []ledger.Author) {
	all, guess := joint(r.with(r.Outcome.Deltas), who...), r.guess()
	var best, brings, most uint64
	for shown := range 1 << len(who) {
		hidden := func(d incentives.DeltaPay) bool {
			at := slices.Index(who, d.Author)
			return at >= 0 && shown>>at&1 == 0
		}
		paid := joint(r.with(slices.DeleteFunc(slices.Clone(r.Outcome.Deltas), hidden)), who...)
		if hope := joint(r.with(slices.DeleteFunc(slices.Clone(guess), hidden)), who...); hope >= best {
			best, brings = hope, paid
		}
		most = max(most, paid)
	}
	t.last.add(brings, all)
	t.knowing.add(most, all)
}

// guess is how the round would be judged if all said what the first validator
// says.
func (r *round) guess() (deltas []incentives.DeltaPay) {
	r.settle(func(s *incentives.State) []incentives.DeltaPay {
		for _, seat := range s.Now {
			s.Round.Openings[seat.Author] = s.Round.Openings[s.Now[0].Author]
		}
		deltas = r.tallied(s)
		return deltas
	})
	return deltas
}

// collusion lets validators praise one delta as much as they can and damn all
// others, and lets three of ten say 0 of everything.
func (t *trials) collusion(r *round, friend ledger.Author) {
	before := payOf(r.with(r.Outcome.Deltas).Deltas)[friend]
	for percent, g := range t.colluding {
		after := payOf(r.judged(percent, func(author ledger.Author) int32 {
			if author == friend {
				return 1 << 20
			}
			return -1 << 20
		}).Deltas)[friend]
		g.income.add(after.Paid, before.Paid)
		g.score.add(uint64(max(0, after.U)), uint64(max(0, before.U)))
		g.sure.add(uint64(max(0, after.Sure)), uint64(max(0, before.U)))
	}
	p := r.judged(30, func(ledger.Author) int32 { return 0 })
	lazy := r.seats(30)
	for i, v := range p.Validators {
		if i < lazy {
			t.lazy.cheating += float64(v.Paid) / float64(lazy)
		} else {
			t.lazy.honest += float64(v.Paid) / float64(len(p.Validators)-lazy)
		}
	}
}

// seats is how many validators have no more than so much of the stake: all have
// the same.
func (r *round) seats(percent int) int { return len(r.Before.Now) * percent / 100 }

// judged settles the round with other scores by the first validators.
func (r *round) judged(percent int, u func(author ledger.Author) int32) *incentives.Settlement {
	return r.settle(func(s *incentives.State) []incentives.DeltaPay {
		deltas := s.Round.Deltas()
		for _, seat := range s.Now[:r.seats(percent)] {
			scores := []ledger.Score{}
			for i, author := range deltas {
				if author != seat.Author {
					scores = append(scores, ledger.Score{Delta: uint64(i), U: u(author)})
				}
			}
			s.Round.Openings[seat.Author] = scores
		}
		return r.tallied(s)
	})
}

func (t *trials) findings() (out []finding) {
	const joint = "joint income to that of one identity with both bonds, the worst round"
	out = append(out,
		atMost(1, "delta leaked before COMMIT, same bytes", joint, t.sameBytes.worst),
		atMost(1, "delta leaked before COMMIT, changed a little", joint, t.almost.worst))
	for _, k := range crowds {
		out = append(out, atMost(1, fmt.Sprintf("bond split among %d, with copies as good", k), "joint income to that of one, the worst round", t.crowd[k].worst))
	}
	out = append(out,
		atMost(0, "dust: bond split among 1,000", "most that it gained in a round, base units", float64(t.crowd[1_000].units)),
		atMost(1, "last mover: three reveal what seems to pay best", "income to that of revealing all", t.last.mean()),
		reported("the same, if no score were sealed", "income to that of revealing all", t.knowing.mean()))
	for _, c := range []struct {
		percent int
		limit   float64
	}{{10, 0}, {20, 0.05}, {33, 0.15}} {
		name, g := fmt.Sprintf("validators with %d %% of the stake collude", c.percent), t.colluding[c.percent]
		out = append(out, atMost(c.limit, name, "rise of their friend's score", g.score.mean()-1), reported(name, "rise of its income", g.income.mean()-1),
			reported(name, "what is paid of its score, to the score without them", g.sure.mean()))
	}
	return append(out, reported("three of ten validators measure nothing", "duty pay to that of one who works", t.lazy.mean()))
}
