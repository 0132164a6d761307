package main

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/p2p"
)

// joined runs `up` in a new home with an invitation that leads nowhere, for as
// long as a slow computer needs to connect.
func joined(t *testing.T, topic ledger.CID, addrs ...string) outcome {
	t.Helper()
	i := invitation{topic: topic, addrs: addrs}
	return grapevine("up", "--home", filepath.Join(t.TempDir(), "home"), "--topic", i.String(), "--follow",
		"--mdns=false", "--listen", "/ip4/127.0.0.1/tcp/0", "--timeout", "8s")
}

// stranger is a host that speaks a version of our protocol.
func stranger(t *testing.T, version string) *p2p.Host {
	t.Helper()
	_, key, _ := ed25519.GenerateKey(nil)
	private, err := crypto.UnmarshalEd25519PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	h, err := libp2p.New(libp2p.Identity(private), libp2p.ProtocolVersion(version), libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.DisableRelay())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	ours, err := p2p.Open(t.Context(), p2p.Config{Host: h})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	return ours
}

// A manifest may be what its CID says, and yet make no sense.
func TestATopicThatIsNotSaneIsNotJoined(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(m *ledger.Manifest){
		"rounds.commit is 1":          func(m *ledger.Manifest) { m.Rounds.Commit = 1 },
		"economy: shares add up to":   func(m *ledger.Manifest) { m.Economy.Trainers++ },
		"manifest: learning.model: ":  func(m *ledger.Manifest) { m.Learning.Model = "crystal ball" },
		"manifest: learning.schema: ": func(m *ledger.Manifest) { m.Learning.Schema = "{" },
		"genesis: nobody has a stake": func(m *ledger.Manifest) { m.Genesis = nil },
	} {
		_, key, _ := ed25519.GenerateKey(nil)
		members := []ledger.Member{{Author: ledger.Author(key.Public().(ed25519.PublicKey)), Bond: 1, Stake: 1}}
		good, anchor, err := node.Found(node.Founding{Name: "x", Schema: dataset.Images(2, 2, 2), Members: members})
		if err != nil {
			t.Fatal(err)
		}
		m, _, err := ledger.DecodeManifest(good)
		if err != nil {
			t.Fatal(err)
		}
		spoil(m)
		bad, err := ledger.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		host, topic := stranger(t, p2p.Protocol), ledger.SumNode(bad)
		has, err := host.Join(t.Context(), topic.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		has.Serve(func(_ context.Context, _ peer.ID, query []byte) ([]byte, error) {
			q, err := engine.DecodeQuery(query)
			if err != nil || q.Kind != engine.AskBlob {
				return ledger.Encode([][]byte{})
			}
			data := map[bool][]byte{true: bad, false: anchor}[*q.Name == topic]
			return ledger.Encode([][]byte{engine.Encode(engine.BlobMessage{Data: data})})
		})
		o := joined(t, topic, host.Addrs()[0])
		if o.code != codeVerify || !strings.Contains(o.err, field) || !strings.Contains(o.err, "do not join") {
			t.Errorf("%s: exit code %d, want %d\n%s", field, o.code, codeVerify, o.err)
		}
	}
}

func TestJoiningSaysWhyNobodyHasTheTopic(t *testing.T) {
	t.Parallel()
	topic := ledger.SumNode([]byte("nobody's"))
	for version, hint := range map[string]string{
		p2p.Protocol:  "none has this topic",
		"grapevine/9": `speaks "grapevine/9", and this program "grapevine/1"`,
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			o := joined(t, topic, stranger(t, version).Addrs()[0])
			if o.code != codeNoPeers || !strings.Contains(o.err, hint) {
				t.Errorf("exit code %d, want %d with %q\n%s", o.code, codeNoPeers, hint, o.err)
			}
		})
	}
}
