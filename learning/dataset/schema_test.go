package dataset

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
)

func infer(t testing.TB, table Table, drop ...string) Schema {
	t.Helper()
	s, err := Infer(table, "label", drop)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func load(t testing.TB, s Schema, table Table) learning.Samples {
	t.Helper()
	samples, err := s.Load(table)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func TestTheKindOfAColumnFollowsFromItsCells(t *testing.T) {
	cases := []struct {
		name  string
		cells []string
		want  Column
	}{
		{"numbers", []string{"1", "3"}, Column{Kind: NumberKind, Mean: 2, Deviation: 1}},
		{"exponent and sign", []string{"1e+06", "-1.00E+06"}, Column{Kind: NumberKind, Deviation: 1e6}},
		{"constant", []string{"0.1", "0.1"}, Column{Kind: NumberKind, Mean: 0.1}},
		{"all missing", []string{"", "?"}, Column{Kind: NumberKind, Missing: true}},
		{"one missing", []string{"NA", "4"}, Column{Kind: NumberKind, Mean: 4, Missing: true}},
		{"text", []string{"b", "a"}, Column{Kind: CategoryKind, Categories: []string{"a", "b"}}},
		{"looks numeric", []string{"<0", "0<=X<200"}, Column{Kind: CategoryKind, Categories: []string{"0<=X<200", "<0"}}},
		{"numbers and text", []string{"10", "x"}, Column{Kind: CategoryKind, Categories: []string{"10", "x"}}},
		{"infinite", []string{"Inf", "1"}, Column{Kind: CategoryKind, Categories: []string{"1", "Inf"}}},
		{"text and missing", []string{"x", "NaN"}, Column{Kind: CategoryKind, Categories: []string{"x"}, Missing: true}},
	}
	for _, c := range cases {
		table := Table{Header: []string{"f", "label"}, Rows: [][]string{{c.cells[0], "0"}, {c.cells[1], "1"}}}
		c.want.Name = "f"
		if got := infer(t, table).Columns[0]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestAConstantHasNoDeviationHoweverOftenItOccurs(t *testing.T) {
	for n := range 100 {
		if mean, deviation := moments(slices.Repeat([]float64{0.1}, n+1)); mean != 0.1 || deviation != 0 {
			t.Errorf("%d times 0.1: got mean %g, deviation %g", n+1, mean, deviation)
		}
	}
}

func TestClassesAreSortedWhateverTheOrderOfTheRows(t *testing.T) {
	cases := []struct{ labels, want []string }{
		{[]string{"1", "-1"}, []string{"-1", "1"}},
		{[]string{"10", "9", "2"}, []string{"2", "9", "10"}},
		{[]string{"1.0", "0", "1", "-0"}, []string{"0", "1"}},
		{[]string{"good", "bad"}, []string{"bad", "good"}},
		{[]string{">50K", "<=50K"}, []string{"<=50K", ">50K"}},
		{[]string{"b", "10", "9"}, []string{"10", "9", "b"}},
		{[]string{"9007199254740993", "9007199254740992"}, []string{"9007199254740992", "9007199254740993"}},
	}
	for _, c := range cases {
		table := Table{Header: []string{"f", "label"}}
		for i, l := range c.labels {
			table.Rows = append(table.Rows, []string{fmt.Sprint(i), l})
		}
		if got := infer(t, table).Classes; !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.labels, got, c.want)
		}
	}
}

func TestInferRefusesWhatIsNoTask(t *testing.T) {
	many := "id,label\n"
	for i := range 70 {
		many += fmt.Sprintf("x%d,%d\n", i, i%2)
	}
	values := "f,label\n"
	for i := range 300 {
		values += fmt.Sprintf("1,%d.5\n", i)
	}
	cases := []struct {
		name, text string
		drop       []string
		want       []string
	}{
		{"no label column", "a,class\n1,0\n2,1\n", nil, []string{"t.csv", `no column "label"`, "a, class"}},
		{"no label", "a,label\n1,0\n\n2,?\n", nil, []string{"t.csv", "line 4", `"label"`}},
		{"one class", "a,label\n1,0\n2,0\n", nil, []string{"t.csv", `"label"`, "1 class"}},
		{"a number to predict", values, nil, []string{"t.csv", `"label"`, "300 different"}},
		{"too many categories", many, nil, []string{"t.csv", `column "id"`, "70 different", "drop"}},
		{"nothing left", "a,label\n1,0\n2,1\n", []string{"a"}, []string{"t.csv", "0 names of a column"}},
		{"a dropped column that is not there", "a,label\n1,0\n2,1\n", []string{"nmu"}, []string{"drop", `"nmu"`}},
		{"values too large", "a,label\n1e308,0\n-1e308,1\n", nil, []string{"t.csv", `column "a"`, "too large"}},
	}
	for _, c := range cases {
		if _, err := Infer(table(t, c.text), "label", c.drop); !fails(err, c.want...) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := Infer(table(t, many), "label", []string{"id"}); fails(err, `"id"`) {
		t.Error("a dropped column was looked at")
	}
}

func TestLoadStandardisesFlagsAndMarks(t *testing.T) {
	s := Schema{Kind: TableKind, Label: "label", Classes: []string{"0", "1"}, Columns: []Column{
		{Name: "n", Kind: NumberKind, Mean: 10, Deviation: 2},
		{Name: "m", Kind: NumberKind, Mean: 1, Deviation: 1, Missing: true},
		{Name: "k", Kind: NumberKind, Mean: 5},
		{Name: "c", Kind: CategoryKind, Categories: []string{"a", "b"}},
		{Name: "d", Kind: CategoryKind, Categories: []string{"x"}, Missing: true},
	}}
	cases := []struct {
		row  string // c, d, k, m, n, label
		want []float32
		y    int32
	}{
		{"a,x,5,2,14,0", []float32{2, 1, 0, 0, 1, 0, 0, 1, 0, 0}, 0},
		{"b,y,6,,10,1", []float32{0, 0, 1, 0, 0, 1, 0, 0, 1, 0}, 1},
		{"z,?,?,?,?,1.0", []float32{0, 0, 1, 0, 0, 0, 1, 0, 0, 1}, 1},
		{"NA,NA,1e300,1e30,-1e300,0", []float32{-8, 8, 0, 0, 0, 0, 1, 0, 0, 1}, 0},
	}
	for _, c := range cases {
		got := load(t, s, table(t, "c,d,k,extra,m,n,label\n"+withExtra(c.row)+"\n"))
		if !slices.Equal(got.X, c.want) || got.Y[0] != c.y || got.Inputs != 10 || got.Classes != 2 {
			t.Errorf("%s: got %v, class %d, want %v, class %d", c.row, got.X, got.Y[0], c.want, c.y)
		}
	}
}

// withExtra puts a cell that no schema knows after the third.
func withExtra(row string) string {
	cells := strings.Split(row, ",")
	return strings.Join(slices.Insert(cells, 3, "whatever"), ",")
}

func TestLoadRefusesDataThatDoNotFitNamingTheColumn(t *testing.T) {
	s := infer(t, table(t, "age,site,label\n1,x,no\n2,y,yes\n"))
	cases := []struct {
		name, text string
		want       []string
	}{
		{"no column", "site,label\nx,no\n", []string{"t.csv", `no column "age"`}},
		{"no label column", "age,site\n1,x\n", []string{"t.csv", `no column "label"`}},
		{"text in a number", "age,site,label\n1,x,no\nold,x,no\n", []string{"t.csv", "line 3", `"age"`, `"old"`, "number"}},
		{"unknown class", "age,site,label\n1,x,maybe\n", []string{"t.csv", "line 2", `"maybe"`, "no, yes"}},
		{"missing class", "age,site,label\n1,x,\n", []string{"t.csv", "line 2", `""`}},
	}
	for _, c := range cases {
		if _, err := s.Load(table(t, c.text)); !fails(err, c.want...) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
	many := Column{Name: "site", Kind: CategoryKind, Categories: make([]string, maxInputs-1)}
	s.Columns = []Column{many}
	if _, err := s.Load(Table{Name: "t.csv", Rows: make([][]string, maxValues/maxInputs+1)}); !fails(err, "t.csv", "too many", "split the file") {
		t.Errorf("too many rows: got error %v", err)
	}
	if _, err := Images(10, 28, 28).Load(table(t, "age,label\n1,0\n")); !fails(err, "images") {
		t.Errorf("a table for an image topic: got error %v", err)
	}
}

func TestFitGivesSamplesTheClassesOfTheSchema(t *testing.T) {
	s := Images(10, 1, 2)
	got, err := s.Fit(learning.Samples{X: []float32{0, 1}, Y: []int32{1}, Inputs: 2, Classes: 2})
	if err != nil || got.Classes != 10 {
		t.Errorf("got %+v, %v, want 10 classes", got, err)
	}
	if _, err := s.Fit(learning.Samples{X: []float32{0}, Y: []int32{1}, Inputs: 1, Classes: 2}); !fails(err, "1 inputs, want 2") {
		t.Errorf("inputs: got error %v", err)
	}
	if _, err := s.Fit(learning.Samples{X: []float32{0, 1}, Y: []int32{10}, Inputs: 2, Classes: 11}); !fails(err, "label 10") {
		t.Errorf("label: got error %v", err)
	}
}

const tableText = `{"kind":"table","label":"income","classes":["<=50K",">50K"],"columns":[{"name":"age","kind":"number","mean":38.5,"deviation":13.25},` +
	`{"name":"gain","kind":"number","missing":true},{"name":"work","kind":"category","missing":true,"categories":["Private","État"]}]}`

const imageText = `{"kind":"image","classes":["0","1"],"shape":[28,28]}`

func TestASchemaHasOneText(t *testing.T) {
	cases := []struct {
		schema Schema
		want   string
	}{
		{Images(2, 28, 28), imageText},
		{Schema{Kind: TableKind, Label: "income", Classes: []string{"<=50K", ">50K"}, Columns: []Column{
			{Name: "age", Kind: NumberKind, Mean: 38.5, Deviation: 13.25},
			{Name: "gain", Kind: NumberKind, Missing: true},
			{Name: "work", Kind: CategoryKind, Missing: true, Categories: []string{"Private", "État"}},
		}}, tableText},
	}
	for _, c := range cases {
		got, err := c.schema.MarshalText()
		if err != nil || string(got) != c.want {
			t.Errorf("got %s, %v, want %s", got, err, c.want)
		}
		back, err := ParseSchema([]byte(c.want))
		if err != nil || !reflect.DeepEqual(back, c.schema) {
			t.Errorf("got %+v, %v, want %+v", back, err, c.schema)
		}
	}
}

func TestParseSchemaRefusesAllButTheCanonicalText(t *testing.T) {
	swap := func(text, old, with string) string {
		out := strings.Replace(text, old, with, 1)
		if out == text {
			t.Fatalf("%q is not in the text", old)
		}
		return out
	}
	cases := map[string]string{
		"empty":                  "",
		"null":                   "null",
		"cut":                    imageText[:20],
		"trailing bytes":         imageText + "\n",
		"two values":             imageText + imageText,
		"blank":                  swap(imageText, ":", ": "),
		"other order":            `{"classes":["0","1"],"kind":"image","shape":[28,28]}`,
		"unknown field":          swap(imageText, `"shape"`, `"size":1,"shape"`),
		"field twice":            swap(imageText, `"shape"`, `"shape":[1,1],"shape"`),
		"upper case field":       swap(imageText, `"shape"`, `"Shape"`),
		"escaped text":           swap(tableText, "<", `\u003c`),
		"float as 38.50":         swap(tableText, "38.5", "38.50"),
		"empty list":             swap(imageText, `"shape"`, `"columns":[],"shape"`),
		"default written":        swap(tableText, `"missing":true}`, `"mean":0,"missing":true}`),
		"unknown kind":           swap(imageText, "image", "sound"),
		"one class":              swap(imageText, `["0","1"]`, `["0"]`),
		"class twice":            swap(imageText, `["0","1"]`, `["0","0"]`),
		"empty class":            swap(imageText, `["0","1"]`, `["0",""]`),
		"side of 0":              swap(imageText, "28", "0"),
		"long side":              swap(imageText, "28,28", "1025,1"),
		"negative sides":         swap(imageText, "28,28", "-28,-28"),
		"three sides":            swap(imageText, "28,28", "28,28,3"),
		"too many pixels":        swap(imageText, "28,28", "1024,1024"),
		"image with label":       swap(imageText, `"classes"`, `"label":"x","classes"`),
		"table with shape":       strings.TrimSuffix(tableText, "}") + `,"shape":[1,1]}`,
		"table without columns":  `{"kind":"table","label":"income","classes":["a","b"]}`,
		"no label":               swap(tableText, `"label":"income",`, ""),
		"label is a feature":     swap(tableText, `"income"`, `"age"`),
		"column twice":           swap(tableText, `"gain"`, `"age"`),
		"negative deviation":     swap(tableText, "13.25", "-13.25"),
		"infinite mean":          swap(tableText, "38.5", "1e999"),
		"unknown column kind":    swap(tableText, "number", "text"),
		"number with categories": swap(tableText, `"category"`, `"number"`),
		"category with mean":     swap(tableText, `"category"`, `"category","mean":1`),
		"category without any":   swap(tableText, `,"categories":["Private","État"]`, ""),
		"invalid UTF-8":          swap(tableText, "Private", "Pri\xffvate"),
	}
	for name, text := range cases {
		if s, err := ParseSchema([]byte(text)); !fails(err, "read schema: ") {
			t.Errorf("%s: got %+v, %v, want an error", name, s, err)
		}
	}
}

func TestAnUnknownFieldIsNamed(t *testing.T) {
	if _, err := ParseSchema([]byte(`{"kind":"image","colour":3}`)); !fails(err, `"colour"`) {
		t.Errorf("got error %v", err)
	}
}

func TestATextAboveTheLimitIsNeitherWrittenNorRead(t *testing.T) {
	s := Schema{Kind: TableKind, Label: "label", Classes: []string{"0", "1"}}
	for c := range 20 {
		column := Column{Name: fmt.Sprint(c), Kind: CategoryKind}
		for k := range maxCategories {
			column.Categories = append(column.Categories, fmt.Sprintf("%01000d", k))
		}
		s.Columns = append(s.Columns, column)
	}
	if text, err := s.MarshalText(); !fails(err, "at most 1048576") {
		t.Errorf("got %d bytes, error %v", len(text), err)
	}
	if _, err := ParseSchema([]byte(strings.Repeat(" ", maxSchema+1))); !fails(err, "at most 1048576") {
		t.Errorf("got error %v", err)
	}
}

func TestMarshalTextRefusesWhatParseSchemaWould(t *testing.T) {
	broken := Images(2, 4, 4)
	broken.Classes[1] = "\xff" // JSON would make another name of it
	for _, s := range []Schema{{}, broken, {Kind: ImageKind, Classes: []string{"a", "b"}}, Images(2, 0, 4), Images(300, 4, 4)} {
		if text, err := s.MarshalText(); err == nil {
			t.Errorf("got %s", text)
		}
	}
	s := infer(t, table(t, "a,label\n1,0\n2,1\n"))
	s.Columns[0].Mean = math.NaN()
	if _, err := s.MarshalText(); !fails(err, `"a"`) {
		t.Errorf("NaN: got error %v", err)
	}
}

func FuzzParseSchema(f *testing.F) {
	f.Add([]byte(tableText))
	f.Add([]byte(imageText))
	f.Add([]byte(`{"kind":"table","label":"l","classes":["a","b"],"columns":[{"name":"x","kind":"number","mean":1e-7}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSchema(text)
		if err != nil {
			return
		}
		if back, err := s.MarshalText(); err != nil || string(back) != string(text) {
			t.Fatalf("got %s, %v, want %s", back, err, text)
		}
		if n := s.Inputs(); n < 1 || n > maxInputs {
			t.Fatalf("%d inputs", n)
		}
	})
}
