package ledger

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestAnEntryReadsBackAsItWasSigned(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		k := key(rng.IntN(5))
		e := mustSign(t, k, rng.Uint64N(1<<40), node(fmt.Sprint(rng.Int())), randomBody(rng))
		got, err := DecodeEntry(e.Bytes())
		if err != nil {
			t.Fatalf("%v: %v", e.Kind, err)
		}
		if !reflect.DeepEqual(got, e) {
			t.Fatalf("got %+v, want %+v", got, e)
		}
		if err := got.Verify(Ed25519); err != nil {
			t.Fatal(err)
		}
	}
}

func randomBody(rng *rand.Rand) any {
	var h Hash
	for i := range h {
		h[i] = byte(rng.Uint32())
	}
	round := rng.Uint64() >> rng.IntN(64)
	switch rng.IntN(8) {
	case 0:
		return &Commit{Round: round, Base: SumBlob(h[:]), Hash: h}
	case 1:
		return &Reveal{Round: round, Delta: SumBlob(h[:]), Size: rng.Uint64() >> rng.IntN(64), Salt: Salt(h[:])}
	case 2:
		return &Seal{Round: round, Hash: h}
	case 3:
		o := &Opening{Round: round, Salt: Salt(h[:]), Scores: []Score{}}
		for place := range uint64(rng.IntN(40)) {
			o.Scores = append(o.Scores, Score{Delta: 3*place + rng.Uint64N(3), U: int32(rng.Uint32()) &^ 255, SE: rng.Uint32() &^ 255})
		}
		return o
	case 4:
		return &Evidence{A: h[:rng.IntN(32)], B: h[rng.IntN(32):], Votes: rng.IntN(2) == 0}
	}
	return randomMoney(rng, h)
}

