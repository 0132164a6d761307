package dataset

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
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
	flags, at := 0, 0
	samples := load(t, s, heart)
	for _, c := range s.Columns {
		at += c.inputs()
		if c.Name == "ca" {
			for r := range samples.Len() {
				flags += int(samples.Row(r)[at-1])
			}
		}
	}
	if flags != 607 {
		t.Errorf("%d cells of ca are flagged missing, want 607", flags)
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
	for _, name := range []string{"workclass", "occupation", "native_country"} {
		c := columnNamed(t, s, name)
		if c.Kind != CategoryKind || !c.Missing || slices.Contains(c.Categories, "?") {
			t.Errorf("%s: got %+v, want a missing flag and no category ?", name, c)
		}
	}
	if want := []string{"<=50K", ">50K"}; !slices.Equal(s.Classes, want) {
		t.Errorf("got classes %q, want %q", s.Classes, want)
	}
	checkFinite(t, "adult", load(t, s, test))
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
	if s := infer(t, train, "split"); s.Inputs() != 16 || len(s.Classes) != 10 {
		t.Errorf("got %d inputs, %d classes", s.Inputs(), len(s.Classes))
	}
}

func TestXRaysLoadFromTheirFolder(t *testing.T) {
	s, train, test, err := IDX(publicFile(t, "pneumonia-mnist"))
	if err != nil || train.Len() != 4708 || test.Len() != 624 || len(s.Classes) != 2 || !slices.Equal(s.Shape, []int{28, 28}) {
		t.Errorf("got %d + %d images, schema %+v, %v", train.Len(), test.Len(), s, err)
	}
}
