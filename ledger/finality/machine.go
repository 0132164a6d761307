package finality

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/filecoin-project/go-f3/gpbft"
	"github.com/filecoin-project/go-state-types/big"

	"github.com/grapevine-network/grapevine/ledger"
)

// Config describes one validator. Times are nanoseconds.
type Config struct {
	Topic  ledger.CID
	Author ledger.Author
	Sign   func(message []byte) []byte // with the author's key
	Verify ledger.Verifier
	Delta  int64 // bound on one message's way; doubled after each base decision, see Machine.Slow
}

// Machine runs one instance of gpbft after another for one validator. It is not
// safe for concurrent use.
type Machine struct {
	cfg  Config
	keys *keys

	instance  uint64
	base      ledger.Tip
	committee ledger.Committee // of the instance
	after     ledger.Committee // of the one after it, nil while uncertain
	slow      int              // times that delta is doubled

	participant *gpbft.Participant
	running     bool
	input       *ledger.Tip
	early       []gpbft.ValidatedMessage // for an instance that has not begun
	sent        map[ledger.Slot][]byte   // every vote signed in this instance and the last
	silent      bool
	toSelf      []*gpbft.GMessage
	now         int64
	out         []Output
}

// Output is something to do.
type Output interface{ output() }

type (
	// Store must be durable before any later output is carried out.
	Store struct{ Frame []byte }
	// Send goes to all validators.
	Send struct{ Frame []byte }
	// Alarm replaces the alarm before it.
	Alarm struct{ At int64 }
	// Decided ends the instance: call Advance before anything else.
	Decided struct{ Certificate *ledger.Certificate }
)

func (Store) output()   {}
func (Send) output()    {}
func (Alarm) output()   {}
func (Decided) output() {}

// New makes a machine that knows the votes it has signed before, as they were
// stored. Advance it before anything else.
func New(c Config, votes [][]byte) (*Machine, error) {
	m := &Machine{
		cfg:  c,
		keys: &keys{sign: c.Sign, verify: c.Verify, good: map[ledger.Hash]bool{}},
		sent: map[ledger.Slot][]byte{},
	}
	for _, b := range votes {
		f, err := DecodeFrame(b)
		if err != nil {
			return nil, fmt.Errorf("vote log: %w", err)
		}
		m.sent[f.Vote.Slot()] = b
	}
	return m, nil
}

// Newest is the latest instance in which this validator has voted, 0 if none.
func (m *Machine) Newest() (instance uint64) {
	for s := range m.sent {
		instance = max(instance, s.Instance)
	}
	return instance
}

// Adopt takes a vote of this validator that its own log lacks: a slot once
// signed is not signed again. It tells whether the vote is one, and was new.
func (m *Machine) Adopt(f *Frame, data []byte) bool {
	seat := m.committee.Seat(m.cfg.Author)
	if seat < 0 || m.committee[seat].ID != f.Sender || m.sent[f.Vote.Slot()] != nil {
		return false
	}
	message := f.message()
	if m.keys.Verify(m.cfg.Author[:], message.Vote.MarshalForSigning((*host)(m).NetworkName()), f.Sig) != nil {
		return false
	}
	m.sent[f.Vote.Slot()] = data
	return true
}

// Signed tells whether the validator's log has a vote for the slot.
func (m *Machine) Signed(s ledger.Slot) bool { return m.sent[s] != nil }

// Silence keeps the machine from voting, until it is lifted.
func (m *Machine) Silence(on bool) { m.silent = on }

// Silent tells whether it is kept from voting.
func (m *Machine) Silent() bool { return m.silent }

// Slow sets how often in a row instances decided nothing new: bounds on time
// double with each, up to 2^MaxSlow.
func (m *Machine) Slow(times int) { m.slow = min(times, MaxSlow) }

// MaxSlow is how often bounds on time double at most.
const MaxSlow = 4

// Advance moves to an instance that builds on base. after is the committee of
// the instance after this one, nil while that depends on what this one decides.
func (m *Machine) Advance(instance uint64, base ledger.Tip, committee, after ledger.Committee) error {
	m.instance, m.base, m.committee, m.after = instance, base, committee, after
	m.running, m.input, m.early = false, nil, nil
	clear(m.keys.good)
	for s := range m.sent {
		if s.Instance+1 < instance {
			delete(m.sent, s)
		}
	}
	var err error
	delta := time.Duration(m.cfg.Delta) << m.slow
	m.participant, err = gpbft.NewParticipant((*host)(m),
		gpbft.WithDelta(delta),
		gpbft.WithDeltaBackOffExponent(1.3),
		gpbft.WithCommitteeLookback(2), // with less, what faster peers say of the next instance is lost
		gpbft.WithMaxLookaheadRounds(5),
		gpbft.WithRebroadcastBackoff(1.3, 0, time.Duration(m.cfg.Delta), 10*delta), // no jitter, so that a seed replays
	)
	if err != nil {
		return fmt.Errorf("instance %d: %w", instance, err)
	}
	m.enter()
	return m.participant.StartInstanceAt(instance, m.time()) // its alarm is ours to ring, in Start
}

