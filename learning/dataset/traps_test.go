package dataset

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
)

// The sets that may not be copied into the project lie beside it, if at all.
const public = "../../../shared/data"

func publicFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(public, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs the public data set %s beside the project: %v", name, err)
	}
	return path
}

func publicTable(t *testing.T, name string) Table {
	t.Helper()
	out, err := ReadCSV(publicFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// where returns the rows whose cell in a column is one of the values.
func where(t *testing.T, table Table, column string, values ...string) []int {
	t.Helper()
	cells, err := table.Column(column)
	if err != nil {
		t.Fatal(err)
	}
	var rows []int
	for r, c := range cells {
		if slices.Contains(values, c) {
			rows = append(rows, r)
		}
	}
	return rows
}

func columnNamed(t *testing.T, s Schema, name string) Column {
	t.Helper()
	i := slices.IndexFunc(s.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no column %q in the schema", name)
	}
	return s.Columns[i]
}

func checkFinite(t *testing.T, what string, s learning.Samples) {
	t.Helper()
	for i, x := range s.X {
		if !(x >= -clip && x <= clip) {
			t.Fatalf("%s: input %d of row %d is %g", what, i%s.Inputs, i/s.Inputs, x)
		}
	}
}

func TestTheSeverityOfHeartDiseaseCanBeDropped(t *testing.T) {
	heart := publicTable(t, "heart-4-hospitals.csv.gz")
	s := infer(t, heart, "site", "num")
	for _, c := range s.Columns {
		if c.Name == "num" || c.Name == "site" {
			t.Errorf("column %q is still an input", c.Name)
		}
	}
	if len(s.Columns) != 13 || s.Inputs() != 13+10 {
		t.Errorf("got %d columns, %d inputs, want 13 and 23", len(s.Columns), s.Inputs())
	}
	want := map[string]int{
		"ca": 607, "thal": 484, "slope": 309, "fbs": 90, "oldpeak": 62, "trestbps": 59, "thalach": 55, "exang": 55, "chol": 30, "restecg": 2,
	}
	for name, n := range flagged(t, s, heart) {
		if n != want[name] {
			t.Errorf("%d cells of %s are flagged missing, want %d", n, name, want[name])
		}
	}
}

// flagged counts by column the rows that are flagged missing.
func flagged(t *testing.T, s Schema, table Table) map[string]int {
	counts, samples, at := map[string]int{}, load(t, s, table), 0
	for _, c := range s.Columns {
		at += c.inputs()
		for r := range samples.Len() {
			if c.Missing {
				counts[c.Name] += int(samples.Row(r)[at-1])
			}
		}
	}
	return counts
}

// Nobody but the owner of the data knows that a cholesterol of 0 is none: it is a
// number here, and stays finite.
func TestACholesterolOfZeroIsANumber(t *testing.T) {
	heart := publicTable(t, "heart-4-hospitals.csv.gz")
	for site, want := range map[string]int{"switzerland": 123, "va": 49} {
		if got := len(where(t, heart.Subset(where(t, heart, "site", site)), "chol", "0")); got != want {
			t.Errorf("%s: %d zeros, want %d", site, got, want)
		}
	}
}

func TestAHospitalWithConstantAndMissingColumnsStaysFinite(t *testing.T) {
	heart := publicTable(t, "heart-4-hospitals.csv.gz")
	swiss := heart.Subset(where(t, heart, "site", "switzerland"))
	s := infer(t, swiss, "site", "num")
	if chol := columnNamed(t, s, "chol"); chol.Deviation != 0 {
		t.Errorf("chol: got %+v, want a deviation of 0: all its cells are 0", chol)
	}
	checkFinite(t, "switzerland", load(t, s, swiss))
	checkFinite(t, "all by switzerland's schema", load(t, s, heart))
	cleveland := heart.Subset(where(t, heart, "site", "cleveland"))
	checkFinite(t, "all by cleveland's schema", load(t, infer(t, cleveland, "site", "num"), heart))
}

func TestHospitalsAreNaturalOwners(t *testing.T) {
	heart := publicTable(t, "heart-4-hospitals.csv.gz")
	owners, err := heart.Column("site")
	if err != nil {
		t.Fatal(err)
	}
	y := load(t, infer(t, heart, "site", "num"), heart).Y
	shards, err := Partition("column:site", y, owners, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, s := range shards {
		sizes = append(sizes, len(s))
	}
	if want := []int{303, 294, 123, 200}; !slices.Equal(sizes, want) {
		t.Errorf("got shards of %v, want %v", sizes, want)
	}
}

func TestAQuestionMarkIsAMissingCell(t *testing.T) {
	adult := publicTable(t, "adult.csv.gz")
	train, test, err := Split(adult, "label", 1)
	if err != nil || len(train.Rows) != 32561 || len(test.Rows) != 16281 {
		t.Fatalf("got %d + %d rows, %v", len(train.Rows), len(test.Rows), err)
	}
	s := infer(t, train, "split")
	missing := flagged(t, s, adult)
	for name, want := range map[string]int{"workclass": 2799, "occupation": 2809, "native_country": 857} {
		if missing[name] != want {
			t.Errorf("%s: %d cells are missing, want %d", name, missing[name], want)
		}
		c := columnNamed(t, s, name)
		if c.Kind != CategoryKind || !c.Missing || slices.Contains(c.Categories, "?") {
			t.Errorf("%s: got %+v, want a missing flag and no category ?", name, c)
		}
	}
	if want := []string{"<=50K", ">50K"}; !slices.Equal(s.Classes, want) {
		t.Errorf("got classes %q, want %q", s.Classes, want)
	}
	checkFinite(t, "adult", load(t, s, test))
	dotted := test.Subset([]int{0})
	dotted.Rows = [][]string{slices.Clone(dotted.Rows[0])}
	dotted.Rows[0][slices.Index(dotted.Header, "label")] += "."
	if _, err := s.Load(dotted); !fails(err, "is not a class of the schema: <=50K, >50K") {
		t.Errorf("a label with a dot, as in other copies: got %v", err)
	}
}

func TestTextThatLooksNumericIsACategory(t *testing.T) {
	s := infer(t, publicTable(t, "german-credit.csv.gz"))
	for _, name := range []string{"checking_status", "employment"} {
		if c := columnNamed(t, s, name); c.Kind != CategoryKind {
			t.Errorf("%s: got %+v, want a category", name, c)
		}
	}
	if want := []string{"bad", "good"}; !slices.Equal(s.Classes, want) {
		t.Errorf("got classes %q, want %q", s.Classes, want)
	}
	cohorts := publicTable(t, "breast-recurrence-2-cohorts.csv.gz")
	want := []string{"20-50", "<=20", ">50"}
	if c := columnNamed(t, infer(t, cohorts, "site"), "size"); !slices.Equal(c.Categories, want) {
		t.Errorf("size: got %+v, want the categories %q", c, want)
	}
}

func TestAmountsMayBeWrittenWithAnExponentAndBeNegative(t *testing.T) {
	path := publicFile(t, "credit-default-taiwan.csv.gz")
	credit := publicTable(t, "credit-default-taiwan.csv.gz")
	s := infer(t, credit)
	for _, c := range s.Columns {
		if c.Kind != NumberKind || c.Missing {
			t.Errorf("%s: got %+v, want a number without missing cells", c.Name, c)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := readAll(f)
	if err != nil {
		t.Fatal(err)
	}
	mac, err := parseCSV(bytes.ReplaceAll(data, []byte("\n"), []byte("\r")))
	if err != nil || len(mac.Rows) != 30000 {
		t.Fatalf("CR-only line ends: got %d rows, %v", len(mac.Rows), err)
	}
	if !slices.Equal(load(t, s, mac).X, load(t, s, credit).X) {
		t.Error("CR-only line ends: other samples")
	}
}

func TestClassesNeedNotCountFromZero(t *testing.T) {
	phishing := publicTable(t, "phishing-websites.csv.gz")
	s := infer(t, phishing)
	if want := []string{"-1", "1"}; !slices.Equal(s.Classes, want) {
		t.Errorf("got classes %q, want %q", s.Classes, want)
	}
	ones := 0
	for _, y := range load(t, s, phishing).Y {
		ones += int(y)
	}
	if ones != 6157 {
		t.Errorf("got %d of class 1, want 6157", ones)
	}
}

func TestATablesOwnSplitIsKept(t *testing.T) {
	pen := publicTable(t, "pendigits.csv.gz")
	train, test, err := Split(pen, "label", 1)
	if err != nil || len(train.Rows) != 7494 || len(test.Rows) != 3498 {
		t.Errorf("got %d + %d rows, %v", len(train.Rows), len(test.Rows), err)
	}
	if s := infer(t, train, "split"); s.Inputs() != 16 || !slices.Equal(s.Classes, Images(10, 1, 1).Classes) {
		t.Errorf("got %d inputs, classes %q", s.Inputs(), s.Classes)
	}
}

// Rare codes of a column of numbers are numbers, too.
func TestRareCodesStayNumbers(t *testing.T) {
	credit := publicTable(t, "credit-default-taiwan.csv.gz")
	for code, want := range map[string]int{"0": 14, "5": 280, "6": 51} {
		if got := len(where(t, credit, "education", code)); got != want {
			t.Errorf("education %s: %d rows, want %d", code, got, want)
		}
	}
}

func TestEqualRowsFallOnOneSide(t *testing.T) {
	phishing := publicTable(t, "phishing-websites.csv.gz")
	train, test, err := Split(phishing, "label", 1)
	if err != nil || len(train.Rows)+len(test.Rows) != 11055 {
		t.Fatalf("got %d + %d rows, %v", len(train.Rows), len(test.Rows), err)
	}
	seen := map[string]bool{}
	for _, row := range train.Rows {
		seen[strings.Join(row, ",")] = true
	}
	for _, row := range test.Rows {
		if seen[strings.Join(row, ",")] {
			t.Fatalf("row %v is on both sides", row)
		}
	}
	for _, row := range test.Rows {
		seen[strings.Join(row, ",")] = true
	}
	if repeats := 11055 - len(seen); repeats != 5206 {
		t.Errorf("%d rows repeat, want 5206", repeats)
	}
}

// Copies of a set differ in the order of rows: what is inferred may not.
func TestTheOrderOfRowsMeansNothing(t *testing.T) {
	spam := publicTable(t, "spambase.csv.gz")
	order := span(len(spam.Rows))
	slices.Reverse(order)
	a, b := infer(t, spam), infer(t, spam.Subset(order))
	if !slices.Equal(a.Classes, b.Classes) || len(spam.Rows) != 4601 {
		t.Errorf("%d rows; classes %q and %q", len(spam.Rows), a.Classes, b.Classes)
	}
	for i, c := range a.Columns {
		if d := b.Columns[i]; d.Name != c.Name || math.Abs(d.Mean-c.Mean) > 1e-9*c.Deviation || math.Abs(d.Deviation-c.Deviation) > 1e-9*c.Deviation {
			t.Errorf("column %+v, reversed %+v", c, d)
		}
	}
}

// A share of the largest class is what accuracy must be compared with.
func TestClassesAreNotBalanced(t *testing.T) {
	_, test, err := MNIST()
	if err != nil {
		t.Fatal(err)
	}
	count := make([]int, 10)
	for _, y := range test.Y {
		count[y]++
	}
	if count[1] != 126 || count[5] != 87 {
		t.Errorf("got %v, want 126 of 1 and 87 of 5", count)
	}
}

func TestXRaysLoadFromTheirFolder(t *testing.T) {
	s, train, test, err := IDX(publicFile(t, "pneumonia-mnist"))
	if err != nil || train.Len() != 4708 || test.Len() != 624 || len(s.Classes) != 2 || !slices.Equal(s.Shape, []int{28, 28}) {
		t.Errorf("got %d + %d images, schema %+v, %v", train.Len(), test.Len(), s, err)
	}
	seen := map[string]int{}
	for i := range train.Len() {
		seen[fmt.Sprint(train.Row(i))]++
	}
	if repeats := train.Len() - len(seen); repeats != 18 {
		t.Errorf("%d training images repeat, want 18", repeats)
	}
	for i := range test.Len() {
		if seen[fmt.Sprint(test.Row(i))] > 0 {
			t.Errorf("test image %d is one to train on", i)
		}
	}
}
