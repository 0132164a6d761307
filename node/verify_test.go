package node

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// flips is small here; .ci/nightly says 10,000.
var flips = flag.Int("flips", 300, "bytes that TestEveryFlippedByteIsFound changes")

// faulty verifies dir and returns the fault that must be in it.
func faulty(t testing.TB, dir, what string) *Fault {
	t.Helper()
	_, err := Verify(dir)
	f, is := errors.AsType[*Fault](err)
	if !is {
		t.Errorf("%s: got %v, want a fault", what, err)
		return &Fault{}
	}
	if f.Where() == "" {
		t.Errorf("%s: %v names no place", what, f)
	}
	return f
}

func TestAPeersHomeVerifies(t *testing.T) {
	dir, l := aHome(t)
	if l.during != nil {
		t.Errorf("while the peer worked: %v", l.during)
	}
	r, err := Verify(dir)
	if err != nil {
		t.Fatal(err)
	}
	a := r.Replica
	if a.Head.Height != l.status.Height || a.Head.Block != l.status.Block || a.State.Anchor() != l.status.Anchor || a.Root() != l.status.State {
		t.Errorf("got height %d, block %v, anchor %v, root %x, want %+v", a.Head.Height, a.Head.Block, a.State.Anchor(), a.Root(), l.status)
	}
	if a.State.Round.Number < 5 || r.Entries < 5*4*3 || r.Votes == 0 || r.Blobs < 5*3 {
		t.Errorf("round %d, %d entries, %d votes, %d blobs: too few", a.State.Round.Number, r.Entries, r.Votes, r.Blobs)
	}
	if r.Self != l.author {
		t.Errorf("home of %v, want %v", r.Self, l.author)
	}
	after, err := readTree(dir)
	if err != nil || !maps.EqualFunc(after, l.files, bytes.Equal) {
		t.Errorf("verifying changed the home, %v", err)
	}
}

func TestAReplayTellsOfEveryHeightAndRound(t *testing.T) {
	dir, l := aHome(t)
	var heights, rounds, entries uint64
	r, err := Replay(dir, func(h *Height) error {
		if heights++; h.Block.Header.Height != heights || h.Replica.Head.Height != heights {
			t.Errorf("height %d comes in place %d", h.Block.Header.Height, heights)
		}
		if err := h.Certificate.Verify(h.Replica.Topic, h.Committee, ledger.Ed25519); err != nil {
			t.Error(err)
		}
		if h.Outcome != nil {
			rounds++
		}
		entries += uint64(len(h.Entries))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if heights != l.status.Height || rounds != l.status.Round || int(entries) != r.Entries || r.Replica.Root() != l.status.State {
		t.Errorf("%d heights, %d rounds, %d entries, want %+v", heights, rounds, entries, l.status)
	}
	stop := errors.New("enough")
	if _, err := Replay(dir, func(*Height) error { return stop }); err != stop {
		t.Errorf("got %v, want the error of the visitor", err)
	}
}

func TestEveryFlippedByteIsFound(t *testing.T) {
	dir, l := aHome(t)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(l.files)), func(n string) bool {
		return !strings.HasPrefix(n, "ledger/") && !strings.HasPrefix(n, "blobs/")
	})
	rng := rand.New(rand.NewPCG(1, 2))
	flip := func(name string, at int) {
		data := bytes.Clone(l.files[name])
		data[at] ^= 1 << rng.IntN(8)
		put(t, filepath.Join(dir, name), data)
		if f := faulty(t, dir, fmt.Sprintf("byte %d of %s", at, name)); f.File != name {
			t.Errorf("byte %d of %s: the fault is in %q: %v", at, name, f.File, f)
		}
		put(t, filepath.Join(dir, name), l.files[name])
	}
	for _, name := range names {
		flip(name, 0)
		flip(name, len(l.files[name])-1)
	}
	for range max(0, *flips-2*len(names)) {
		name := names[rng.IntN(len(names))]
		if rng.IntN(2) == 0 {
			name = "ledger/000001.log"
		}
		flip(name, rng.IntN(len(l.files[name])))
	}
	if _, err := Verify(dir); err != nil {
		t.Errorf("with all bytes back: %v", err)
	}
}

