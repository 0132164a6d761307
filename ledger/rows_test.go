package ledger

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// declared is a set of rows, and the proof of the DATA entry that commits to it.
func declared(t testing.TB, n int) (*Rows, Proof) {
	t.Helper()
	var rows [][]byte
	for i := range n {
		rows = append(rows, fmt.Appendf(nil, "row %d", i%(n-1))) // one comes twice
	}
	s := NewRows(RowKey{7}, slices.Values(rows))
	w := newRealm(t, 4)
	e := must1[*Entry](t)(Sign(key(9).sign, key(9).author(), w.topic, 0, w.topic, s.Commit(Hash{1})))
	leaves := [][]byte{e.CID().Bytes(), node("another").Bytes()}
	h := w.header(5, Hash{}, MerkleRoot(leaves))
	return s, Proof{Kind: ProofEntry, Manifest: Deflate(w.manifest), Header: h, Certificate: w.certify(h), Leaf: e.Bytes(), Path: MerklePath(leaves, 0)}
}

func TestARowOfTheSetIsProvedWithoutTheKey(t *testing.T) {
	s, entry := declared(t, 20)
	if got := s.Commit(Hash{}).Count; got != 19 {
		t.Errorf("%d rows, want each once: 19", got)
	}
	for i := range 19 {
		p := s.Prove(entry, fmt.Appendf(nil, "row %d", i))
		if in, err := p.Verify(nil, nil, Ed25519); !in || err != nil {
			t.Errorf("row %d: %t, %v", i, in, err)
		}
		p.Row = []byte("row 99")
		if in, err := p.Verify(nil, nil, Ed25519); err == nil {
			t.Errorf("another row: %t", in)
		}
	}
}

func TestARowThatIsNotInTheSetIsProvedToWhoHasTheKey(t *testing.T) {
	s, entry := declared(t, 20)
	right := RowKey{7}
	p := s.Prove(entry, []byte("row 99"))
	if in, err := p.Verify(nil, &right, Ed25519); in || err != nil {
		t.Errorf("%t, %v", in, err)
	}
	if _, err := p.Verify(nil, nil, Ed25519); !errors.Is(err, ErrKey) {
		t.Errorf("without the key: %v", err)
	}
	p.Row = []byte("row 3")
	if _, err := p.Verify(nil, &right, Ed25519); err == nil {
		t.Error("a row of the set is shown to be none")
	}
	p.Row = []byte("row 99")
	for name, hashes := range map[string][]Hash{"one less": p.Hashes[1:], "none": nil, "another": append([]Hash{{}}, p.Hashes[1:]...)} {
		bad := *p
		bad.Hashes = hashes
		if _, err := bad.Verify(nil, &right, Ed25519); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Nobody who lacks the key can try rows: the same rows under another key have
// nothing in common.
func TestRowsCannotBeGuessed(t *testing.T) {
	a := NewRows(RowKey{1}, slices.Values([][]byte{[]byte("yes"), []byte("no")}))
	b := NewRows(RowKey{2}, slices.Values([][]byte{[]byte("yes"), []byte("no")}))
	for _, h := range a.hashes {
		if slices.Contains(b.hashes, h) {
			t.Error("a hash does not depend on the key")
		}
	}
}

func TestAProofOfARowThatContradictsItselfIsRefused(t *testing.T) {
	s, entry := declared(t, 5)
	for name, change := range map[string]func(p *RowProof){
		"in and out":   func(p *RowProof) { p.Hashes = s.hashes },
		"no path":      func(p *RowProof) { p.Path = nil },
		"another salt": func(p *RowProof) { p.Salt = &Hash{} },
		"a balance":    func(p *RowProof) { p.Entry.Kind = ProofBalance },
		"another count": func(p *RowProof) {
			path := *p.Path
			path.Size++
			p.Path = &path
		},
	} {
		p := s.Prove(entry, []byte("row 1"))
		if change(p); name == "" {
			continue
		}
		if in, err := p.Verify(nil, &RowKey{7}, Ed25519); err == nil {
			t.Errorf("%s: %t", name, in)
		}
	}
}

func FuzzRowProof(f *testing.F) {
	s, entry := declared(f, 5)
	for _, row := range []string{"row 1", "row 99"} {
		f.Add(must1[[]byte](f)(Encode(s.Prove(entry, []byte(row)))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := new(RowProof)
		if Decode(data, p) != nil {
			return
		}
		if in, err := p.Verify(nil, &RowKey{7}, Ed25519); err == nil && in == (p.Salt == nil) {
			t.Error("in and out")
		}
	})
}
