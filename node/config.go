package node

import (
	"errors"
	"log/slog"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// Config says what a node is. Dir is required; so is Manifest, unless the home
// in Dir has one already.
type Config struct {
	Dir      string           // the home: identity, ledger, blobs. Created when missing
	Manifest []byte           // of the topic, see Found
	Anchor   []byte           // first model, the blob that the manifest names
	Trainer  learning.Trainer // nil: the node follows, but neither trains nor scores
	Listen   []string         // multiaddrs; default: a free port on all interfaces, TCP and QUIC
	Peers    []string         // multiaddrs of peers to begin with, with /p2p/
	MDNS     bool             // find peers on the local network
	Log      *slog.Logger     // default: silence

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
		return errors.New("Dir is empty: name the directory of the peer's home")
	}
	return nil
}