// The bytes by hand, as a stock IPLD library reads and writes them: keys by
// length and then by alphabet, links as tag 42, no floats.
func TestAnEntryIsDagCBOR(t *testing.T) {
	k := key(1)
	e := mustSign(t, k, 0, topic, &Commit{Round: 300, Base: blob("anchor"), Hash: Hash{7}})
	link := func(c CID) string { return "\xd8\x2a\x58\x25\x00" + string(c.Bytes()) }
	author, hash := k.author(), Hash{7}
	want := "\xa8" +
		"\x61v\x01" +
		"\x63seq\x01" +
		"\x63sig\x58\x40" + string(e.Sig[:]) +
		"\x64body\xa3\x64base" + link(blob("anchor")) + "\x64hash\x58\x20" + string(hash[:]) + "\x65round\x19\x01\x2c" +
		"\x64kind\x01" +
		"\x64prev" + link(topic) +
		"\x65topic" + link(topic) +
		"\x66author\x58\x20" + string(author[:])
	if got := string(e.Bytes()); got != want {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	body := want[strings.Index(want, "\x64body")+5 : strings.Index(want, "\x64kind")]
	digest := sha256.Sum256([]byte(body))
	unsigned := "grapevine/entry/1\xa7" + strings.Replace(want[1:], "\x63sig\x58\x40"+string(e.Sig[:]), "", 1)
	unsigned = strings.Replace(unsigned, body, "\x58\x20"+string(digest[:]), 1)
	if !Ed25519(author, []byte(unsigned), e.Sig[:]) {
		t.Error("the signature is not over the domain and the bytes without sig, with a hash for the body")
	}
	if got, want := e.CID(), SumNode([]byte(want)); got != want {
		t.Errorf("CID %v, want %v", got, want)
	}
}

// What is accepted is the one encoding of something else, never a second one of
// the same.
func TestNothingButTheCanonicalBytesIsAnEntry(t *testing.T) {
	accepted := map[Kind][]string{
		KindEvidence: {"/body/a: shorter", "/body/b: shorter"},
		KindRegister: {"/body: pair 0 missing"}, // no work
		KindEnd:      {"/body/successor: null"},
		KindScore:    {"/body/scores/0: null"}, // it was not scored
	}
	for _, body := range bodies() {
		e := mustSign(t, key(1), 4, node("prev"), body)
		decode := func(b []byte) ([]byte, error) {
			got, err := DecodeEntry(b)
			if err != nil {
				return nil, err
			}
			if !bytes.Equal(b, e.Bytes()) && got.Verify(Ed25519) == nil {
				t.Errorf("%v: a signature fits %x", e.Kind, b)
			}
			return got.encode()
		}
		refusesOthers(t, e.Kind.String(), e.Bytes(), decode, accepted[e.Kind]...)
	}
}

// refusesOthers feeds a decoder all that others makes of canonical bytes.
func refusesOthers(t *testing.T, what string, canonical []byte, decode func([]byte) (again []byte, err error), accepted ...string) {
	t.Helper()
	if again, err := decode(slices.Clone(canonical)); err == nil && !bytes.Equal(again, canonical) {
		t.Fatalf("%s: canonical bytes read and written again: %x, want %x", what, again, canonical)
	}
	var took []string
	for _, s := range others(canonical) {
		if bytes.Equal(s.bytes, canonical) {
			continue
		}
		again, err := decode(s.bytes)
		switch {
		case err == nil && !bytes.Equal(again, s.bytes):
			t.Errorf("%s, %s: accepted, and written again as %x", what, s.name, again)
		case err == nil:
			took = append(took, s.name)
		case !errors.Is(err, ErrNotCanonical):
			t.Errorf("%s, %s: %v, want ErrNotCanonical", what, s.name, err)
		}
	}
	if !slices.Equal(took, accepted) {
		t.Errorf("%s: accepted %q, want %q", what, took, accepted)
	}
}

func TestEveryBitOfAnEntryIsSigned(t *testing.T) {
	for _, body := range bodies() {
		e := mustSign(t, key(1), 0, topic, body)
		for i := range 8 * len(e.Bytes()) {
			b := slices.Clone(e.Bytes())
			b[i/8] ^= 1 << (i % 8)
			got, err := DecodeEntry(b)
			if err != nil {
				continue
			}
			if got.CID() == e.CID() || got.Verify(Ed25519) == nil {
				t.Fatalf("%v: bit %d can be changed", e.Kind, i)
			}
		}
	}
}

func TestAChangedFieldGivesAnotherNameAndABadSignature(t *testing.T) {
	cases := map[string]func(e *Entry){
		"topic":        func(e *Entry) { e.Topic = node("other") },
		"author":       func(e *Entry) { e.Author = key(2).author() },
		"seq":          func(e *Entry) { e.Seq++ },
		"prev":         func(e *Entry) { e.Prev = node("other") },
		"kind":         func(e *Entry) { e.Kind, e.Body = KindSeal, &Seal{Round: 3, Hash: Hash{1}} },
		"body.round":   func(e *Entry) { e.Body.(*Commit).Round++ },
		"body.base":    func(e *Entry) { e.Body.(*Commit).Base = blob("other") },
		"body.hash":    func(e *Entry) { e.Body.(*Commit).Hash[31]++ },
		"sig":          func(e *Entry) { e.Sig[0]++ },
		"sig, swapped": func(e *Entry) { slices.Reverse(e.Sig[:]) },
	}
	for field, change := range cases {
		e := mustSign(t, key(1), 1, node("prev"), bodies()[0])
		name := e.CID()
		change(e)
		b, err := e.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeEntry(b)
		if err != nil {
			t.Fatalf("%s: %v", field, err)
		}
		if got.CID() == name {
			t.Errorf("%s: the same name", field)
		}
		if err := got.Verify(Ed25519); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", field, err)
		}
	}
}

func TestEntriesThatMakeNoSenseAreRefused(t *testing.T) {
	valid := mustSign(t, key(1), 1, node("prev"), bodies()[2])
	seal := must1[[]byte](t)(Encode(bodies()[2]))
	with := func(change func(w *wire)) []byte {
		w := wire{entryVersion, valid.Topic, valid.Author, valid.Seq, valid.Prev, valid.Kind, seal, valid.Sig}
		change(&w)
		return must1[[]byte](t)(Encode(w))
	}
	cases := map[string][]byte{
		"nothing":              nil,
		"another version":      with(func(w *wire) { w.V = 2 }),
		"number 0":             with(func(w *wire) { w.Seq = 0 }),
		"kind 0":               with(func(w *wire) { w.Kind = 0 }),
		"an unknown kind":      with(func(w *wire) { w.Kind = 16 }),
		"a kind far away":      with(func(w *wire) { w.Kind = 1<<64 - 1 }),
		"another kind's body":  with(func(w *wire) { w.Kind = KindCommit }),
		"a body that is a map": with(func(w *wire) { w.Body = []byte{0xa0} }),
	}
	for name, b := range cases {
		if _, err := DecodeEntry(b); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%s: %v, want ErrNotCanonical", name, err)
		}
	}
	if _, err := DecodeEntry(with(func(*wire) {})); err != nil {
		t.Errorf("the valid one: %v", err)
	}
}

