package finality

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/filecoin-project/go-f3/gpbft"

	"github.com/grapevine-network/grapevine/ledger"
)

// frames are the votes of two instances of a small committee, with and without
// reasons and tickets: the second proposer is silent.
func frames(t testing.TB) (all [][]byte) {
	c := newCourt(t, 4, 1, 3)
	c.run(4, 5*time.Minute)
	for _, p := range c.members {
		all = append(all, p.votes...)
	}
	return all
}

func TestAVoteIsTheSameAfterGPBFT(t *testing.T) {
	phases := map[gpbft.Phase]int{}
	for _, data := range frames(t) {
		f, err := DecodeFrame(data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := frameOf(f.message())
		if err != nil {
			t.Fatal(err)
		}
		if b, err := ledger.Encode(again); err != nil || !bytes.Equal(b, data) {
			t.Fatalf("%x became %x (%v)", data, b, err)
		}
		phases[gpbft.Phase(f.Vote.Phase)]++
	}
	for _, phase := range []gpbft.Phase{gpbft.QUALITY_PHASE, gpbft.PREPARE_PHASE, gpbft.COMMIT_PHASE, gpbft.DECIDE_PHASE} {
		if phases[phase] == 0 {
			t.Errorf("no vote of phase %v was seen", phase)
		}
	}
}

func TestVotesThatMakeNoSenseAreRefused(t *testing.T) {
	var with *Frame
	for _, data := range frames(t) {
		if f, _ := DecodeFrame(data); f.Why != nil && f.Vote.Next != nil {
			with = f
		}
	}
	cases := map[string]func(f *Frame){
		"a long signature":       func(f *Frame) { f.Sig = make([]byte, 65) },
		"a long ticket":          func(f *Frame) { f.Ticket = make([]byte, 33) },
		"no base":                func(f *Frame) { f.Vote.Base = nil },
		"a reason without base":  func(f *Frame) { f.Why.Base, f.Why.Next = nil, f.Vote.Next },
		"a reason of nobody":     func(f *Frame) { f.Why.Signers = nil },
		"a zero byte of signers": func(f *Frame) { f.Why.Signers = append(f.Why.Signers, 0) },
		"signers beyond all":     func(f *Frame) { f.Why.Signers = []byte{8: 1} },
		"no committee":           func(f *Frame) { f.Committee = ledger.CID{} },
		"a base without a name":  func(f *Frame) { f.Vote.Base = &ledger.Tip{} },
	}
	for name, change := range cases {
		f, why := *with, *with.Why
		f.Why = &why
		f.Why.Signers = slices.Clone(why.Signers)
		change(&f)
		data, err := ledger.Encode(f)
		if err != nil {
			continue // has no bytes
		}
		if _, err := DecodeFrame(data); !errors.Is(err, ledger.ErrNotCanonical) {
			t.Errorf("%s: %v, want ErrNotCanonical", name, err)
		}
	}
}

func FuzzDecodeFrame(f *testing.F) {
	seen := map[ledger.Slot]bool{}
	for _, data := range frames(f) {
		if frame, err := DecodeFrame(data); err == nil && !seen[frame.Vote.Slot()] {
			seen[frame.Vote.Slot()] = true
			f.Add(data)
		}
	}
	c := newCourt(f, 4, 0, 1)
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := DecodeFrame(data)
		if err != nil {
			return
		}
		if again, err := ledger.Encode(frame); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x became %x (%v)", data, again, err)
		}
		again, err := frameOf(frame.message())
		if err != nil {
			t.Fatal(err)
		}
		if b, err := ledger.Encode(again); err != nil || !bytes.Equal(b, data) {
			t.Errorf("after gpbft: got %+v (%v), want %+v", again, err, frame)
		}
		if !reflect.DeepEqual(again.Vote, frame.Vote) {
			t.Errorf("got %+v, want %+v", again.Vote, frame.Vote)
		}
		_, _ = c.members[1].Receive(0, frame)
	})
}
