package node

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
)

// left is what a small network left: the files of its first peer's home, and
// how that peer saw itself.
type left struct {
	files  map[string][]byte // by path from the home
	status Status
	author ledger.Author
	during error // of verifying while the peer worked
}

// remains runs a network of three peers once for all tests.
var remains = sync.OnceValues(func() (*left, error) {
	dir, err := os.MkdirTemp("", "grapevine-verify-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return play(dir, 3, 5)
})

// play runs a network until its first peer has settled some rounds.
func play(dir string, peers, rounds int) (l *left, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	nodes, err := openAll(ctx, dir, peers)
	if err != nil {
		return nil, err
	}
	var running sync.WaitGroup
	for i, n := range nodes {
		for _, other := range nodes[:i] {
			if err := n.Connect(ctx, other.Addrs()[0]); err != nil {
				return nil, err
			}
		}
		running.Go(func() { _ = n.Run(ctx) })
	}
	l = &left{author: nodes[0].Author()}
	for r := range nodes[0].Events(ctx, 0) {
		if _, is := r.Event.(Settled); is {
			rounds--
			_, verr := Verify(filepath.Join(dir, "0"))
			l.during = errors.Join(l.during, verr)
		}
		if rounds == 0 {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cancel()
	running.Wait()
	l.status = nodes[0].Status()
	for _, n := range nodes {
		err = errors.Join(err, n.Close())
	}
	if err != nil {
		return nil, err
	}
	l.files, err = readTree(filepath.Join(dir, "0"))
	return l, err
}

// openAll founds a topic and opens its peers, each with two bells of points.
func openAll(ctx context.Context, dir string, peers int) (nodes []*Node, err error) {
	var members []ledger.Member
	for i := range peers {
		author, err := makeIdentity(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return nil, err
		}
		members = append(members, ledger.Member{Author: author, Bond: 1e9, Stake: 1e9})
	}
	manifest, anchor, err := Found(Founding{
		Name: "bells", Members: members, Schema: dataset.Images(2, 2, 2), Seed: 1,
		Rules: func(m *ledger.Manifest) {
			m.Rounds = ledger.Rounds{Commit: 5, Reveal: 5, Seal: 5, Open: 5, Pace: 200, Propose: 200, Delta: 100}
			m.Learning.Keep = 1024
		},
	})
	if err != nil {
		return nil, err
	}
	m, _, err := ledger.DecodeManifest(manifest)
	if err != nil {
		return nil, err
	}
	for i := range peers {
		trainer, err := TrainerOf(m, bells(uint64(i), 200), bells(uint64(i)+100, 100))
		if err != nil {
			return nil, err
		}
		n, err := Open(ctx, Config{
			Dir: filepath.Join(dir, fmt.Sprint(i)), Manifest: manifest, Anchor: anchor, Trainer: trainer, Listen: []string{"/ip4/127.0.0.1/tcp/0"},
		})
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func makeIdentity(dir string) (ledger.Author, error) {
	h, err := home.Open(dir)
	if err != nil {
		return ledger.Author{}, err
	}
	key, _, err := h.Identity()
	if err != nil {
		return ledger.Author{}, errors.Join(err, h.Close())
	}
	return ledger.Author(key.Public().(ed25519.PublicKey)), h.Close()
}

// bells are points around one centre for each of two classes.
func bells(seed uint64, n int) learning.Samples {
	rng := rand.New(rand.NewPCG(seed, 7))
	s := learning.Samples{Inputs: 4, Classes: 2}
	for i := range n {
		y := int32(i % 2)
		for k := range s.Inputs {
			s.X = append(s.X, float32(float64(y)*float64(1-2*(k%2))+rng.NormFloat64()))
		}
		s.Y = append(s.Y, y)
	}
	return s
}

func readTree(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	return files, err
}

// aHome writes the home that the network left into a new directory.
func aHome(t testing.TB) (dir string, l *left) {
	t.Helper()
	l, err := remains()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for name, data := range l.files {
		put(t, filepath.Join(dir, name), data)
	}
	return dir, l
}

func put(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

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
	for range max(0, 300-2*len(names)) {
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

// boundaries are the records of the log: where each begins, and its kind.
func boundaries(t *testing.T, dir string) (out []store.Record) {
	t.Helper()
	for r, err := range store.Check(filepath.Join(dir, "ledger")) {
		if err != nil {
			t.Fatal(err)
		}
		r.Data = bytes.Clone(r.Data)
		out = append(out, r)
	}
	return out
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
		"the last block":       records[last].At.Offset,
		"part of the last one": records[last].At.Offset + 100,
		"a quarter":            records[len(records)*3/4].At.Offset,
		"all records":          32,
		"all":                  0,
	} {
		put(t, filepath.Join(dir, name), log[:size])
		f := faulty(t, dir, what+" cut off")
		t.Logf("%s cut off: %v", what, f)
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

// A peer may stop while it fetches a delta of the round that is over; it must be
// back before another block follows.
func TestAPeerMayStopBeforeItSettles(t *testing.T) {
	dir, _ := aHome(t)
	var end store.Head
	var delta ledger.CID
	if _, err := Replay(dir, func(h *Height) error {
		if h.Outcome != nil && h.Outcome.Round == 0 { // whose anchor, the first, is never dropped
			end = store.Head{Height: h.Block.Header.Height, Block: h.Block.CID().String()}
			delta = h.Outcome.Deltas[0].Delta
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	height := uint64(0)
	rewrite(t, dir, boundaries(t, dir), func(_ int, r engine.Record) *engine.Record {
		if r.Kind == engine.RecordMemo || height >= end.Height { // it only followed, and has scored nothing
			return nil
		}
		if r.Kind == engine.RecordFinal {
			height++
		}
		return &r
	})
	if err := store.WriteHead(filepath.Join(dir, "ledger"), t.TempDir(), end); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "blobs", delta.String()[57:], delta.String())); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(dir); err != nil || !r.Replica.Unsettled() || r.Replica.Head.Height != end.Height {
		t.Errorf("without the delta: settled, or %v", err)
	}
}

// rewrite makes the log anew, with sound checksums, from changed records. A
// change that returns nil leaves its record out.
func rewrite(t *testing.T, dir string, records []store.Record, change func(i int, r engine.Record) *engine.Record) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, "ledger/000001.log")); err != nil {
		t.Fatal(err)
	}
	head, err := os.ReadFile(filepath.Join(dir, "ledger/head"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "ledger/head")); err != nil {
		t.Fatal(err)
	}
	log, err := store.Open(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		if c := change(i, engine.Record{Kind: engine.RecordKind(r.Kind), Data: bytes.Clone(r.Data)}); c != nil {
			if _, err := log.Append(store.Kind(c.Kind), c.Data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "ledger/head"), head)
}

// Who changes a log and its checksums too must not get far.
func TestAForgeryWithSoundChecksumsIsFound(t *testing.T) {
	first := func(kind engine.RecordKind, change func(r engine.Record) *engine.Record) func(records []store.Record) func(int, engine.Record) *engine.Record {
		return func(records []store.Record) func(int, engine.Record) *engine.Record {
			at := slices.IndexFunc(records, func(r store.Record) bool { return engine.RecordKind(r.Kind) == kind })
			return func(i int, r engine.Record) *engine.Record {
				if i != at {
					return &r
				}
				return change(r)
			}
		}
	}
	must := func(data []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	tests := map[string]struct {
		change func(records []store.Record) func(int, engine.Record) *engine.Record
		want   string
	}{
		"nothing is changed": {first(0, nil), ""},
		"an entry's signature": {first(engine.RecordEntry, func(r engine.Record) *engine.Record {
			e, err := ledger.DecodeEntry(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			r.Data[bytes.Index(r.Data, e.Sig[:])] ^= 1
			return &r
		}), "bad signature"},
		"a quorum's signature": {first(engine.RecordFinal, func(r engine.Record) *engine.Record {
			b, c, err := engine.DecodeFinal(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			c.Sigs[3] ^= 1
			r.Data = must(ledger.Encode(engine.Final{Block: b.Bytes(), Certificate: must(ledger.Encode(c))}))
			return &r
		}), "bad signature"},
		"a quorum without signatures": {first(engine.RecordFinal, func(r engine.Record) *engine.Record {
			b, c, err := engine.DecodeFinal(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			c.Signers, c.Sigs = []byte{1}, c.Sigs[:64]
			r.Data = must(ledger.Encode(engine.Final{Block: b.Bytes(), Certificate: must(ledger.Encode(c))}))
			return &r
		}), "no quorum"},
		"a vote's signature": {first(engine.RecordVote, func(r engine.Record) *engine.Record {
			f, err := finality.DecodeFrame(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			f.Sig[3] ^= 1
			r.Data = must(ledger.Encode(f))
			return &r
		}), "bad signature"},
		"what a vote says": {first(engine.RecordVote, func(r engine.Record) *engine.Record {
			f, err := finality.DecodeFrame(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			f.Vote.Instance++
			r.Data = must(ledger.Encode(f))
			return &r
		}), "bad signature"},
		"a memo": {first(engine.RecordMemo, func(r engine.Record) *engine.Record {
			r.Data = append(r.Data, 0)
			return &r
		}), "not the canonical encoding"},
		"a memo of a delta that is not here": {first(engine.RecordMemo, func(r engine.Record) *engine.Record {
			id := ledger.SumBlob([]byte("nowhere"))
			r.Data = must(ledger.Encode(engine.Memo{Delta: &id}))
			return &r
		}), "it is missing"},
		"an entry is left out": {first(engine.RecordEntry, func(engine.Record) *engine.Record { return nil }), "the log lacks entries 1 to 1"},
		"a block is left out":  {first(engine.RecordFinal, func(engine.Record) *engine.Record { return nil }), ""}, // any
		"a record of another kind": {first(engine.RecordMemo, func(r engine.Record) *engine.Record {
			r.Kind = 200
			return &r
		}), "kind 200"},
	}
	for name, test := range tests {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			dir, _ := aHome(t)
			records := boundaries(t, dir)
			rewrite(t, dir, records, test.change(records))
			if name == "nothing is changed" {
				if _, err := Verify(dir); err != nil {
					t.Error(err)
				}
				return
			}
			f := faulty(t, dir, name)
			if !strings.Contains(f.Error(), test.want) || f.File == "" {
				t.Errorf("got %v, want %q", f, test.want)
			}
			t.Log(f)
		})
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
