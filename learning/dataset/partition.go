package dataset

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// leastShard is the number of rows that every peer of a partition has.
const leastShard = 16

// Partition divides rows 0 to len(labels)-1 among peers, each row to one peer:
//
//	iid           equal parts of a random order
//	dirichlet:A   of each class, shares drawn from a symmetric Dirichlet
//	              distribution (Hsu et al. 2019); the smaller A, the less alike
//	column:NAME   by natural owner: owners[r] is the cell of row r in column NAME,
//	              peers are the owners in sorted order
//
// Every peer has at least 16 rows; "dirichlet" moves rows from the largest shard
// for that. The shards are sorted and follow from seed. Errors: an unknown spec,
// too few rows, owners that are not given or not as many as peers.
func Partition(spec string, labels []int32, owners []string, peers int, seed uint64) ([][]int, error) {
	shards, err := partition(spec, labels, owners, peers, seed)
	if err != nil {
		return nil, fmt.Errorf("partition %q: %w", spec, err)
	}
	for _, s := range shards {
		slices.Sort(s)
	}
	return shards, nil
}

func partition(spec string, labels []int32, owners []string, peers int, seed uint64) ([][]int, error) {
	if peers < 1 || peers > len(labels)/leastShard {
		return nil, fmt.Errorf("%d rows cannot give %d rows to each of %d peers", len(labels), leastShard, peers)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	kind, argument, _ := strings.Cut(spec, ":")
	switch {
	case spec == "iid":
		return identical(len(labels), peers, rng), nil
	case kind == "dirichlet":
		a, err := strconv.ParseFloat(argument, 64)
		if err != nil || !(a >= 0.001 && a <= 1e6) {
			return nil, fmt.Errorf("%q is no number from 0.001 to 1e6", argument)
		}
		shards := dirichlet(labels, peers, a, rng)
		level(shards, rng)
		return shards, nil
	case kind == "column" && argument != "":
		return natural(argument, len(labels), owners, peers)
	}
	return nil, errors.New("unknown; want iid, dirichlet:A or column:NAME")
}

func identical(rows, peers int, rng *rand.Rand) [][]int {
	order, shards := rng.Perm(rows), make([][]int, peers)
	for p := range shards {
		from, to := p*rows/peers, (p+1)*rows/peers
		shards[p] = order[from:to:to]
	}
	return shards
}

func dirichlet(labels []int32, peers int, a float64, rng *rand.Rand) [][]int {
	shards := make([][]int, peers)
	for _, class := range byClass(span(len(labels)), labels) {
		shuffle(rng, class)
		share, from, sum := simplex(peers, a, rng), 0, 0.0
		for p := range shards {
			sum += share[p]
			to := min(int(math.Round(sum*float64(len(class)))), len(class))
			shards[p] = append(shards[p], class[from:to]...)
			from = to
		}
	}
	return shards
}

// simplex draws shares that sum to 1 from a symmetric Dirichlet distribution.
func simplex(n int, a float64, rng *rand.Rand) []float64 {
	x, total := make([]float64, n), 0.0
	for i := range x {
		x[i] = gamma(a, rng)
		total += x[i]
	}
	if total == 0 { // all underflowed: a is so small that one takes all
		x[rng.IntN(n)], total = 1, 1
	}
	for i := range x {
		x[i] /= total
	}
	return x
}

// gamma draws from the gamma distribution (Marsaglia and Tsang 2000).
func gamma(a float64, rng *rand.Rand) float64 {
	if a < 1 {
		return gamma(a+1, rng) * math.Pow(rng.Float64(), 1/a)
	}
	d := a - 1./3
	for {
		x := rng.NormFloat64()
		v := 1 + x/math.Sqrt(9*d)
		v = v * v * v
		if v > 0 && math.Log(rng.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// level moves rows from the largest shard to each that has too few.
func level(shards [][]int, rng *rand.Rand) {
	for p := range shards {
		for len(shards[p]) < leastShard {
			from := 0
			for q := range shards {
				if len(shards[q]) > len(shards[from]) {
					from = q
				}
			}
			rows := shards[from]
			i := rng.IntN(len(rows))
			shards[p] = append(shards[p], rows[i])
			shards[from] = slices.Delete(rows, i, i+1)
		}
	}
}

// natural gives each owner's rows to one peer.
func natural(column string, rows int, owners []string, peers int) ([][]int, error) {
	if len(owners) != rows {
		return nil, fmt.Errorf("%d rows but %d cells of column %q", rows, len(owners), column)
	}
	of := map[string][]int{}
	for r, o := range owners {
		of[o] = append(of[o], r)
	}
	var names []string
	for o := range of {
		names = append(names, o)
	}
	slices.Sort(names)
	if len(names) != peers {
		return nil, fmt.Errorf("column %q has %d owners (%s), not %d; use as many peers", column, len(names), list(names), peers)
	}
	var shards [][]int
	for _, o := range names {
		if len(of[o]) < leastShard {
			return nil, fmt.Errorf("owner %q has %d rows, want at least %d", o, len(of[o]), leastShard)
		}
		shards = append(shards, of[o])
	}
	return shards, nil
}
