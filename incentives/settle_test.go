package incentives

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

func TestARoundPaysTrainersValidatorsAndTreasury(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	before := w.state.Supply.Remaining
	p := w.round(4, 7, 1024)
	// 999,996,530 · 2^24 / 2^32, and its shares in Q16, all rounded down.
	if p.Emission != before>>8 || p.Pool != p.Emission*45875>>16 || p.DutyPool != p.Emission*13107>>16 || p.Treasury != p.Emission*3277>>16 {
		t.Errorf("got %+v of %d", p, before)
	}
	for _, d := range p.Deltas {
		if d.Paid != p.Pool/3 || d.U != 1024 || d.Score != 1024 || d.Gate != 1044 || !d.Merged() {
			t.Errorf("delta %+v, want %d", d, p.Pool/3)
		}
	}
	for _, v := range p.Validators {
		if v.Paid != p.DutyPool/4 || v.Due != 3 || v.Given != 3 {
			t.Errorf("validator %+v, want %d", v, p.DutyPool/4)
		}
	}
	minted := 3*(p.Pool/3) + 4*(p.DutyPool/4) + p.Treasury
	if p.Minted != minted || w.state.Supply.Remaining != before-minted || w.state.Supply.Treasury != p.Treasury {
		t.Errorf("minted %d, want %d; %+v", p.Minted, minted, w.state.Supply)
	}
}

func TestARoundInWhichNothingCountsMintsNothing(t *testing.T) {
	for name, run := range map[string]func(w *town){
		"no reveal":        func(w *town) { w.to(PhaseReveal).blocks(4) },
		"no seal":          func(w *town) { w.to(PhaseSeal).blocks(5) },
		"no opening":       func(w *town) { w.to(PhaseOpen).blocks(6) },
		"too few openings": func(w *town) { w.to(PhaseOpen).must(each(0, 2, w.opening(256))...); w.blocks(5) },
		"empty scores": func(w *town) {
			w.to(PhaseSeal).must(each(0, 4, func(v int) *ledger.Entry { return w.seal(v, nil) })...)
			w.must(each(0, 4, func(v int) *ledger.Entry { return w.open(v, nil) })...)
		},
	} {
		w := newTown(t, manifest(4, 3))
		accounts, supply := fmt.Sprint(w.state.Held()), w.state.Supply
		run(w)
		if len(w.settled) != 1 || w.settled[0].Minted != 0 || w.settled[0].Emission != 0 || w.state.Supply != supply || fmt.Sprint(w.state.Held()) != accounts {
			t.Errorf("%s: %+v", name, w.settled)
		}
		if len(w.state.Archive) != 0 {
			t.Errorf("%s: %d deltas in the archive", name, len(w.state.Archive))
		}
	}
}

// A delta that harms counts, so its round mints for the work of scoring, and its
// author gets nothing.
func TestADeltaThatHarmsEarnsNothing(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	p := w.round(4, 7, -1024)
	for _, d := range p.Deltas {
		if !d.Counts || d.Merged() || d.Paid != 0 || d.Score != 0 {
			t.Errorf("got %+v", d)
		}
	}
	if p.Median != 0 || p.Validators[0].Paid == 0 {
		t.Errorf("got %+v", p)
	}
}

// Without its author's opinion: a validator's own delta counts by the others.
func TestAQuorumForADeltaLeavesItsAuthorOut(t *testing.T) {
	m := manifest(4, 1)
	m.Genesis[0].Bond = 500
	for _, others := range []int{2, 3} { // of the three other validators
		w := newTown(t, m)
		w.must(w.commit(0), w.commit(4))
		w.must(w.reveal(0), w.reveal(4))
		w.must(each(0, 4, w.sealing(256))...)
		w.must(each(0, 1+others, w.opening(256))...)
		for len(w.settled) == 0 {
			w.blocks(1)
		}
		p := w.settled[0]
		if own := p.Deltas[place(p, 0)]; !own.Counts || len(own.Opinion) != others {
			t.Errorf("%d others: own delta %+v", others, own)
		}
		if d := p.Deltas[place(p, 4)]; !d.Counts || len(d.Opinion) != 1+others {
			t.Errorf("%d others: %+v", others, d)
		}
		for _, v := range p.Validators {
			want := DutyPay{Author: v.Author, Stake: 100, Given: 2, Due: 2, Paid: v.Paid}
			if v.Author == author(0) {
				want.Given, want.Due = 1, 1
			}
			if !slices.ContainsFunc(p.Deltas[place(p, 4)].Opinion, func(o Opinion) bool { return o.Validator == v.Author }) {
				want.Given, want.Paid = 0, 0
			}
			if v != want {
				t.Errorf("%d others: duty %+v, want %+v", others, v, want)
			}
		}
	}
}

