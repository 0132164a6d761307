package engine

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
)

// Signatures are hashes here: what is signed matters, not how.
func testSign(a ledger.Author) func(message []byte) []byte {
	return func(message []byte) []byte {
		h := sha256.Sum256(slices.Concat(a[:], message))
		return slices.Concat(h[:], h[:])
	}
}

func testVerify(a ledger.Author, message, sig []byte) bool {
	return slices.Equal(sig, testSign(a)(message))
}

var (
	testTopic  = ledger.SumNode([]byte("topic"))
	testAuthor = ledger.Author{2: 7}
)

func mustEntry(t testing.TB, topic ledger.CID, body any) *ledger.Entry {
	t.Helper()
	e, err := ledger.Sign(testSign(testAuthor), testAuthor, topic, 0, topic, body)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func mustBlock(t testing.TB, topic ledger.CID, cuts int) *ledger.Block {
	t.Helper()
	all := make([]ledger.Cut, cuts)
	for i := range all {
		all[i] = ledger.Cut{Author: ledger.Author{byte(i >> 8), byte(i), 1}, Seq: 1, Head: topic}
	}
	h := ledger.Header{
		Topic: topic, Height: 3, Instance: 4, Prev: topic, Proposer: testAuthor, Anchor: topic, Committee: topic, Checkpoint: topic,
	}
	b, err := ledger.SignBlock(testSign(testAuthor), h, all)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func certificateOf(b *ledger.Block) *ledger.Certificate {
	return &ledger.Certificate{
		Instance: b.Header.Instance, Base: ledger.Tip{Height: b.Header.Height - 1, Block: b.Header.Prev, Committee: b.Header.Committee},
		Next:      &ledger.Tip{Height: b.Header.Height, Block: b.CID(), Committee: b.Header.Committee},
		Committee: b.Header.Committee, Signers: []byte{1}, Sigs: make([]byte, 64),
	}
}

func vote() *finality.Frame {
	tip := &ledger.Tip{Height: 1, Block: testTopic, Committee: testTopic}
	return &finality.Frame{
		Sender: 3, Vote: ledger.Vote{Instance: 9, Round: 1, Phase: 3, Base: tip, Next: tip}, Committee: testTopic, Sig: make([]byte, 64),
		Ticket: []byte{}, Why: &finality.Why{Phase: 2, Base: tip, Signers: []byte{7}, Sigs: make([]byte, 192)},
	}
}

// messages has one of each kind.
func messages(t testing.TB) []Message {
	delta := []byte("a small delta")
	reveal := mustEntry(t, testTopic, &ledger.Reveal{Round: 1, Delta: ledger.SumBlob(delta), Size: uint64(len(delta))})
	b := mustBlock(t, testTopic, 2)
	return []Message{
		EntryMessage{Entry: mustEntry(t, testTopic, &ledger.Seal{}), Delta: []byte{}, Attempt: 5},
		EntryMessage{Entry: reveal, Delta: delta},
		VoteMessage{vote(), 200},
		ProposalMessage{b, 1},
		DecisionMessage{certificateOf(b), 2},
		LiveMessage{SignLive(testSign(testAuthor), testAuthor, testTopic, testTopic, delta), delta},
		LiveMessage{SignLive(testSign(testAuthor), testAuthor, testTopic, testTopic, make([]byte, MaxInline+1)), []byte{}},
		FinalMessage{b, certificateOf(b)},
		BlobMessage{[]byte("blob")},
		SnapshotMessage{[]byte("snapshot")}, LinkMessage{ledger.Link{Header: b.Header}},
		HelloMessage{Seq: 4, Vote: 5, Votes: [][]byte{[]byte("vote")}},
	}
}

func TestAMessageReadsBack(t *testing.T) {
	for _, want := range messages(t) {
		data := Encode(want)
		got, err := Decode(data, testTopic, testVerify)
		if err != nil {
			t.Fatalf("%T: %v", want, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if again := Encode(got); !bytes.Equal(again, data) {
			t.Errorf("%T: %x became %x", want, data, again)
		}
	}
}

func TestOnlySomeMessagesAreGossiped(t *testing.T) {
	for _, m := range messages(t) {
		want := false
		switch m.(type) {
		case EntryMessage, VoteMessage, ProposalMessage, DecisionMessage, LiveMessage:
			want = true
		}
		if got := Gossiped(m); got != want {
			t.Errorf("%T: %v", m, got)
		}
		_, is := m.(ProposalMessage)
		if got := IsProposal(Encode(m)); got != is {
			t.Errorf("%T: proposal %v", m, got)
		}
	}
	if IsProposal(nil) {
		t.Error("nothing is a proposal")
	}
}

func TestWhatIsGossipedFits(t *testing.T) {
	largest := mustEntry(t, testTopic, &ledger.Evidence{A: make([]byte, ledger.MaxEntry-600)})
	for _, m := range []Message{
		EntryMessage{Entry: largest},
		EntryMessage{Entry: mustEntry(t, testTopic, &ledger.Seal{}), Delta: make([]byte, MaxInline)},
		ProposalMessage{Block: mustBlock(t, testTopic, ledger.MaxCuts)},
	} {
		if got := len(Encode(m)); got > MaxGossip {
			t.Errorf("%T of %d bytes, at most %d", m, got, MaxGossip)
		}
	}
}

func TestMessagesThatAreWrongAreRefused(t *testing.T) {
	elsewhere := ledger.SumNode([]byte("elsewhere"))
	delta := []byte("delta")
	reveal := mustEntry(t, testTopic, &ledger.Reveal{Delta: ledger.SumBlob(delta)})
	large := make([]byte, MaxInline+1)
	b := mustBlock(t, testTopic, 2)
	badEntry := slices.Clone(Encode(EntryMessage{Entry: reveal}))
	badEntry[bytes.Index(badEntry, []byte("\x63sig\x58\x40"))+10]++
	badBlock := slices.Clone(Encode(ProposalMessage{Block: b}))
	badBlock[bytes.Index(badBlock, []byte("\x63sig\x58\x40"))+10]++
	other := certificateOf(b)
	other.Next = &ledger.Tip{Height: 3, Block: elsewhere, Committee: testTopic}
	cases := map[string][]byte{
		"nothing":                        nil,
		"a tag alone":                    {tagEntry},
		"a tag and an attempt":           {tagEntry, 0},
		"tag 0":                          {0, 0, 0},
		"an unknown tag":                 {tagSnapshot + 1, 0, 0},
		"an entry of another topic":      Encode(EntryMessage{Entry: mustEntry(t, elsewhere, &ledger.Seal{})}),
		"a forged entry":                 badEntry,
		"bytes beside a SEAL":            Encode(EntryMessage{Entry: mustEntry(t, testTopic, &ledger.Seal{}), Delta: delta}),
		"other bytes beside a REVEAL":    Encode(EntryMessage{Entry: reveal, Delta: []byte("other")}),
		"many bytes beside a REVEAL":     Encode(EntryMessage{Entry: mustEntry(t, testTopic, &ledger.Reveal{Delta: ledger.SumBlob(large)}), Delta: large}),
		"a proposal in another topic":    Encode(ProposalMessage{Block: mustBlock(t, elsewhere, 1)}),
		"a forged proposal":              badBlock,
		"a certified block of elsewhere": Encode(FinalMessage{mustBlock(t, elsewhere, 1), certificateOf(mustBlock(t, elsewhere, 1))}),
		"a block and another's":          Encode(FinalMessage{b, other}),
	}
	for _, m := range messages(t) {
		data := Encode(m)
		switch m.(type) {
		case BlobMessage, SnapshotMessage:
			continue // any bytes
		}
		cases[fmt.Sprintf("%T with a byte behind", m)] = append(slices.Clone(data), 0)
		cases[fmt.Sprintf("%T without the last byte", m)] = data[:len(data)-1]
	}
	for name, data := range cases {
		if m, err := Decode(data, testTopic, testVerify); err == nil {
			t.Errorf("%s: accepted as %+v", name, m)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range messages(f) {
		f.Add(Encode(m))
	}
	accept := func(ledger.Author, []byte, []byte) bool { return true }
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data, testTopic, accept)
		if err != nil {
			return
		}
		if again := Encode(m); !bytes.Equal(again, data) {
			t.Errorf("%x became %x", data, again)
		}
	})
}

// A message costs no more memory than a multiple of its bytes, whatever these
// claim.
func TestHostileMessagesAllocateLittle(t *testing.T) {
	for name, body := range map[string][]byte{
		"2^63 bytes": {0x5b, 0x80, 0, 0, 0, 0, 0, 0, 0},
		"2^32 items": {0x9a, 0xff, 0xff, 0xff, 0xff},
		"many nulls": append([]byte{0x99, 0xff, 0xff}, bytes.Repeat([]byte{0xf6}, 1<<16-1)...),
		"many votes": slices.Concat([]byte("\xa3\x63seq\x00\x64vote\x00\x65votes\x99\xff\xff"), bytes.Repeat([]byte{0x40}, 1<<16-1)),
		"deep":       bytes.Repeat([]byte{0x82}, 10_000),
	} {
		for tag := tagEntry; tag <= tagSnapshot; tag++ {
			for _, data := range [][]byte{append([]byte{tag}, body...), append([]byte{tag, 0}, body...)} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, _ = Decode(data, testTopic, testVerify)
				runtime.ReadMemStats(&after)
				if got, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<16+150*len(data)); got > most {
					t.Errorf("%s as kind %d: %d bytes take %d, more than %d", name, tag, len(data), got, most)
				}
			}
		}
	}
}
