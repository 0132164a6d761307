package incentives

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

func opinions(stake uint64, us ...int32) (all []Opinion) {
	for i, u := range us {
		all = append(all, Opinion{Validator: author(i), Seat: i, Stake: stake, U: u, SE: 100})
	}
	return all
}

// Of equal stakes, or of one stake split as well as another; and if validators
// disagree by more than their errors, by their disagreement.
func TestTheVarianceOfAMedian(t *testing.T) {
	for name, c := range map[string]struct {
		opinions []Opinion
		want     float64
	}{
		"nobody":         {nil, 0},
		"same samples":   {opinions(7, 50, 50, 50, 50), 11. / 7 * 100 * 100},
		"as errors let":  {opinions(7, 50, 0, 100, -10, 110), 11. / 7 * 100 * 100 / 5},
		"one":            {opinions(7, 50), 11. / 7 * 100 * 100},
		"apart":          {opinions(7, -1000, 0, 0, 1000, 1000), 11. / 7 * 1482 * 1482 / 5},
		"one has nearly": {append(opinions(1_000_000, 50), opinions(1, 10, 90, 95)...), 11. / 7 * 100 * 100},
		"absurd errors":  {[]Opinion{{Stake: 1, SE: math.MaxUint32}}, 11. / 7 * maxError * maxError},
		"absurd gains":   {opinions(1, math.MinInt32, math.MaxInt32, 0), 11. / 7 * maxError * maxError / 3},
	} {
		u := int64(0)
		if len(c.opinions) > 0 {
			u = int64(c.opinions[0].U)
		}
		if name == "apart" || name == "absurd gains" {
			u = 0
		}
		if got := variance(c.opinions, u); math.Abs(float64(got)-c.want) > 1+c.want/1e9 {
			t.Errorf("%s: %d, want %.1f", name, got, c.want)
		}
	}
}

// A trainer whose deltas gain so many standard errors in a round, give or take
// one, is refused in all rounds from some one on if they are below -1, and hardly
// ever if they are above.
func TestWhoHarmsRoundAfterRoundIsRefused(t *testing.T) {
	for _, c := range []struct {
		gain   float64
		merged [2]int // of the last 60 of 100 rounds
		paid   [2]int
	}{{-3, [2]int{0, 0}, [2]int{0, 0}}, {-2, [2]int{0, 3}, [2]int{0, 0}}, {-0.5, [2]int{55, 60}, [2]int{0, 4}}, {0, [2]int{55, 60}, [2]int{0, 8}}, {2.5, [2]int{60, 60}, [2]int{45, 60}}} {
		rng := rand.New(rand.NewPCG(1, 1))
		s := &State{Accounts: map[ledger.Author]*Account{}, Now: ledger.Committee{{Author: author(0), Stake: 1}}}
		merged, paid := 0, 0
		for round := range 100 {
			d := DeltaPay{Counts: true, Author: author(5), Opinion: opinions(1, int32(56*(c.gain+rng.NormFloat64())))}
			for i := range d.Opinion {
				d.Opinion[i].SE = 45 // √(11/7)·45 = 56
			}
			deltas := s.judge(d)
			s.remember(deltas)
			if d = deltas[0]; round >= 40 && d.Merged() {
				merged++
			}
			if round >= 40 && d.Merged() && d.Sure > 0 {
				paid++
			}
		}
		if merged < c.merged[0] || merged > c.merged[1] || paid < c.paid[0] || paid > c.paid[1] {
			t.Errorf("gains of %.1f standard errors: %d of 60 merged, %d paid", c.gain, merged, paid)
		}
	}
}

// judge is what Tally does with deltas whose opinions are known.
func (s *State) judge(deltas ...DeltaPay) []DeltaPay {
	for i := range deltas {
		s.measure(&deltas[i])
	}
	charge(deltas)
	return deltas
}

// A good round after a harmful one pays no more than both gained together, and
// one after a good one no more than it surely gains itself. Alone, an author owes two
// fifths of its own gain.
func TestWhoHarmedMakesItGoodFirst(t *testing.T) {
	for before, want := range map[int64]int64{-1_000: -135, -400: 450 - 180, -100: 742 - 296, 0: 840 - 336, 1_000: 675} { // 40 forget one
		s := &State{Accounts: map[ledger.Author]*Account{author(5): {Standing: Standing{Gain: before}}}}
		d := DeltaPay{Counts: true, Author: author(5), Opinion: opinions(1, 840)}
		d.Opinion[0].SE = 88 // 3/2 √(11/7)·88 = 165
		if got := s.judge(d)[0].Sure; got != want {
			t.Errorf("after a gain of %d: %d is paid, want %d", before, got, want)
		}
	}
}

// An author with a bond is paid for what it gains in all above two fifths of what
// the others have gained; a newcomer for everything.
func TestTheFirstGainsOfABondAreNotPaid(t *testing.T) {
	paid := func(newcomer bool) (sure []int64) {
		s := &State{Now: ledger.Committee{{Author: author(0), Stake: 1}}, Accounts: map[ledger.Author]*Account{}}
		for i := range 3 {
			s.account(author(i)).Standing.Gain = 3_000
		}
		for range 5 {
			deltas := []DeltaPay{{Author: author(5), Bond: 1_000, Newcomer: newcomer, Opinion: opinions(1, 400)}}
			for i := range 3 {
				deltas = append(deltas, DeltaPay{Author: author(i), Bond: 500, Opinion: opinions(1, 75)})
			}
			for i := range deltas {
				deltas[i].Counts, deltas[i].Opinion[0].SE = true, 0
			}
			s.remember(s.judge(deltas...))
			sure = append(sure, deltas[0].Sure)
		}
		return sure
	}
	if got := paid(false); !slices.Equal(got, []int64{-800, -410, -29, 342, 400}) { // 400, 790, 1171, 1542, 1904 in all, less 3000·2/5
		t.Errorf("with a bond: %d", got)
	}
	if got := paid(true); !slices.Equal(got, []int64{400, 400, 400, 400, 400}) {
		t.Errorf("newcomer: %d", got)
	}
}