func TestADeltaIsPaidOnceInThirtyTwoRounds(t *testing.T) {
	for _, later := range []uint64{1, 31, 32, 33} {
		w := newTown(t, manifest(1, 2))
		again := delta(1, 0)
		for r := range later + 1 {
			if r == 0 || r < later {
				w.round(1, 3, 256)
				continue
			}
			w.must(w.commit(1), w.commitTo(2, w.state.Anchor(), again))
			w.must(w.reveal(1), w.revealOf(2, again))
			w.must(w.sealing(256)(0))
			w.must(w.opening(256)(0))
		}
		p := w.settled[later]
		if got := p.Deltas[place(p, 2)].Copy; got != (later <= ArchiveRounds) {
			t.Errorf("%d rounds later: copy %v", later, got)
		}
		if most := 2 * ArchiveRounds; len(w.state.Archive) > most {
			t.Errorf("%d deltas in the archive, at most %d", len(w.state.Archive), most)
		}
	}
}

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
			all = append(all, ledger.Score{Delta: s.Delta, U: int32(rng.IntN(40_000)-10_000) &^ 255, SE: rng.Uint32N(3_000)})
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
					d.Opinion = append(d.Opinion, Opinion{validator.Author, seat, validator.Stake, score.U, score.SE})
				}
			}
		}
		var us, gates []weighted[int64]
		for _, o := range d.Opinion {
			us = append(us, weighted[int64]{int64(o.U), o.Stake})
			gates = append(gates, weighted[int64]{int64(o.U) + 2*int64(o.SE), o.Stake})
		}
		d.U, d.Gate = naiveMedian(us), naiveMedian(gates)
		d.Counts = !s.Account(author).Forked && s.Now.Quorum(
			func(i int) bool {
				return slices.ContainsFunc(d.Opinion, func(o Opinion) bool { return o.Validator == s.Now[i].Author })
			},
			func(i int) bool { return s.Now[i].Author != author })
		all = append(all, d)
	}
	return all
}

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

// Pay again, with fractions.
func TestPayIsTheShareRoundedDown(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		w := randomRound(t, rng)
		p := w.state.Settle(w.state.Tally(), blob("next"))
		total, least, duty := new(big.Rat), new(big.Rat), new(big.Rat)
		rat := func(a, b uint64) *big.Rat { return new(big.Rat).SetInt(product(a, b)) }
		for _, d := range p.Deltas {
			total.Add(total, rat(d.Bond, d.Score))
			if d.Counts {
				least.Add(least, rat(d.Bond, w.state.Economy.FullScore))
			}
		}
		for _, v := range p.Validators {
			duty.Add(duty, rat(v.Stake, v.Due))
		}
		if total.Cmp(least) < 0 {
			total = least
		}
		floor := func(pool uint64, v, total *big.Rat) uint64 {
			if total.Sign() == 0 {
				return 0
			}
			x := new(big.Rat).Mul(new(big.Rat).SetInt(product(pool, 1)), new(big.Rat).Quo(v, total))
			return new(big.Int).Quo(x.Num(), x.Denom()).Uint64()
		}
		for _, d := range p.Deltas {
			if want := floor(p.Pool, rat(d.Bond, d.Score), total); d.Paid != want {
				t.Fatalf("%+v: want %d", d, want)
			}
			if d.Score > 0 && (!d.Counts || d.U <= 0 || d.Score > 4*p.Median || d.Score > w.state.Economy.MaxScore) {
				t.Fatalf("score of %+v, median %d", d, p.Median)
			}
		}
		for _, v := range p.Validators {
			if want := floor(p.DutyPool, rat(v.Stake, v.Given), duty); v.Paid != want || v.Given > v.Due {
				t.Fatalf("%+v: want %d", v, want)
			}
		}
		w.conserved()
	}
}

func TestTheOrderOfDeltasDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for seed := range uint64(200) {
		a, b := randomRound(t, rand.New(rand.NewPCG(seed, 6))), randomRound(t, rand.New(rand.NewPCG(seed, 6)))
		deltas := b.state.Tally()
		rng.Shuffle(len(deltas), func(i, j int) { deltas[i], deltas[j] = deltas[j], deltas[i] })
		p, q := a.state.Settle(a.state.Tally(), blob("next")), b.state.Settle(deltas, blob("next"))
		slices.SortFunc(q.Deltas, func(x, y DeltaPay) int { return compareAuthors(x.Author, y.Author) })
		if !reflect.DeepEqual(p, q) {
			t.Fatalf("seed %d: got  %+v\nwant %+v", seed, q, p)
		}
		if a.state.Root() != b.state.Root() {
			t.Fatalf("seed %d: another root", seed)
		}
	}
}

