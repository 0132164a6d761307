package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"math/big"
	"slices"
	"testing"
)

// signer is a key of the tests: the same on every run.
type signer struct {
	ed25519.PrivateKey
}

func key(i int) signer {
	seed := sha256.Sum256(fmt.Append(nil, "author ", i))
	return signer{ed25519.NewKeyFromSeed(seed[:])}
}

func (s signer) author() Author             { return Author(s.Public().(ed25519.PublicKey)) }
func (s signer) sign(message []byte) []byte { return ed25519.Sign(s.PrivateKey, message) }

// signAgain makes another signature of a message than sign does, as the holder of
// a key can: with a nonce that is not the one of RFC 8032, here another key's.
func (s signer) signAgain(message []byte) []byte {
	scalar := func(k ed25519.PrivateKey) *big.Int {
		h := sha512.Sum512(k.Seed())
		h[0], h[31] = h[0]&248, h[31]&63|64
		return little(h[:32])
	}
	nonce := key(1 << 20)
	sig := []byte(nonce.Public().(ed25519.PublicKey))
	k := sha512.Sum512(slices.Concat(sig, s.Public().(ed25519.PublicKey), message))
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	x := new(big.Int).Mul(little(k[:]), scalar(s.PrivateKey))
	x.Add(x, scalar(nonce.PrivateKey)).Mod(x, order)
	half := x.FillBytes(make([]byte, 32))
	slices.Reverse(half)
	return append(sig, half...)
}

// little reads a little-endian number.
func little(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func node(name string) CID { return SumNode([]byte(name)) }
func blob(name string) CID { return SumBlob([]byte(name)) }

var topic = node("topic")

func must1[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func mustSign(t testing.TB, k signer, seq uint64, prev CID, body any) *Entry {
	t.Helper()
	return must1[*Entry](t)(Sign(k.sign, k.author(), topic, seq, prev, body))
}

var successor = node("successor")

// bodies has one of each kind, with no field zero.
func bodies() []any {
	return []any{
		&Commit{Round: 3, Base: blob("anchor"), Hash: Hash{1}},
		&Reveal{Round: 3, Delta: blob("delta"), Size: 300, Salt: Salt{2}},
		&Seal{Round: 3, Hash: Hash{3}},
		&Opening{Round: 3, Salt: Salt{4}, Scores: []Score{{Delta: 0, U: -512, SE: 256}, {Delta: 2, U: 70_400, SE: 7_936}}},
		&Evidence{A: []byte("one"), B: []byte("other")},
		&Register{Payout: key(7).author(), Round: 3, Work: 70_000},
		&Data{Root: Hash{5}, Count: 5_000, Columns: Hash{6}},
		&Transfer{To: key(8).author(), Amount: 1_000_000},
		&Bond{Amount: 1},
		&Unbond{Amount: 1 << 32},
		&Stake{Amount: 1<<63 - 1},
		&Unstake{Amount: 24},
		&Admit{Member: key(8).author()},
		&Remove{Member: key(7).author()},
		&End{Successor: &successor},
	}
}
