package engine

import (
	"math/bits"

	"github.com/grapevine-network/grapevine/ledger"
)

// FindWork answers Mine: the first value whose hash has the bits asked for. To go
// on for a smaller hash would cost more than it wins: where slots are few, who has
// many identities would begin with the next one instead, and win more of the lane
// than its share of the work.
func FindWork(topic ledger.CID, author ledger.Author, m Mine) (work uint64) {
	for zeroBits(ledger.WorkHash(topic, m.Round, author, work)) < m.Bits {
		work++
	}
	return work
}

func zeroBits(h ledger.Hash) (n uint64) {
	for _, b := range h {
		n += uint64(bits.LeadingZeros8(b))
		if b != 0 {
			break
		}
	}
	return n
}
