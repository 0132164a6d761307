package home

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/grapevine-network/grapevine/ledger/store"
)

// A log of five records, of kinds 1 to 5, is damaged in the third: what was before is
// kept, and of what comes after only what is wanted.
func TestSalvageKeepsWhatIsSound(t *testing.T) {
	dir := t.TempDir()
	h := opened(t, dir)
	for k := range 5 {
		if _, err := h.Log().Append(store.Kind(k+1), bytes.Repeat([]byte{byte('a' + k)}, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(h.Log().Sync(), h.SetHead(store.Head{Height: 7, Block: "bafy"}), h.Close()); err != nil {
		t.Fatal(err)
	}
	wanted := func(r store.Record) bool { return r.Kind == 5 }
	if aside, err := Salvage(dir, wanted); aside != "" || err != nil {
		t.Fatalf("a sound log: %q, %v", aside, err)
	}
	path := filepath.Join(dir, "ledger", "000001.log")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[bytes.IndexByte(data, 'c')] ^= 1
	write(t, path, string(data))
	if _, err := Open(dir); err == nil {
		t.Fatal("a damaged log opens")
	}
	aside, err := Salvage(dir, wanted)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(aside, "000001.log")); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the damaged log is not in %q: %v", aside, err)
	}
	h = opened(t, dir)
	var kinds []byte
	for r, err := range h.Log().Records() {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, byte(r.Kind))
	}
	if head, err := h.Head(); !bytes.Equal(kinds, []byte{1, 2, 5}) || err != nil || head.Height != 7 {
		t.Errorf("kept %v, head %+v, %v", kinds, head, err)
	}
}
