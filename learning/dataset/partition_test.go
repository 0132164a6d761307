package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// wheel returns n labels of the given number of classes, in turn.
func wheel(n, classes int) []int32 {
	y := make([]int32, n)
	for i := range y {
		y[i] = int32(i % classes)
	}
	return y
}

func TestAPartitionGivesEachRowToOnePeer(t *testing.T) {
	owners := make([]string, 1000)
	for i := range owners {
		owners[i] = fmt.Sprint("site", i*i%4)
	}
	cases := []struct {
		spec  string
		peers int
	}{
		{"iid", 1}, {"iid", 7}, {"iid", 62}, {"iid", 1000}, {"dirichlet:0.1", 300},
		{"dirichlet:1", 20}, {"dirichlet:0.1", 20}, {"dirichlet:0.001", 62}, {"dirichlet:0.001", 2}, {"dirichlet:1e6", 3}, {"dirichlet:1", 1},
		{"column:site", 2}, {"column:site", 1}, {"labels:2", 5}, {"labels:3", 20}, {"labels:10", 4}, {"labels:1", 10},
	}
	for _, c := range cases {
		for seed := range uint64(5) {
			shards, err := Partition(c.spec, wheel(1000, 10), owners, c.peers, seed)
			if err != nil {
				t.Fatal(err)
			}
			var all []int
			for p, s := range shards {
				if len(s) < min(leastShard, 1000/c.peers) || !slices.IsSorted(s) {
					t.Errorf("%s, seed %d: peer %d has %d rows, sorted = %t", c.spec, seed, p, len(s), slices.IsSorted(s))
				}
				all = append(all, s...)
			}
			slices.Sort(all)
			if len(shards) != c.peers || !slices.Equal(all, span(1000)) {
				t.Errorf("%s, seed %d: %d shards with %d rows, want %d with each of 1000", c.spec, seed, len(shards), len(all), c.peers)
			}
		}
	}
}

func TestAPartitionFollowsFromItsSeed(t *testing.T) {
	for _, spec := range []string{"iid", "dirichlet:0.5"} {
		run := func(seed uint64) [][]int {
			shards, err := Partition(spec, wheel(500, 5), nil, 4, seed)
			if err != nil {
				t.Fatal(err)
			}
			return shards
		}
		equal := func(a, b [][]int) bool { return slices.EqualFunc(a, b, slices.Equal[[]int]) }
		if !equal(run(1), run(1)) || equal(run(1), run(2)) {
			t.Errorf("%s does not follow from its seed alone", spec)
		}
	}
}

func TestShardsAreNoRunsOfTheFile(t *testing.T) {
	for _, spec := range []string{"iid", "dirichlet:1000"} {
		shards, err := Partition(spec, wheel(400, 2), nil, 2, 1)
		if err != nil {
			t.Fatal(err)
		}
		for p, s := range shards {
			first := slices.IndexFunc(s, func(r int) bool { return r >= 200 })
			if first < 60 || first > 140 {
				t.Errorf("%s: %d of %d rows of peer %d are of the file's first half", spec, first, len(s), p)
			}
		}
	}
}

