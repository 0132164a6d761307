package engine

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

func queries() []Query {
	name := ledger.SumBlob([]byte("name"))
	return []Query{
		{Kind: AskHello, Author: testAuthor},
		{Kind: AskBlocks, From: 7},
		{Kind: AskEntries, Author: testAuthor, From: 1, To: 1 << 60},
		{Kind: AskProposal, Name: &name},
		{Kind: AskBlob, Name: &name},
		{Kind: AskSnapshot},
	}
}

func TestAQueryReadsBack(t *testing.T) {
	for _, want := range queries() {
		got, err := DecodeQuery(mustEncode(want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	}
}

func TestQueriesThatMakeNoSenseAreRefused(t *testing.T) {
	name := ledger.SumBlob([]byte("name"))
	cases := map[string][]byte{
		"nothing":                   nil,
		"kind 0":                    mustEncode(Query{}),
		"an unknown kind":           mustEncode(Query{Kind: AskChain + 1}),
		"a blob without a name":     mustEncode(Query{Kind: AskBlob}),
		"a hello with a name":       mustEncode(Query{Kind: AskHello, Name: &name}),
		"a byte behind":             append(mustEncode(Query{Kind: AskHello}), 0),
		"kind 257":                  bytes.Replace(mustEncode(Query{Kind: AskHello}), []byte{0x85, 1}, []byte{0x85, 0x19, 1, 1}, 1),
		"a number with a long head": bytes.Replace(mustEncode(Query{Kind: AskHello}), []byte{0x85, 1}, []byte{0x85, 0x18, 1}, 1),
	}
	for i, b := range cases {
		if q, err := DecodeQuery(b); !errors.Is(err, ledger.ErrNotCanonical) {
			t.Errorf("%s: %+v (%v), want ErrNotCanonical", i, q, err)
		}
	}
}

func FuzzDecodeQuery(f *testing.F) {
	for _, q := range queries() {
		f.Add(mustEncode(q))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := DecodeQuery(data)
		if err != nil {
			return
		}
		if again := mustEncode(q); !bytes.Equal(again, data) {
			t.Errorf("%x became %x", data, again)
		}
	})
}

// shelf is a Library of a chain of one author's entries, in blocks of one each.
type shelf struct {
	t        *testing.T
	entries  []*ledger.Entry
	blobs    map[ledger.CID][]byte
	perBlock int
}

func (s *shelf) Height(height uint64) (entries [][]byte, final []byte) {
	if height == 0 || int(height)*s.perBlock > len(s.entries) {
		return nil, nil
	}
	for _, e := range s.entries[int(height-1)*s.perBlock:][:s.perBlock] {
		entries = append(entries, e.Bytes())
	}
	b := mustBlock(s.t, testTopic, 1)
	return entries, encodeFinal(b, certificateOf(b))
}

func (s *shelf) Entry(a ledger.Author, seq uint64) []byte {
	if a != testAuthor || seq == 0 || seq > uint64(len(s.entries)) {
		return nil
	}
	return s.entries[seq-1].Bytes()
}

func (s *shelf) Blob(name ledger.CID) []byte { return s.blobs[name] }

// newShelf reveals n deltas of size bytes each.
func newShelf(t *testing.T, n, size, perBlock int) *shelf {
	s := &shelf{t: t, blobs: map[ledger.CID][]byte{}, perBlock: perBlock}
	prev := testTopic
	for i := range n {
		delta := bytes.Repeat([]byte{byte(i), byte(i >> 8)}, size/2)
		s.blobs[ledger.SumBlob(delta)] = delta
		body := &ledger.Reveal{Round: uint64(i), Delta: ledger.SumBlob(delta), Size: uint64(len(delta))}
		e, err := ledger.Sign(testSign(testAuthor), testAuthor, testTopic, uint64(i), prev, body)
		if err != nil {
			t.Fatal(err)
		}
		prev, s.entries = e.CID(), append(s.entries, e)
	}
	return s
}

func answering() *Engine { return &Engine{consensus: newConsensus(), chains: newChains()} }

// read decodes an answer and tells its kinds and its bytes.
func read(t *testing.T, answer [][]byte) (kinds []byte, size int) {
	t.Helper()
	for _, b := range answer {
		if _, err := Decode(b, testTopic, testVerify); err != nil {
			t.Fatal(err)
		}
		kinds, size = append(kinds, b[0]), size+len(b)
	}
	return kinds, size
}

func TestAnAnswerHoldsBlocksAfterTheirEntries(t *testing.T) {
	s := newShelf(t, 6, 100, 2)
	kinds, _ := read(t, answering().Answer(Query{Kind: AskBlocks, From: 2}, s))
	if want := []byte{tagEntry, tagEntry, tagFinal, tagEntry, tagEntry, tagFinal}; !bytes.Equal(kinds, want) {
		t.Errorf("got kinds %v, want %v", kinds, want)
	}
	if got := answering().Answer(Query{Kind: AskBlocks, From: 4}, s); len(got) != 0 {
		t.Errorf("%d messages of heights that are not held", len(got))
	}
}

func TestASmallDeltaRidesAlongAndALargeOneDoesNot(t *testing.T) {
	for size, want := range map[int]int{100: 100, MaxInline: MaxInline, MaxInline + 2: 0} {
		answer := answering().Answer(Query{Kind: AskBlocks, From: 1}, newShelf(t, 1, size, 1))
		m, err := Decode(answer[0], testTopic, testVerify)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(m.(EntryMessage).Delta); got != want {
			t.Errorf("of %d bytes %d ride along, want %d", size, got, want)
		}
	}
}

func TestAnAnswerIsBoundedAndAlwaysSaysSomething(t *testing.T) {
	s := newShelf(t, 200, MaxInline, 1)
	kinds, size := read(t, answering().Answer(Query{Kind: AskBlocks, From: 1}, s))
	if size > MaxAnswer || size < MaxAnswer/2 || kinds[1] != tagFinal {
		t.Errorf("%d bytes, kinds %v", size, kinds)
	}
	kinds, size = read(t, answering().Answer(Query{Kind: AskEntries, Author: testAuthor, From: 3, To: 1 << 62}, s))
	if len(kinds) != 198 || size > MaxAnswer {
		t.Errorf("%d entries of 198, %d bytes", len(kinds), size)
	}
	name := ledger.SumBlob(make([]byte, 2*MaxAnswer))
	s.blobs[name] = make([]byte, 2*MaxAnswer)
	if kinds, _ = read(t, answering().Answer(Query{Kind: AskBlob, Name: &name}, s)); len(kinds) != 1 {
		t.Error("a large blob is not answered")
	}
}

func TestWhatIsNotHeldIsNotAnswered(t *testing.T) {
	s := newShelf(t, 1, 10, 1)
	name := ledger.SumBlob([]byte("another"))
	for _, q := range []Query{
		{Kind: AskBlocks, From: 9}, {Kind: AskEntries, Author: testAuthor, From: 2, To: 3},
		{Kind: AskEntries, Author: ledger.Author{9}, From: 1, To: 3}, {Kind: AskEntries, Author: testAuthor, From: 2, To: 1},
		{Kind: AskProposal, Name: &name}, {Kind: AskBlob, Name: &name}, {Kind: AskSnapshot},
	} {
		if got := answering().Answer(q, s); len(got) != 0 {
			t.Errorf("%+v: %d messages", q, len(got))
		}
	}
}
