package ledger

import "fmt"

// One is 1.0 in Q16, the fixed point in which the manifest writes reals.
const One = 1 << 16

// MaxAmount bounds every sum of tokens: base units that JSON numbers can carry.
const MaxAmount = 1<<53 - 1

// Manifest is the constitution of a topic. It never changes, and its CID is the
// topic's name, so peers with other rules never meet.
type Manifest struct {
	V        uint64   `cbor:"v"`
	Name     string   `cbor:"name"`  // for people, 1 to 64 bytes
	Nonce    Salt     `cbor:"nonce"` // random, so that no two topics are one
	Learning Learning `cbor:"learning"`
	Rounds   Rounds   `cbor:"rounds"`
	Economy  Economy  `cbor:"economy"`
	Genesis  []Member `cbor:"genesis"` // sorted by first mention; the order gives seats their IDs
	Parent   *Parent  `cbor:"parent,omitempty"`
}

// Parent is the closed topic that a topic goes on from: Genesis is what its
// accounts held in the end, and Treasury is its treasury.
type Parent struct {
	Topic    CID    `cbor:"topic"`
	Height   uint64 `cbor:"height"`
	State    Hash   `cbor:"state"` // root after Height
	Treasury uint64 `cbor:"treasury"`
}

// Learning says what is learnt and how deltas are made and merged.
type Learning struct {
	Model    string   `cbor:"model"`  // such as "softmax" or "mlp:64"
	Schema   string   `cbor:"schema"` // canonical JSON of what makes data sets fit together
	Shape    []Tensor `cbor:"shape"`  // names and sizes of the parameters
	Anchor   CID      `cbor:"anchor"` // the first model: int32, little-endian, LSB 2^-20
	Steps    uint64   `cbor:"steps"`  // local steps a round
	Batch    uint64   `cbor:"batch"`  // samples a step
	Rate     uint64   `cbor:"rate"`   // of local steps, Q16
	Momentum uint64   `cbor:"momentum"`
	Shrink   uint64   `cbor:"shrink,omitempty"` // weight decay of local steps, Q16
	Keep     uint64   `cbor:"keep"`             // values sent of every 1,024
	Dense    bool     `cbor:"dense,omitempty"`  // all values are sent, in 8 bits each; keep is 1,024 then
	Decay    uint64   `cbor:"decay"`            // of error feedback, Q16
	Alpha    uint64   `cbor:"alpha"`            // step from anchor to anchor, Q16
}

// Tensor names a part of the flat parameter vector.
type Tensor struct {
	Name string   `cbor:"name"`
	Dims []uint64 `cbor:"dims"`
}

// Rounds paces the rounds and consensus. Phases are counted in blocks; times are
// milliseconds on each validator's own clock and no part of validity.
type Rounds struct {
	Commit  uint64 `cbor:"commit"` // most blocks of each phase, at least 3
	Reveal  uint64 `cbor:"reveal"`
	Seal    uint64 `cbor:"seal"`
	Open    uint64 `cbor:"open"`
	Pace    uint64 `cbor:"pace"`    // between instances
	Propose uint64 `cbor:"propose"` // how long to wait for a proposal
	Delta   uint64 `cbor:"delta"`   // gpbft's bound on the way of a message

	Checkpoint uint64 `cbor:"checkpoint,omitempty"` // heights between checkpoints; 0 stands for CheckpointAt
}

// Period is the number of heights between checkpoints, at which committees change.
func (r Rounds) Period() uint64 {
	if r.Checkpoint == 0 {
		return CheckpointAt
	}
	return r.Checkpoint
}

// Economy holds the rules of money. Shares are Q16 and add up to One.
type Economy struct {
	Cap        uint64 `cbor:"cap"`             // supply, base units
	Rate       uint64 `cbor:"rate"`            // of the remaining supply minted a round, 2^-32
	Trainers   uint64 `cbor:"trainers"`        // shares of what is minted
	Validators uint64 `cbor:"validators"`      //
	Newcomers  uint64 `cbor:"newcomers"`       //
	Treasury   uint64 `cbor:"treasury"`        //
	Slots      uint64 `cbor:"slots,omitempty"` // newcomers' COMMITs a round; 0: who has no bond can't take part
	Work       uint64 `cbor:"work,omitempty"`  // leading zero bits that such a COMMIT must carry
	MaxScore   uint64 `cbor:"max_score"`       // of one delta, micro-nats
	FullScore  uint64 `cbor:"full_score"`      // mean score that earns a whole pool, micro-nats; less earns less
	Slash      uint64 `cbor:"slash"`           // of bond and stake for a fork or a double vote, Q16
	Reporter   uint64 `cbor:"reporter"`        // of what was slashed to who reported it, Q16

	Unbonding uint64 `cbor:"unbonding,omitempty"` // heights until bond and stake are paid back; 0: they never are
	Invite    bool   `cbor:"invite,omitempty"`    // invite-only: members train, each with the same weight, and admit or remove others
}

// Member is an account that exists from the start.
type Member struct {
	Author  Author `cbor:"author"`
	Balance uint64 `cbor:"balance"`
	Bond    uint64 `cbor:"bond"`
	Stake   uint64 `cbor:"stake"`
	Guest   bool   `cbor:"guest,omitempty"` // of an invite-only topic: has an account, and is no member
}

const manifestVersion = 1

// MaxManifest bounds the bytes of a manifest.
const MaxManifest = 1 << 20

// EncodeManifest returns the canonical bytes and the topic that they name.
func EncodeManifest(m Manifest) ([]byte, CID, error) {
	m.V = manifestVersion
	if err := m.Validate(); err != nil {
		return nil, CID{}, fmt.Errorf("manifest: %w", err)
	}
	b, err := Encode(m)
	if err == nil && len(b) > MaxManifest {
		err = fmt.Errorf("manifest of %d bytes, at most %d", len(b), MaxManifest)
	}
	return b, SumNode(b), err
}

// DecodeManifest reads a manifest and refuses one whose numbers make no sense,
// naming the field.
func DecodeManifest(data []byte) (*Manifest, CID, error) {
	if len(data) > MaxManifest {
		return nil, CID{}, fmt.Errorf("manifest of %d bytes, at most %d", len(data), MaxManifest)
	}
	m := new(Manifest)
	if err := Decode(data, m); err != nil {
		return nil, CID{}, err
	}
	if err := m.Validate(); err != nil {
		return nil, CID{}, fmt.Errorf("manifest: %w", err)
	}
	return m, SumNode(data), nil
}

// Params is the number of parameters of the model.
func (l Learning) Params() uint64 {
	var n uint64
	for _, t := range l.Shape {
		size := uint64(1)
		for _, d := range t.Dims {
			size *= d
		}
		n += size
	}
	return n
}

// Committee is who votes first.
func (m *Manifest) Committee() Committee {
	seats := make([]Seat, 0, len(m.Genesis))
	for i, g := range m.Genesis {
		seats = append(seats, Seat{ID: uint64(i), Author: g.Author, Stake: g.Stake})
	}
	return NewCommittee(seats)
}