func TestAnEntryOfTheLargestSizeIsTakenAndNoLarger(t *testing.T) {
	evidence := func(n int) any { return &Evidence{A: make([]byte, n)} }
	n := 1<<9 + MaxEntry - len(mustSign(t, key(1), 0, topic, evidence(1<<9)).Bytes())
	e := mustSign(t, key(1), 0, topic, evidence(n))
	if got := len(e.Bytes()); got != MaxEntry {
		t.Fatalf("%d bytes, want %d", got, MaxEntry)
	}
	if _, err := DecodeEntry(e.Bytes()); err != nil {
		t.Error(err)
	}
	if _, err := Sign(key(1).sign, key(1).author(), topic, 0, topic, evidence(n+1)); err == nil {
		t.Error("signed one byte more")
	}
	if _, err := DecodeEntry(make([]byte, MaxEntry+1)); !errors.Is(err, ErrNotCanonical) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestAForkIsTwoContentsForOnePlace(t *testing.T) {
	a := mustSign(t, key(1), 4, node("prev"), &Seal{Round: 1})
	resigned := *a
	resigned.Sig[0]++
	elsewhere, err := Sign(key(1).sign, key(1).author(), node("elsewhere"), 4, node("prev"), &Seal{Round: 2})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name  string
		other *Entry
		want  bool
	}{
		{"itself", a, false},
		{"the same with another signature", &resigned, false},
		{"another body", mustSign(t, key(1), 4, node("prev"), &Seal{Round: 2}), true},
		{"another kind", mustSign(t, key(1), 4, node("prev"), bodies()[0]), true},
		{"another past", mustSign(t, key(1), 4, node("other"), &Seal{Round: 1}), true},
		{"another number", mustSign(t, key(1), 5, node("prev"), &Seal{Round: 2}), false},
		{"another author", mustSign(t, key(2), 4, node("prev"), &Seal{Round: 2}), false},
		{"another topic", elsewhere, false},
	}
	for _, c := range cases {
		if got := a.Forks(c.other); got != c.want || c.other.Forks(a) != c.want {
			t.Errorf("%s: fork %v, want %v", c.name, got, c.want)
		}
	}
}

func TestALinkFollowsTheOneBefore(t *testing.T) {
	first := mustSign(t, key(1), 0, topic, bodies()[2])
	second := mustSign(t, key(1), first.Seq, first.CID(), bodies()[2])
	if !first.Follows(0, topic) || !second.Follows(1, first.CID()) {
		t.Error("a chain does not follow")
	}
	if second.Follows(0, first.CID()) || second.Follows(2, first.CID()) || second.Follows(1, topic) {
		t.Error("a gap or another past follows")
	}
}

func TestOnlyBodiesOfKnownKindsAreSigned(t *testing.T) {
	for _, body := range []any{nil, Commit{}, new(Score), "text"} {
		if _, err := Sign(key(1).sign, key(1).author(), topic, 0, topic, body); err == nil {
			t.Errorf("signed a %T", body)
		}
	}
	if _, err := Sign(key(1).sign, key(1).author(), CID{}, 0, topic, &Seal{}); err == nil {
		t.Error("signed an entry of no topic")
	}
}

func TestKindsHaveNames(t *testing.T) {
	for kind, want := range map[Kind]string{KindCommit: "COMMIT", KindScore: "SCORE", 77: "KIND-77"} {
		if got := kind.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	for _, body := range bodies() {
		f.Add(mustSign(f, key(1), 0, topic, body).Bytes())
	}
	for _, amount := range amounts {
		for _, body := range moving(amount) {
			e := Entry{Topic: topic, Author: key(1).author(), Seq: 1, Prev: topic, Kind: must1[Kind](f)(kindOf(body)), Body: body}
			f.Add(must1[[]byte](f)(e.encode()))
		}
	}
	for _, s := range spoiltScores(f) {
		f.Add(withScores(f, s.bytes))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := DecodeEntry(data)
		if err != nil {
			return
		}
		again, err := e.encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x became %x (%v)", data, again, err)
		}
		if e.CID() != SumNode(data) {
			t.Error("named otherwise than its bytes")
		}
		_ = e.Verify(Ed25519)
		e.Forks(e)
	})
}
