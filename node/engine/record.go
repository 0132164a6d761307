package engine

import (
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// RecordKind tells records of the log apart.
type RecordKind byte

// The kinds of records.
const (
	RecordEntry RecordKind = 1 // a signed entry, held before it is certified
	RecordFinal RecordKind = 2 // a certified block: Final
	RecordVote  RecordKind = 3 // a vote of ours: finality.Frame
	RecordMemo  RecordKind = 4 // what we must not forget until a round is over: Memo
	RecordBase  RecordKind = 5 // the certificate of an instance that decided no block
	RecordBlock RecordKind = 6 // a block that we vote for: who votes for it holds it
	RecordState RecordKind = 7 // the snapshot that this log begins with: audit.Snapshot
	RecordLinks RecordKind = 8 // after it, checkpoints that lead there: a list of ledger.Link
)

// Record is one entry of a peer's log.
type Record struct {
	Kind RecordKind
	Data []byte
}

// Final is a block with its certificate, in bytes.
type Final struct {
	_           struct{} `cbor:",toarray"`
	Block       []byte
	Certificate []byte
}

// Memo is what we committed to, or sealed, in a round.
type Memo struct {
	Round  uint64        `cbor:"round"`
	Base   *ledger.CID   `cbor:"base"`
	Delta  *ledger.CID   `cbor:"delta"`
	Scores ledger.Scores `cbor:"scores"`
	Sealed bool          `cbor:"sealed"`
}

// LinkRecords are the records of links, to follow a snapshot.
func LinkRecords(links []ledger.Link) (out []Record) {
	for run := range slices.Chunk(links, 1024) {
		out = append(out, Record{RecordLinks, mustEncode(run)})
	}
	return out
}

// DecodeLinks reads a record of links. Only their form is checked.
func DecodeLinks(data []byte) (links []ledger.Link, err error) {
	return links, ledger.Decode(data, &links)
}

// DecodeFinal reads a record's block and certificate. Neither is checked against
// a committee.
func DecodeFinal(data []byte) (*ledger.Block, *ledger.Certificate, error) {
	var f Final
	if err := ledger.Decode(data, &f); err != nil {
		return nil, nil, err
	}
	b, err := ledger.DecodeBlock(f.Block)
	if err != nil {
		return nil, nil, err
	}
	c, err := ledger.DecodeCertificate(f.Certificate)
	if err != nil {
		return nil, nil, err
	}
	if c.Next == nil || c.Next.Block != b.CID() || c.Next.Height != b.Header.Height || c.Instance != b.Header.Instance {
		return nil, nil, fmt.Errorf("block %d: the certificate is of another block: %w", b.Header.Height, ledger.ErrNotCanonical)
	}
	return b, c, nil
}

func encodeFinal(b *ledger.Block, c *ledger.Certificate) []byte {
	cert := mustEncode(c)
	return mustEncode(Final{Block: b.Bytes(), Certificate: cert})
}

// mustEncode is for values of our own making.
func mustEncode(v any) []byte {
	b, err := ledger.Encode(v)
	if err != nil {
		panic(err)
	}
	return b
}
