package ledger

import (
	"encoding/binary"

	"github.com/multiformats/go-multihash"
)

// Vote is what one signature of a validator says in an instance of consensus.
type Vote struct {
	_        struct{} `cbor:",toarray"`
	Instance uint64
	Round    uint64
	Phase    uint8 // gpbft.Phase: 1 QUALITY, 2 CONVERGE, 3 PREPARE, 4 COMMIT, 5 DECIDE
	Base     *Tip  // nil stands for "neither", gpbft's bottom
	Next     *Tip
}

// Slot is a place for one vote of a validator.
type Slot struct{ Instance, Round, Phase uint64 }

// Slot returns the place of the vote.
func (v Vote) Slot() Slot { return Slot{v.Instance, v.Round, uint64(v.Phase)} }

// Message is what gpbft has its voters sign (go-f3, Payload.MarshalForSigning),
// so that an auditor needs no consensus code.
func (v Vote) Message(topic, committee CID) []byte {
	b := []byte("GPBFT:" + topic.String() + ":")
	b = append(b, v.Phase)
	b = binary.BigEndian.AppendUint64(b, v.Round)
	b = binary.BigEndian.AppendUint64(b, v.Instance)
	b = append(b, make([]byte, 32)...) // commitments: none
	key := v.chainKey()
	b = append(b, key[:]...)
	return append(b, committee.Bytes()...)
}

// chainKey is the Merkle root over one or two tips, as go-f3's merkle.Tree has
// it: Keccak-256 with 1 before leaves and 0 before nodes; zeros for bottom.
func (v Vote) chainKey() Hash {
	if v.Base == nil {
		return Hash{}
	}
	base := keccak([]byte{1}, v.Base.message())
	if v.Next == nil {
		return base
	}
	next := keccak([]byte{1}, v.Next.message())
	return keccak([]byte{0}, base[:], next[:])
}

// message is go-f3's TipSet.MarshalForSigning.
func (t Tip) message() []byte {
	b := binary.BigEndian.AppendUint64(nil, t.Height)
	b = append(b, make([]byte, 32)...) // commitments: none
	key := t.Block.Bytes()
	b = append(b, tipKeyCID(append([]byte{0x58, byte(len(key))}, key...))...)
	return append(b, t.Committee.Bytes()...)
}

// tipKeyCID names bytes as go-f3's MakeCid does: dag-cbor, BLAKE2b-256.
func tipKeyCID(data []byte) []byte {
	prefix := binary.AppendUvarint([]byte{0x01, 0x71}, multihash.BLAKE2B_MIN+31)
	return append(append(prefix, 32), digest(data, multihash.BLAKE2B_MIN+31)...)
}

func keccak(parts ...[]byte) Hash {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return Hash(digest(all, multihash.KECCAK_256))
}

func digest(data []byte, code uint64) []byte {
	sum, err := multihash.Sum(data, code, 32)
	if err != nil {
		panic(err) // both functions are registered by the multihash package
	}
	d, err := multihash.Decode(sum)
	if err != nil {
		panic(err)
	}
	return d.Digest
}
