package ledger

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// header is one with no field zero.
func header(proposer signer) Header {
	return Header{
		Topic: topic, Height: 9, Instance: 12, Prev: node("block 8"), Proposer: proposer.author(), Entries: Hash{1},
		State: Hash{2}, Anchor: blob("anchor"), Committee: node("committee"), Checkpoint: node("checkpoint"),
	}
}

// cutsOf has n authors in order.
func cutsOf(n int) []Cut {
	cuts := make([]Cut, n)
	for i := range cuts {
		cuts[i] = Cut{Author: Author{byte(i >> 8), byte(i), 1}, Seq: uint64(i) + 1, Head: node("head")}
	}
	return cuts
}

func mustBlock(t testing.TB, h Header, cuts []Cut) *Block {
	t.Helper()
	return must1[*Block](t)(SignBlock(key(1).sign, h, cuts))
}

func TestABlockReadsBackAsItWasSigned(t *testing.T) {
	for _, n := range []int{0, 1, 30, MaxCuts} {
		b := mustBlock(t, header(key(1)), cutsOf(n))
		got, err := DecodeBlock(b.Bytes())
		if err != nil {
			t.Fatalf("%d cuts: %v", n, err)
		}
		if !reflect.DeepEqual(got, b) {
			t.Errorf("%d cuts: got %+v, want %+v", n, got.Header, b.Header)
		}
		if err := got.Verify(Ed25519); err != nil {
			t.Error(err)
		}
	}
}

func TestNothingButTheCanonicalBytesIsABlock(t *testing.T) {
	b := mustBlock(t, header(key(1)), cutsOf(3))
	refusesOthers(t, "block", b.Bytes(), func(data []byte) ([]byte, error) {
		got, err := DecodeBlock(data)
		if err != nil {
			return nil, err
		}
		return got.Bytes(), nil
	})
}

func TestEveryBitOfABlockIsSigned(t *testing.T) {
	b := mustBlock(t, header(key(1)), cutsOf(2))
	for i := range 8 * len(b.Bytes()) {
		data := slices.Clone(b.Bytes())
		data[i/8] ^= 1 << (i % 8)
		if got, err := DecodeBlock(data); err == nil && (got.CID() == b.CID() || got.Verify(Ed25519) == nil) {
			t.Fatalf("bit %d can be changed", i)
		}
	}
}

func TestEveryFieldOfAHeaderIsSigned(t *testing.T) {
	b := mustBlock(t, header(key(1)), cutsOf(2))
	fields := reflect.TypeFor[Header]()
	for i := range fields.NumField() {
		h := b.Header
		switch f := reflect.ValueOf(&h).Elem().Field(i).Addr().Interface().(type) {
		case *uint64:
			*f++
		case *CID:
			*f = blob("other")
		case *Hash:
			f[31]++
		case *Author:
			*f = key(2).author()
		case **signature:
			other := **f
			other[0]++
			*f = &other
		}
		changed, err := newBlock(h, b.Cuts)
		if err != nil {
			t.Fatal(err)
		}
		if changed.CID() == b.CID() || !errors.Is(changed.Verify(Ed25519), ErrSignature) {
			t.Errorf("%s can be changed", fields.Field(i).Name)
		}
	}
}

func TestBlocksThatMakeNoSenseAreRefused(t *testing.T) {
	valid := mustBlock(t, header(key(1)), cutsOf(3))
	with := func(change func(w *blockWire)) []byte {
		w := blockWire{Header: valid.Header, Cuts: slices.Clone(valid.Cuts)}
		change(&w)
		return must1[[]byte](t)(Encode(w))
	}
	cuts := func(cuts []Cut) []byte {
		return with(func(w *blockWire) {
			w.Cuts = cuts
			w.Header.Body = SumNode(must1[[]byte](t)(Encode(cuts)))
		})
	}
	backwards := cutsOf(3)
	slices.Reverse(backwards)
	cases := map[string][]byte{
		"another version":    with(func(w *blockWire) { w.Header.V = 2 }),
		"height 0":           with(func(w *blockWire) { w.Header.Height = 0 }),
		"no signature":       with(func(w *blockWire) { w.Header.Sig = nil }),
		"another body":       with(func(w *blockWire) { w.Cuts[0].Seq++ }),
		"a body of more":     with(func(w *blockWire) { w.Cuts = cutsOf(4) }),
		"a body of less":     with(func(w *blockWire) { w.Cuts = w.Cuts[:2] }),
		"cuts backwards":     cuts(backwards),
		"an author twice":    cuts(append(cutsOf(3), cutsOf(3)[2])),
		"a cut too many":     cuts(cutsOf(MaxCuts + 1)),
		"a byte too many":    make([]byte, MaxBlock+1),
		"the header alone":   must1[[]byte](t)(Encode(valid.Header)),
		"the header in full": must1[[]byte](t)(Encode([]any{valid.Header})),
	}
	for name, data := range cases {
		if _, err := DecodeBlock(data); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%s: %v, want ErrNotCanonical", name, err)
		}
	}
	if _, err := DecodeBlock(with(func(*blockWire) {})); err != nil {
		t.Errorf("the valid one: %v", err)
	}
}

func TestWhatCannotBeReadIsNotSigned(t *testing.T) {
	for name, cuts := range map[string][]Cut{
		"too many": cutsOf(MaxCuts + 1), "twice": append(cutsOf(1), cutsOf(1)...), "without a head": {{Seq: 1}},
	} {
		if _, err := SignBlock(key(1).sign, header(key(1)), cuts); err == nil {
			t.Errorf("signed cuts %s", name)
		}
	}
	h := header(key(1))
	h.Height = 0
	if _, err := SignBlock(key(1).sign, h, nil); err == nil {
		t.Error("signed a block of height 0")
	}
	scores := &Opening{Scores: []Score{{Delta: 1}, {Delta: 0}}}
	if _, err := Sign(key(1).sign, key(1).author(), topic, 0, topic, scores); err == nil {
		t.Error("signed scores out of order")
	}
}

func TestTheRootOfEntriesIsOverTheirNamesInOrder(t *testing.T) {
	a, b := mustSign(t, key(1), 0, topic, &Seal{}), mustSign(t, key(2), 0, topic, &Seal{})
	want := MerkleRoot([][]byte{a.CID().Bytes(), b.CID().Bytes()})
	if got := EntriesRoot([]*Entry{a, b}); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
	if EntriesRoot([]*Entry{b, a}) == want || EntriesRoot(nil) != MerkleRoot(nil) {
		t.Error("order or number does not show")
	}
}

func FuzzDecodeBlock(f *testing.F) {
	for n := range 3 {
		f.Add(mustBlock(f, header(key(1)), cutsOf(n)).Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := DecodeBlock(data)
		if err != nil {
			return
		}
		if !bytes.Equal(b.Bytes(), data) {
			t.Errorf("%x became %x", data, b.Bytes())
		}
		if !slices.IsSortedFunc(b.Cuts, func(a, b Cut) int { return cmp.Compare(string(a.Author[:]), string(b.Author[:])) }) {
			t.Error("cuts out of order")
		}
		_ = fmt.Sprint(b.Verify(Ed25519))
	})
}
