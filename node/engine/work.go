package engine

import (
	"bytes"
	"math/bits"

	"github.com/grapevine-network/grapevine/ledger"
)

// FindWork answers Mine: it tries values until one has the bits asked for, and
// then as many more as that takes on average, for a smaller hash wins over a
// larger one where slots are few.
func FindWork(topic ledger.CID, author ledger.Author, m Mine) (work uint64) {
	best := ledger.WorkHash(topic, m.Round, author, 0)
	for try := uint64(1); try < 2<<m.Bits || zeroBits(best) < m.Bits; try++ {
		if h := ledger.WorkHash(topic, m.Round, author, try); bytes.Compare(h[:], best[:]) < 0 {
			work, best = try, h
		}
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
