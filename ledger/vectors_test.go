package ledger

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/vectors anew: only if a format changes")

// golden compares what is computed here with a file of vectors, byte by byte.
func golden(t *testing.T, name string, vectors any) {
	t.Helper()
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(vectors); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "vectors", name)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s: this code gives something else: %s", name, firstDifference(got.Bytes(), want))
	}
}

func firstDifference(got, want []byte) string {
	a, b := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i], b[i]) {
			return fmt.Sprintf("line %d is %s, want %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

// hexed is bytes as the vectors write them.
type hexed []byte

func (h hexed) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// keyVector is a key of the vectors.
type keyVector struct {
	Seed   hexed  `json:"seed"` // RFC 8032 private key
	Author hexed  `json:"author"`
	Peer   string `json:"peer"`
}

func keyVectors(n int) (all []keyVector) {
	for i := range n {
		a := key(i).author()
		all = append(all, keyVector{key(i).Seed(), a[:], a.String()})
	}
	return all
}

// nodeVector is what another implementation must read from Bytes, in DAG-JSON: bytes
// are {"/": {"bytes": base64}}, links {"/": CID}.
type nodeVector struct {
	Name     string `json:"name"`
	Node     any    `json:"node"`
	Unsigned hexed  `json:"unsigned"` // what the signature covers, after the domain
	Bytes    hexed  `json:"bytes"`
	CID      string `json:"cid"`
}

func vectorOf(t *testing.T, name string, e *Entry) nodeVector {
	return nodeVector{name, dagJSON(e.Bytes(), parse(e.Bytes(), 0)), must1[statement](t)(e.statement()).unsigned(), e.Bytes(), e.CID().String()}
}

// dagJSON turns an item of canonical CBOR into what encoding/json writes as
// DAG-JSON, but for spaces.
func dagJSON(b []byte, it item) any {
	content := b[it.body:it.end]
	switch it.major {
	case 0:
		return it.arg
	case 1:
		return -1 - int64(it.arg)
	case 2:
		return map[string]any{"/": map[string]any{"bytes": base64.RawStdEncoding.EncodeToString(content)}}
	case 3:
		return string(content)
	case 4:
		list := []any{}
		for _, child := range it.items {
			list = append(list, dagJSON(b, child))
		}
		return list
	case 5:
		pairs := map[string]any{}
		for i := 0; i < len(it.items); i += 2 {
			pairs[dagJSON(b, it.items[i]).(string)] = dagJSON(b, it.items[i+1])
		}
		return pairs
	case 6:
		link := it.items[0]
		c, err := CastCID(b[link.body+1 : link.end])
		if err != nil {
			panic(err)
		}
		return map[string]any{"/": c.String()}
	}
	return nil
}

// badVector is the valid bytes of its file, with Remove bytes from At on replaced
// by Insert.
type badVector struct {
	Name   string `json:"name"`
	At     int    `json:"at"`
	Remove int    `json:"remove"`
	Insert hexed  `json:"insert"`
	Reason string `json:"reason"` // encoding, key or signature: the first check that fails
}

func badOf(name string, valid, bad []byte, reason string) badVector {
	at := 0
	for at < min(len(valid), len(bad)) && valid[at] == bad[at] {
		at++
	}
	same := 0
	for same < min(len(valid), len(bad))-at && valid[len(valid)-1-same] == bad[len(bad)-1-same] {
		same++
	}
	return badVector{name, at, len(valid) - at - same, bad[at : len(bad)-same], reason}
}

// reason says which check of an entry fails.
func reason(t *testing.T, data []byte) string {
	e, err := DecodeEntry(data)
	switch {
	case err == nil && e.Verify(Ed25519) != nil:
		return "signature"
	case err == nil:
		t.Errorf("%x: valid", data)
		return ""
	case bytes.Contains([]byte(err.Error()), []byte("small order")):
		return "key"
	}
	return "encoding"
}

func TestEntriesAreThoseOfTheVectors(t *testing.T) {
	var file struct {
		Domain  string       `json:"domain"`
		Keys    []keyVector  `json:"keys"`
		Topic   string       `json:"topic"`
		Valid   []nodeVector `json:"valid"`
		Of      hexed        `json:"of"`      // a valid entry
		Invalid []badVector  `json:"invalid"` // ways to spoil it
	}
	file.Domain, file.Keys, file.Topic = entryDomain, keyVectors(2), topic.String()
	prev, seq := topic, uint64(0)
	for _, body := range append(bodies(), &Opening{Scores: []Score{}}, &Opening{Scores: farScores}) {
		e := mustSign(t, key(0), seq, prev, body)
		seq, prev = e.Seq, e.CID()
		file.Valid = append(file.Valid, vectorOf(t, fmt.Sprintf("%v, number %d", e.Kind, e.Seq), e))
	}
	e := mustSign(t, key(1), 0, topic, bodies()[3])
	file.Of = e.Bytes()
	for _, s := range others(e.Bytes()) {
		if !bytes.Equal(s.bytes, e.Bytes()) {
			file.Invalid = append(file.Invalid, badOf(s.name, e.Bytes(), s.bytes, reason(t, s.bytes)))
		}
	}
	for _, s := range spoiltScores(t) {
		b := withScores(t, s.bytes)
		file.Invalid = append(file.Invalid, badOf("/body/scores: "+s.name, e.Bytes(), b, reason(t, b)))
	}
	small := *e
	small.Author = Author{0: 1, 31: 0x80}
	changed := *e
	changed.Seq++
	for _, bad := range []*Entry{&small, &changed} {
		b := must1[[]byte](t)(bad.encode())
		why := reason(t, b)
		file.Invalid = append(file.Invalid, badOf("a bad "+why, e.Bytes(), b, why))
	}
	golden(t, "entries.json", file)
}

func TestAChainAndItsForkAreThoseOfTheVectors(t *testing.T) {
	var file struct {
		Keys     []keyVector  `json:"keys"`
		Topic    string       `json:"topic"`
		Chain    []nodeVector `json:"chain"`
		Fork     nodeVector   `json:"fork"`     // with the second of the chain
		NoFork   nodeVector   `json:"no_fork"`  // the second again: same content, another signature
		Evidence nodeVector   `json:"evidence"` // of the fork
	}
	file.Keys, file.Topic = keyVectors(2), topic.String()
	var chain []*Entry
	prev := topic
	for i := range uint64(3) {
		e := mustSign(t, key(0), i, prev, &Seal{Round: i, Hash: Hash{byte(i)}})
		prev, chain = e.CID(), append(chain, e)
		file.Chain = append(file.Chain, vectorOf(t, fmt.Sprintf("number %d", e.Seq), e))
	}
	fork := mustSign(t, key(0), 1, chain[0].CID(), &Seal{Round: 1, Hash: Hash{99}})
	again := *chain[1]
	again.Sig = signature(key(0).signAgain(must1[statement](t)(again.statement()).message()))
	resigned := must1[*Entry](t)(DecodeEntry(must1[[]byte](t)(again.encode())))
	if !fork.Forks(chain[1]) || resigned.Forks(chain[1]) || resigned.CID() == chain[1].CID() || resigned.Verify(Ed25519) != nil {
		t.Error("the fork is none, or the same content again is one")
	}
	proof := ForkEvidence(chain[1], fork)
	if f, err := proof.Open(topic, Ed25519); err != nil || f != (Fault{Author: fork.Author, Number: 2}) {
		t.Errorf("the evidence proves %+v (%v)", f, err)
	}
	file.Fork, file.NoFork = vectorOf(t, "fork", fork), vectorOf(t, "another signature", resigned)
	file.Evidence = vectorOf(t, "evidence", mustSign(t, key(1), 0, topic, proof))
	golden(t, "chain.json", file)
}

type seatVector struct {
	ID     uint64 `json:"id"`
	Author string `json:"author"`
	Stake  uint64 `json:"stake"`
	Power  int64  `json:"power"`
}

func seatVectors(c Committee) (all []seatVector) {
	for i, s := range c {
		all = append(all, seatVector{s.ID, s.Author.String(), s.Stake, c.Power(i)})
	}
	return all
}

func TestABlockIsThatOfTheVectors(t *testing.T) {
	var file struct {
		Domain  string       `json:"domain"`
		Keys    []keyVector  `json:"keys"`
		Entries []nodeVector `json:"entries"` // that it certifies, by author and number
		Root    hexed        `json:"root"`    // over the names of the entries
		Block   nodeVector   `json:"block"`   // its CID is that of the header, the first of two
	}
	file.Domain, file.Keys = blockDomain, keyVectors(2)
	first := mustSign(t, key(1), 0, topic, bodies()[2])
	entries := []*Entry{first, mustSign(t, key(1), 1, first.CID(), bodies()[0]), mustSign(t, key(0), 0, topic, bodies()[1])}
	h := header(key(1))
	h.Entries = EntriesRoot(entries)
	b := mustBlock(t, h, []Cut{
		{Author: entries[1].Author, Seq: 2, Head: entries[1].CID()}, {Author: entries[2].Author, Seq: 1, Head: entries[2].CID()},
	})
	for i, e := range entries {
		file.Entries = append(file.Entries, vectorOf(t, fmt.Sprint(i), e))
	}
	file.Root = h.Entries[:]
	file.Block = nodeVector{"block", dagJSON(b.Bytes(), parse(b.Bytes(), 0)), nil, b.Bytes(), b.CID().String()}
	unsigned := b.Header
	unsigned.Sig = nil
	file.Block.Unsigned = must1[[]byte](t)(Encode(unsigned))
	golden(t, "block.json", file)
}

func TestCertificatesAreThoseOfTheVectors(t *testing.T) {
	type certificateVector struct {
		Name    string `json:"name"`
		Node    any    `json:"node"`
		Message hexed  `json:"message"` // what each signer signed
		Bytes   hexed  `json:"bytes"`
		Valid   bool   `json:"valid"`
	}
	var file struct {
		Keys         []keyVector         `json:"keys"`
		Topic        string              `json:"topic"`
		Seats        []seatVector        `json:"seats"`
		Committee    string              `json:"committee"`
		Bytes        hexed               `json:"bytes"` // of the committee
		Proposers    []string            `json:"proposers"`
		Certificates []certificateVector `json:"certificates"`
	}
	c := committeeOf(50, 30, 15, 5)
	file.Keys, file.Topic, file.Seats, file.Committee = keyVectors(4), topic.String(), seatVectors(c), c.CID().String()
	file.Bytes = must1[[]byte](t)(Encode(c))
	for i := range uint64(20) {
		file.Proposers = append(file.Proposers, c.Proposer(topic, i).String())
	}
	add := func(name string, x *Certificate) {
		b := must1[[]byte](t)(Encode(x))
		file.Certificates = append(file.Certificates, certificateVector{
			name, dagJSON(b, parse(b, 0)), x.message(topic), b, x.Verify(topic, c, Ed25519) == nil,
		})
	}
	add("80 % decide a block", certify(c, true, 0, 1))
	add("all decide a block", certify(c, true, 0, 1, 2, 3))
	add("80 % decide the base", certify(c, false, 0, 1))
	add("65 % are no quorum", certify(c, true, 0, 2))
	bad := certify(c, true, 0, 1, 3)
	bad.Sigs[2*64]++
	add("one bad signature of three", bad)
	more := certify(c, true, 0, 1)
	more.Sigs = append(more.Sigs, more.Sigs[:64]...)
	add("a signature too many", more)
	golden(t, "certificate.json", file)
}

func TestHashesAreThoseOfTheVectors(t *testing.T) {
	type commitVector struct {
		Topic  string `json:"topic"`
		Round  uint64 `json:"round"`
		Author string `json:"author"`
		Base   string `json:"base"`
		Delta  string `json:"delta"`
		Salt   hexed  `json:"salt"`
		Hash   hexed  `json:"hash"`
	}
	type sealVector struct {
		Topic  string     `json:"topic"`
		Round  uint64     `json:"round"`
		Author string     `json:"author"`
		Salt   hexed      `json:"salt"`
		Scores [][3]int64 `json:"scores"` // place, u, standard error
		Hash   hexed      `json:"hash"`
	}
	type workVector struct {
		Topic  string `json:"topic"`
		Round  uint64 `json:"round"`
		Author string `json:"author"`
		Work   uint64 `json:"work"`
		Hash   hexed  `json:"hash"`
	}
	type merkleVector struct {
		Leaves []hexed `json:"leaves"`
		Root   hexed   `json:"root"`
	}
	var file struct {
		Commit []commitVector `json:"commit"`
		Seal   []sealVector   `json:"seal"`
		Work   []workVector   `json:"work"`
		Merkle []merkleVector `json:"merkle"`
	}
	for i, salt := range []Salt{{}, {1, 2, 3}, {15: 0xff}} {
		a, round, base, delta := key(i).author(), uint64(i)<<33, blob("base"), blob(fmt.Sprint("delta ", i))
		h := CommitHash(topic, round, a, base, delta, salt)
		file.Commit = append(file.Commit, commitVector{topic.String(), round, a.String(), base.String(), delta.String(), salt[:], h[:]})
		work := WorkHash(topic, round, a, uint64(i)<<40)
		file.Work = append(file.Work, workVector{topic.String(), round, a.String(), uint64(i) << 40, work[:]})
		scores := farScores[:i%3]
		s := SealHash(topic, round, a, salt, scores)
		v := sealVector{topic.String(), round, a.String(), salt[:], [][3]int64{}, s[:]}
		for _, x := range scores {
			v.Scores = append(v.Scores, [3]int64{int64(x.Delta), int64(x.U), int64(x.SE)})
		}
		file.Seal = append(file.Seal, v)
	}
	leaves, leavesHex := [][]byte{}, []hexed{}
	for i := range 10 {
		root := MerkleRoot(leaves)
		file.Merkle = append(file.Merkle, merkleVector{append([]hexed{}, leavesHex...), hexed(root[:])})
		leaf := bytes.Repeat([]byte{byte(i)}, i)
		leaves, leavesHex = append(leaves, leaf), append(leavesHex, leaf)
	}
	golden(t, "hashes.json", file)
}

func TestAManifestIsThatOfTheVectors(t *testing.T) {
	b, name, err := EncodeManifest(manifest())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "manifest.json", nodeVector{Name: "manifest", Node: dagJSON(b, parse(b, 0)), Bytes: b, CID: name.String()})
}

func TestVotesAndTheirEvidenceAreThoseOfTheVectors(t *testing.T) {
	type voteVector struct {
		Name    string `json:"name"`
		Node    any    `json:"node"` // of the ballot
		Message hexed  `json:"message"`
		Bytes   hexed  `json:"bytes"`
	}
	type evidenceVector struct {
		Name     string `json:"name"`
		A        hexed  `json:"a"`
		B        hexed  `json:"b"`
		Votes    bool   `json:"votes"`
		Valid    bool   `json:"valid"`
		Author   string `json:"author,omitempty"` // who is guilty
		Instance uint64 `json:"instance,omitempty"`
	}
	var file struct {
		Keys     []keyVector      `json:"keys"`
		Topic    string           `json:"topic"`
		Ballots  []voteVector     `json:"ballots"`
		Evidence []evidenceVector `json:"evidence"`
	}
	file.Keys, file.Topic = keyVectors(2), topic.String()
	block, base := double(key(0))
	bottom := ballot(key(0), Vote{Instance: 9, Round: 1, Phase: 3})
	later := ballot(key(0), Vote{Instance: 10, Round: 1, Phase: 3, Base: tip(4)})
	other := ballot(key(1), Vote{Instance: 9, Round: 1, Phase: 3, Base: tip(4)})
	forged := *base
	forged.Sig[0]++
	for _, x := range []struct {
		name string
		*Ballot
	}{{"for a block", block}, {"for the base", base}, {"for neither", bottom}, {"of a later instance", later}} {
		b := must1[[]byte](t)(Encode(x.Ballot))
		file.Ballots = append(file.Ballots, voteVector{x.name, dagJSON(b, parse(b, 0)), x.Vote.Message(topic, x.Committee), b})
	}
	for _, x := range []struct {
		name string
		a, b *Ballot
	}{
		{"a block and the base", block, base}, {"a block and neither", block, bottom}, {"the base and neither", base, bottom},
		{"twice the same", block, block}, {"two instances", base, later}, {"two validators", block, other}, {"a bad signature", block, &forged},
	} {
		v := pair(x.a, x.b, true)
		f, err := v.Open(topic, Ed25519)
		e := evidenceVector{Name: x.name, A: v.A, B: v.B, Votes: v.Votes, Valid: err == nil}
		if err == nil {
			e.Author, e.Instance = f.Author.String(), f.Number
		}
		file.Evidence = append(file.Evidence, e)
	}
	golden(t, "votes.json", file)
}
