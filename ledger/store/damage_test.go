package store

import (
	"bytes"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// written returns a closed log of n records with a head, and its payloads.
func written(t testing.TB, n int) (*memory, [][]byte) {
	t.Helper()
	m := newMemory()
	l, err := open(m, "d", testLimit)
	if err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	for i := range n {
		if _, err := l.Append(Kind(i+1), payload(i)); err != nil {
			t.Fatal(err)
		}
		want = append(want, payload(i))
	}
	if err := errors.Join(l.Close(), writeHead(m, "d", "t", Head{Height: 7, Block: "bafy"})); err != nil {
		t.Fatal(err)
	}
	return m, want
}

// with returns a copy of m in which one file's bytes are replaced.
func (m *memory) with(name string, data []byte) *memory {
	c := newMemory()
	for n, f := range m.names {
		c.put(n, f.data)
	}
	c.put(name, data)
	return c
}

func (m *memory) without(name string) *memory {
	c := m.clone()
	delete(c.names, name)
	return c
}

func (m *memory) files() []string { return slices.Sorted(maps.Keys(m.names)) }

// complaints returns the damaged files that Check names, and the sound records.
func complaints(t *testing.T, m *memory) (files []string, sound [][]byte) {
	t.Helper()
	for r, err := range check(m, "d") {
		if d, ok := errors.AsType[*Damage](err); ok {
			files = append(files, d.File)
		} else if err != nil {
			t.Fatal(err)
		} else {
			sound = append(sound, bytes.Clone(r.Data))
		}
	}
	return files, sound
}

func TestCheckIsSilentOnASoundLog(t *testing.T) {
	m, want := written(t, 24)
	bad, got := complaints(t, m)
	if len(bad) != 0 || !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("Check complains about %v and yields %d records, want %d", bad, len(got), len(want))
	}
}

func TestEveryFlippedByteIsFound(t *testing.T) {
	m, want := written(t, 24)
	last := slices.Max(slices.DeleteFunc(m.files(), func(n string) bool { return !strings.HasSuffix(n, ".log") }))
	lastRecord := len(m.names[last].data) - recordHeader - len(want[23])
	flips := 0
	for _, name := range m.files() {
		for i := range m.names[name].data {
			for _, change := range []byte{1, 0x20, 0x80, 0xff} {
				data := slices.Clone(m.names[name].data)
				data[i] ^= change
				flipped := m.with(name, data)
				bad, sound := complaints(t, flipped)
				if !slices.Contains(bad, name) || len(sound) < len(want)-1 {
					t.Fatalf("%s byte %d xor %#x: Check names %q and saves %d of %d records", name, i, change, bad, len(sound), len(want))
				}
				refuses(t, flipped, name, name == last && i >= lastRecord, want)
				flips++
			}
		}
	}
	t.Logf("%d flips", flips)
}

// refuses checks that Open and View name the damage, or, if it may be a torn
// tail, that they show everything before it.
func refuses(t *testing.T, m *memory, name string, maybeTorn bool, want [][]byte) {
	t.Helper()
	if filepath.Base(name) == headName {
		_, err := readHead(m, "d")
		if _, ok := errors.AsType[*Damage](err); !ok {
			t.Fatalf("ReadHead: %v, want damage", err)
		}
		return
	}
	for what, open := range map[string]func() (*Log, error){
		"View": func() (*Log, error) { return view(m.clone(), "d") },
		"Open": func() (*Log, error) { return open(m.clone(), "d", testLimit) },
	} {
		l, err := open()
		if d, ok := errors.AsType[*Damage](err); ok && d.File == name {
			continue
		}
		if err != nil || !maybeTorn {
			t.Fatalf("%s of a log with damage in %s: %v", what, name, err)
		}
		got, err := contents(l)
		if err != nil || !slices.EqualFunc(got, want[:len(want)-1], bytes.Equal) || l.Torn() == nil {
			t.Fatalf("%s cut the torn tail at %v and shows %d records, %v; want %d", what, l.Torn(), len(got), err, len(want)-1)
		}
	}
}

