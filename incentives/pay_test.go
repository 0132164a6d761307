package incentives

import (
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

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
		var gained []weighted[int64]
		for _, d := range p.Deltas {
			if d.Counts && !d.Copy && d.Standing.Gain > 0 {
				gained = append(gained, weighted[int64]{d.Standing.Gain, d.Bond})
			}
		}
		for _, d := range p.Deltas {
			if d.Owed != naiveMedian(gained)*2/5 || d.Sure != min(d.U-d.Doubt, d.Standing.Gain-d.Owed) {
				t.Fatalf("%+v: owes two fifths of the median of %v", d, gained)
			}
			if want := floor(p.Pool, rat(d.Bond, d.Score), total); d.Paid != want {
				t.Fatalf("%+v: want %d", d, want)
			}
			if d.Score > 0 && (!d.Merged() || d.Sure <= 0 || d.Score > 4*p.Median || d.Score > w.state.Economy.MaxScore) {
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
			others = append(others, DeltaPay{Counts: true, Bond: rng.Uint64N(1 << rng.IntN(40)), Sure: rng.Int64N(60_000) - 20_000})
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
		one := pay([]DeltaPay{{Counts: true, Bond: bond, Sure: u}})
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
		mine[i] = DeltaPay{Counts: true, Bond: part, Sure: u}
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
