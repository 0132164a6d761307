package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func sumOf(b []byte) []byte {
	return binary.BigEndian.AppendUint32(nil, crc32.Checksum(b, castagnoli))
}

func Example() {
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	l, err := Open(filepath.Join(dir, "ledger"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	l.Append(1, []byte("an entry"))
	at, _ := l.Append(2, []byte("a block"))
	if err := l.Sync(); err != nil { // before telling anybody
		fmt.Println(err)
	}
	r, _ := l.Read(at)
	fmt.Printf("%d %s\n", r.Kind, r.Data)
	for r := range l.Records() {
		fmt.Printf("%d %s\n", r.Kind, r.Data)
	}
	// Output:
	// 2 a block
	// 1 an entry
	// 2 a block
}

func TestWhatWasAppendedIsThereAfterOpening(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "ledger")
	type entry struct {
		at   Position
		data []byte
	}
	var want []entry
	for session := range 3 {
		l, err := open(disk{}, dir, 4<<10)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			data := bytes.Repeat([]byte{byte(session), byte(i)}, i*i)
			at, err := l.Append(9, data)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, entry{at, data})
		}
		for i, w := range want {
			if r, err := l.Read(w.at); err != nil || r.Kind != 9 || r.At != w.at || !bytes.Equal(r.Data, w.data) {
				t.Fatalf("session %d: record %d is %d bytes of kind %d, %v", session, i, len(r.Data), r.Kind, err)
			}
		}
		i := 0
		for r, err := range l.Records() {
			if err != nil || r.At != want[i].at || !bytes.Equal(r.Data, want[i].data) {
				t.Fatalf("session %d: record %d differs, %v", session, i, err)
			}
			i++
		}
		if err := l.Close(); err != nil || i != len(want) {
			t.Fatalf("session %d: %d of %d records, %v", session, i, len(want), err)
		}
	}
	if at := want[len(want)-1].at; at.Segment < 5 {
		t.Errorf("the log ends in segment %d: the limit has no effect", at.Segment)
	}
}

func TestAppendRefusesWhatCannotBeRead(t *testing.T) {
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(0, nil); err == nil {
		t.Error("kind 0 was accepted")
	}
	if _, err := l.Append(1, make([]byte, MaxData+1)); err == nil {
		t.Error("too much data was accepted")
	}
	at, err := l.Append(1, make([]byte, MaxData))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := l.Read(at); err != nil || len(r.Data) != MaxData {
		t.Errorf("the largest record: %d bytes, %v", len(r.Data), err)
	}
}

func TestReadRefusesAPlaceWithoutARecord(t *testing.T) {
	m, _ := written(t, 24)
	l, err := view(m, "d")
	if err != nil {
		t.Fatal(err)
	}
	closing := int64(len(m.names["d/000001.log"].data) - recordHeader)
	for _, at := range []Position{{}, {1, 0}, {1, 31}, {1, 33}, {1, -1}, {1, closing}, {1, 1 << 40}, {99, 32}} {
		if r, err := l.Read(at); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("Read(%+v) = %q, %v", at, r.Data, err)
		}
	}
}

func TestAClosedLogSaysSo(t *testing.T) {
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, appended := l.Append(1, nil)
	_, listed := contents(l)
	for _, err := range []error{appended, listed, l.Sync(), l.Close()} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}

func TestManyGoroutinesShareALog(t *testing.T) {
	l, err := open(disk{}, t.TempDir(), 10<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 50 {
				data := fmt.Appendf(nil, "%d/%d", g, i)
				at, err := l.Append(1, data)
				if err == nil {
					err = l.Sync()
				}
				r, read := l.Read(at)
				if err := errors.Join(err, read); err != nil || !bytes.Equal(r.Data, data) {
					t.Errorf("%s: got %q, %v", data, r.Data, err)
				}
			}
		})
	}
	group.Wait()
	if got, err := contents(l); err != nil || len(got) != 400 {
		t.Errorf("%d records, %v; want 400", len(got), err)
	}
}

func TestOneFsyncCoversAllAppendedBefore(t *testing.T) {
	m := newMemory()
	l, err := open(m, "d", segmentLimit)
	if err != nil {
		t.Fatal(err)
	}
	syncs := 0
	m.before = func(op string) error {
		if op == "sync" {
			syncs++
		}
		return nil
	}
	for i := range 100 {
		if _, err := l.Append(1, payload(i%20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(l.Sync(), l.Sync(), l.Sync()); err != nil || syncs != 1 {
		t.Errorf("%d fsyncs, %v; want 1", syncs, err)
	}
}

func TestOpeningAllocatesInProportion(t *testing.T) {
	m := newMemory()
	l, err := open(m, "d", segmentLimit)
	if err != nil {
		t.Fatal(err)
	}
	record := appendRecord(nil, l.id, l.end(), 1, make([]byte, MaxData))
	l.Close()
	left := m.with("d/000001.log", append(m.names["d/000001.log"].data, record[:100]...))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := open(left, "d", segmentLimit); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("a file of 132 bytes that claims a record of 16 MiB cost %d bytes", got)
	}
}

func TestAHeadIsReplacedWhole(t *testing.T) {
	dir, temp := t.TempDir(), t.TempDir()
	if _, err := ReadHead(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no head yet: %v", err)
	}
	for _, h := range []Head{{0, "bafyreigenesis", Position{}}, {1<<64 - 1, strings.Repeat("x", 256), Position{1<<32 - 1, 1<<63 - 1}}, {3, "b", Position{1, 32}}} {
		if err := WriteHead(dir, temp, h); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadHead(dir); err != nil || got != h {
			t.Errorf("got %+v, %v; want %+v", got, err, h)
		}
	}
	for _, block := range []string{"", "a b", "a\n", "\xff", strings.Repeat("x", 257)} {
		if err := WriteHead(dir, temp, Head{Height: 9, Block: block}); err == nil {
			t.Errorf("block %q was accepted", block)
		}
	}
	if got, err := ReadHead(dir); err != nil || got.Height != 3 {
		t.Errorf("after refused heads: %+v, %v", got, err)
	}
	if left, _ := os.ReadDir(temp); len(left) != 0 {
		t.Errorf("%d temporary files are left", len(left))
	}
}

func TestALoopMayEndEarly(t *testing.T) {
	m, _ := written(t, 24)
	m = m.with("d/000002.log", nil).with("d/note", nil)
	for range check(m, "d") {
		break
	}
	for stop := range 24 {
		n := 0
		for range check(m, "d") {
			if n++; n > stop {
				break
			}
		}
	}
	sound, _ := written(t, 24)
	l, err := view(sound, "d")
	if err != nil {
		t.Fatal(err)
	}
	for range l.Records() {
		break
	}
}
