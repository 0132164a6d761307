package node

import (
	"errors"
	"fmt"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

// Legacy is what a closed topic leaves to a successor.
type Legacy struct {
	Manifest *ledger.Manifest // of the closed topic
	Parent   ledger.Parent    // for the successor's manifest, its treasury included
	Anchor   []byte           // the last model
	state    *incentives.State
}

// ErrOpen means that a topic goes on, or that its last state is in no block yet.
var ErrOpen = errors.New("the topic is not closed, or no block has certified that yet")

// Inherit reads the last state of the closed topic whose home is in dir.
func Inherit(dir string) (*Legacy, error) {
	l, _, err := legacyOf(dir, 0)
	return l, err
}

// legacyOf also returns the certified root of the state at a height.
func legacyOf(dir string, height uint64) (*Legacy, ledger.Hash, error) {
	var at, last ledger.Hash
	r, err := Replay(dir, func(h *Height) error {
		last = h.Block.Header.State
		if h.Block.Header.Height == height+1 {
			at = last
		}
		return nil
	})
	if err != nil {
		return nil, at, err
	}
	s := r.Replica.State
	if s.Closed == nil || s.Height <= s.Closed.Height {
		return nil, at, fmt.Errorf("topic %v: %w", r.Replica.Topic, ErrOpen)
	}
	l := &Legacy{Manifest: r.Replica.Manifest, Anchor: audit.EncodeAnchor(r.Replica.Anchor()), state: s}
	l.Parent = ledger.Parent{Topic: r.Replica.Topic, Height: s.Height - 1, State: last}
	return l, at, nil
}

// Bequeath puts the legacy into a successor's manifest.
func (l *Legacy) Bequeath(m *ledger.Manifest) {
	parent := l.Parent
	m.Genesis, parent.Treasury = l.state.Estate(m.Economy.Invite)
	m.Economy.Cap, m.Parent = l.state.Economy.Cap-l.state.Supply.Burnt, &parent
}

// CheckSuccession checks a manifest against the ledger of the parent that it
// names, whose home is in dir: that it is closed, that a block certifies the root
// which the manifest names, and that all accounts are as they were in the end.
func CheckSuccession(dir string, m *ledger.Manifest, topic ledger.CID) error {
	if m.Parent == nil {
		return fmt.Errorf("topic %v has no parent", topic)
	}
	l, root, err := legacyOf(dir, m.Parent.Height)
	if err != nil {
		return fmt.Errorf("check succession: %w", err)
	}
	if root != m.Parent.State {
		return fmt.Errorf("check succession: parent.state is %x, and the block after height %d of %v has %x", m.Parent.State[:8], m.Parent.Height, m.Parent.Topic, root[:8])
	}
	if err := l.state.Inherits(m, topic); err != nil {
		return fmt.Errorf("check succession: %w", err)
	}
	return nil
}
