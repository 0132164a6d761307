package engine

import (
	"fmt"

	"github.com/grapevine-network/grapevine/ledger"
)

// Live is what an author says of a delta that it made while heights stopped: it is
// no entry, earns nothing, and is forgotten when heights return.
type Live struct {
	Author ledger.Author
	Base   ledger.CID // the newest certified anchor that the author has
	Delta  ledger.CID // relative to the author's live replica, by the topic's codec
	Size   uint64     // bytes of the delta
	Sig    [64]byte
}

const liveDomain = "grapevine/live/1"

// liveSigned is what is signed.
type liveSigned struct {
	_      struct{} `cbor:",toarray"`
	Topic  ledger.CID
	Author ledger.Author
	Base   ledger.CID
	Delta  ledger.CID
	Size   uint64
}

// liveWire is a LiveMessage in bytes.
type liveWire struct {
	_      struct{} `cbor:",toarray"`
	Author ledger.Author
	Base   ledger.CID
	Delta  ledger.CID
	Size   uint64
	Sig    [64]byte
	Bytes  []byte
}

func (l Live) message(topic ledger.CID) []byte {
	return append([]byte(liveDomain), mustEncode(liveSigned{Topic: topic, Author: l.Author, Base: l.Base, Delta: l.Delta, Size: l.Size})...)
}

// SignLive says of a delta, with the author's key, that it was made after base.
func SignLive(sign func(message []byte) []byte, author ledger.Author, topic, base ledger.CID, delta []byte) Live {
	l := Live{Author: author, Base: base, Delta: ledger.SumBlob(delta), Size: uint64(len(delta))}
	copy(l.Sig[:], sign(l.message(topic)))
	return l
}

func encodeLive(m LiveMessage) []byte {
	l := m.Live
	return mustEncode(liveWire{Author: l.Author, Base: l.Base, Delta: l.Delta, Size: l.Size, Sig: l.Sig, Bytes: m.Delta})
}

func decodeLive(body []byte, topic ledger.CID, verify ledger.Verifier) (Message, error) {
	var w liveWire
	if err := ledger.Decode(body, &w); err != nil {
		return nil, err
	}
	if n := len(w.Bytes); n > 0 && (n > MaxInline || uint64(n) != w.Size || ledger.SumBlob(w.Bytes) != w.Delta) {
		return nil, fmt.Errorf("LIVE with bytes that it does not name")
	}
	if err := w.Author.Validate(); err != nil {
		return nil, fmt.Errorf("LIVE: %w", err)
	}
	l := Live{Author: w.Author, Base: w.Base, Delta: w.Delta, Size: w.Size, Sig: w.Sig}
	if !verify(l.Author, l.message(topic), l.Sig[:]) {
		return nil, fmt.Errorf("LIVE of %v: %w", l.Author, ledger.ErrSignature)
	}
	return LiveMessage{l, w.Bytes}, nil
}
