package node

import (
	"crypto/ed25519"
	"errors"
	"log/slog"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/p2p"
)

// Config says what a node is. Dir is required; so is Manifest, unless the home
// in Dir has one already.
type Config struct {
	Dir      string        // the home: identity, ledger, blobs. Created when missing
	Manifest []byte        // of the topic, see Found
	Anchor   []byte        // first model, the blob that the manifest names; or the one that Snapshot needs
	Snapshot []byte        // of a topic that has a history, see Fetch; it counts only in an empty home
	Trusted  ledger.CID    // the committee that certified Snapshot
	Links    []ledger.Link // the checkpoints that lead to Snapshot

	PruneAbove int64              // bytes of ledger and blobs above which Open begins at the newest checkpoint, see Prune; default 1 GiB, negative: never, this is an archive
	Data       learning.Samples   // own data for the topic's built-in model: a fifth only scores, the rest trains
	Trainer    learning.Trainer   // instead of Data; with neither, the node follows, but neither trains nor scores
	Key        ed25519.PrivateKey // default: the home's own identity
	Network    *p2p.Host          // a network to share with other nodes of the same Key; not closed with the node
	Listen     []string           // multiaddrs; default: a free port on all interfaces, TCP and QUIC
	Peers      []string           // multiaddrs of peers to begin with, with /p2p/
	MDNS       bool               // find peers on the local network
	Log        *slog.Logger       // default: silence

	// Sequential makes training wait for the model that the round before leads to,
	// instead of beginning on a guess of it while scores settle.
	Sequential bool

	// Tamper replaces the engine by one that misbehaves: for tests and demos.
	Tamper func(m Machine, self Self) Machine
}

// Machine is what a node steps: an engine, or one that was tampered with.
type Machine interface {
	Step(now int64, in engine.Input) ([]engine.Output, error)
}

// Self is what a tamperer gets to know.
type Self struct {
	Topic    ledger.CID
	Author   ledger.Author
	Sign     func(message []byte) []byte
	Manifest *ledger.Manifest
}

func (c Config) validate() error {
	if c.Dir == "" {
		return errors.New("config: Dir is empty: name the directory of the peer's home")
	}
	if c.Trainer != nil && c.Data.Len() > 0 {
		return errors.New("config: Data and Trainer are both set: a Trainer brings its own data")
	}
	return nil
}