func TestReadFindsWhatChangedSinceOpen(t *testing.T) {
	m := newMemory()
	l, err := open(m, "d", segmentLimit)
	if err != nil {
		t.Fatal(err)
	}
	at, err := l.Append(1, payload(3))
	if err != nil {
		t.Fatal(err)
	}
	f := m.names["d/000001.log"]
	for i := int(at.Offset); i < len(f.data); i++ {
		f.data[i] ^= 4
		_, err := l.Read(at)
		if d, ok := errors.AsType[*Damage](err); !ok || d.Offset != at.Offset {
			t.Errorf("byte %d flipped: Read gives %v, want damage at byte %d", i, err, at.Offset)
		}
		f.data[i] ^= 4
	}
}

func TestAMissingFileIsFound(t *testing.T) {
	m, _ := written(t, 24)
	for _, name := range m.files() {
		if filepath.Base(name) == headName {
			continue // there may be none yet
		}
		if bad, _ := complaints(t, m.without(name)); !slices.Contains(bad, name) {
			t.Errorf("without %s Check names %v", name, bad)
		}
		_, err := open(m.without(name), "d", testLimit)
		if d, ok := errors.AsType[*Damage](err); !ok || d.File != name {
			t.Errorf("without %s Open gives %v", name, err)
		}
	}
}

func TestALogWhoseSegmentsAreAllGoneIsNotANewLog(t *testing.T) {
	m := newMemory()
	m.put("d/head", []byte(Head{Height: 7, Block: "bafy"}.text()))
	_, err := open(m, "d", testLimit)
	if _, ok := errors.AsType[*Damage](err); !ok {
		t.Errorf("Open: %v, want damage", err)
	}
}

func TestAFileCutShortOpensWithWhatIsLeft(t *testing.T) {
	m, want := written(t, 24)
	logs := m.files()[:len(m.files())-1]
	name := logs[len(logs)-1]
	whole := m.names[name].data
	boundaries := 0
	for size := segmentHeader; size < len(whole); size++ {
		left := m.with(name, whole[:size])
		bad, kept := complaints(t, left)
		if len(bad) == 0 {
			boundaries++ // whole records are missing: only the head can tell
		}
		l, err := open(left, "d", testLimit)
		if err != nil {
			t.Fatalf("cut to %d bytes: %v", size, err)
		}
		if (l.Torn() != nil) != (len(bad) != 0) {
			t.Errorf("cut to %d bytes: Torn is %v, Check names %v", size, l.Torn(), bad)
		}
		if got, err := contents(l); err != nil || len(got) != len(kept) || !slices.EqualFunc(got, want[:len(got)], bytes.Equal) {
			t.Errorf("cut to %d bytes: %d records, %v; Check saw %d", size, len(got), err, len(kept))
		}
	}
	if boundaries == 0 || boundaries > 8 {
		t.Errorf("%d cuts go unseen by Check", boundaries)
	}
	for size := range segmentHeader {
		_, err := open(m.with(name, whole[:size]), "d", testLimit)
		if d, ok := errors.AsType[*Damage](err); !ok || d.File != name {
			t.Errorf("cut to %d bytes: Open gives %v; a segment that the one before names has a header", size, err)
		}
	}
}

func TestCheckSavesWhatIsSound(t *testing.T) {
	m, want := written(t, 24)
	data := slices.Clone(m.names["d/000002.log"].data)
	for i := range 40 { // the header and the first record's
		data[i] = 0xee
	}
	bad, sound := complaints(t, m.with("d/000002.log", data))
	if len(sound) != len(want)-1 || len(bad) < 2 {
		t.Errorf("Check saves %d of %d records and names %v", len(sound), len(want), bad)
	}
}

func TestANewerFormatSaysWhatToDo(t *testing.T) {
	m, _ := written(t, 1)
	data := slices.Clone(m.names["d/000001.log"].data)
	data[len(magic)]++
	copy(data[segmentHeader-4:], sumOf(data[:segmentHeader-4]))
	_, err := open(m.with("d/000001.log", data), "d", testLimit)
	if err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("Open: %v", err)
	}
}
