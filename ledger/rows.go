package ledger

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// RowKey salts rows. Who has it can tell whether a row is in a set; who has not
// can't guess rows, however few there may be.
type RowKey [32]byte

// Salt is the salt of a row: HMAC-SHA256(key, row).
func (k RowKey) Salt(row []byte) Hash {
	mac := hmac.New(sha256.New, k[:])
	mac.Write(row)
	return Hash(mac.Sum(nil))
}

// RowHash stands for a row in its set: SHA-256(salt ‖ row).
func RowHash(salt Hash, row []byte) Hash {
	return sha256.Sum256(append(salt[:], row...))
}

// Rows is a set of rows to which a DATA entry commits: their hashes, sorted, each
// once.
type Rows struct {
	key    RowKey
	hashes []Hash
}

// NewRows is the set of these rows.
func NewRows(key RowKey, rows iter.Seq[[]byte]) *Rows {
	s := &Rows{key: key}
	for row := range rows {
		s.hashes = append(s.hashes, RowHash(key.Salt(row), row))
	}
	slices.SortFunc(s.hashes, compareHashes)
	s.hashes = slices.Compact(s.hashes)
	return s
}

func compareHashes(a, b Hash) int { return bytes.Compare(a[:], b[:]) }

// Commit is the body of the DATA entry. columns says what the rows' cells are.
func (s *Rows) Commit(columns Hash) *Data {
	return &Data{Root: MerkleRoot(leavesOf(s.hashes)), Count: uint64(len(s.hashes)), Columns: columns}
}

func leavesOf(hashes []Hash) [][]byte {
	leaves := make([][]byte, len(hashes))
	for i := range hashes {
		leaves[i] = hashes[i][:]
	}
	return leaves
}

// RowProof shows that a row is in a declared set or, to an auditor who has the
// key, that it is not. It is a file, see [Pack]. It says what was declared, not
// what was trained on.
type RowProof struct {
	Entry  Proof  `cbor:"entry"` // of the DATA
	Row    []byte `cbor:"row"`
	Salt   *Hash  `cbor:"salt"`   // of the row; nil if it is not in the set
	Path   *Path  `cbor:"path"`   // from the row's hash to the root; nil if it is not in the set
	Hashes []Hash `cbor:"hashes"` // of all rows, if this one is not among them
}

// MaxHashes is the number of rows up to which it can be shown that one is missing.
const MaxHashes = 1 << 16

// RowDomain begins a file with a RowProof.
const RowDomain = "grapevine/row/1\n"

// Prove makes the proof for a row, in the set or not. entry proves the DATA.
func (s *Rows) Prove(entry Proof, row []byte) *RowProof {
	p := &RowProof{Entry: entry, Row: row}
	salt := s.key.Salt(row)
	at, in := slices.BinarySearchFunc(s.hashes, RowHash(salt, row), compareHashes)
	if !in {
		p.Hashes = s.hashes
		return p
	}
	path := MerklePath(leavesOf(s.hashes), at)
	p.Salt, p.Path = &salt, &path
	return p
}

// ErrKey means that only who has the key of the set can check that a row is not in
// it.
var ErrKey = errors.New("a proof that a row is not in a set can be checked only with the set's key")

// Verify checks all of a proof and tells whether the row is in the set. key is
// needed only for one that is not, and nil otherwise; trust is as in
// [Proof.Verify].
func (p *RowProof) Verify(trust *Trust, key *RowKey, check Verifier) (in bool, err error) {
	if err := p.Entry.Verify(trust, check); err != nil {
		return false, err
	}
	if p.Entry.Kind != ProofEntry {
		return false, errors.New("proof of a row without that of an entry")
	}
	e, err := DecodeEntry(p.Entry.Leaf)
	if err != nil {
		return false, err
	}
	d, is := e.Body.(*Data)
	if !is {
		return false, fmt.Errorf("proof of a row with a %v, want a DATA", e.Kind)
	}
	if (p.Salt == nil) != (p.Path == nil) || p.Salt != nil && len(p.Hashes) > 0 {
		return false, errors.New("proof that a row is in a set, and is not")
	}
	if p.Salt != nil {
		return true, p.verifyIn(d)
	}
	return false, p.verifyOut(d, key)
}

func (p *RowProof) verifyIn(d *Data) error {
	hash := RowHash(*p.Salt, p.Row)
	root, err := p.Path.Root(hash[:])
	if err != nil {
		return err
	}
	if root != d.Root || p.Path.Size != d.Count {
		return errors.New("the row is not in the declared set")
	}
	return nil
}

// verifyOut checks that the hashes are all that were declared, and that the row's
// is none of them.
func (p *RowProof) verifyOut(d *Data, key *RowKey) error {
	if uint64(len(p.Hashes)) != d.Count || MerkleRoot(leavesOf(p.Hashes)) != d.Root {
		return errors.New("these are not the hashes of the declared rows")
	}
	if !slices.IsSortedFunc(p.Hashes, compareHashes) {
		return errors.New("the declared rows are not sorted")
	}
	if key == nil {
		return ErrKey
	}
	if _, in := slices.BinarySearchFunc(p.Hashes, RowHash(key.Salt(p.Row), p.Row), compareHashes); in {
		return errors.New("the row is in the declared set")
	}
	return nil
}
