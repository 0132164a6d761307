package ledger

import (
	"errors"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"github.com/ipfs/go-cid"
)

// Validate names the first field that makes no sense.
func (m *Manifest) Validate() error {
	if m.V != manifestVersion {
		return fmt.Errorf("version %d, this grapevine knows %d: update it", m.V, manifestVersion)
	}
	return errors.Join(
		within("name: length", uint64(len(m.Name)), 1, 64), text("name", m.Name),
		m.Learning.validate(), m.Rounds.validate(), m.Economy.validate(), m.validateUnbonding(), m.validateGenesis())
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
		within("learning.shrink", l.Shrink, 0, One),
		within("learning.keep", l.Keep, 1, 1024),
		within("learning.decay", l.Decay, 0, One),
		within("learning.alpha", l.Alpha, 1, 4*One),
		text("learning.model", l.Model), text("learning.schema", l.Schema), l.validateShape())
	if l.Model == "" {
		err = errors.Join(err, errors.New("learning.model is empty"))
	}
	if l.Dense && l.Keep != 1024 {
		err = errors.Join(err, fmt.Errorf("learning.keep is %d, want 1024 where learning.dense is set", l.Keep))
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
		within("rounds.delta", r.Delta, 1, 3_600_000),
		within("rounds.checkpoint", r.Period(), 4, 1<<16))
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
	if e.Invite && e.Slots != 0 {
		err = errors.Join(err, errors.New("economy.slots: an invite-only topic has none for newcomers"))
	}
	return err
}

// validateUnbonding keeps the stake of whoever may still vote within reach: a
// committee votes for two periods at most after it was drawn.
func (m *Manifest) validateUnbonding() error {
	if m.Economy.Unbonding == 0 {
		return nil
	}
	return within("economy.unbonding", m.Economy.Unbonding, 2*m.Rounds.Period(), 1<<32)
}

func (m *Manifest) validateGenesis() error {
	seen := map[Author]bool{}
	var sum, stake uint64
	if p := m.Parent; p != nil {
		if p.Height == 0 || p.Treasury > m.Economy.Cap {
			return errors.New("parent: an impossible height or treasury")
		}
		sum = p.Treasury
	}
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
