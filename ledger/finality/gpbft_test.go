package finality

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/filecoin-project/go-f3/gpbft"

	"github.com/grapevine-network/grapevine/ledger"
)

func randomTip(rng *rand.Rand) *ledger.Tip {
	name := func() ledger.CID { return ledger.SumNode([]byte{byte(rng.Uint32()), byte(rng.Uint32())}) }
	return &ledger.Tip{Height: rng.Uint64() >> (1 + rng.IntN(63)), Block: name(), Committee: name()}
}

// An auditor checks certificates without gpbft: what it hashes must be what
// gpbft's voters sign.
func TestACertificateIsOfTheBytesThatGPBFTSigns(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		c := randomCommittee(rng)
		x := &ledger.Certificate{Instance: rng.Uint64() >> rng.IntN(64), Base: *randomTip(rng), Committee: c.CID()}
		if rng.IntN(2) == 0 {
			x.Next = randomTip(rng)
		}
		for seat := range c {
			x.Signers = append(x.Signers, make([]byte, seat/8+1-len(x.Signers))...)
			x.Signers[seat/8] |= 1 << (seat % 8)
			x.Sigs = append(x.Sigs, make([]byte, 64)...)
		}
		p := payload(x.Instance, 0, uint8(gpbft.DECIDE_PHASE), x.Committee, &x.Base, x.Next)
		want := p.MarshalForSigning(gpbft.NetworkName(topic.String()))
		err := x.Verify(topic, c, func(_ ledger.Author, got, _ []byte) bool { return bytes.Equal(got, want) })
		if err != nil {
			t.Fatalf("%+v: %v", x, err)
		}
	}
}

func randomCommittee(rng *rand.Rand) ledger.Committee {
	seats := make([]ledger.Seat, 1+rng.IntN(ledger.MaxCommittee))
	most := rng.IntN(47)
	for i := range seats {
		seats[i] = ledger.Seat{ID: uint64(i), Author: ledger.Author{byte(i), 9}, Stake: 1 + rng.Uint64N(1<<most)}
	}
	return ledger.NewCommittee(seats)
}

func TestPowerAndOrderAreThoseOfGPBFT(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 1_000 {
		c := randomCommittee(rng)
		power, err := table(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := power.Validate(); err != nil {
			t.Fatal(err)
		}
		scaled, _, err := power.Entries.Scaled()
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range c {
			if e := power.Entries[i]; uint64(e.ID) != s.ID || !bytes.Equal(e.PubKey, s.Author[:]) {
				t.Fatalf("seat %d is %v, gpbft has %v", i, s, e)
			}
			if got, want := c.Power(i), scaled[i]; got != want || power.ScaledPower[i] != want {
				t.Fatalf("power %d of %v, gpbft has %d", got, s, want)
			}
		}
	}
}

func TestAQuorumIsThatOfGPBFT(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	quorums := 0
	for range 5_000 {
		c, set, least := randomCommittee(rng), rng.Uint64(), rng.IntN(3)
		in := func(i int) bool { return set>>i&1 == 1 || i%3 < least }
		power, err := table(c)
		if err != nil {
			t.Fatal(err)
		}
		var part int64
		for i := range c {
			if in(i) {
				part += power.ScaledPower[i]
			}
		}
		got, want := c.Quorum(in, nil), gpbft.IsStrongQuorum(part, power.ScaledTotal)
		if got != want {
			t.Fatalf("%d of %d: %v, gpbft says %v", part, power.ScaledTotal, got, want)
		}
		if got {
			quorums++
		}
	}
	if quorums < 500 || quorums > 4_500 {
		t.Errorf("%d of 5000 are quorums, which tests little", quorums)
	}
}
