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

// leastShard is the number of rows that every peer of a partition has, if there
// are so many.
const leastShard = 16

// Partition divides rows 0 to len(labels)-1 among peers, each row to one peer:
//
//	iid           equal parts of a random order
//	dirichlet:A   of each class, shares drawn from a symmetric Dirichlet
//	              distribution (Hsu et al. 2019); the smaller A, the less alike
//	labels:K      each peer has K classes; who has a class shares it equally
//	column:NAME   by natural owner: owners[r] is the cell of row r in column NAME.
//	              As many peers as owners are the owners in sorted order; fewer
//	              are given whole owners, the next largest to who has fewest rows
//
// Every peer has at least 16 rows or, if there are too few, an equal part;
// "dirichlet" moves rows from the largest shard for that. The shards are sorted
// and follow from seed. Errors: an unknown spec, fewer rows than peers, classes
// that nobody would have, fewer owners than peers.
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
	if peers < 1 || peers > len(labels) {
		return nil, fmt.Errorf("%d rows cannot give a row to each of %d peers", len(labels), peers)
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
		level(shards, min(leastShard, len(labels)/peers), rng)
		return shards, nil
	case kind == "labels":
		k, err := strconv.Atoi(argument)
		if err != nil || k < 1 || strconv.Itoa(k) != argument {
			return nil, fmt.Errorf("%q is no number of classes", argument)
		}
		return byLabel(labels, peers, k, rng)
	case kind == "column" && argument != "":
		return natural(argument, len(labels), owners, peers)
	}
	return nil, errors.New("unknown; want iid, dirichlet:A, labels:K or column:NAME")
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
func level(shards [][]int, least int, rng *rand.Rand) {
	for p := range shards {
		for len(shards[p]) < least {
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

// byLabel deals the classes to the peers, k in a row to each and round and round.
func byLabel(labels []int32, peers, k int, rng *rand.Rand) ([][]int, error) {
	classes := byClass(span(len(labels)), labels)
	if k > len(classes) || peers*k < len(classes) {
		return nil, fmt.Errorf("%d peers cannot have %d of the %d classes each and leave none", peers, k, len(classes))
	}
	rng.Shuffle(len(classes), func(i, j int) { classes[i], classes[j] = classes[j], classes[i] })
	shards := make([][]int, peers)
	for c, rows := range classes {
		shuffle(rng, rows)
		var holders []int
		for deal := c; deal < peers*k; deal += len(classes) {
			holders = append(holders, deal/k)
		}
		for i, p := range holders {
			shards[p] = append(shards[p], rows[i*len(rows)/len(holders):(i+1)*len(rows)/len(holders)]...)
		}
	}
	return enough(shards)
}

// enough refuses shards that are too small to learn and to score.
func enough(shards [][]int) ([][]int, error) {
	for p, s := range shards {
		if len(s) < leastShard {
			return nil, fmt.Errorf("peer %d of %d would have %d rows, want at least %d; take fewer peers", p+1, len(shards), len(s), leastShard)
		}
	}
	return shards, nil
}

// Divide partitions the rows of a table, by the classes in its column label and,
// for column:NAME, by the owners in that column. See Partition.
func (t Table) Divide(spec, label string, peers int, seed uint64) ([]Table, error) {
	cells, err := t.Column(label)
	if err != nil {
		return nil, fmt.Errorf("partition %q: %w", spec, err)
	}
	var owners []string
	if name, is := strings.CutPrefix(spec, "column:"); is {
		if owners, err = t.Column(name); err != nil {
			return nil, fmt.Errorf("partition %q: %w", spec, err)
		}
	}
	parts, err := Partition(spec, number32(cells), owners, peers, seed)
	if err != nil {
		return nil, err
	}
	out := make([]Table, peers)
	for i, rows := range parts {
		out[i] = t.Subset(rows)
	}
	return out, nil
}