// Running tells whether the instance has begun.
func (m *Machine) Running() bool { return m.running }

// Instance is the one that runs or is to begin.
func (m *Machine) Instance() uint64 { return m.instance }

// Start begins the instance. next is the block we hold and would see final, or
// nil: then our input is the base alone.
func (m *Machine) Start(now int64, next *ledger.Tip) ([]Output, error) {
	if m.running {
		return nil, nil
	}
	m.now, m.running, m.input = now, true, next
	m.enter()
	err := m.participant.ReceiveAlarm(context.Background())
	if err != nil {
		m.running = false
		m.out = append(m.out, Alarm{now + m.cfg.Delta})
		return m.leave(fmt.Errorf("begin instance %d: %w", m.instance, err))
	}
	early := m.early
	m.early = nil
	slices.SortStableFunc(early, func(a, b gpbft.ValidatedMessage) int {
		x, y := a.Message(), b.Message()
		return cmp.Or(cmp.Compare(x.Vote.Round, y.Vote.Round), cmp.Compare(x.Vote.Phase, y.Vote.Phase), cmp.Compare(x.Sender, y.Sender))
	})
	for _, v := range early {
		err = errors.Join(err, m.deliver(v))
	}
	return m.leave(err)
}

// ErrNotNow means that a vote is too old, too new or of no use: forget it, and
// do not blame who sent it.
var ErrNotNow = errors.New("vote is not relevant now")

// Receive takes a vote of another validator. An error other than [ErrNotNow]
// means that the vote is invalid.
func (m *Machine) Receive(now int64, f *Frame) ([]Output, error) {
	m.now = now
	m.enter()
	valid, err := m.participant.ValidateMessage(context.Background(), f.message())
	switch {
	case errors.Is(err, gpbft.ErrValidationTooOld), errors.Is(err, gpbft.ErrValidationNotRelevant),
		errors.Is(err, gpbft.ErrValidationNoCommittee):
		return nil, fmt.Errorf("%w: %w", ErrNotNow, err)
	case err != nil:
		return nil, err
	case f.Vote.Instance < m.instance:
		return nil, ErrNotNow
	case !m.running || f.Vote.Instance > m.instance:
		if len(m.early) < maxEarly {
			m.early = append(m.early, valid)
		}
		return nil, nil
	}
	return m.leave(m.deliver(valid))
}

// maxEarly bounds the votes kept for an instance that has not begun here.
const maxEarly = 16 * ledger.MaxCommittee

// Alarm is to be called at the time of the last Alarm output.
func (m *Machine) Alarm(now int64) ([]Output, error) {
	if !m.running {
		return nil, nil
	}
	m.now = now
	m.enter()
	if err := m.participant.ReceiveAlarm(context.Background()); err != nil {
		m.out = append(m.out, Alarm{now + m.cfg.Delta}) // or the instance would never move again
		return m.leave(err)
	}
	out, err := m.leave(nil)
	if m.running && !slices.ContainsFunc(out, func(o Output) bool { _, is := o.(Alarm); return is }) {
		// gpbft sets none when a phase times out between two repetitions, and would
		// never be woken again if nobody else speaks.
		out = append(out, Alarm{now + m.cfg.Delta})
	}
	return out, err
}

func (m *Machine) enter() { m.out = nil }

// leave returns what is to be done, beside an error that may have come first.
func (m *Machine) leave(err error) ([]Output, error) {
	err = errors.Join(err, m.drain())
	return m.out, err
}

// deliver hands a message to gpbft. What it refuses late, when it knows more, is
// no fault of ours.
func (m *Machine) deliver(v gpbft.ValidatedMessage) error {
	if !m.running {
		return nil
	}
	err := m.participant.ReceiveMessage(context.Background(), v)
	if errors.As(err, &gpbft.ValidationError{}) {
		return ErrNotNow
	}
	return err
}

// drain hands gpbft its own votes, which it expects to hear like all others'.
func (m *Machine) drain() error {
	for len(m.toSelf) > 0 && m.running {
		own := m.toSelf[0]
		m.toSelf = m.toSelf[1:]
		valid, err := m.participant.ValidateMessage(context.Background(), own)
		if err != nil {
			continue // the instance has moved past it
		}
		if err := m.deliver(valid); err != nil {
			return fmt.Errorf("own vote: %w", err)
		}
	}
	m.toSelf = nil
	return nil
}

func (m *Machine) time() time.Time { return time.Unix(0, m.now) }

// table is a committee as gpbft has it; the order of seats is the same.
func table(c ledger.Committee) (*gpbft.PowerTable, error) {
	entries := make([]gpbft.PowerEntry, len(c))
	for i, s := range c {
		entries[i] = gpbft.PowerEntry{ID: gpbft.ActorID(s.ID), Power: big.NewIntUnsigned(s.Stake), PubKey: s.Author[:]}
	}
	t := gpbft.NewPowerTable()
	if err := t.Add(entries...); err != nil {
		return nil, fmt.Errorf("committee: %w", err)
	}
	return t, nil
}
