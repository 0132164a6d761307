package ledger

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestACommitteeIsTheLargestStakesInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	seats := make([]Seat, 3*MaxCommittee)
	for i := range seats {
		seats[i] = Seat{ID: uint64(i), Author: key(i).author(), Stake: rng.Uint64N(40)}
	}
	want := NewCommittee(seats)
	if len(want) != MaxCommittee {
		t.Fatalf("%d seats, want %d", len(want), MaxCommittee)
	}
	for i, s := range want {
		if s.Stake == 0 || i > 0 && (s.Stake > want[i-1].Stake || s.Stake == want[i-1].Stake && s.ID < want[i-1].ID) {
			t.Errorf("seat %d is %v after %v", i, s, want[i-1])
		}
	}
	for _, s := range seats {
		if want.Seat(s.Author) < 0 && s.Stake > want[MaxCommittee-1].Stake {
			t.Errorf("%v is left out", s)
		}
	}
	rng.Shuffle(len(seats), func(i, j int) { seats[i], seats[j] = seats[j], seats[i] })
	if got := NewCommittee(seats); !slices.Equal(got, want) || got.CID() != want.CID() {
		t.Error("the order in which stakes are given shows")
	}
	if err := want.Validate(); err != nil {
		t.Error(err)
	}
}

func TestImpossibleCommitteesAreRefused(t *testing.T) {
	seat := func(id, stake uint64) Seat { return Seat{ID: id, Author: key(int(id)).author(), Stake: stake} }
	for name, c := range map[string]Committee{
		"empty":            {},
		"65 seats":         append(equal(64), seat(64, 1)),
		"no stake":         {seat(0, 5), seat(1, 0)},
		"too much stake":   {seat(0, MaxAmount), seat(1, 1)},
		"a sum that wraps": {seat(0, math.MaxUint64), seat(1, 2)},
		"wraps later":      {seat(0, 2), seat(1, math.MaxUint64)},
		"the small first":  {seat(0, 1), seat(1, 2)},
		"the late first":   {seat(1, 1), seat(0, 1)},
		"an ID twice":      {seat(1, 1), Seat{ID: 1, Author: key(2).author(), Stake: 1}},
		"an author twice":  {seat(1, 1), Seat{ID: 2, Author: key(1).author(), Stake: 1}},
	} {
		if c.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestACommitteeReadsBack(t *testing.T) {
	want := committeeOf(5, 9, 9, 1<<40)
	b := must1[[]byte](t)(Encode(want))
	var got Committee
	if err := Decode(b, &got); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
	if got, want := want.CID(), SumNode(b); got != want {
		t.Errorf("CID %v, want %v", got, want)
	}
}

// Over many instances each proposes in proportion to its stake: within four
// standard deviations, on fixed draws.
func TestProposersAreDrawnByStake(t *testing.T) {
	const draws = 20_000
	for _, c := range []Committee{equal(4), committeeOf(50, 30, 15, 5), committeeOf(1, 1<<52, 1<<51), committeeOf(7)} {
		count := map[Author]int{}
		for i := range uint64(draws) {
			count[c.Proposer(topic, i)]++
		}
		for _, s := range c {
			p := float64(s.Stake) / float64(c.Stake())
			want, slack := draws*p, 4*math.Sqrt(draws*p*(1-p))+1
			if got := float64(count[s.Author]); math.Abs(got-want) > slack {
				t.Errorf("stake %d of %d proposed %v of %d, want %.0f ± %.0f", s.Stake, c.Stake(), got, draws, want, slack)
			}
		}
	}
}

func TestTheProposerDependsOnTopicAndInstance(t *testing.T) {
	c := equal(64)
	same := 0
	for i := range uint64(640) {
		if c.Proposer(topic, i) == c.Proposer(node("other"), i) {
			same++
		}
	}
	if same > 40 { // 10 on average
		t.Errorf("two topics share %d of 640 proposers", same)
	}
}

func TestAQuorumAmongSomeLeavesTheOthersOut(t *testing.T) {
	c := equal(4)
	set := func(seats ...int) func(int) bool { return func(i int) bool { return slices.Contains(seats, i) } }
	for _, tc := range []struct {
		in, of func(int) bool
		want   bool
	}{
		{set(0, 1, 2), nil, true},
		{set(0, 1), nil, false},
		{set(0, 1), set(0, 1, 2), true},     // 2 of 3
		{set(0, 3), set(0, 1, 2), false},    // 1 of 3: seat 3 is not asked
		{set(0, 1, 2, 3), set(), false},     // nobody is asked
		{set(), nil, false},                 //
		{set(0, 1, 2, 3), set(3), true},     // 1 of 1
		{set(0, 1, 2), set(0, 1, 2), true},  //
		{set(1, 2, 3), set(0, 1, 2), true},  // 2 of 3
		{set(2, 3), set(0, 1, 2, 3), false}, //
	} {
		if got := c.Quorum(tc.in, tc.of); got != tc.want {
			t.Errorf("%+v: %v", fmt.Sprint(tc), got)
		}
	}
}

func TestTwoQuorumsShareMoreThanAThird(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 2_000 {
		stakes := make([]uint64, 1+rng.IntN(12))
		for i := range stakes {
			stakes[i] = 1 + rng.Uint64N(1<<rng.IntN(30))
		}
		c := committeeOf(stakes...)
		a, b := rng.Uint64(), rng.Uint64()
		in := func(set uint64) func(int) bool { return func(i int) bool { return set>>i&1 == 1 } }
		if !c.Quorum(in(a), nil) || !c.Quorum(in(b), nil) {
			continue
		}
		var both, total int64
		for i := range c {
			total += c.Power(i)
			if in(a & b)(i) {
				both += c.Power(i)
			}
		}
		if 3*both < total {
			t.Fatalf("%v: %b and %b share %d of %d", stakes, a, b, both, total)
		}
	}
}

// Whatever is decided, somebody honest has checked: each quorum has a seat outside
// every set of seats that hold less than a third of the power. So a block that all
// of those refuse, since it leaves out what they held, is never decided.
func TestEveryQuorumHasAnHonestWitness(t *testing.T) {
	for _, stakes := range [][]uint64{{1, 1, 1, 1}, {5, 3, 2, 1}, {1, 1, 1, 1, 1, 1, 1}, {9, 8, 5, 3, 2, 2, 1}} {
		c := committeeOf(stakes...)
		var total int64
		for i := range c {
			total += c.Power(i)
		}
		quorums := 0
		for q := range 1 << len(c) {
			in := func(set int) func(int) bool { return func(seat int) bool { return set&(1<<seat) != 0 } }
			if !c.Quorum(in(q), nil) {
				continue
			}
			quorums++
			for liars := range 1 << len(c) {
				var power int64
				for i := range c {
					if in(liars)(i) {
						power += c.Power(i)
					}
				}
				if 3*power < total && q&^liars == 0 {
					t.Fatalf("stakes %v: quorum %b has only liars, %b", stakes, q, liars)
				}
			}
		}
		if quorums == 0 {
			t.Errorf("stakes %v: no quorum", stakes)
		}
	}
}