func TestAnEndThatWasCutOffIsFound(t *testing.T) {
	dir, l := aHome(t)
	const name = "ledger/000001.log"
	log, records := l.files[name], boundaries(t, dir)
	last := 0
	for i, r := range records {
		if engine.RecordKind(r.Kind) == engine.RecordFinal {
			last = i
		}
	}
	for what, size := range map[string]int64{
		"a byte":               int64(len(log)) - 1,
		"the last record":      records[len(records)-1].At.Offset,
		"the last block":       records[last].At.Offset,
		"part of the last one": records[last].At.Offset + 100,
		"a quarter":            records[len(records)*3/4].At.Offset,
		"all records":          32,
		"all":                  0,
	} {
		put(t, filepath.Join(dir, name), log[:size])
		f := faulty(t, dir, what+" cut off")
		t.Logf("%s cut off: %v", what, f)
		if _, err := Replay(dir, nil); err == nil {
			t.Errorf("%s cut off: it is read all the same", what)
		}
	}
}

func TestWhatIsMissingOrForeignIsFound(t *testing.T) {
	dir, l := aHome(t)
	for _, name := range []string{"ledger/000001.log", "ledger/head", "manifest.cbor"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if f := faulty(t, dir, name+" removed"); f.File != name {
			t.Errorf("%s removed: the fault is in %q: %v", name, f.File, f)
		}
		put(t, filepath.Join(dir, name), l.files[name])
	}
	for _, name := range []string{"ledger/000002.log", "ledger/notes", "blobs/notes", "blobs/zz/notes", "blobs/bafk"} {
		put(t, filepath.Join(dir, name), []byte("x"))
		// A second segment leaves the first without its end.
		if f := faulty(t, dir, name); f.File != name && name != "ledger/000002.log" {
			t.Errorf("%s: the fault is in %q: %v", name, f.File, f)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "ledger")); err != nil {
		t.Fatal(err)
	}
	if f := faulty(t, dir, "no ledger"); f.File != "ledger" {
		t.Errorf("no ledger: the fault is in %q: %v", f.File, f)
	}
}

// A blob may be missing only if nothing proves that it was here: the delta of a
// round in flight that this peer has not scored yet.
func TestAMissingBlobIsFound(t *testing.T) {
	dir, l := aHome(t)
	r, err := Replay(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	flying := map[string]bool{}
	for _, v := range r.Replica.State.Round.Reveals {
		flying[v.Delta.String()] = true
	}
	for _, e := range r.Pending {
		if v, is := e.Body.(*ledger.Reveal); is {
			flying[v.Delta.String()] = true
		}
	}
	for name, data := range l.files {
		if !strings.HasPrefix(name, "blobs/") || flying[filepath.Base(name)] {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if f := faulty(t, dir, name+" removed"); f.File != name {
			t.Errorf("%s removed: the fault is in %q: %v", name, f.File, f)
		}
		put(t, filepath.Join(dir, name), data)
	}
}

func TestAnotherTopicsManifestIsFound(t *testing.T) {
	dir, l := aHome(t)
	m, _, err := ledger.DecodeManifest(l.files["manifest.cbor"])
	if err != nil {
		t.Fatal(err)
	}
	m.Nonce[0] ^= 1
	other, topic, err := ledger.EncodeManifest(*m)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "manifest.cbor"), other)
	if f := faulty(t, dir, "another manifest"); !strings.Contains(f.Error(), "but manifest.cbor is of "+topic.String()) {
		t.Errorf("got %v", f)
	}
}

func TestWhatIsNoHomeIsNoFault(t *testing.T) {
	for name, dir := range map[string]string{"nothing": filepath.Join(t.TempDir(), "none"), "an empty directory": t.TempDir()} {
		_, err := Verify(dir)
		if _, is := errors.AsType[*Fault](err); is || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want that there is no home", name, err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	dir, l := aHome(b)
	for b.Loop() {
		if _, err := Verify(dir); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(l.status.Height)/b.Elapsed().Seconds(), "heights/s")
}
