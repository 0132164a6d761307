package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// stored is a manifest in the form of DEFLATE that compresses nothing, so that the
// vectors do not depend on a compressor.
func stored(t testing.TB, data []byte) []byte {
	if len(data) > 1<<16-1 {
		t.Fatal("a manifest for one block only")
	}
	n := uint16(len(data))
	b := binary.LittleEndian.AppendUint16([]byte{1}, n)
	return append(binary.LittleEndian.AppendUint16(b, ^n), data...)
}

// fileVector is a file that verify reads: domain, SHA-256 of content, content.
type fileVector struct {
	Name       string        `json:"name"`
	Domain     string        `json:"domain"`
	Checkpoint bool          `json:"checkpoint"` // it needs the file's checkpoint
	Key        hexed         `json:"key,omitempty"`
	Node       any           `json:"node"`
	Content    hexed         `json:"content"`
	Sum        hexed         `json:"sum"`
	Invalid    []badFileView `json:"invalid"` // contents that are refused, whatever their sum
}

// badFileView is a content with Remove bytes from At on replaced by Insert.
type badFileView struct {
	Name   string `json:"name"`
	At     int    `json:"at"`
	Remove int    `json:"remove"`
	Insert hexed  `json:"insert"`
}

func fileOf(t *testing.T, name, domain string, v any) fileVector {
	content := must1[[]byte](t)(Encode(v))
	sum := sha256.Sum256(content)
	return fileVector{Name: name, Domain: domain, Node: dagJSON(content, parse(content, 0)), Content: content, Sum: sum[:]}
}

func (f *fileVector) bad(t *testing.T, name string, v any) {
	b := badOf(name, f.Content, must1[[]byte](t)(Encode(v)), "")
	f.Invalid = append(f.Invalid, badFileView{b.Name, b.At, b.Remove, b.Insert})
}

// spoil adds ways to spoil a proof, each of which must be refused.
func (f *fileVector) spoil(t *testing.T, p *Proof, trust *Trust) {
	for _, x := range []struct {
		name   string
		change func(p *Proof)
	}{
		{"another leaf", func(p *Proof) { p.Leaf = append(slices.Clone(p.Leaf), 0) }},
		{"another node of the path", func(p *Proof) { p.Path.Nodes = slices.Clone(p.Path.Nodes); p.Path.Nodes[0][5] ^= 1 }},
		{"another place", func(p *Proof) { p.Path.Index ^= 1 }},
		{"a path too short", func(p *Proof) { p.Path.Nodes = p.Path.Nodes[1:] }},
		{"a bad signature", func(p *Proof) {
			p.Certificate.Sigs = slices.Clone(p.Certificate.Sigs)
			p.Certificate.Sigs[70] ^= 1
		}},
		{"no quorum", func(p *Proof) {
			p.Certificate.Signers, p.Certificate.Sigs = []byte{1}, p.Certificate.Sigs[:64]
		}},
		{"another header", func(p *Proof) { p.Header.Height++ }},
		{"an unknown kind", func(p *Proof) { p.Kind = "wish" }},
	} {
		bad := *p
		x.change(&bad)
		if bad.Verify(trust, Ed25519) == nil {
			t.Errorf("%s, %s: accepted", f.Name, x.name)
		}
		f.bad(t, x.name, bad)
	}
}

