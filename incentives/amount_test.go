package incentives

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/big"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// naiveMedian tries all values: the smallest x with 2·Σ(w of values ≤ x) ≥ Σ w.
func naiveMedian(all []weighted[int64]) int64 {
	var sum uint64
	for _, v := range all {
		sum += v.weight
	}
	best, found := int64(0), false
	for _, x := range all {
		var below uint64
		for _, v := range all {
			if v.value <= x.value {
				below += v.weight
			}
		}
		if 2*below >= sum && (!found || x.value < best) {
			best, found = x.value, true
		}
	}
	return best
}

func TestTheLowerMedianIsAsDefined(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		all := make([]weighted[int64], rng.IntN(9))
		for i := range all {
			all[i] = weighted[int64]{rng.Int64N(7) - 3, rng.Uint64N(4) * rng.Uint64N(1<<rng.IntN(50))}
		}
		want := naiveMedian(all)
		if got := lowerMedian(slices.Clone(all)); got != want {
			t.Fatalf("%v: got %d, want %d", all, got, want)
		}
	}
}

func TestAmountsDoNotOverflow(t *testing.T) {
	edges := []uint64{0, 1, 2, ledger.One - 1, ledger.One, 1<<32 - 1, 1 << 32, 1_000_000_000, ledger.MaxAmount - 1, ledger.MaxAmount}
	floor := func(x *big.Int, shift uint) uint64 { return new(big.Int).Rsh(x, shift).Uint64() }
	for _, a := range edges {
		for _, q := range edges {
			if q <= ledger.One {
				if got, want := share(a, q), floor(product(a, q), 16); got != want || got > a {
					t.Errorf("share(%d, %d) is %d, want %d", a, q, got, want)
				}
			}
			if q <= 1<<32 {
				if got, want := scale(a, q, 32), floor(product(a, q), 32); got != want || got > a {
					t.Errorf("scale(%d, %d) is %d, want %d", a, q, got, want)
				}
			}
			for _, v := range edges {
				if v > q {
					continue
				}
				got := part(a, product(v, 1<<24), product(q, 1<<24))
				if q == 0 && got != 0 || q > 0 && got != new(big.Int).Quo(product(a, v), product(q, 1)).Uint64() || got > a {
					t.Errorf("part(%d, %d, %d) is %d", a, v, q, got)
				}
			}
		}
	}
}

// A topic whose numbers are all as large, or as small, as a manifest lets them.
func TestATopicWorksAtTheEdgesOfItsNumbers(t *testing.T) {
	for _, c := range []struct{ cap, bond, stake, rate, balance uint64 }{
		{ledger.MaxAmount, ledger.MaxAmount/2 - 10, ledger.MaxAmount / 4, 1 << 32, 0},
		{ledger.MaxAmount, 1, 1, 1 << 32, 0},
		{ledger.MaxAmount, 1, 1, 1, 0},
		{ledger.MaxAmount, 1, 1, 0, 0},
		{2, 1, 1, 1 << 32, 0},
		{3, 1, 1, 1 << 32, 0},
		{1_000, 1, 1, 1 << 32, 998},
	} {
		m := manifest(1, 1)
		m.Economy.Cap, m.Economy.Rate, m.Economy.Slash, m.Economy.Reporter = c.cap, c.rate, ledger.One, ledger.One/2
		m.Economy.MaxScore = 1 << 24
		m.Genesis[0].Stake, m.Genesis[0].Balance = c.stake, c.balance
		m.Genesis[1].Bond, m.Genesis[1].Balance = c.bond, 0
		for _, u := range []int32{math.MinInt32, -256, 0, 256, math.MaxInt32 &^ 255} {
			w := newTown(t, m)
			for range 3 {
				w.round(1, 2, u) // checks that all tokens are there
			}
			w.must(w.evidence(0, 1))
			if got := w.state.Account(author(1)).Bond; got != 0 {
				t.Errorf("%+v: %d left of the bond", c, got)
			}
		}
	}
}

// Whatever a manifest allows, weights are what settling can take: below 2^53.
func TestWeightsOfNewcomersStayInRange(t *testing.T) {
	for _, lane := range []uint64{0, 1, ledger.One / 20, ledger.One / 2} {
		for _, bond := range []uint64{0, 1, 1_000, ledger.MaxAmount / 2, ledger.MaxAmount} {
			for _, newcomers := range []int{1, 2, 256} {
				s := &State{Economy: ledger.Economy{Newcomers: lane}}
				deltas := []DeltaPay{{Counts: true, Bond: bond}}
				for range newcomers {
					deltas = append(deltas, DeltaPay{Counts: true, Newcomer: true})
				}
				s.Weigh(deltas)
				for _, d := range deltas[1:] {
					if d.Weight == 0 || d.Weight > ledger.MaxAmount || d.Weight > max(1, bond) {
						t.Errorf("lane %d, bond %d: %d newcomers weigh %d each", lane, bond, newcomers, d.Weight)
					}
				}
			}
		}
	}
}

func TestNoFloatIsInTheMoney(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files (%v)", len(files), err)
	}
	banned := []string{`"math"`, `"math/rand"`, `"math/rand/v2"`, `"time"`, `"os"`, `"net"`}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if strings.HasPrefix(n.Name, "float") || strings.HasPrefix(n.Name, "complex") {
					t.Errorf("%v: %s", set.Position(n.Pos()), n.Name)
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT || n.Kind == token.IMAG || n.Kind == token.STRING && slices.Contains(banned, n.Value) {
					t.Errorf("%v: %s", set.Position(n.Pos()), n.Value)
				}
			}
			return true
		})
	}
}
