package node

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
)

// flipIn changes one bit in the middle of a file.
func flipIn(t *testing.T, dir, name string) {
	t.Helper()
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Clone(data)
	data[len(data)/2] ^= 8
	put(t, path, data)
}

func blobFile(id ledger.CID) string {
	name := id.String()
	return filepath.Join("blobs", name[len(name)-2:], name)
}

// deltasOf are those that counted in the first round of a home.
func deltasOf(t *testing.T, dir string) (out []ledger.CID) {
	t.Helper()
	if _, err := Replay(dir, func(h *Height) error {
		if len(out) == 0 {
			out = append(out, h.Deltas...)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// A peer whose log is damaged in the middle, and some of whose blobs are, gets from
// the others what it lost, and goes on. It signs nothing twice, and its home
// verifies in the end.
func TestADamagedHomeIsMendedByPeers(t *testing.T) {
	var dirs []string
	root := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		dirs = append(dirs, filepath.Join(root, name))
	}
	if _, err := FoundHere(Founding{Name: "mend", Schema: dataset.Images(2, 2, 2), Rules: quick}, dirs...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	a := reopen(t, dirs[0], 1)
	defer a.Close()
	defer start(t, a)()
	b := reopen(t, dirs[1], 2, a.Addrs()...)
	defer b.Close()
	defer start(t, b)()
	c := reopen(t, dirs[2], 3, a.Addrs()...)
	stop := start(t, c)
	if _, err := c.Await(ctx, 3); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	deltas := deltasOf(t, dirs[2])
	before, err := Replay(dirs[2], nil)
	if err != nil {
		t.Fatal(err)
	}
	flipIn(t, dirs[2], blobFile(c.Manifest().Learning.Anchor))
	flipIn(t, dirs[2], blobFile(deltas[0]))
	unneeded := []byte("no record of the log names this")
	putBlob(t, dirs[2], unneeded)
	flipIn(t, dirs[2], blobFile(ledger.SumBlob(unneeded)))
	if _, err := a.home.Blobs().Put(unneeded); err != nil {
		t.Fatal(err)
	}
	flipIn(t, dirs[2], "ledger/000001.log")
	faulty(t, dirs[2], "flipped bytes")

	again := reopen(t, dirs[2], 3, a.Addrs()...)
	if got := votesIn(t, again); got < before.Votes-1 { // one may be what was damaged
		t.Errorf("of %d own votes %d outlived the damage", before.Votes, got)
	}
	stop = start(t, again)
	notice(t, ctx, again, "the damaged log is kept in")
	notice(t, ctx, again, deltas[0].String()+" is repaired")
	notice(t, ctx, again, ledger.SumBlob(unneeded).String()+" is repaired")
	if _, err := again.Await(ctx, c.Status().Round+2); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(dirs[2])
	if err != nil {
		t.Fatal(err)
	}
	for author, account := range r.Replica.State.Accounts {
		if account.Forked {
			t.Errorf("%v has forked", author)
		}
	}
}

// putBlob stores a blob in a home that nobody works in.
func putBlob(t *testing.T, dir string, data []byte) {
	t.Helper()
	h, err := home.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if _, err := h.Blobs().Put(data); err != nil {
		t.Fatal(err)
	}
}

func votesIn(t *testing.T, n *Node) (votes int) {
	t.Helper()
	for r, err := range n.home.Log().Records() {
		if err != nil {
			t.Fatal(err)
		}
		if engine.RecordKind(r.Kind) == engine.RecordVote {
			votes++
		}
	}
	return votes
}

// Who answers with other bytes than were asked for has answered nothing.
func TestABlobIsWhatItsNameSays(t *testing.T) {
	_, nodes := pair(t)
	for _, n := range nodes {
		defer n.Close()
	}
	liar, n := nodes[0], nodes[1]
	liar.topic.Serve(func(context.Context, peer.ID, []byte) ([]byte, error) {
		return ledger.Encode([][]byte{engine.Encode(engine.BlobMessage{Data: []byte("other")})})
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if got := n.askBlob(ctx, liar.host.ID(), ledger.SumBlob([]byte("other"))); string(got) != "other" {
		t.Errorf("got %q, want what was asked for", got)
	}
	if got := n.askBlob(ctx, liar.host.ID(), ledger.SumBlob([]byte("this"))); got != nil {
		t.Errorf("took %q for something else", got)
	}
}

// Alone, a peer says what is wrong and what to do.
func TestADamagedHomeWithoutPeersSaysWhatToDo(t *testing.T) {
	dir, _ := aHome(t)
	r, err := Replay(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	flipIn(t, dir, blobFile(r.Replica.Manifest.Learning.Anchor))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = Open(ctx, Config{Dir: dir, Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
	if err == nil || !strings.Contains(err.Error(), "blobs/") || !strings.Contains(err.Error(), "connect to peers") {
		t.Errorf("got %v", err)
	}
}

// The only validator of a topic is the only one who knows what it decided.
func TestTheLogOfASoleValidatorIsNotCut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "alone")
	if _, err := FoundHere(Founding{Name: "alone", Schema: dataset.Images(2, 2, 2), Rules: quick}, dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	n := reopen(t, dir, 1)
	stop := start(t, n)
	if _, err := n.Await(ctx, 1); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	flipIn(t, dir, "ledger/000001.log")
	before, err := readTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "ledger/000001.log, byte") || !strings.Contains(err.Error(), "backup") {
		t.Errorf("got %v", err)
	}
	if after, err := readTree(dir); err != nil || !bytes.Equal(after["ledger/000001.log"], before["ledger/000001.log"]) {
		t.Errorf("the log has changed, %v", err)
	}
}
