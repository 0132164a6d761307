package ledger

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"
)

// committeeOf seats authors 0, 1, … with the given stakes.
func committeeOf(stakes ...uint64) Committee {
	seats := make([]Seat, len(stakes))
	for i, s := range stakes {
		seats[i] = Seat{ID: uint64(i), Author: key(i).author(), Stake: s}
	}
	return NewCommittee(seats)
}

func equal(n int) Committee {
	stakes := make([]uint64, n)
	for i := range stakes {
		stakes[i] = 100
	}
	return committeeOf(stakes...)
}

// certify lets the given seats sign a decision. Committees are those of
// committeeOf: a seat's ID says whose key it has.
func certify(c Committee, next bool, seats ...int) *Certificate {
	x := &Certificate{
		Instance: 12, Committee: c.CID(), Signers: make([]byte, slices.Max(seats)/8+1),
		Base: Tip{Height: 8, Block: node("block 8"), Committee: node("committee 8")},
	}
	if next {
		x.Next = &Tip{Height: 9, Block: node("block 9"), Committee: c.CID()}
	}
	for _, seat := range seats {
		x.Signers[seat/8] |= 1 << (seat % 8)
		k := key(seat)
		if seat < len(c) {
			k = key(int(c[seat].ID))
		}
		x.Sigs = append(x.Sigs, k.sign(x.message(topic))...)
	}
	return x
}

func upTo(n int) (seats []int) {
	for i := range n {
		seats = append(seats, i)
	}
	return seats
}

// The least signers of n equal seats. Where n does not divide 65535, scaling
// rounds the total down, which never makes a quorum smaller.
func TestACertificateNeedsAQuorum(t *testing.T) {
	for n, least := range map[int]int{1: 1, 2: 2, 3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 9: 6, 10: 7, 16: 11, 21: 14, 64: 43} {
		c := equal(n)
		if err := certify(c, true, upTo(least)...).Verify(topic, c, Ed25519); err != nil {
			t.Errorf("%d of %d: %v", least, n, err)
		}
		if least == 1 {
			continue
		}
		if err := certify(c, true, upTo(least-1)...).Verify(topic, c, Ed25519); err == nil {
			t.Errorf("%d of %d is a quorum", least-1, n)
		}
	}
}

func TestAQuorumIsOfStakeNotOfSeats(t *testing.T) {
	c := committeeOf(600, 100, 100, 100)
	if err := certify(c, false, 0).Verify(topic, c, Ed25519); err != nil {
		t.Errorf("6 of 9, scaled 43690 of 65535: %v", err)
	}
	if err := certify(c, false, 1, 2, 3).Verify(topic, c, Ed25519); err == nil {
		t.Error("3 of 9 is a quorum")
	}
	c = committeeOf(599, 100, 100, 101)
	if err := certify(c, false, 0).Verify(topic, c, Ed25519); err == nil {
		t.Error("599 of 900 is a quorum")
	}
}

