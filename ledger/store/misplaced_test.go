package store

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
)

func TestForeignAndMisplacedFilesAreFound(t *testing.T) {
	m, _ := written(t, 24)
	other, _ := written(t, 24)
	data := func(m *memory, name string) []byte { return m.names[name].data }
	names := m.files()
	last := names[len(names)-2]
	info := func(change func(*segmentInfo)) []byte {
		i, err := readSegmentHeader(handle{m, m.names[last]}, last, segmentHeader)
		if err != nil {
			t.Fatal(err)
		}
		change(&i)
		return i.bytes()
	}
	first := data(m, "d/000001.log")
	unclosedData := first[:len(first)-recordHeader]
	at := Position{segmentNumber(filepath.Base(last)), int64(len(data(m, last)))}
	extra := appendRecord(nil, logID(first[8:16]), at, rolled, nil)
	at.Offset += recordHeader
	extra = appendRecord(extra, logID(first[8:16]), at, 1, nil)
	tests := map[string]struct {
		left *memory
		want string
		open bool // Open goes on: the file is not one of the log's
	}{
		"a note":                        {m.with("d/notes.txt", nil), "d/notes.txt", true},
		"an unusual number":             {m.with("d/0000002.log", data(m, "d/000002.log")), "d/0000002.log", true},
		"segment zero":                  {m.with("d/000000.log", data(m, "d/000002.log")), "d/000000.log", true},
		"a segment of another log":      {m.with("d/000002.log", data(other, "d/000002.log")), "d/000002.log", false},
		"a segment under another name":  {m.with("d/000003.log", data(m, "d/000002.log")), "d/000003.log", false},
		"an older copy of a segment":    {m.with("d/000001.log", data(m, "d/000001.log")[:120]), "d/000001.log", false},
		"a segment that is not closed":  {m.with("d/000001.log", unclosedData), "d/000001.log", false},
		"a header of another log":       {m.with(last, info(func(i *segmentInfo) { i.id[0]++ })), last, false},
		"a header of another segment":   {m.with(last, info(func(i *segmentInfo) { i.number++ })), last, false},
		"a header after another one":    {m.with(last, info(func(i *segmentInfo) { i.before++ })), last, false},
		"a record after the closing":    {m.with(last, append(slices.Clone(m.names[last].data), extra...)), last, false},
		"bytes after a closed segment":  {m.with("d/000001.log", append(data(m, "d/000001.log"), 0)), "d/000001.log", false},
		"zeroes after a closed segment": {m.with("d/000001.log", append(data(m, "d/000001.log"), make([]byte, 30)...)), "d/000001.log", false},
	}
	for name, test := range tests {
		if bad, _ := complaints(t, test.left); !slices.Contains(bad, test.want) {
			t.Errorf("%s: Check names %v", name, bad)
		}
		if _, err := open(test.left, "d", testLimit); (err == nil) != test.open {
			t.Errorf("%s: Open gives %v", name, err)
		}
	}
}

func TestARecordInAnotherPlaceIsDamage(t *testing.T) {
	m := newMemory()
	l, err := open(m, "d", testLimit)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 12 { // in the same places of several segments
		if _, err := l.Append(1, []byte{byte(i), 1, 2, 3}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	const size = recordHeader + 4
	one, two := m.names["d/000001.log"].data, m.names["d/000002.log"].data
	tests := map[string]struct{ to, from []byte }{
		"one from the same segment":    {one[segmentHeader+size:][:size], one[segmentHeader:]},
		"one from another segment":     {one[segmentHeader+size:][:size], two[segmentHeader+size:]},
		"the data and checksum of one": {one[segmentHeader+size+9:][:size-9], one[segmentHeader+9:]},
	}
	for name, test := range tests {
		old := slices.Clone(test.to)
		copy(test.to, test.from)
		if bad, sound := complaints(t, m); len(bad) != 1 || len(sound) != 11 {
			t.Errorf("%s: Check names %v and yields %d of 11 records", name, bad, len(sound))
		}
		_, err := open(m.clone(), "d", testLimit)
		if _, ok := errors.AsType[*Damage](err); !ok {
			t.Errorf("%s: Open gives %v", name, err)
		}
		copy(test.to, old)
	}
}
