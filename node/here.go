package node

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/home"
)

// Identity returns the key of the peer whose home is in dir: what Node.Author
// will be. A home and a key are made if there are none, so that a peer can be a
// member of a topic before it is founded.
func Identity(dir string) (ledger.Author, error) {
	var a ledger.Author
	err := inHome(dir, func(h *home.Home) error {
		key, _, err := h.Identity()
		if err == nil {
			a = ledger.Author(key.Public().(ed25519.PublicKey))
		}
		return err
	})
	return a, err
}

// FoundHere makes a topic whose members are peers on this computer, with homes in
// dirs and equal parts: 1,000 tokens of bond and of stake each. Their rounds are
// as quick as one computer allows. It puts the topic into all homes, so that
// Open finds it there; a home that has another topic is refused.
//
// f.Members are members too, and f.Rules has the last word.
func FoundHere(f Founding, dirs ...string) (*ledger.Manifest, error) {
	const thousand = 1_000_000_000
	members, rules := f.Members[:len(f.Members):len(f.Members)], f.Rules
	for _, dir := range dirs {
		author, err := Identity(dir)
		if err != nil {
			return nil, fmt.Errorf("found topic: %w", err)
		}
		members = append(members, ledger.Member{Author: author, Bond: thousand, Stake: thousand})
	}
	f.Members = members
	f.Rules = func(m *ledger.Manifest) {
		m.Rounds = ledger.Rounds{Commit: 6, Reveal: 6, Seal: 6, Open: 6, Pace: 500, Propose: 600, Delta: 300}
		if rules != nil {
			rules(m)
		}
	}
	manifest, anchor, err := Found(f)
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		if err := settleIn(dir, manifest, anchor); err != nil {
			return nil, fmt.Errorf("found topic: %w", err)
		}
	}
	m, _, err := ledger.DecodeManifest(manifest)
	return m, err
}

func settleIn(dir string, manifest, anchor []byte) error {
	return inHome(dir, func(h *home.Home) error {
		if _, err := h.Blobs().Put(anchor); err != nil {
			return err
		}
		return h.SetManifest(manifest)
	})
}

func inHome(dir string, f func(h *home.Home) error) error {
	h, err := home.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f(h), h.Close())
}
