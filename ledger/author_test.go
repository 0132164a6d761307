package ledger

import (
	"encoding/hex"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/multiformats/go-multihash"
)

// The example of libp2p's specification of peer IDs.
func TestAnAuthorIsALibp2pPeer(t *testing.T) {
	const text = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
	b, _ := hex.DecodeString("1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e")
	if got := Author(b).String(); got != text {
		t.Errorf("got %s, want %s", got, text)
	}
	if a, err := ParseAuthor(text); err != nil || a != Author(b) {
		t.Errorf("parsed %x (%v)", a, err)
	}
}

func TestOtherPeersAreNoAuthors(t *testing.T) {
	rsa, _ := multihash.Sum([]byte("an RSA key"), multihash.SHA2_256, -1)
	for name, text := range map[string]string{
		"nothing": "", "no base58": "0OIl", "RSA": rsa.B58String(), "small order": Author{1}.String(),
		"another key type": multihash.Multihash("\x00\x24\x08\x02\x12\x20" + strings.Repeat("x", 32)).B58String(),
		"a byte short":     multihash.Multihash("\x00\x23\x08\x01\x12\x1f" + strings.Repeat("x", 31)).B58String(),
	} {
		if a, err := ParseAuthor(text); err == nil {
			t.Errorf("%s: parsed as %v", name, a)
		}
	}
}

// Under such a key one signature, made without any secret, fits many messages:
// R is the identity and S is 0, and S·B = R + h·A holds whenever 8 divides h.
func TestAKeyOfSmallOrderSignsWhatNobodySigned(t *testing.T) {
	b, _ := hex.DecodeString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
	a, sig := Author(b), make([]byte, 64)
	sig[0] = 1
	fits := 0
	for i := range 256 {
		if Ed25519(a, []byte{byte(i)}, sig) {
			fits++
		}
	}
	if fits < 10 || fits > 60 { // one in eight
		t.Errorf("the signature fits %d of 256 messages, so this test is about nothing", fits)
	}
	if a.Validate() == nil {
		t.Error("the key is accepted")
	}
	e := mustSign(t, key(1), 0, topic, &Seal{})
	w := wire{entryVersion, topic, a, 1, topic, KindSeal, must1[[]byte](t)(Encode(&Seal{})), signature(sig)}
	if _, err := DecodeEntry(must1[[]byte](t)(Encode(w))); err == nil {
		t.Error("an entry of such a key is accepted")
	}
	if err := e.Author.Validate(); err != nil {
		t.Errorf("an honest key: %v", err)
	}
}

// edwards is the curve -x² + y² = 1 + d·x²·y² over 2^255 - 19, just enough of it.
type edwards struct{ p, d *big.Int }

func newEdwards() edwards {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	d := new(big.Int).ModInverse(big.NewInt(121666), p)
	return edwards{p, d.Mul(d, big.NewInt(-121665)).Mod(d, p)}
}

// double returns y of 2·(x, y) from x² and y, with the x² of that.
func (c edwards) double(xx, y *big.Int) (xx2, y2 *big.Int) {
	mul := func(a, b *big.Int) *big.Int { a = new(big.Int).Mul(a, b); return a.Mod(a, c.p) }
	inv := func(a *big.Int) *big.Int { return new(big.Int).ModInverse(new(big.Int).Mod(a, c.p), c.p) }
	yy := mul(y, y)
	t := mul(c.d, mul(xx, yy))
	one := big.NewInt(1)
	y2 = mul(new(big.Int).Add(yy, xx), inv(new(big.Int).Sub(one, t)))
	x := inv(new(big.Int).Add(one, t)) // x2 = 2xy/(1+t), so x2² = 4·xx·yy/(1+t)²
	return mul(mul(big.NewInt(4), mul(xx, yy)), mul(x, x)), y2
}

// xx returns x² for y.
func (c edwards) xx(y *big.Int) *big.Int {
	yy := new(big.Int).Mul(y, y)
	num := new(big.Int).Sub(yy, big.NewInt(1))
	den := new(big.Int).Add(new(big.Int).Mul(c.d, yy), big.NewInt(1))
	x := num.Mul(num, den.ModInverse(den.Mod(den, c.p), c.p))
	return x.Mod(x, c.p)
}

func TestTheKeysOfSmallOrderAreAllThereAre(t *testing.T) {
	c := newEdwards()
	found := map[string]bool{}
	for _, a := range smallOrder {
		y := little(a[:])
		y.Mod(y, c.p)
		found[y.String()] = true
		xx := c.xx(y)
		for range 3 {
			xx, y = c.double(xx, y)
		}
		if y.Cmp(big.NewInt(1)) != 0 || xx.Sign() != 0 {
			t.Errorf("%x: 8 times it is not the neutral point", a)
		}
	}
	if len(found) != 5 { // 8 points: two of order 4 and four of order 8 share y up to sign
		t.Errorf("%d values of y, want 5", len(found))
	}
	for _, a := range smallOrder {
		for _, sign := range []byte{0, 0x80} {
			a[31] = a[31]&0x7f | sign
			if a.Validate() == nil {
				t.Errorf("%x: accepted", a)
			}
		}
	}
}

func TestHonestKeysAreAccepted(t *testing.T) {
	for i := range 200 {
		if err := key(i).author().Validate(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASignatureCannotBeRewritten(t *testing.T) {
	k, message := key(1), []byte("message")
	sig := k.sign(message)
	if !Ed25519(k.author(), message, sig) || !Ed25519(k.author(), message, k.signAgain(message)) {
		t.Fatal("refused")
	}
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	more := new(big.Int).Add(little(sig[32:]), order).FillBytes(make([]byte, 32))
	slices.Reverse(more)
	for name, bad := range map[string][]byte{
		"S + L": slices.Concat(sig[:32], more), "short": sig[:63], "long": append(slices.Clone(sig), 0), "none": nil,
	} {
		if Ed25519(k.author(), message, bad) {
			t.Errorf("%s: accepted", name)
		}
	}
}