func TestACertificateIsOfExactlyWhatWasSigned(t *testing.T) {
	c := equal(4)
	cases := map[string]func(x *Certificate){
		"another instance":     func(x *Certificate) { x.Instance++ },
		"another base height":  func(x *Certificate) { x.Base.Height++ },
		"another base":         func(x *Certificate) { x.Base.Block = node("other") },
		"another base's votes": func(x *Certificate) { x.Base.Committee = node("other") },
		"another height":       func(x *Certificate) { x.Next.Height++ },
		"another block":        func(x *Certificate) { x.Next.Block = node("other") },
		"another next's votes": func(x *Certificate) { x.Next.Committee = node("other") },
		"the base alone":       func(x *Certificate) { x.Next = nil },
		"another committee":    func(x *Certificate) { x.Committee = node("other") },
		"another signer":       func(x *Certificate) { x.Signers[0] = 0b1011 },
		"one signer more":      func(x *Certificate) { x.Signers[0] = 0b1111 },
		"one signer less":      func(x *Certificate) { x.Signers[0] = 0b0011 },
		"a signer without a seat": func(x *Certificate) {
			x.Signers[0] |= 1 << 4
			x.Sigs = append(x.Sigs, key(4).sign(x.message(topic))...)
		},
		"a signer in a second byte":   func(x *Certificate) { x.Signers = append(x.Signers, 1) },
		"a signature more":            func(x *Certificate) { x.Sigs = append(x.Sigs, x.Sigs[:64]...) },
		"a byte more":                 func(x *Certificate) { x.Sigs = append(x.Sigs, 0) },
		"a byte less":                 func(x *Certificate) { x.Sigs = x.Sigs[:len(x.Sigs)-1] },
		"one signature for all":       func(x *Certificate) { x.Sigs = bytes.Repeat(x.Sigs[:64], 3) },
		"signatures in another order": func(x *Certificate) { x.Sigs = slices.Concat(x.Sigs[64:128], x.Sigs[:64], x.Sigs[128:]) },
		"no signatures":               func(x *Certificate) { x.Sigs = nil },
		"nobody":                      func(x *Certificate) { x.Signers, x.Sigs = nil, nil },
	}
	for name, change := range cases {
		x := certify(c, true, 0, 1, 2)
		if err := x.Verify(topic, c, Ed25519); err != nil {
			t.Fatal(err)
		}
		change(x)
		if x.Verify(topic, c, Ed25519) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if certify(c, true, 0, 1, 2).Verify(node("elsewhere"), c, Ed25519) == nil {
		t.Error("accepted in another topic")
	}
	if certify(c, true, 0, 1, 2).Verify(topic, committeeOf(103, 102, 101, 100), Ed25519) == nil {
		t.Error("accepted of the same people with other stakes")
	}
}

func TestABadSignatureInACertificateNamesIts(t *testing.T) {
	c := equal(4)
	x := certify(c, true, 0, 1, 2)
	x.Sigs[64]++
	if err := x.Verify(topic, c, Ed25519); !errors.Is(err, ErrSignature) {
		t.Errorf("%v, want ErrSignature", err)
	}
}

func TestTheHeadIsWhatWasDecided(t *testing.T) {
	c := equal(1)
	if got := certify(c, true, 0).Head().Height; got != 9 {
		t.Errorf("height %d, want 9", got)
	}
	if got := certify(c, false, 0).Head().Height; got != 8 {
		t.Errorf("height %d, want 8", got)
	}
}

func TestNothingButTheCanonicalBytesIsACertificate(t *testing.T) {
	decode := func(data []byte) ([]byte, error) {
		got, err := DecodeCertificate(data)
		if err != nil {
			return nil, err
		}
		return Encode(got)
	}
	c := equal(12)
	for _, next := range []bool{true, false} {
		x := certify(c, next, 0, 3, 9)
		accepted := []string{"/sigs: shorter"}
		if next {
			accepted = append([]string{"/next: null"}, accepted...)
		}
		refusesOthers(t, "certificate", must1[[]byte](t)(Encode(x)), decode, accepted...)
	}
	for name, signers := range map[string][]byte{"none": nil, "a zero byte last": {1, 0}, "beyond all seats": {8: 1}} {
		x := certify(c, true, 0)
		x.Signers = signers
		if _, err := decode(must1[[]byte](t)(Encode(x))); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("signers %s: %v, want ErrNotCanonical", name, err)
		}
	}
}

func FuzzDecodeCertificate(f *testing.F) {
	c := equal(4)
	for _, next := range []bool{true, false} {
		f.Add(must1[[]byte](f)(Encode(certify(c, next, 0, 1, 2))))
	}
	accept := func(Author, []byte, []byte) bool { return true }
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := DecodeCertificate(data)
		if err != nil {
			return
		}
		if again, err := Encode(x); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x became %x (%v)", data, again, err)
		}
		x.Committee = c.CID()
		if err := x.Verify(topic, c, accept); err == nil && len(x.Sigs) < 3*ed25519.SignatureSize {
			t.Errorf("%d bytes of signatures are a quorum", len(x.Sigs))
		}
	})
}