// What is owed follows from those with a bond whose delta counts and is no copy: a
// copy's author has not earned its standing in this round.
func TestWhoseGainsSetWhatIsOwed(t *testing.T) {
	gained := func(gain int64, bond uint64) DeltaPay {
		return DeltaPay{Counts: true, Bond: bond, Newcomer: bond == 0, Standing: Standing{Gain: gain}}
	}
	copied, uncounted := gained(10, 100), gained(10, 100)
	copied.Copy, uncounted.Counts = true, false
	for name, c := range map[string]struct {
		deltas []DeltaPay // the first is asked
		want   int64
	}{
		"alone":                   {[]DeltaPay{gained(1_000, 1)}, 400},
		"a copy":                  {[]DeltaPay{gained(1_000, 1), copied}, 400},
		"what does not count":     {[]DeltaPay{gained(1_000, 1), uncounted}, 400},
		"who has done harm":       {[]DeltaPay{gained(1_000, 1), gained(-10, 100)}, 400},
		"a newcomer":              {[]DeltaPay{gained(-10, 1), gained(1_000, 0)}, 0},
		"the larger bond decides": {[]DeltaPay{gained(1_000, 1), gained(500, 2)}, 200},
	} {
		if charge(c.deltas); c.deltas[0].Owed != c.want {
			t.Errorf("%s: owed are %d, want %d", name, c.deltas[0].Owed, c.want)
		}
	}
}

// A sleeper that was honest for long and turns is refused at once, if it does
// clear harm.
func TestAGoodNameDoesNotCoverClearHarm(t *testing.T) {
	s := &State{Accounts: map[ledger.Author]*Account{author(5): {Standing: Standing{Gain: 1 << 40}}}}
	for u, want := range map[int32]bool{-200: true, -400: false} {
		d := DeltaPay{Counts: true, Author: author(5), Opinion: opinions(1, u)} // ±125: refused below 3 times that
		if s.measure(&d); d.Merged() != want {
			t.Errorf("u %d: merged %v, gate %d", u, d.Merged(), d.Gate)
		}
	}
}

// Validators 4 to 6 say the opposite of what the others measure. After some rounds
// they are not heard any more, and a harmful delta has the gain that it has; three
// of five are heard, for the rest is no majority.
func TestWhoInvertsScoresIsNotHeard(t *testing.T) {
	for honest, silenced := range map[int]bool{4: true, 2: false} {
		s := &State{Accounts: map[ledger.Author]*Account{}}
		say := func(u int32) (all []Opinion) {
			for v := range honest + 3 {
				o := Opinion{Validator: author(v), Seat: v, Stake: 100, U: u + int32(v), SE: 100, Discord: s.inDiscord(author(v))}
				if v >= honest {
					o.U = -o.U
				}
				all = append(all, o)
			}
			return all
		}
		for v := range honest + 3 {
			s.Now = append(s.Now, ledger.Seat{ID: uint64(v), Author: author(v), Stake: 100})
		}
		s.Round.Openings = map[ledger.Author]ledger.Scores{}
		for v := range s.Now {
			s.Round.Openings[author(v)] = []ledger.Score{{}}
		}
		for range 10 {
			a, b := DeltaPay{Counts: true, Author: author(20), Opinion: say(3_000)}, DeltaPay{Counts: true, Author: author(21), Opinion: say(-3_000)}
			s.measure(&a)
			s.measure(&b)
			s.remember([]DeltaPay{a, b})
		}
		if got := len(s.heard(say(0))) == honest; got != silenced {
			t.Errorf("%d honest of %d: those in discord are left out: %v", honest, honest+3, got)
		}
	}
}

// Whoever has half of the stake or more is heard, in discord or not.
func TestHalfOfTheStakeIsHeard(t *testing.T) {
	for discord, want := range map[int]int{0: 4, 1: 3, 2: 4, 3: 4, 4: 4} {
		all := opinions(100, 1, 2, 3, 4)
		for i := range discord {
			all[i].Discord = true
		}
		if got := len(new(State).heard(all)); got != want {
			t.Errorf("%d of 4 in discord: %d are heard, want %d", discord, got, want)
		}
	}
}

// What is remembered of an identity does not depend on the bond behind it, so
// parts of it are as the whole.
func TestAStandingIsOfTheDeltasNotOfTheBond(t *testing.T) {
	s := &State{Accounts: map[ledger.Author]*Account{}}
	whole := DeltaPay{Counts: true, Author: author(1), Bond: 1_000, Opinion: opinions(3, -500, 20, 700)}
	part := DeltaPay{Counts: true, Author: author(2), Bond: 1, Opinion: whole.Opinion}
	s.measure(&whole)
	s.measure(&part)
	if whole.Gate != part.Gate || whole.Sure != part.Sure || whole.Standing != part.Standing {
		t.Errorf("whole %+v, part %+v", whole, part)
	}
}