func TestProofsAreThoseOfTheVectors(t *testing.T) {
	type pointVector struct {
		Height    uint64 `json:"height"`
		Block     string `json:"block"`
		Committee string `json:"committee"`
	}
	point := func(c Checkpoint) pointVector {
		return pointVector{c.Height, c.Block.String(), c.Committee.String()}
	}
	type linkVector struct {
		Node  any         `json:"node"`
		Bytes hexed       `json:"bytes"`
		Leads pointVector `json:"leads"` // to this checkpoint
	}
	var file struct {
		Keys     []keyVector  `json:"keys"`
		Topic    string       `json:"topic"`
		Manifest hexed        `json:"manifest"`
		Period   uint64       `json:"period"` // heights between checkpoints
		Origin   pointVector  `json:"origin"`
		Links    []linkVector `json:"links"` // from the origin on
		Files    []fileVector `json:"files"` // the first is the checkpoint that others need
	}
	w := newRealm(t, 4)
	w.stored = true
	file.Keys, file.Topic, file.Manifest, file.Period, file.Origin = keyVectors(4), w.topic.String(), w.manifest, CheckpointAt, point(w.at)
	first := w.balance([]byte("the leaf of an account"), 7)
	var chain []Link
	for _, next := range []Committee{w.now, committeeOf(5, 5, 5, 7)} {
		l := w.link(next)
		b := must1[[]byte](t)(Encode(l))
		file.Links = append(file.Links, linkVector{dagJSON(b, parse(b, 0)), b, point(w.at)})
		if l.Voted != nil {
			chain = append(chain, l)
		}
	}
	later, trust := w.balance([]byte("the leaf of an account"), 5), w.trust()
	later.Chain = chain
	short := *later
	short.Manifest, short.Chain = nil, nil
	_, entry := declared(t, 5)
	entry.Manifest = stored(t, newRealm(t, 4).manifest)

	checkpoint := fileOf(t, "a checkpoint", TrustDomain, trust)
	other := *trust
	other.Height++
	checkpoint.bad(t, "between two checkpoints", other)
	file.Files = append(file.Files, checkpoint)
	for _, x := range []struct {
		name  string
		proof *Proof
		trust *Trust
	}{
		{"a balance, by the topic's first committee", first, nil}, {"a balance, after the committee changed", later, nil},
		{"a balance, for who has the checkpoint", &short, trust}, {"an entry", &entry, nil},
	} {
		f := fileOf(t, x.name, ProofDomain, x.proof)
		if f.Checkpoint = x.trust != nil; x.proof.Verify(x.trust, Ed25519) != nil {
			t.Errorf("%s: %v", x.name, x.proof.Verify(x.trust, Ed25519))
		}
		f.spoil(t, x.proof, x.trust)
		file.Files = append(file.Files, f)
	}
	golden(t, "proofs.json", file)
}

func TestRowsAndPathsAreThoseOfTheVectors(t *testing.T) {
	type rowVector struct {
		Row  string `json:"row"`
		Salt hexed  `json:"salt"`
		Hash hexed  `json:"hash"`
	}
	type pathVector struct {
		Leaves []hexed `json:"leaves"`
		Index  uint64  `json:"index"`
		Nodes  []hexed `json:"nodes"`
		Root   hexed   `json:"root"`
	}
	var file struct {
		Key   hexed        `json:"key"`
		Rows  []rowVector  `json:"rows"`
		Count uint64       `json:"count"` // each once
		Root  hexed        `json:"root"`
		Paths []pathVector `json:"paths"`
		Files []fileVector `json:"files"`
	}
	key := RowKey{7}
	file.Key = key[:]
	for i := range 5 {
		row := fmt.Appendf(nil, "row %d", i%4)
		salt := key.Salt(row)
		hash := RowHash(salt, row)
		file.Rows = append(file.Rows, rowVector{string(row), salt[:], hash[:]})
	}
	s, entry := declared(t, 5)
	d := s.Commit(Hash{1})
	file.Count, file.Root = d.Count, d.Root[:]
	entry.Manifest = stored(t, newRealm(t, 4).manifest)
	in, out := s.Prove(entry, []byte("row 2")), s.Prove(entry, []byte("row 99"))
	for _, x := range []struct {
		name string
		p    *RowProof
	}{{"a row that was declared", in}, {"a row that was not", out}} {
		f := fileOf(t, x.name, RowDomain, x.p)
		if x.p.Salt == nil {
			f.Key = key[:]
		}
		bad := *x.p
		if bad.Row = []byte("row 3"); x.p.Salt != nil {
			bad.Row = []byte("row 99")
		}
		f.bad(t, "another row", bad)
		if got, err := x.p.Verify(nil, &key, Ed25519); err != nil || got != (x.p.Salt != nil) {
			t.Errorf("%s: %t, %v", x.name, got, err)
		}
		if _, err := bad.Verify(nil, &key, Ed25519); err == nil {
			t.Errorf("%s: another row is accepted", x.name)
		}
		file.Files = append(file.Files, f)
	}
	var leaves [][]byte
	for n := 1; n <= 7; n++ {
		leaves = append(leaves, []byte{byte(n), 0xff})
		p := MerklePath(leaves, (n-1)/2)
		root := MerkleRoot(leaves)
		v := pathVector{Index: p.Index, Root: root[:], Nodes: []hexed{}}
		for _, l := range leaves {
			v.Leaves = append(v.Leaves, l)
		}
		for _, x := range p.Nodes {
			v.Nodes = append(v.Nodes, slices.Clone(x[:]))
		}
		file.Paths = append(file.Paths, v)
	}
	golden(t, "rows.json", file)
}
