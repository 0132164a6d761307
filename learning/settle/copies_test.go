package settle

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

func author(i int) (a [32]byte) {
	a[0], a[1] = byte(i), byte(i>>8)
	return a
}

// crowd returns n sketches by authors from, from+1, ... without a common part.
func crowd(rng *rand.Rand, from, n int) []Signed {
	out := make([]Signed, n)
	for j := range out {
		out[j] = Signed{Author: author(from + j), Weight: 1}
		for i := range out[j].Sketch {
			out[j].Sketch[i] = rng.Int64N(2001) - 1000
		}
	}
	return out
}

// plus returns a·s + b·t.
func plus(s Sketch, a int64, t Sketch, b int64) Sketch {
	for i := range s {
		s[i] = a*s[i] + b*t[i]
	}
	return s
}

func TestWhatIsACopy(t *testing.T) {
	rng := source(30)
	archive, noise := crowd(rng, 100, 40), crowd(rng, 200, 1)[0].Sketch
	victim := archive[7]
	few := append(crowd(rng, 0, 5), Signed{Author: author(50), Weight: 1})
	many := append(crowd(rng, 0, 7), Signed{Author: author(50), Weight: 1})
	for _, tc := range []struct {
		name      string
		sketch    Sketch
		author    int
		few, many bool
	}{
		{"the same", victim.Sketch, 50, true, true},
		{"the same by its own author", victim.Sketch, 107, false, false},
		{"louder", plus(victim.Sketch, 1<<40, noise, 0), 50, true, true},
		{"with a tenth of noise", plus(victim.Sketch, 10, noise, 1), 50, true, true},
		{"with half as much noise: cosine 0.89", plus(victim.Sketch, 2, noise, 1), 50, false, true},
		{"with as much noise twice: cosine 0.45", plus(victim.Sketch, 1, noise, 2), 50, false, false},
		{"its opposite", plus(victim.Sketch, -1, noise, 0), 50, false, false},
		{"nothing", Sketch{}, 50, false, false},
		{"something else", noise, 50, false, false},
	} {
		for _, now := range [][]Signed{few, many} {
			last, want := len(now)-1, tc.few
			if len(now) == 8 {
				want = tc.many
			}
			now[last].Sketch, now[last].Author = tc.sketch, author(tc.author)
			got := Copies(now, archive)
			if got[last] != want || slices.Contains(got[:last], true) {
				t.Errorf("%s, among %d: got %v, want %t for the last alone", tc.name, len(now), got, want)
			}
		}
	}
}

func TestNothingIsLikeNothing(t *testing.T) {
	now, archive := make([]Signed, 9), make([]Signed, 2)
	archive[0].Author = author(1)
	if got := Copies(now, archive); slices.Contains(got, true) {
		t.Errorf("got %v of empty sketches", got)
	}
	if got := Copies(nil, archive); len(got) != 0 {
		t.Errorf("got %v of none", got)
	}
}

func TestDeltasOfOneRoundAreNotCompared(t *testing.T) {
	now := crowd(source(31), 0, 10)
	now[3].Sketch = now[4].Sketch
	if got := Copies(now, nil); slices.Contains(got, true) {
		t.Errorf("got %v without an archive", got)
	}
}

// Honest deltas share a large part. Without the centre all would be copies at
// 0.7; with it none is, and the copy stays one.
func TestTheCentreTakesAwayWhatAllShare(t *testing.T) {
	rng := source(32)
	now, archive, shared := crowd(rng, 0, 12), crowd(rng, 100, 30), crowd(rng, 0, 1)[0].Sketch
	for _, all := range [][]Signed{now, archive} {
		for j := range all {
			all[j].Sketch = plus(all[j].Sketch, 1, shared, 2)
		}
	}
	noise := crowd(rng, 0, 1)[0].Sketch
	for i, v := range archive[9].Sketch {
		now[5].Sketch[i] = v + noise[i]/3
	}
	got := Copies(now, archive)
	for i, copied := range got {
		if copied != (i == 5) {
			t.Errorf("delta %d: copied %t", i, copied)
		}
	}
}

// The centre is a median by weight: identities without weight do not move it.
func TestTheCentreFollowsWeightNotNumbers(t *testing.T) {
	rng := source(33)
	now := crowd(rng, 0, 9)
	centre, ok := centreOf(now)
	crowded := now
	for range 100 {
		crowded = append(crowded, Signed{Sketch: plus(now[0].Sketch, 1000, Sketch{}, 0)})
	}
	if again, _ := centreOf(crowded); !ok || again != centre {
		t.Error("a hundred sketches of weight 0 moved the centre")
	}
	if _, ok := centreOf(now[:7]); ok {
		t.Error("seven have a centre")
	}
}

// exactly is the rule in exact numbers, without parts, words or dismissal.
func exactly(a, b, centre Sketch, over, under int64) bool {
	dot := func(x, y []int64) *big.Int {
		sum := new(big.Int)
		for i := range x {
			sum.Add(sum, new(big.Int).Mul(big.NewInt(x[i]), big.NewInt(y[i])))
		}
		return sum
	}
	x, y := eleven(plus(a, 1, centre, -1)), eleven(plus(b, 1, centre, -1))
	ab := dot(x, y)
	left := new(big.Int).Mul(ab, big.NewInt(under))
	right := new(big.Int).Mul(dot(x, x), dot(y, y))
	right.Mul(right, big.NewInt(over*over))
	return ab.Sign() > 0 && left.Mul(left, left).Cmp(right) >= 0
}

