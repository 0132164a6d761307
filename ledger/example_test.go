package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"

	"github.com/grapevine-network/grapevine/ledger"
)

// A chain of two entries, and a fork of it.
func ExampleSign() {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	author := ledger.Author(key.Public().(ed25519.PublicKey))
	sign := func(message []byte) []byte { return ed25519.Sign(key, message) }
	topic := ledger.SumNode([]byte("a manifest"))

	first, _ := ledger.Sign(sign, author, topic, 0, topic, &ledger.Seal{Round: 1})
	second, _ := ledger.Sign(sign, author, topic, first.Seq, first.CID(), &ledger.Seal{Round: 2})
	rival, _ := ledger.Sign(sign, author, topic, first.Seq, first.CID(), &ledger.Seal{Round: 3})

	got, err := ledger.DecodeEntry(second.Bytes())
	fmt.Println(got.Kind, got.Seq, err, got.Verify(ledger.Ed25519))
	fmt.Println(got.Follows(first.Seq, first.CID()), got.Forks(rival))
	// Output:
	// SEAL 2 <nil> <nil>
	// true true
}