// The main promise: a bond split among k identities, each with a delta as good as
// the one would have had, never earns more. Exactly, whoever else is there, and
// whether or not FullScore thins the pool out.
func TestSplittingABondNeverPays(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	thin := 0
	for range 400 {
		var others []DeltaPay
		for range rng.IntN(12) {
			others = append(others, DeltaPay{Counts: true, Bond: rng.Uint64N(1 << rng.IntN(40)), U: rng.Int64N(60_000) - 20_000})
		}
		bond, u, pool, full := 100+rng.Uint64N(1<<rng.IntN(40)), rng.Int64N(60_000), rng.Uint64N(1<<rng.IntN(50)), rng.Uint64N(2)*rng.Uint64N(40_000)
		pay := func(mine []DeltaPay) (sum uint64) {
			s := &State{Economy: ledger.Economy{MaxScore: 1 << 20, FullScore: full}, Accounts: map[ledger.Author]*Account{}}
			p := &Settlement{Pool: pool, Deltas: slices.Concat(others, mine)}
			s.payTrainers(p)
			for _, d := range p.Deltas[len(others):] {
				sum += d.Paid
			}
			return sum
		}
		one := pay([]DeltaPay{{Counts: true, Bond: bond, U: u}})
		if full > 0 && one > 0 {
			thin++
		}
		for k := 2; k <= 100; k += 1 + rng.IntN(9) {
			if many := pay(split(rng, bond, u, k)); many > one {
				t.Fatalf("%d identities earn %d, one earns %d (bond %d, u %d, pool %d, full score %d)", k, many, one, bond, u, pool, full)
			}
		}
	}
	if thin < 50 {
		t.Errorf("%d cases with a full score, which tests little", thin)
	}
}

// split cuts a bond into k parts at random, all above 0.
func split(rng *rand.Rand, bond uint64, u int64, k int) []DeltaPay {
	mine := make([]DeltaPay, k)
	rest := bond
	for i := range mine {
		part := rest
		if left := uint64(k - 1 - i); left > 0 {
			part = 1 + rng.Uint64N(rest-left)
		}
		rest -= part
		mine[i] = DeltaPay{Counts: true, Bond: part, U: u}
	}
	return mine
}

// Splitting a stake never pays either: k seats of which each does all its duty.
func TestSplittingAStakeNeverPays(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for range 300 {
		stake, other, pool, k := 100+rng.Uint64N(1<<rng.IntN(40)), 1+rng.Uint64N(1<<40), rng.Uint64N(1<<40), 2+rng.IntN(60)
		pay := func(stakes []uint64) (sum uint64) {
			s := &State{Accounts: map[ledger.Author]*Account{}}
			d := DeltaPay{Author: author(99), Counts: true}
			for i, stake := range append(stakes, other) {
				s.Now = append(s.Now, ledger.Seat{ID: uint64(i), Author: author(i), Stake: stake})
				d.Opinion = append(d.Opinion, Opinion{Seat: i})
			}
			p := &Settlement{DutyPool: pool, Deltas: []DeltaPay{d, d, d}}
			s.payValidators(p)
			for _, v := range p.Validators[:len(stakes)] {
				sum += v.Paid
			}
			return sum
		}
		var parts []uint64
		for _, d := range split(rng, stake, 0, k) {
			parts = append(parts, d.Bond)
		}
		if one, many := pay([]uint64{stake}), pay(parts); many > one {
			t.Fatalf("%d seats earn %d, one earns %d", k, many, one)
		}
	}
}

// If a validator says less, and still the same deltas count, no other validator
// is paid more.
func TestNobodyGainsByAnothersSilence(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	compared := 0
	for seed := range uint64(400) {
		full, less := randomRound(t, rand.New(rand.NewPCG(seed, 9))), randomRound(t, rand.New(rand.NewPCG(seed, 9)))
		if len(less.state.Round.Openings) == 0 {
			continue
		}
		quiet := sorted(less.state.Round.Openings)[rng.IntN(len(less.state.Round.Openings))]
		scores := less.state.Round.Openings[quiet]
		less.state.Round.Openings[quiet] = scores[:rng.IntN(len(scores)+1)]
		a, b := full.state.Tally(), less.state.Tally()
		if !slices.EqualFunc(a, b, func(x, y DeltaPay) bool { return x.Counts == y.Counts }) {
			continue
		}
		compared++
		p, q := full.state.Settle(a, blob("next")), less.state.Settle(b, blob("next"))
		for i, v := range q.Validators {
			if v.Paid > p.Validators[i].Paid || v.Author != quiet && v.Paid != p.Validators[i].Paid {
				t.Fatalf("seed %d: %v is silent, %+v had %d", seed, quiet, v, p.Validators[i].Paid)
			}
		}
	}
	if compared < 50 {
		t.Errorf("%d cases, which tests little", compared)
	}
}
