package dataset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// splitColumn is the column by which a table brings its own split.
const splitColumn = "split"

// Split divides a table into rows to train on and rows to test with. If it has
// a column "split", whose cells are train or test, that decides (drop it in
// Infer); else one row in five of each class, drawn by seed, is for testing.
//
// Rows that are equal fall on one side, unless the table's own split says
// otherwise: to test with what was trained on measures memory. Errors: no such label column, another word in the
// split column, no row on one side.
func Split(t Table, label string, seed uint64) (train, test Table, err error) {
	rows, held, err := split(t, label, seed)
	if err != nil {
		return Table{}, Table{}, fmt.Errorf("split table: %w", err)
	}
	return t.Subset(rows), t.Subset(held), nil
}

func split(t Table, label string, seed uint64) (train, test []int, err error) {
	cells, err := t.Column(label)
	if err != nil {
		return nil, nil, err
	}
	if slices.Contains(t.Header, splitColumn) {
		train, test, err = t.ownSplit()
	} else {
		train, test = t.distinctSplit(number32(cells), seed)
	}
	if err == nil && (len(train) == 0 || len(test) == 0) {
		err = t.fault("%d rows to train and %d to test, want at least one of each; add rows", len(train), len(test))
	}
	return train, test, err
}

func (t Table) ownSplit() (train, test []int, err error) {
	c := slices.Index(t.Header, splitColumn)
	for i, row := range t.Rows {
		switch row[c] {
		case "train":
			train = append(train, i)
		case "test":
			test = append(test, i)
		default:
			return nil, nil, t.faultAt(i, "column %q holds %.40q, want train or test; rename the column if it means something else", splitColumn, row[c])
		}
	}
	return train, test, nil
}

// distinctSplit holds a fifth of the different rows back, and with each the rows
// that are equal to it.
func (t Table) distinctSplit(labels []int32, seed uint64) (train, test []int) {
	first, copies := []int(nil), map[string][]int{}
	for i, row := range t.Rows {
		key := strings.Join(row, "\x00")
		if copies[key] == nil {
			first = append(first, i)
		}
		copies[key] = append(copies[key], i)
	}
	train, test = Holdout(first, labels, 0.2, seed)
	with := func(rows []int) (all []int) {
		for _, r := range rows {
			all = append(all, copies[strings.Join(t.Rows[r], "\x00")]...)
		}
		slices.Sort(all)
		return all
	}
	return with(train), with(test)
}

// number32 gives equal labels equal numbers, in the order that Infer gives classes.
func number32(labels []string) []int32 {
	seen, number := map[string]bool{}, map[string]int32{}
	for _, l := range labels {
		seen[className(l)] = true
	}
	for i, name := range sorted(seen) {
		number[name] = int32(i)
	}
	out := make([]int32, len(labels))
	for i, l := range labels {
		out[i] = number[className(l)]
	}
	return out
}

// HeldShare is the share of a peer's rows that Holdout is to keep aside for
// scoring: a fifth, but of many rows no more than 2,048, since a score's error
// falls with the root of their number only and its time grows with all of it.
func HeldShare(rows int) float64 { return min(0.2, 2048/max(1, float64(rows))) }

// Holdout keeps a fraction of the rows aside, the same share of each class as
// far as whole rows allow, drawn by seed. labels[r] is the class of row r, and
// rows may be any of them. Both results are sorted and together hold each row
// once. A fraction below 0 keeps nothing aside, one above 1 everything.
func Holdout(rows []int, labels []int32, fraction float64, seed uint64) (train, held []int) {
	rng := rand.New(rand.NewPCG(seed, 0))
	taken, due := 0, 0.0
	for _, class := range byClass(rows, labels) {
		shuffle(rng, class)
		// Running totals: small classes together still give their share.
		due += fraction * float64(len(class))
		n := min(max(int(due+0.5)-taken, 0), len(class))
		taken += n
		held, train = append(held, class[:n]...), append(train, class[n:]...)
	}
	slices.Sort(train)
	slices.Sort(held)
	return train, held
}

// byClass returns the rows of each class that has any, classes in order.
func byClass(rows []int, labels []int32) [][]int {
	of := map[int32][]int{}
	for _, r := range rows {
		of[labels[r]] = append(of[labels[r]], r)
	}
	var classes []int32
	for c := range of {
		classes = append(classes, c)
	}
	slices.Sort(classes)
	out := make([][]int, len(classes))
	for i, c := range classes {
		out[i] = of[c]
	}
	return out
}

func shuffle(rng *rand.Rand, rows []int) {
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
}

// span returns 0 to n-1.
func span(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}
