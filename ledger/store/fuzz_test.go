package store

import (
	"bytes"
	"testing"
)

func FuzzOpenTakesAnyBytesForASegment(f *testing.F) {
	m, _ := written(f, 24)
	for _, name := range m.files() {
		data := m.names[name].data
		f.Add(data)
		f.Add(data[:len(data)/2])
		f.Add(append(bytes.Clone(data), 0, 0, 0, 0))
	}
	f.Add(m.names["d/000001.log"].data[:segmentHeader])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		m := newMemory()
		m.put("d/000001.log", data)
		records := 0
		for _, err := range check(m, "d") {
			if err == nil {
				records++
			}
		}
		l, err := open(m, "d", segmentLimit)
		if err != nil {
			return
		}
		got, err := contents(l)
		if err != nil || len(got) > records {
			t.Fatalf("Open shows %d records, %v; Check %d", len(got), err, records)
		}
		if _, err := l.Append(1, []byte("more")); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := sound(m, len(got)+1); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzAHeadHasOneText(f *testing.F) {
	f.Add(Head{Height: 12, Block: "bafyreia"}.text())
	f.Add("grapevine head 1\nheight 1\nblock b\ncrc32c 00000000\n")
	f.Fuzz(func(t *testing.T, text string) {
		if h, ok := parseHead(text); ok && h.text() != text {
			t.Errorf("%q is accepted as %+v", text, h)
		}
	})
}
