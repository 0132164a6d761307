package dataset

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func table(t testing.TB, text string) Table {
	t.Helper()
	out, err := parseCSV([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out.Name = "t.csv"
	return out
}

// fails reports whether err holds all the parts.
func fails(err error, parts ...string) bool {
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			return false
		}
	}
	return err != nil
}

func TestATableIsTheSameHoweverItIsWritten(t *testing.T) {
	want := table(t, "a,b,label\n1,x y,0\n2,\"z,\",1\n")
	cases := map[string]string{
		"CRLF":               "a,b,label\r\n1,x y,0\r\n2,\"z,\",1\r\n",
		"CR only":            "a,b,label\r1,x y,0\r2,\"z,\",1\r",
		"no last line end":   "a,b,label\n1,x y,0\n2,\"z,\",1",
		"all quoted":         "\"a\",\"b\",\"label\"\n\"1\",\"x y\",\"0\"\n\"2\",\"z,\",\"1\"\n",
		"byte order mark":    "\ufeffa,b,label\n1,x y,0\n2,\"z,\",1\n",
		"blanks round cells": "a, b , label\n1 , x y,0\n2,\"z,\",1\n",
	}
	for name, text := range cases {
		got := table(t, text)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

func TestLinesAreCountedAsAnEditorCountsThem(t *testing.T) {
	got := table(t, "a,label\n\n\"two\nlines\",0\nx,1\n").lines
	if want := []int{3, 5}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAnErrorOfATableNamesFileAndLineAndSaysWhatToDo(t *testing.T) {
	cases := []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"empty", "header"}},
		{"blank lines", "\n\n", []string{"empty"}},
		{"header only", "a,label\n", []string{"no row"}},
		{"no header", "1,2\n3,4\n", []string{"line 1", "no header", "names the columns"}},
		{"nameless column", "a,,label\n1,2,3\n", []string{"line 1", "column 2 has no name"}},
		{"same name twice", "a,b,a\n1,2,3\n", []string{"line 1", `"a"`, "rename"}},
		{"short row", "a,b\n1,2\n3\n", []string{"line 3 has 1 cells, the header has 2"}},
		{"long row", "a,b\n1,2\n3,4\n\n5,6,7\n", []string{"line 5 has 3 cells", "quote"}},
		{"bare quote", "a,b\n1,2\"3\n", []string{"line 2", "double the quotes"}},
		{"open quote", "a,b\n1,\"2\n", []string{"line 2", "quotes"}},
		{"wide", "c" + strings.Repeat(",c", maxColumns), []string{"line 1", "4097 columns"}},
		{"semicolons", "a;b\n1;2\n", []string{"line 1", "separate cells by commas"}},
		{"Latin-1", "a,b\nna\xefve,2\n", []string{"line 2", "cell 1", "UTF-8"}},
		{"UTF-16", "\xff\xfea\x00,\x00b\x00\n\x00", []string{"line 1", "UTF-8"}},
	}
	for _, c := range cases {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCSV(path); !fails(err, append(c.want, path)...) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := ReadCSV("/does/not/exist.csv"); !fails(err, "/does/not/exist.csv") {
		t.Errorf("no file: got error %v", err)
	}
}

func TestAFileMayBeGzippedWhateverItsName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(path, zip(t, []byte("a,label\n1,0\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadCSV(path)
	if err != nil || len(got.Rows) != 1 || got.Name != path {
		t.Errorf("got %+v, %v", got, err)
	}
	cut := zip(t, bytes.Repeat([]byte("a,label\n1,0\n"), 100))[:30]
	if err := os.WriteFile(path, cut, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCSV(path); !fails(err, path, "decompress") {
		t.Errorf("torn gzip: got error %v", err)
	}
}

func zip(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAFileAboveTheLimitIsRefused(t *testing.T) {
	for limit, ok := range map[int64]bool{9: false, 10: true, 11: true} {
		got, err := readCapped(strings.NewReader("0123456789"), limit)
		if (err == nil) != ok || ok && len(got) != 10 {
			t.Errorf("limit %d: got %d bytes, error %v", limit, len(got), err)
		}
	}
}

func TestAColumnThatIsNotThereIsNamedWithThoseThatAre(t *testing.T) {
	_, err := table(t, "age,label\n1,0\n").Column("Age")
	if !fails(err, "t.csv", `"Age"`, "age, label") {
		t.Errorf("got error %v", err)
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,label\n1,0\n2,1\n", "a\rb\rc", "\"a\n\",b\n,?\nNA,x\n", "\ufeff\xff,b", "a,b\n\"", "x,y\n1e999,a\n1e308,b\n-1e308,a\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := parseCSV(data)
		if err != nil {
			return
		}
		s, err := Infer(table, table.Header[len(table.Header)-1], nil)
		if err != nil {
			return
		}
		samples, err := s.Load(table)
		if err != nil {
			t.Fatalf("a table does not fit its own schema: %v", err)
		}
		for _, x := range samples.X {
			if !(x >= -clip && x <= clip) {
				t.Fatalf("an input is %g", x)
			}
		}
		text, err := s.MarshalText()
		if err != nil {
			t.Fatalf("an inferred schema has no text: %v", err)
		}
		if back, err := ParseSchema(text); err != nil || !reflect.DeepEqual(back, s) {
			t.Fatalf("read back %+v, %v, want %+v", back, err, s)
		}
	})
}
