package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

func TestABalanceIsProvedToWhoHasNothingElse(t *testing.T) {
	dir, h := aHome(t)
	file, point := filepath.Join(t.TempDir(), "a.proof"), filepath.Join(t.TempDir(), "a.checkpoint")
	made := answer[proofReport](t, "wallet", "proof", "--out", file, "--home", dir)
	got := answer[provenReport](t, "verify", file)
	own := accountAt(t, dir, got.Peer, made.Height-1)
	if !got.OK || got.Trusted || got.Kind != "balance" || got.Topic != h.report.Topic || got.Height != made.Height || *got.Balance != own.Balance || *got.Stake != own.Stake {
		t.Errorf("got %+v, want %+v", got, own)
	}
	if got := answer[provenReport](t, "verify", file, "--topic", h.report.Topic); !got.Trusted {
		t.Error("not trusted with its topic")
	}
	answer[proofReport](t, "ledger", "checkpoint", "--out", point, "--home", dir)
	if got := answer[provenReport](t, "verify", file, "--checkpoint", point); !got.Trusted {
		t.Error("not trusted with its checkpoint")
	}
	short := answer[proofReport](t, "wallet", "proof", h.report.Rewards[1].Alias, "--out", file, "--checkpoint", point, "--home", dir)
	if got := answer[provenReport](t, "verify", file, "--checkpoint", point); *got.Balance != accountAt(t, dir, got.Peer, got.Height-1).Balance || got.Peer != h.report.Rewards[1].Peer || short.Bytes >= made.Bytes {
		t.Errorf("got %+v in %d bytes", got, short.Bytes)
	}
	refused(t, codeVerify, "verify", file)
	refused(t, codeVerify, "verify", file, "--checkpoint", point, "--topic", h.report.Anchor)
	refused(t, codeUsage, "wallet", "proof", "--home", dir)
	refused(t, codeFailed, "verify", filepath.Join(dir, "none"))
	refused(t, codeFailed, "verify", dir)
	refused(t, codeVerify, "verify", filepath.Join(dir, "manifest.cbor"))
}

// Anybody can make up who votes in a topic: only another who has the same checkpoint
// can be believed.
func TestACheckpointIsTrustedBySameOnly(t *testing.T) {
	dir, h := aHome(t)
	point, forged := filepath.Join(t.TempDir(), "a.checkpoint"), filepath.Join(t.TempDir(), "forged.checkpoint")
	answer[proofReport](t, "ledger", "checkpoint", "--out", point, "--home", dir)
	trust, err := readTrust(point)
	if err != nil {
		t.Fatal(err)
	}
	trust.Height += trust.Period
	if _, err := writePacked(forged, ledger.TrustDomain, trust); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		trusted bool
		args    []string
	}{
		{true, []string{point, "--checkpoint", point}},
		{true, []string{point, "--checkpoint", point, "--topic", h.report.Topic}},
		{false, []string{point}},
		{false, []string{point, "--topic", h.report.Topic}},
		{false, []string{forged, "--topic", h.report.Topic}},
		{false, []string{forged, "--checkpoint", point}},
	} {
		if got := answer[provenReport](t, append([]string{"verify"}, c.args...)...); got.Kind != "checkpoint" || got.Trusted != c.trusted {
			t.Errorf("%v: %+v", c.args, got)
		}
	}
}

// accountAt is what a peer held after a height.
func accountAt(t *testing.T, dir, peer string, height uint64) (a incentives.Account) {
	t.Helper()
	author, err := ledger.ParseAuthor(peer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := node.Replay(dir, func(h *node.Height) error {
		if h.Block.Header.Height == height {
			a = h.Replica.State.Account(author)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAnEntryIsProvedToWhoHasNothingElse(t *testing.T) {
	dir, h := aHome(t)
	file := filepath.Join(t.TempDir(), "e.proof")
	log := answer[logReport](t, "ledger", "log", "--home", dir, "--kind", "SCORE", "--limit", "1")
	e := log.Entries[0]
	made := answer[proofReport](t, "ledger", "show", e.CID, "--proof", file, "--home", dir)
	got := answer[provenReport](t, "verify", file, "--topic", h.report.Topic)
	if got.Kind != "entry" || got.Entry != e.CID || got.Peer != e.Author || got.Height != *e.Height || !got.Trusted || made.Height != *e.Height {
		t.Errorf("got %+v, want %+v", got, e)
	}
	refused(t, codeFailed, "ledger", "show", "bafyreiaaaaaaaaaaaaaaaaa", "--proof", file, "--home", dir)
}

func TestAnyChangedByteOfAProofIsFound(t *testing.T) {
	dir, _ := aHome(t)
	file := filepath.Join(t.TempDir(), "a.proof")
	answer[proofReport](t, "wallet", "proof", "--out", file, "--home", dir)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] ^= 1
		put(t, file, data)
		if o := grapevine("verify", file); o.code != codeVerify {
			t.Fatalf("byte %d: exit %d, %s", i, o.code, o.err)
		}
		data[i] ^= 1
	}
	put(t, file, data[:len(data)-1])
	refused(t, codeVerify, "verify", file)
	put(t, file, append(data, 0))
	refused(t, codeVerify, "verify", file)
}

func TestAYoungHomeIsNotPruned(t *testing.T) {
	dir, _ := aHome(t)
	refused(t, codeFailed, "ledger", "prune", "--home", dir)
	answer[verifyReport](t, "ledger", "verify", "--home", dir)
}
