package parquet

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"github.com/grapevine-network/grapevine/learning/dataset"
)

type patient struct {
	Name    string   `parquet:"name"`
	Age     int32    `parquet:"age"`
	Weight  *float64 `parquet:"weight,optional"`
	Dose    float32  `parquet:"dose"`
	Visits  uint64   `parquet:"visits,zstd"`
	Smokes  *bool    `parquet:"smokes,optional"`
	Ward    string   `parquet:"ward,dict,snappy"`
	Outcome string   `parquet:"outcome,enum"`
}

func some[T any](v T) *T { return &v }

var patients = []patient{
	{"Ada", 36, some(61.5), 0.1, 1 << 63, some(true), "a,\"b\"", "well"},
	{" Bob ", -1, nil, 1e-9, 0, nil, "", "ill"},
	{"Cyd", 1 << 30, some(-1e30), 2, 7, some(false), "é", "well"},
}

var cells = [][]string{
	{"Ada", "36", "61.5", "0.1", "9223372036854775808", "true", `a,"b"`, "well"},
	{"Bob", "-1", "", "1e-09", "0", "", "", "ill"},
	{"Cyd", "1073741824", "-1e+30", "2", "7", "false", "é", "well"},
}

func encode[T any](t testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(b []byte) (dataset.Table, error) { return read(bytes.NewReader(b), int64(len(b))) }

func TestAFileIsReadAsIfItWereCSV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "patients.parquet")
	if err := os.WriteFile(path, encode(t, patients, parquet.MaxRowsPerRowGroup(2)), 0o600); err != nil {
		t.Fatal(err)
	}
	table, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"name", "age", "weight", "dose", "visits", "smokes", "ward", "outcome"}; !slices.Equal(table.Header, want) {
		t.Errorf("got the columns %q, want %q", table.Header, want)
	}
	if !slices.EqualFunc(table.Rows, cells, slices.Equal) {
		t.Errorf("got %q, want %q", table.Rows, cells)
	}
	schema, err := dataset.Infer(table, "outcome", []string{"name"})
	if err != nil || schema.Columns[1].Kind != dataset.NumberKind || !schema.Columns[1].Missing || schema.Columns[4].Kind != dataset.CategoryKind {
		t.Errorf("got %+v, %v", schema.Columns, err)
	}
	if _, err := Read(path + "x"); err == nil || !strings.Contains(err.Error(), path+"x") {
		t.Errorf("a file that is not there: got %v", err)
	}
}

func TestManyRowsAreReadInOrder(t *testing.T) {
	type row struct{ N int64 }
	var rows []row
	for i := range int64(5000) {
		rows = append(rows, row{i * i})
	}
	table, err := decode(encode(t, rows, parquet.MaxRowsPerRowGroup(700), parquet.PageBufferSize(512)))
	if err != nil || len(table.Rows) != 5000 || table.Rows[4999][0] != "24990001" || table.Rows[701][0] != "491401" {
		t.Errorf("got %d rows, %v", len(table.Rows), err)
	}
}

func TestWhatIsNoFlatTableIsRefusedByName(t *testing.T) {
	type inner struct{ X int32 }
	cases := []struct {
		name string
		file []byte
		want []string
	}{
		{"nested", encode(t, []struct{ Where inner }{{}}), []string{`"Where"`, "flatten"}},
		{"repeated", encode(t, []struct{ Tags []string }{{}}), []string{`"Tags"`, "flatten"}},
		{"date", encode(t, []struct {
			Born int32 `parquet:"born,date"`
		}{{}}), []string{`"born"`, "turn it into numbers"}},
		{"time", encode(t, []struct{ At time.Time }{{}}), []string{`"At"`, "turn it into numbers"}},
		{"decimal", encode(t, []struct {
			Price int64 `parquet:"price,decimal(2:12)"`
		}{{}}), []string{`"price"`}},
		{"fixed bytes", encode(t, []struct{ Key [16]byte }{{}}), []string{`"Key"`}},
		{"int96", encode(t, []struct{ Old deprecated.Int96 }{{}}), []string{`"Old"`}},
		{"bytes", encode(t, []struct{ Raw []byte }{{[]byte{255}}}), []string{"row 1", `"Raw"`, "UTF-8"}},
		{"no row", encode(t, []inner{}), []string{"no row"}},
		{"text", []byte("a,b\n1,2\n3,4\n"), []string{"not a Parquet file"}},
		{"empty", nil, []string{"0 bytes"}},
	}
	for _, c := range cases {
		_, err := decode(c.file)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %v, want one with %q", c.name, err, want)
			}
		}
	}
}

func TestAFileIsNotBelieved(t *testing.T) {
	long := encode(t, patients)
	binary.LittleEndian.PutUint32(long[len(long)-8:], 1<<31)
	if _, err := decode(long); err == nil || !strings.Contains(err.Error(), "a footer of 2147483648 bytes") {
		t.Errorf("a long footer: got %v", err)
	}
	good := encode(t, patients)
	for i := range good { // whatever byte is damaged, it does not panic
		bad := slices.Clone(good)
		bad[i] ^= 0x55
		if table, err := decode(bad); err == nil && len(table.Header) == 0 {
			t.Errorf("byte %d: neither a table nor an error", i)
		}
		if _, err := decode(good[:i]); err == nil {
			t.Errorf("cut after %d bytes: no error", i)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(encode(f, patients))
	f.Add(encode(f, patients, parquet.MaxRowsPerRowGroup(1)))
	f.Add(encode(f, []struct{ Tags []string }{{[]string{"a"}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := decode(b)
		if err != nil {
			return
		}
		for _, row := range table.Rows {
			if len(row) != len(table.Header) {
				t.Fatalf("%d cells in %d columns", len(row), len(table.Header))
			}
		}
	})
}