func TestShardsDoNotShareTheirEnds(t *testing.T) {
	shards, err := Partition("iid", wheel(100, 2), nil, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	first := shards[1][0]
	_ = append(shards[0], -1)
	if shards[1][0] != first {
		t.Error("appending to one shard changed another")
	}
}

func TestTheSmallerTheAlphaTheLessAlikeAreThePeers(t *testing.T) {
	// The mean over peers of the largest class's share: 1/10 if all are alike.
	skew := func(spec string) float64 {
		shards, err := Partition(spec, wheel(10000, 10), nil, 20, 3)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, s := range shards {
			var count [10]float64
			for _, r := range s {
				count[r%10]++
			}
			sum += slices.Max(count[:]) / float64(len(s)) / 20
		}
		return sum
	}
	same, mild, strong := skew("dirichlet:100"), skew("dirichlet:1"), skew("dirichlet:0.1")
	if same > 0.15 || mild < 0.2 || mild > 0.45 || strong < 0.5 {
		t.Errorf("got %.2f, %.2f, %.2f for alpha 100, 1, 0.1", same, mild, strong)
	}
}

func TestGammaHasItsMean(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, a := range []float64{0.1, 1, 4} {
		const n = 20000
		mean := 0.0
		for range n {
			mean += gamma(a, rng) / n
		}
		if limit := 5 * math.Sqrt(a/n); math.Abs(mean-a) > limit {
			t.Errorf("mean of gamma(%g): got %g, want within %g", a, mean, limit)
		}
	}
}

func TestNaturalOwnersKeepTheirRows(t *testing.T) {
	var owners []string
	for range 16 {
		owners = append(owners, "b", "a", "b")
	}
	shards, err := Partition("column:site", wheel(48, 2), owners, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	for p, name := range []string{"a", "b"} {
		for _, r := range shards[p] {
			if owners[r] != name {
				t.Errorf("peer %d has row %d of %s, want only those of %s", p, r, owners[r], name)
			}
		}
	}
}

func TestFewerPeersAreGivenWholeOwners(t *testing.T) {
	owners := slices.Concat(slices.Repeat([]string{"a"}, 50), slices.Repeat([]string{"b"}, 20), slices.Repeat([]string{"c"}, 29), slices.Repeat([]string{"d"}, 3))
	shards, err := Partition("column:site", wheel(len(owners), 2), owners, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(shards[0]) != 50 || len(shards[1]) != 52 {
		t.Errorf("got shards of %d and %d rows, want 50 (a) and 52 (b, c, d)", len(shards[0]), len(shards[1]))
	}
}

func TestEachPeerHasAsManyLabelsAsItShould(t *testing.T) {
	y := wheel(2000, 10)
	for _, c := range []struct{ k, peers int }{{1, 10}, {2, 20}, {3, 7}, {10, 3}} {
		shards, err := Partition(fmt.Sprint("labels:", c.k), y, nil, c.peers, 4)
		if err != nil {
			t.Fatal(err)
		}
		for p, rows := range shards {
			seen := map[int32]bool{}
			for _, r := range rows {
				seen[y[r]] = true
			}
			if len(seen) != c.k {
				t.Errorf("%d labels, %d peers: peer %d has %d", c.k, c.peers, p, len(seen))
			}
		}
	}
}

func TestATableIsDividedAsItsRowsAre(t *testing.T) {
	table := Table{Header: []string{"site", "label"}}
	for i := range 96 {
		table.Rows = append(table.Rows, []string{string(rune('a' + i%3)), []string{"no", "yes"}[i%2]})
	}
	parts, err := table.Divide("column:site", "label", 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	for p, part := range parts {
		for _, row := range part.Rows {
			if len(part.Rows) != 32 || row[0] != string(rune('a'+p)) {
				t.Fatalf("peer %d has %d rows, one of them of %s", p, len(part.Rows), row[0])
			}
		}
	}
	if parts, err = table.Divide("labels:1", "label", 2, 1); err != nil || parts[0].Rows[0][1] == parts[1].Rows[0][1] {
		t.Errorf("got %v, %v, want a label at each peer", parts, err)
	}
	for _, c := range [][2]string{{"iid", "outcome"}, {"column:hospital", "label"}, {"odd", "label"}} {
		if _, err := table.Divide(c[0], c[1], 2, 1); err == nil {
			t.Errorf("%s by %s: no error", c[0], c[1])
		}
	}
}

func TestHeldRowsAreAFifthButNotThousands(t *testing.T) {
	for _, c := range []struct {
		rows int
		want float64
	}{{0, 0.2}, {100, 20}, {10_240, 2048}, {1_000_000, 2048}} {
		if got := HeldShare(c.rows) * max(1, float64(c.rows)); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d rows: %v held, want %v", c.rows, got, c.want)
		}
	}
}

func TestPartitionRefusesWhatCannotBe(t *testing.T) {
	owners := append(slices.Repeat([]string{"a", "b", "c"}, 30), "d")
	cases := []struct {
		name, spec string
		rows       int
		owners     []string
		peers      int
		want       []string
	}{
		{"unknown", "random", 91, nil, 2, []string{`"random"`, "iid, dirichlet:A, labels:K or column:NAME"}},
		{"iid takes nothing", "iid:3", 91, nil, 2, []string{"unknown"}},
		{"no alpha", "dirichlet", 91, nil, 2, []string{`"" is no number`}},
		{"alpha 0", "dirichlet:0", 91, nil, 2, []string{"0.001"}},
		{"alpha NaN", "dirichlet:NaN", 91, nil, 2, []string{"0.001"}},
		{"alpha infinite", "dirichlet:Inf", 91, nil, 2, []string{"0.001"}},
		{"no name", "column:", 91, owners, 4, []string{"unknown"}},
		{"too few owners", "column:site", 91, owners, 5, []string{`"site" has 4 owners (a, b, c, d), fewer than 5 peers`}},
		{"no number of labels", "labels:two", 91, nil, 2, []string{`"two" is no number of classes`}},
		{"a number with a sign", "labels:+1", 91, nil, 2, []string{`"+1" is no number of classes`}},
		{"no labels", "labels:0", 91, nil, 2, []string{`"0" is no number of classes`}},
		{"more labels than classes", "labels:3", 91, nil, 2, []string{"2 peers cannot have 3 of the 2 classes"}},
		{"labels that nobody has", "labels:1", 91, nil, 1, []string{"1 peers cannot have 1 of the 2 classes"}},
		{"too few rows of a label", "labels:1", 60, nil, 3, []string{"would have 15 rows, want at least 16"}},
		{"owners not given", "column:site", 91, nil, 3, []string{"91 rows but 0 cells"}},
		{"small owner", "column:site", 91, owners, 4, []string{`"d" has 1 rows`, "16"}},
		{"too few rows", "iid", 91, nil, 92, []string{"91 rows", "92 peers"}},
		{"no peers", "iid", 91, nil, 0, []string{"0 peers"}},
	}
	for _, c := range cases {
		if _, err := Partition(c.spec, wheel(c.rows, 2), c.owners, c.peers, 1); !fails(err, c.want...) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestHoldoutTakesItsShareOfEachClass(t *testing.T) {
	labels := append(wheel(100, 2), slices.Repeat([]int32{2}, 10)...)
	rows := span(110)[5:]
	train, held := Holdout(rows, labels, 0.2, 1)
	count := map[int32]int{}
	for _, r := range held {
		count[labels[r]]++
	}
	if len(held) != 21 || count[2] != 2 || count[0] < 9 || count[0] > 10 {
		t.Errorf("got %d rows, per class %v", len(held), count)
	}
	all := slices.Sorted(slices.Values(slices.Concat(train, held)))
	if !slices.Equal(all, rows) || !slices.IsSorted(train) || !slices.IsSorted(held) {
		t.Errorf("train %v and held %v are not the rows", train, held)
	}
	_, again := Holdout(rows, labels, 0.2, 1)
	_, other := Holdout(rows, labels, 0.2, 2)
	if !slices.Equal(held, again) || slices.Equal(held, other) {
		t.Error("what is held does not follow from the seed alone")
	}
}

func TestHoldoutKeepsItsShareOfManySmallClasses(t *testing.T) {
	labels := wheel(50, 25)
	if _, held := Holdout(span(50), labels, 0.2, 1); len(held) != 10 {
		t.Errorf("got %d of 50 rows, want 10", len(held))
	}
	for fraction, want := range map[float64]int{-1: 0, 0: 0, 1: 50, 2: 50} {
		if _, held := Holdout(span(50), labels, fraction, 1); len(held) != want {
			t.Errorf("fraction %g: got %d rows, want %d", fraction, len(held), want)
		}
	}
	if train, held := Holdout(nil, nil, 0.2, 1); len(train)+len(held) != 0 {
		t.Error("rows out of nothing")
	}
}

func TestSplitIsStratifiedOrTheTablesOwn(t *testing.T) {
	text := "f,label\n"
	for i := range 100 {
		text += fmt.Sprintf("%d,%d\n", i, i%4/3)
	}
	train, test, err := Split(table(t, text), "label", 1)
	if err != nil || len(train.Rows) != 80 || len(test.Rows) != 20 {
		t.Fatalf("got %d + %d rows, %v", len(train.Rows), len(test.Rows), err)
	}
	ones := 0
	for _, row := range test.Rows {
		if row[1] == "1" {
			ones++
		}
	}
	if ones != 5 {
		t.Errorf("got %d of class 1 to test, want 5", ones)
	}
	own := table(t, "split,f,label\ntest,1,0\ntrain,2,1\ntest,3,1\n")
	train, test, err = Split(own, "label", 1)
	if err != nil || len(train.Rows) != 1 || len(test.Rows) != 2 || train.Rows[0][1] != "2" {
		t.Errorf("own split: got %v, %v, %v", train.Rows, test.Rows, err)
	}
	if err := test.faultAt(1, "x"); !fails(err, "t.csv: line 4: x") {
		t.Errorf("a subset forgot its lines: %v", err)
	}
}

func TestSplitRefusesWhatLeavesOneSideEmpty(t *testing.T) {
	cases := []struct {
		text string
		want []string
	}{
		{"split,label\ntrain,0\nval,1\n", []string{"t.csv", "line 3", `"val"`, "train or test"}},
		{"split,label\ntrain,0\ntrain,1\n", []string{"t.csv", "2 rows to train and 0 to test"}},
		{"f,label\n1,0\n2,1\n", []string{"t.csv", "0 to test"}},
		{"f,class\n1,0\n2,1\n", []string{"t.csv", `no column "label"`}},
	}
	for _, c := range cases {
		if _, _, err := Split(table(t, c.text), "label", 1); !fails(err, c.want...) {
			t.Errorf("%q: got error %v, want one with %q", c.text, err, c.want)
		}
	}
}