func eleven(s Sketch) []int64 {
	n := 0
	for _, v := range s {
		for max(v, -v)>>n >= 1024 {
			n++
		}
	}
	if n > 0 {
		for i, v := range s {
			s[i] = shifted(v, n)
		}
	}
	return s[:]
}

func TestCopiesAreFoundExactly(t *testing.T) {
	rng := source(34)
	found := 0
	for trial := range 60 {
		now, archive := crowd(rng, 0, 6+trial%5), crowd(rng, 3, 12)
		for i := range now {
			now[i].Weight = rng.Uint64N(5)
			k, loud := rng.IntN(len(archive)), int64(1)<<rng.IntN(40)
			now[i].Sketch = plus(now[i].Sketch, rng.Int64N(12)*loud, archive[k].Sketch, rng.Int64N(12)*loud)
		}
		centre, ok := centreOf(now)
		for i, got := range Copies(now, archive) {
			want := slices.ContainsFunc(archive, func(a Signed) bool {
				return a.Author != now[i].Author && (exactly(now[i].Sketch, a.Sketch, Sketch{}, 19, 20) ||
					ok && exactly(now[i].Sketch, a.Sketch, centre, 7, 10))
			})
			if got != want {
				t.Fatalf("trial %d, delta %d: got %t, want %t", trial, i, got, want)
			}
			if want {
				found++
			}
		}
	}
	if found < 50 || found > 400 {
		t.Errorf("%d copies: the test tells little", found)
	}
}

// The largest and least components there can be, in every mixture of signs.
func TestPackedProductsAreExactAtTheBounds(t *testing.T) {
	rng := source(35)
	for trial := range 200 {
		var s, u Sketch
		for i := range s {
			s[i], u[i] = 1023*(1-2*rng.Int64N(2)), 1023*(1-2*rng.Int64N(2))
			if trial%20 == 0 {
				u[i] = s[i] * int64(1-trial/20%2*2)
			}
			if rng.IntN(4) == 0 {
				s[i] = rng.Int64N(2047) - 1023
			}
		}
		var d, e direction
		d.set(&s, &Sketch{})
		e.set(&u, &Sketch{})
		sum, want := int64(0), int64(0)
		for i := range d.ahead {
			sum += d.ahead[i] * e.back[i]
		}
		for i := range 3 * len(d.ahead) {
			want += shifted(s[i], roughBits) * shifted(u[i], roughBits)
		}
		if got := middle(sum); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
	}
}

// Pairs near the limits, with components so small that rounding them to 7 bits
// loses a good part, and with lengths that differ from block to block.
func TestNoPairAtTheLimitIsDismissed(t *testing.T) {
	rng, zero, over := source(36), Sketch{}, 0
	for trial := range 1_000 {
		a, noise := Sketch{}, Sketch{}
		size := int64(4) << rng.IntN(8)
		for i := range a {
			if i%(1+trial%5) == 0 || rng.IntN(4) == 0 {
				a[i], noise[i] = rng.Int64N(2*size+1)-size, rng.Int64N(2*size+1)-size
			}
		}
		b := plus(a, 100, noise, 25+rng.Int64N(15)) // a cosine of 0.93 to 0.97
		if trial%2 == 0 {
			b = plus(a, 100, noise, 90+rng.Int64N(24)) // 0.66 to 0.74
		}
		for i := range b {
			b[i] /= 100
		}
		var d, e direction
		d.set(&a, &zero)
		e.set(&b, &zero)
		for _, limit := range [][2]int64{{rawOver, rawUnder}, {centredOver, centredUnder}} {
			want := exactly(a, b, zero, limit[0], limit[1])
			if got := d.like(&e, limit[0], limit[1]); got != want {
				t.Fatalf("trial %d, limit %v: got %t, want %t", trial, limit, got, want)
			}
			if want {
				over++
			}
		}
	}
	if over < 500 || over > 1_250 {
		t.Errorf("%d pairs over a limit: the test tells little", over)
	}
}

func TestTheLimitItselfIsReached(t *testing.T) {
	for _, tc := range []struct {
		dot    int64
		aa, bb uint64
		want   bool
	}{
		{7, 10, 10, true}, {6, 10, 10, false}, {700, 1000, 1000, true}, {699, 1000, 1000, false},
		{-7, 10, 10, false}, {0, 0, 0, false}, {0, 10, 10, false}, {1 << 28, 1 << 28, 1 << 28, true},
	} {
		if got := reaches(tc.dot, tc.aa, tc.bb, 7, 10); got != tc.want {
			t.Errorf("%+v: got %t", tc, got)
		}
	}
}

func ExampleCopies() {
	theirs := Signed{Author: [32]byte{1}, Sketch: Sketch{3, -4, 5}}
	thief := Signed{Author: [32]byte{2}, Sketch: Sketch{6, -8, 10}}
	honest := Signed{Author: [32]byte{3}, Sketch: Sketch{3, 4, 0}}
	fmt.Println(Copies([]Signed{thief, honest}, []Signed{theirs}))
	// Output: [true false]
}
