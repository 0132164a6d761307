package node

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
)

// pruned is a home that began anew at its second checkpoint.
func pruned(t *testing.T) (*mint, Pruned) {
	t.Helper()
	m := newMint(t, filepath.Join(t.TempDir(), "home"), 4, 3)
	for range 35 { // 140 heights
		m.round()
	}
	m.close()
	p, err := Prune(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	return m, p
}

func TestAPrunedHomeVerifiesFromItsCheckpoint(t *testing.T) {
	m, p := pruned(t)
	r, err := Verify(m.dir)
	if err != nil || r.From != 2*ledger.CheckpointAt || r.Replica.Root() != m.r.Root() || r.Replica.Head != m.r.Head {
		t.Fatalf("%+v, %v", r, err)
	}
	if p.From != r.From || p.Height != m.r.Head.Height || p.After*2 > p.Before || p.Blobs == 0 {
		t.Errorf("got %+v", p)
	}
	c, err := Newest(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := c.Balance(m.author(5), nil)
	if err != nil || proof.Verify(nil, ledger.Ed25519) != nil {
		t.Errorf("its proof: %v, %v", err, proof.Verify(nil, ledger.Ed25519))
	}
	var car bytes.Buffer
	if _, err := Export(m.dir, &car, 0); err != nil {
		t.Fatal(err)
	}
	a, err := audit.ReadCar(&car, ledger.Ed25519, nil)
	if err != nil || !a.Rooted || a.From != p.From || a.Replica.Root() != m.r.Root() {
		t.Errorf("its history: %+v, %v", a, err)
	}
	if _, err := Prune(m.dir); !errors.Is(err, ErrNothing) {
		t.Errorf("pruned again: %v", err)
	}
}

func TestAPrunedPeerLetsOthersJoin(t *testing.T) {
	m, p := pruned(t)
	old, err := Open(t.Context(), Config{Dir: m.dir, Key: m.keys[1], Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if got := old.Status(); got.Height != m.r.Head.Height || got.Block != m.r.Head.Block {
		t.Errorf("it opens at height %d", got.Height)
	}
	defer start(t, old)()
	origin := m.manifest.Origin(m.r.Topic)
	got, err := Fetch(t.Context(), stranger(t), m.r.Topic, old.Addrs(), &origin)
	if err != nil || len(got.Links) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	b, err := audit.SnapshotBlock(got.Snapshot)
	if err != nil || b.Header.Height != p.From+1 {
		t.Errorf("it joins after height %d, %v", b.Header.Height-1, err)
	}
}

// A checkpoint says nothing of what only this peer must not forget.
func TestPruningKeepsWhatACheckpointDoesNotSay(t *testing.T) {
	m := newMint(t, t.TempDir(), 4, 2)
	want := map[string]bool{}
	say := func(keep bool, kind engine.RecordKind, v any) {
		data, err := ledger.Encode(v)
		m.check(err)
		m.store(kind, data)
		want[string(data)] = keep
	}
	vote := func(instance uint64) *finality.Frame {
		return &finality.Frame{Vote: ledger.Vote{Instance: instance, Phase: 1, Base: &m.r.Head}, Committee: m.r.State.Now.CID(), Sig: make([]byte, 64)}
	}
	base := func(instance uint64) *ledger.Certificate {
		return &ledger.Certificate{Instance: instance, Base: m.r.Head, Committee: m.r.State.Now.CID(), Signers: []byte{1}, Sigs: make([]byte, 64)}
	}
	say(false, engine.RecordVote, vote(1))
	say(false, engine.RecordMemo, engine.Memo{})
	say(false, engine.RecordBase, base(1))
	for range 10 {
		m.round()
	}
	say(true, engine.RecordVote, vote(m.instance)) // the last in which this peer voted
	for range 10 {
		m.round()
	}
	say(true, engine.RecordMemo, engine.Memo{Round: m.r.State.Round.Number})
	say(true, engine.RecordBase, base(m.instance+1))
	waiting := m.say(0, &ledger.Seal{Round: m.r.State.Round.Number})
	m.store(engine.RecordEntry, waiting.Bytes())
	want[string(waiting.Bytes())] = true
	m.close()
	if _, err := Prune(m.dir); err != nil {
		t.Fatal(err)
	}
	h, err := home.View(m.dir)
	m.check(err)
	defer h.Close()
	kept := map[string]bool{}
	for r, err := range h.Log().Records() {
		m.check(err)
		kept[string(r.Data)] = true
	}
	for data, keep := range want {
		if kept[data] != keep {
			t.Errorf("%x is kept: %t, want %t", data[:8], kept[data], keep)
		}
	}
}

// A process may end at any step of putting the new log in place of the old.
func TestPruningIsAllOrNothing(t *testing.T) {
	m, _ := pruned(t)
	ledgerDir, fresh, old := filepath.Join(m.dir, "ledger"), filepath.Join(m.dir, "ledger.new"), filepath.Join(m.dir, "ledger.old")
	copyDir := func(from, to string) {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	steps := map[string]func(){
		"while the new one was written": func() { m.check(os.MkdirAll(fresh, 0o700)) },
		"before the new one had its name": func() {
			copyDir(ledgerDir, fresh)
			m.check(os.Rename(ledgerDir, old))
		},
		"before the old one was gone": func() { copyDir(ledgerDir, old) },
	}
	for name, step := range steps {
		step()
		n, err := Open(t.Context(), Config{Dir: m.dir, Key: m.keys[1], Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m.check(n.Close())
		entries, err := os.ReadDir(m.dir)
		m.check(err)
		left := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "ledger.new" || e.Name() == "ledger.old" })
		if r, err := Verify(m.dir); err != nil || r.Replica.Root() != m.r.Root() || left {
			t.Errorf("%s: %v, something is left: %t", name, err, left)
		}
	}
}

func TestALargeHomeIsPrunedWhenItOpens(t *testing.T) {
	m := newMint(t, t.TempDir(), 4, 2)
	for range 20 {
		m.round()
	}
	m.close()
	for _, c := range []struct {
		above int64
		from  uint64
	}{{0, 0}, {-1, 0}, {1000, ledger.CheckpointAt}} {
		n, err := Open(t.Context(), Config{Dir: m.dir, Key: m.keys[1], Listen: []string{"/ip4/127.0.0.1/tcp/0"}, PruneAbove: c.above})
		if err != nil {
			t.Fatal(err)
		}
		m.check(n.Close())
		if r, err := Verify(m.dir); err != nil || r.From != c.from {
			t.Errorf("above %d: from %d, %v, want from %d", c.above, r.From, err, c.from)
		}
	}
}
