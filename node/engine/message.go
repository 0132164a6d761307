package engine

import (
	"fmt"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
)

// Message is what peers tell each other.
type Message interface{ message() byte }

type (
	// EntryMessage carries an entry and, beside a REVEAL, its delta if that is
	// small. Here and below, Attempt grows with each repetition, or gossip would
	// take a message for seen.
	EntryMessage struct {
		Entry   *ledger.Entry
		Delta   []byte
		Attempt byte
	}
	// VoteMessage carries a vote.
	VoteMessage struct {
		Frame   *finality.Frame
		Attempt byte
	}
	// ProposalMessage carries a block that is not final.
	ProposalMessage struct {
		Block   *ledger.Block
		Attempt byte
	}
	// DecisionMessage carries the newest certificate.
	DecisionMessage struct {
		Certificate *ledger.Certificate
		Attempt     byte
	}
	// LiveMessage carries a delta that was made while heights stopped. Delta is
	// empty if it is to be fetched.
	LiveMessage struct {
		Live  Live
		Delta []byte
	}
	// FinalMessage carries a certified block, in answers.
	FinalMessage struct {
		Block       *ledger.Block
		Certificate *ledger.Certificate
	}
	// BlobMessage carries bytes, in answers.
	BlobMessage struct{ Data []byte }
	// SnapshotMessage carries an audit.Snapshot, in answers.
	SnapshotMessage struct{ Data []byte }
	// LinkMessage carries a checkpoint, in answers.
	LinkMessage struct{ Link ledger.Link }
	// HelloMessage tells a peer what is known of itself, in answers.
	HelloMessage struct {
		Seq   uint64   `cbor:"seq"`   // of its chain
		Vote  uint64   `cbor:"vote"`  // newest instance in which it was seen to vote
		Votes [][]byte `cbor:"votes"` // its votes of that instance
		Since uint64   `cbor:"since"` // instance since whose beginning the answerer has listened; 0 if since none
	}
)

const (
	tagEntry byte = iota + 1
	tagVote
	tagProposal
	tagDecision
	tagLive
	tagFinal
	tagBlob
	tagHello
	tagSnapshot
	tagLink
)

func (EntryMessage) message() byte    { return tagEntry }
func (VoteMessage) message() byte     { return tagVote }
func (ProposalMessage) message() byte { return tagProposal }
func (DecisionMessage) message() byte { return tagDecision }
func (LiveMessage) message() byte     { return tagLive }
func (FinalMessage) message() byte    { return tagFinal }
func (BlobMessage) message() byte     { return tagBlob }
func (HelloMessage) message() byte    { return tagHello }
func (SnapshotMessage) message() byte { return tagSnapshot }
func (LinkMessage) message() byte     { return tagLink }

// MaxInline is the largest delta that rides along with its REVEAL; a larger one
// is fetched.
const MaxInline = 16 << 10

// MaxGossip bounds the messages that gossip carries.
const MaxGossip = ledger.MaxBlock + 1024

type entryWire struct {
	_     struct{} `cbor:",toarray"`
	Entry []byte
	Delta []byte
}

// Encode returns a message's bytes: a tag, the attempt where there is one, and
// canonical CBOR.
func Encode(m Message) []byte {
	switch m := m.(type) {
	case EntryMessage:
		return append([]byte{tagEntry, m.Attempt}, mustEncode(entryWire{Entry: m.Entry.Bytes(), Delta: m.Delta})...)
	case VoteMessage:
		return append([]byte{tagVote, m.Attempt}, mustEncode(m.Frame)...)
	case ProposalMessage:
		return append([]byte{tagProposal, m.Attempt}, m.Block.Bytes()...)
	case DecisionMessage:
		return append([]byte{tagDecision, m.Attempt}, mustEncode(m.Certificate)...)
	case LiveMessage:
		return append([]byte{tagLive}, encodeLive(m)...)
	case FinalMessage:
		return append([]byte{tagFinal}, encodeFinal(m.Block, m.Certificate)...)
	case BlobMessage:
		return append([]byte{tagBlob}, m.Data...)
	case SnapshotMessage:
		return append([]byte{tagSnapshot}, m.Data...)
	case LinkMessage:
		return append([]byte{tagLink}, mustEncode(m.Link)...)
	default:
		return append([]byte{m.message()}, mustEncode(m)...)
	}
}

// Decode reads a message and checks all that needs no state: canonical form,
// topic, signatures of entries and blocks, a delta against its REVEAL. An error
// is the fault of whoever sent it. data must not change afterwards.
func Decode(data []byte, topic ledger.CID, verify ledger.Verifier) (Message, error) {
	if len(data) < 2 {
		return nil, fmt.Errorf("message of %d bytes", len(data))
	}
	tag, body := data[0], data[1:]
	switch tag {
	case tagEntry:
		return decodeEntry(body[0], body[1:], topic, verify)
	case tagVote:
		f, err := finality.DecodeFrame(body[1:])
		return VoteMessage{f, body[0]}, err
	case tagProposal:
		b, err := ledger.DecodeBlock(body[1:])
		if err != nil {
			return nil, err
		}
		return ProposalMessage{b, body[0]}, checkBlock(b, topic, verify)
	case tagDecision:
		c, err := ledger.DecodeCertificate(body[1:])
		return DecisionMessage{c, body[0]}, err
	case tagLive:
		return decodeLive(body, topic, verify)
	case tagFinal:
		b, c, err := DecodeFinal(body)
		if err != nil {
			return nil, err
		}
		return FinalMessage{b, c}, checkBlock(b, topic, verify)
	case tagBlob:
		return BlobMessage{body}, nil
	case tagSnapshot:
		return SnapshotMessage{body}, nil
	case tagLink:
		var m LinkMessage
		err := ledger.Decode(body, &m.Link)
		return m, err
	case tagHello:
		var h HelloMessage
		err := ledger.Decode(body, &h)
		return h, err
	}
	return nil, fmt.Errorf("message of unknown kind %d", tag)
}

func decodeEntry(attempt byte, body []byte, topic ledger.CID, verify ledger.Verifier) (Message, error) {
	var w entryWire
	if err := ledger.Decode(body, &w); err != nil {
		return nil, err
	}
	e, err := ledger.DecodeEntry(w.Entry)
	if err != nil {
		return nil, err
	}
	if e.Topic != topic {
		return nil, fmt.Errorf("%v of another topic", e.Kind)
	}
	if len(w.Delta) > 0 {
		v, is := e.Body.(*ledger.Reveal)
		if !is || len(w.Delta) > MaxInline || ledger.SumBlob(w.Delta) != v.Delta {
			return nil, fmt.Errorf("%v with bytes that it does not name", e.Kind)
		}
	}
	return EntryMessage{e, w.Delta, attempt}, e.Verify(verify)
}

func checkBlock(b *ledger.Block, topic ledger.CID, verify ledger.Verifier) error {
	if b.Header.Topic != topic {
		return fmt.Errorf("block of another topic")
	}
	return b.Verify(verify)
}

// Gossiped tells whether a message may come by gossip; the others are answers.
func Gossiped(m Message) bool { return m.message() <= tagLive }

// IsProposal tells whether encoded bytes are a ProposalMessage.
func IsProposal(data []byte) bool { return len(data) > 0 && data[0] == tagProposal }
