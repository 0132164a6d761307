package ledger

import (
	"errors"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"github.com/ipfs/go-cid"
)

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
	Keep     uint64   `cbor:"keep"`  // values sent of every 1,024
	Decay    uint64   `cbor:"decay"` // of error feedback, Q16
	Alpha    uint64   `cbor:"alpha"` // step from anchor to anchor, Q16
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
	Slash      uint64 `cbor:"slash"`           // of bond and stake for a fork, Q16
	Reporter   uint64 `cbor:"reporter"`        // of what was slashed to who reported it, Q16
}

// Member is an account that exists from the start.
type Member struct {
	Author  Author `cbor:"author"`
	Balance uint64 `cbor:"balance"`
	Bond    uint64 `cbor:"bond"`
	Stake   uint64 `cbor:"stake"`
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

// Validate names the first field that makes no sense.
func (m *Manifest) Validate() error {
	if m.V != manifestVersion {
		return fmt.Errorf("version %d, this grapevine knows %d: update it", m.V, manifestVersion)
	}
	return errors.Join(
		within("name: length", uint64(len(m.Name)), 1, 64), text("name", m.Name),
		m.Learning.validate(), m.Rounds.validate(), m.Economy.validate(), m.validateGenesis())
}

// text refuses what has no encoding as text.
func text(field, value string) error {
	if !utf8.ValidString(value) {
		return fmt.Errorf("%s is %q, want UTF-8", field, value)
	}
	return nil
}

// within is one line of Validate: low ≤ value ≤ high.
func within(field string, value, low, high uint64) error {
	if value < low || value > high {
		return fmt.Errorf("%s is %d, want %d to %d", field, value, low, high)
	}
	return nil
}

func (l Learning) validate() error {
	err := errors.Join(
		within("learning.steps", l.Steps, 1, 10_000),
		within("learning.batch", l.Batch, 1, 1<<16),
		within("learning.rate", l.Rate, 1, 100*One),
		within("learning.momentum", l.Momentum, 0, One-1),
		within("learning.keep", l.Keep, 1, 1024),
		within("learning.decay", l.Decay, 0, One),
		within("learning.alpha", l.Alpha, 1, 4*One),
		text("learning.model", l.Model), text("learning.schema", l.Schema), l.validateShape())
	if l.Model == "" {
		err = errors.Join(err, errors.New("learning.model is empty"))
	}
	if !l.Anchor.Defined() || l.Anchor.Type() != cid.Raw {
		err = errors.Join(err, errors.New("learning.anchor is not the name of a blob"))
	}
	return err
}

// maxParams keeps every norm within 128 bits and every index within 32.
const maxParams = 1 << 28

func (l Learning) validateShape() error {
	var n uint64
	for _, t := range l.Shape {
		if err := text("learning.shape", t.Name); err != nil {
			return err
		}
		size := uint64(1)
		for _, d := range t.Dims {
			hi, lo := bits.Mul64(size, d)
			if hi != 0 || lo == 0 || lo > maxParams {
				return fmt.Errorf("learning.shape: %q has impossible sizes %v", t.Name, t.Dims)
			}
			size = lo
		}
		if n += size; n > maxParams {
			return fmt.Errorf("learning.shape: more than %d parameters", maxParams)
		}
	}
	if n == 0 {
		return errors.New("learning.shape: no parameters")
	}
	return nil
}

func (r Rounds) validate() error {
	return errors.Join(
		within("rounds.commit", r.Commit, 3, 1<<20),
		within("rounds.reveal", r.Reveal, 3, 1<<20),
		within("rounds.seal", r.Seal, 3, 1<<20),
		within("rounds.open", r.Open, 3, 1<<20),
		within("rounds.pace", r.Pace, 1, 86_400_000),
		within("rounds.propose", r.Propose, 1, 86_400_000),
		within("rounds.delta", r.Delta, 1, 3_600_000))
}

func (e Economy) validate() error {
	err := errors.Join(
		within("economy.cap", e.Cap, 1, MaxAmount),
		within("economy.rate", e.Rate, 0, 1<<32),
		within("economy.trainers", e.Trainers, 0, One),
		within("economy.validators", e.Validators, 0, One),
		within("economy.newcomers", e.Newcomers, 0, One/2), // or their weight would outgrow that of all bonds
		within("economy.treasury", e.Treasury, 0, One),
		within("economy.slots", e.Slots, 0, 256),
		within("economy.work", e.Work, 0, 40),
		within("economy.max_score", e.MaxScore, 1, 1<<24),
		within("economy.full_score", e.FullScore, 0, e.MaxScore),
		within("economy.slash", e.Slash, 0, One),
		within("economy.reporter", e.Reporter, 0, One/2))
	if sum := e.Trainers + e.Validators + e.Newcomers + e.Treasury; sum != One {
		err = errors.Join(err, fmt.Errorf("economy: shares add up to %d, want %d", sum, One))
	}
	return err
}

func (m *Manifest) validateGenesis() error {
	seen := map[Author]bool{}
	var sum, stake uint64
	for i, g := range m.Genesis {
		if err := g.Author.Validate(); err != nil || seen[g.Author] {
			return fmt.Errorf("genesis[%d].author: %v is invalid or there twice", i, g.Author)
		}
		seen[g.Author] = true
		for _, amount := range []uint64{g.Balance, g.Bond, g.Stake} {
			if amount > m.Economy.Cap || sum+amount > m.Economy.Cap {
				return fmt.Errorf("genesis[%d]: more tokens than economy.cap, %d", i, m.Economy.Cap)
			}
			sum += amount
		}
		stake += g.Stake
	}
	if stake == 0 {
		return errors.New("genesis: nobody has a stake, so nobody could make a block")
	}
	return nil
}

// Committee is who votes first.
func (m *Manifest) Committee() Committee {
	seats := make([]Seat, 0, len(m.Genesis))
	for i, g := range m.Genesis {
		seats = append(seats, Seat{ID: uint64(i), Author: g.Author, Stake: g.Stake})
	}
	return NewCommittee(seats)
}
