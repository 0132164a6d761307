package finality

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/filecoin-project/go-f3/gpbft"

	"github.com/grapevine-network/grapevine/ledger"
)

// host is a Machine as gpbft sees it.
type host Machine

var _ gpbft.Host = (*host)(nil)

func (h *host) NetworkName() gpbft.NetworkName { return gpbft.NetworkName(h.cfg.Topic.String()) }

func (h *host) Time() time.Time { return (*Machine)(h).time() }

// SetAlarm takes alarms of a running instance only: when an instance begins is
// for the engine to say.
func (h *host) SetAlarm(at time.Time) {
	if h.running {
		h.out = append(h.out, Alarm{at.UnixNano()})
	}
}

func (h *host) GetProposal(_ context.Context, instance uint64) (*gpbft.SupplementalData, *gpbft.ECChain, error) {
	if instance != h.instance {
		return nil, nil, fmt.Errorf("proposal for instance %d while at %d", instance, h.instance)
	}
	base := h.base
	return &gpbft.SupplementalData{PowerTable: h.committee.CID().Cid}, chain(&base, h.input), nil
}

var errUncertain = errors.New("the committee is not certain yet")

func (h *host) GetCommittee(_ context.Context, instance uint64) (*gpbft.Committee, error) {
	c := h.committee
	switch instance {
	case h.instance:
	case h.instance + 1:
		c = h.after
	default:
		return nil, errUncertain
	}
	if c == nil {
		return nil, errUncertain
	}
	power, err := table(c)
	if err != nil {
		return nil, err
	}
	verifier, err := h.keys.Aggregate(power.Entries.PublicKeys())
	if err != nil {
		return nil, err
	}
	return &gpbft.Committee{PowerTable: power, Beacon: c.CID().Bytes(), AggregateVerifier: verifier}, nil
}

// RequestBroadcast votes. Who has no seat, or is silent, says nothing.
func (h *host) RequestBroadcast(b *gpbft.MessageBuilder) error {
	seat := h.committee.Seat(h.cfg.Author)
	if seat < 0 || h.silent {
		return nil
	}
	slot := ledger.Slot{Instance: b.Payload.Instance, Round: b.Payload.Round, Phase: uint64(b.Payload.Phase)}
	if old, again := h.sent[slot]; again {
		return h.repeat(old)
	}
	m, err := b.Build(context.Background(), h.keys, gpbft.ActorID(h.committee[seat].ID))
	if err != nil {
		return fmt.Errorf("sign vote: %w", err)
	}
	f, err := frameOf(m)
	if err != nil {
		return err
	}
	data, err := ledger.Encode(f)
	if err != nil {
		return err
	}
	h.sent[slot] = data
	h.toSelf = append(h.toSelf, m)
	h.out = append(h.out, Store{data}, Send{data})
	return nil
}

// repeat answers a slot that was signed before with the old bytes.
func (h *host) repeat(old []byte) error {
	f, err := DecodeFrame(old)
	if err != nil {
		return err
	}
	h.toSelf = append(h.toSelf, f.message())
	h.out = append(h.out, Send{old})
	return nil
}

func (h *host) RequestRebroadcast(i gpbft.Instant) error {
	if data, ok := h.sent[ledger.Slot{Instance: i.ID, Round: i.Round, Phase: uint64(i.Phase)}]; ok && !h.silent {
		h.out = append(h.out, Send{data})
	}
	return nil
}

func (h *host) Verify(key gpbft.PubKey, message, sig []byte) error {
	return h.keys.Verify(key, message, sig)
}

func (h *host) Aggregate(members []gpbft.PubKey) (gpbft.Aggregate, error) {
	return h.keys.Aggregate(members)
}

// ReceiveDecision never returns an error: gpbft would begin the same instance
// again.
func (h *host) ReceiveDecision(_ context.Context, j *gpbft.Justification) (time.Time, error) {
	h.running = false
	c, err := certificate(j)
	if err == nil {
		h.out = append(h.out, Decided{c})
	}
	return h.Time(), nil
}

// certificate takes the proof out of a decision. It fails for chains that this
// package does not make, which no honest quorum signs.
func certificate(j *gpbft.Justification) (*ledger.Certificate, error) {
	base, next, err := tipsOf(j.Vote.Value)
	if err != nil || base == nil {
		return nil, errors.Join(errors.New("decision without a base"), err)
	}
	signers, err := bytesOf(j.Signers)
	if err != nil {
		return nil, err
	}
	return &ledger.Certificate{
		Instance: j.Vote.Instance, Base: *base, Next: next,
		Committee: ledger.CID{Cid: j.Vote.SupplementalData.PowerTable}, Signers: signers, Sigs: j.Signature,
	}, nil
}
