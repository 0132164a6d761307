package incentives

import (
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// randomRound is a round that is over in which much goes wrong.
func randomRound(t testing.TB, rng *rand.Rand) *town {
	validators, trainers := 1+rng.IntN(7), 1+rng.IntN(9)
	m := manifest(validators, trainers)
	m.Economy.FullScore = rng.Uint64N(2) * 5_000
	for i := range m.Genesis {
		g := &m.Genesis[i]
		g.Stake *= rng.Uint64N(50)
		g.Bond += rng.Uint64N(2) * rng.Uint64N(5_000)
	}
	m.Genesis[0].Stake++
	w := newTown(t, m)
	for w.state.Round.Idle() {
		w.block(w.commitsOf(rng, m)...)
	}
	for w.state.Round.Phase == PhaseCommit {
		w.blocks(1)
	}
	for range 5 {
		switch w.state.Round.Phase {
		case PhaseReveal:
			w.some(rng, len(m.Genesis), 0.9, w.reveal)
		case PhaseSeal:
			scores := map[int][]ledger.Score{}
			w.some(rng, validators, 0.9, func(v int) *ledger.Entry {
				scores[v] = w.randomScores(rng, v)
				return w.seal(v, scores[v])
			})
			for w.state.Round.Phase == PhaseSeal && w.number() == 0 {
				w.blocks(1)
			}
			for v := range validators {
				if scores[v] != nil && rng.IntN(10) > 0 {
					_ = w.state.Apply(w.open(v, scores[v]), check)
				}
			}
			return w
		}
	}
	return w
}

func (w *town) commitsOf(rng *rand.Rand, m *ledger.Manifest) (all []*ledger.Entry) {
	for who, g := range m.Genesis {
		if g.Bond > 0 && rng.IntN(5) > 0 {
			all = append(all, w.commit(who))
		}
	}
	return all
}

func (w *town) some(rng *rand.Rand, people int, chance float64, entry func(who int) *ledger.Entry) {
	var all []*ledger.Entry
	for who := range people {
		if rng.Float64() < chance {
			all = append(all, entry(who))
		}
	}
	phase := w.state.Round.Phase
	w.block(all...)
	for w.state.Round.Phase == phase && w.number() == 0 {
		w.blocks(1)
	}
}

func (w *town) randomScores(rng *rand.Rand, who int) (all []ledger.Score) {
	for _, s := range w.scores(who, 0) {
		if rng.IntN(8) > 0 {
			all = append(all, ledger.Score{Delta: s.Delta, U: int32(rng.IntN(40_000)-10_000) &^ 255, SE: rng.Uint32N(3_000) &^ 255})
		}
	}
	return all
}

// The tally again, as the comments have it and no faster.
func naiveTally(s *State) []DeltaPay {
	var all []DeltaPay
	for place, author := range s.Round.Deltas() {
		c, v := s.Round.Commits[author], s.Round.Reveals[author]
		d := DeltaPay{Author: author, Delta: v.Delta, Base: c.Base, Age: slices.Index(s.Anchors, c.Base), Bond: c.Bond, Weight: c.Bond}
		for seat, validator := range s.Now {
			for _, score := range s.Round.Openings[validator.Author] {
				if score.Delta == uint64(place) {
					d.Opinion = append(d.Opinion, Opinion{validator.Author, seat, validator.Stake, score.U, score.SE, false})
				}
			}
		}
		naiveMeasure(&d)
		d.Counts = !s.Account(author).Forked && s.Now.Quorum(
			func(i int) bool {
				return slices.ContainsFunc(d.Opinion, func(o Opinion) bool { return o.Validator == s.Now[i].Author })
			},
			func(i int) bool { return s.Now[i].Author != author })
		all = append(all, d)
	}
	return all
}

// naiveMeasure is measure for an author without a standing.
func naiveMeasure(d *DeltaPay) {
	var us, ses, apart []weighted[int64]
	total, squares := new(big.Rat), new(big.Rat)
	for _, o := range d.Opinion {
		us = append(us, weighted[int64]{int64(o.U), o.Stake})
		ses = append(ses, weighted[int64]{int64(o.SE), o.Stake})
		total.Add(total, rat(o.Stake, 1))
		squares.Add(squares, rat(o.Stake, o.Stake))
	}
	d.U = naiveMedian(us)
	for _, o := range d.Opinion {
		apart = append(apart, weighted[int64]{int64(math.Abs(float64(int64(o.U) - d.U))), o.Stake})
	}
	if len(d.Opinion) > 0 {
		se, spread := naiveMedian(ses), naiveMedian(apart)*14826/10000
		v := rat(uint64(max(se, spread)), uint64(max(se, spread)))
		if 2*spread >= se {
			v.Mul(v, squares).Quo(v, total.Mul(total, total))
		}
		v.Mul(v, big.NewRat(11, 7))
		d.Variance = new(big.Int).Quo(v.Num(), v.Denom()).Uint64()
	}
	root := func(of float64) int64 {
		return int64(sort.Search(1<<30, func(x int) bool { return float64(x)*float64(x) > of })) - 1
	}
	d.Doubt = root(2.25 * float64(d.Variance))
	d.Standing = Standing{Gain: d.U, Variance: d.Variance}
	d.Tolerance = root(40 * float64(d.Variance))
	d.Gate = min(d.U+d.Tolerance, d.U+2*d.Doubt)
}

func rat(a, b uint64) *big.Rat { return new(big.Rat).SetInt(product(a, b)) }

func TestTheTallyIsWhatTheOpeningsSay(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	counted := 0
	for range 300 {
		w := randomRound(t, rng)
		got, want := w.state.Tally(), naiveTally(w.state)
		for i := range want {
			want[i].Weight = want[i].Bond // without newcomers
		}
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			for i := range got {
				if !reflect.DeepEqual(got[i], want[i]) {
					t.Fatalf("got  %+v\nwant %+v", got[i], want[i])
				}
			}
		}
		for _, d := range got {
			if d.Counts {
				counted++
			}
		}
	}
	if counted < 300 {
		t.Errorf("%d deltas counted, which tests little", counted)
	}
}
