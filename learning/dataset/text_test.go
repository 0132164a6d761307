package dataset

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const play = "Prologue, said\nby nobody.\n\nFirst Citizen:\nBefore we proceed,\nhear me.\n\n\nALL:\nSpeak!\n\nspeak.\n"

func parsed(t *testing.T, text string) Table {
	t.Helper()
	table, err := parseText(text)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestASpeechIsWhatFollowsAName(t *testing.T) {
	for _, text := range []string{play, strings.ReplaceAll(play, "\n", "\r\n"), strings.ReplaceAll(play, "\n", "\r"), "\ufeff" + play} {
		table := parsed(t, text)
		want := [][]string{
			{"nobody", "Prologue, said\nby nobody."}, {"First Citizen", "Before we proceed,\nhear me."}, {"ALL", "Speak!"}, {"ALL", "speak."},
		}
		if !slices.EqualFunc(table.Rows, want, slices.Equal) {
			t.Errorf("got %q, want %q", table.Rows, want)
		}
		if want := []int{1, 4, 9, 12}; !slices.Equal(table.lines, want) {
			t.Errorf("got lines %v, want %v", table.lines, want)
		}
	}
}

func TestANameWithoutWordsHasNoRow(t *testing.T) {
	table := parsed(t, "A:\nyes\n\nB:\n\nC:\nno\n")
	if want := [][]string{{"A", "yes"}, {"C", "no"}}; !slices.EqualFunc(table.Rows, want, slices.Equal) {
		t.Errorf("got %q, want %q", table.Rows, want)
	}
}

func TestATextIsRefusedIfItIsNone(t *testing.T) {
	for text, want := range map[string]string{"": "empty", " \n\n \n": "empty", "a\xff": "UTF-8"} {
		if _, err := parseText(text); !fails(err, want) {
			t.Errorf("%q: got error %v, want one with %q", text, err, want)
		}
	}
}

func TestEachCharacterIsASampleOfThoseBeforeIt(t *testing.T) {
	table := Table{Header: []string{"speaker", "text"}, Rows: [][]string{{"x", "abca"}, {"y", "cé"}}}
	s, err := InferText(table.Subset([]int{0}), 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"\ufffd", "a", "b", "c"}; !slices.Equal(s.Classes, want) || s.Inputs() != 2 || !s.Form().Text {
		t.Errorf("got %+v, want the classes %q", s, want)
	}
	samples := load(t, s, table)
	if want := []int32{1, 2, 3, 1, 3, 0}; !slices.Equal(samples.Y, want) {
		t.Errorf("got %v, want %v", samples.Y, want)
	}
	if want := []float32{0, 0, 0, 1, 1, 2, 2, 3, 0, 0, 0, 3}; !slices.Equal(samples.X, want) {
		t.Errorf("got %v, want %v", samples.X, want)
	}
	if _, err := s.Load(Table{Header: []string{"a"}, Rows: [][]string{{"x"}}}); !fails(err, `no column "text"`) {
		t.Errorf("a table without text: got %v", err)
	}
}

func TestOnlyTheMostFrequentCharactersAreClasses(t *testing.T) {
	var b strings.Builder
	for r := rune(0x4e00); r < 0x4e00+300; r++ {
		b.WriteString(strings.Repeat(string(r), 1+int(r)%7))
	}
	s, err := InferText(Table{Header: []string{"text"}, Rows: [][]string{{b.String()}}}, 3)
	if err != nil || len(s.Classes) != maxClasses || !slices.IsSorted(s.Classes[1:]) {
		t.Fatalf("got %d classes, %v", len(s.Classes), err)
	}
	for _, c := range s.Classes[1:] {
		if r, _ := utf8.DecodeRuneInString(c); int(r)%7 == 0 && !slices.Contains(s.Classes, string(r+1)) {
			t.Errorf("%q is a class, %q, which is more frequent, is not", c, string(r+1))
		}
	}
}

func TestASchemaOfTextsHasOneForm(t *testing.T) {
	s, err := InferText(parsed(t, play), 8)
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseSchema(text)
	if err != nil || !slices.Equal(again.Classes, s.Classes) {
		t.Errorf("%s reads back as %+v, %v", text, again, err)
	}
	cases := []struct {
		want   string
		change func(s *Schema)
	}{
		{"context of 1 to 256", func(s *Schema) { s.Shape = []int{0} }},
		{"context of 1 to 256", func(s *Schema) { s.Shape = []int{257} }},
		{"context of 1 to 256", func(s *Schema) { s.Shape = nil }},
		{"no columns", func(s *Schema) { s.Columns = []Column{{Name: "a", Kind: NumberKind}} }},
		{"first class", func(s *Schema) { s.Classes = s.Classes[1:] }},
		{"not one character", func(s *Schema) { s.Classes = []string{unknown, "ab"} }},
		{"text column", func(s *Schema) { s.Label = "" }},
	}
	for _, c := range cases {
		bad := s
		if c.change(&bad); !fails(bad.validate(), c.want) {
			t.Errorf("got error %v, want one with %q", bad.validate(), c.want)
		}
	}
}

func TestSpeakersAreNaturalOwners(t *testing.T) {
	table, err := ReadText(publicFile(t, "tinyshakespeare.txt"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := table.Column(SpeakerColumn)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	// Of 309 names in 7,222 paragraphs, 10 say nothing, and 125 paragraphs have no words.
	if got := len(slices.Compact(names)); got != 299 || len(table.Rows) != 7097 {
		t.Errorf("got %d names, %d speeches, want 299 and 7097", got, len(table.Rows))
	}
	parts, err := table.Divide("column:"+SpeakerColumn, SpeakerColumn, 20, 1)
	if err != nil {
		t.Fatal(err)
	}
	least, most := len(table.Rows), 0
	for _, p := range parts {
		least, most = min(least, len(p.Rows)), max(most, len(p.Rows))
	}
	if most > least+1 {
		t.Errorf("peers have %d to %d speeches, want about as many each", least, most)
	}
}

func FuzzText(f *testing.F) {
	f.Add(play)
	f.Add("A:\n\n:\n\n:\nx\xff")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := parseText(text)
		if err != nil {
			return
		}
		s, err := InferText(table, 3)
		if err != nil {
			return
		}
		samples, err := s.Load(table)
		if err != nil || samples.Check() != nil {
			t.Fatalf("%v, %v", err, samples.Check())
		}
		for _, x := range samples.X {
			if !(x >= 0 && x < float32(len(s.Classes))) {
				t.Fatalf("input %v of %d classes", x, len(s.Classes))
			}
		}
	})
}
