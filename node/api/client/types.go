package client

import (
	"encoding/json"
	"time"
)

// Node is what a daemon says of itself.
type Node struct {
	Peer    string    `json:"peer"`
	Alias   string    `json:"alias"`
	Version string    `json:"version"`
	PID     int       `json:"pid"`
	Home    string    `json:"home"`
	Started time.Time `json:"started"`
	Addrs   []string  `json:"addrs"`
	Peers   int       `json:"peers"` // connected now
	Topics  []Topic   `json:"topics"`
}

// States of a topic.
const (
	Running = "running"
	Stopped = "stopped" // Topic.Reason says why; the daemon tries again by itself
)

// Topic is how a daemon's peer stands in one topic.
type Topic struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"` // of its section in config.toml
	Title     string  `json:"title"`
	State     string  `json:"state"`
	Reason    string  `json:"reason,omitempty"`
	Role      string  `json:"role"` // trainer or follower
	Validator bool    `json:"validator"`
	Open      bool    `json:"open"` // peers without a bond may take part
	Model     string  `json:"model"`
	Params    uint64  `json:"params"`
	Data      string  `json:"data,omitempty"`
	Dir       string  `json:"dir"`
	Peers     int     `json:"peers"` // of the topic, connected now
	Head      Head    `json:"head"`
	Account   Account `json:"account"`

	LiveSince *time.Time `json:"live_since,omitempty"` // since when no height came; absent while they come
	DiskFull  bool       `json:"disk_full"`            // it reads and answers, and signs nothing, until there is space
}

// Head is the newest certified height of a topic.
type Head struct {
	Topic     string  `json:"topic"`
	Height    uint64  `json:"height"`
	Block     string  `json:"block"`
	StateRoot *string `json:"state_root"` // null while a round is being settled
	Anchor    string  `json:"anchor"`
	Round     uint64  `json:"round"`
	Phase     string  `json:"phase"`
	Instance  uint64  `json:"instance"` // of consensus
}

// Account is what a peer holds.
type Account struct {
	Balance uint64 `json:"balance"`
	Bond    uint64 `json:"bond"`
	Stake   uint64 `json:"stake"`
}

// Peer is somebody the daemon is connected to.
type Peer struct {
	ID      string    `json:"id"`
	Alias   string    `json:"alias"`
	Addr    string    `json:"addr"`
	Inbound bool      `json:"inbound"` // it dialled us
	Since   time.Time `json:"since"`
}

// Join asks a daemon to take part in a topic: by invitation, by its CID or, if it
// was there before, by name.
type Join struct {
	Topic  string   `json:"topic"`
	Data   string   `json:"data,omitempty"`
	Label  string   `json:"label,omitempty"`
	Drop   []string `json:"drop,omitempty"`
	Follow bool     `json:"follow,omitempty"`
}

// Invite is an invitation to a topic.
type Invite struct {
	Topic  string   `json:"topic"`
	Invite string   `json:"invite"`
	Addrs  []string `json:"addrs"`
	Height uint64   `json:"height"` // of the checkpoint in it
}

// Wallet is what the daemon's peer holds in one topic.
type Wallet struct {
	Topic   string `json:"topic"`
	Peer    string `json:"peer"`
	Height  uint64 `json:"height"`
	Account        // balance, bond and stake
}

// Order asks for an entry of the daemon's peer. Peers are named by their IDs or, if
// they have an account, by their aliases.
type Order struct {
	Kind      string `json:"kind"` // transfer, bond, unbond, stake, unstake, register, admit, remove, data or end
	Peer      string `json:"peer,omitempty" doc:"who is paid, admitted, removed or, by register, paid if this peer's chain ends"`
	Amount    uint64 `json:"amount,omitempty" doc:"base units"`
	Successor string `json:"successor,omitempty" doc:"end: CID of the topic that goes on from this one, which is closed"`
	Root      string `json:"root,omitempty" doc:"data: Merkle root over the salted rows, in hexadecimal"`
	Count     uint64 `json:"count,omitempty" doc:"data: rows"`
	Columns   string `json:"columns,omitempty" doc:"data: SHA-256 of the schema, in hexadecimal"`
	Wait      int    `json:"wait,omitempty" minimum:"0" maximum:"3600" doc:"seconds to wait until it is certified"`
}

// States of a submission.
const (
	Pending   = "pending"   // signed and published; no block certifies it yet
	Certified = "certified" // and it took effect
)

// Submission is an entry that was signed.
type Submission struct {
	Topic  string `json:"topic"`
	Peer   string `json:"peer"`
	Kind   string `json:"kind"`
	Entry  string `json:"entry"` // its CID
	Seq    uint64 `json:"seq"`
	State  string `json:"state"`
	Height uint64 `json:"height"` // that certified it; the newest one while it is pending
}

// Due is what will be paid back at a height.
type Due struct {
	Amount uint64 `json:"amount"`
	Height uint64 `json:"height"`
}

// Payment is a change of what an account holds.
type Payment struct {
	Height  uint64 `json:"height"`
	Round   uint64 `json:"round"`
	Kind    string `json:"kind"` // genesis, earlier (than the ledger begins), training, validating, transfer, evidence, other
	Amount  int64  `json:"amount"`
	Balance uint64 `json:"balance"` // after it; of all that the account holds
	Delta   string `json:"delta,omitempty"`
}

// Event is something that happened. IDs grow, also across restarts of a daemon.
type Event struct {
	ID    uint64          `json:"id"`
	Time  time.Time       `json:"time"`
	Kind  string          `json:"kind"`
	Topic string          `json:"topic,omitempty"`
	Data  json.RawMessage `json:"data"`
}

// Problem is an error of the API (RFC 9457), or of reaching it.
type Problem struct {
	Type   string `json:"type,omitempty"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"` // failed, usage, unreachable, forbidden, timeout, verification, no-peers
	Hint   string `json:"hint,omitempty"`
}

// Error says what happened.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status code.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of problems, whatever was asked for.
func (p *Problem) ContentType(string) string { return "application/problem+json" }
