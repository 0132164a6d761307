package finality

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/filecoin-project/go-f3/gpbft"

	"github.com/grapevine-network/grapevine/ledger"
)

// keys gives gpbft, which was written for BLS, plain Ed25519: an aggregate is
// the signatures in a row, in order of seats.
//
// It remembers good signatures, since each COMMIT and DECIDE carries a quorum
// of those that were seen before: without that, checks grow with the square of
// the committee. Bad ones are not remembered: "seen" must not come to mean
// "good".
type keys struct {
	sign   func(message []byte) []byte
	verify ledger.Verifier

	mu   sync.Mutex // gpbft may verify from several goroutines
	good map[ledger.Hash]bool
}

var (
	_ gpbft.Verifier = (*keys)(nil)
	_ gpbft.Signer   = (*keys)(nil)
)

// isTicket tells the two messages apart that gpbft has signed. A ticket decides
// whose proposal leads in a contested round. An Ed25519 signer can make many
// signatures of one message and keep the luckiest, so a ticket is a hash of the
// key and the message instead: nobody can choose.
func isTicket(message []byte) bool {
	return bytes.HasPrefix(message, []byte(gpbft.DomainSeparationTagVRF+":"))
}

func ticket(key gpbft.PubKey, message []byte) []byte {
	sum := sha256.Sum256(slices.Concat(key, message))
	return sum[:]
}

func (k *keys) Sign(_ context.Context, sender gpbft.PubKey, message []byte) ([]byte, error) {
	if isTicket(message) {
		return ticket(sender, message), nil
	}
	return k.sign(message), nil
}

var errVerify = errors.New("bad vote signature")

func (k *keys) Verify(key gpbft.PubKey, message, sig []byte) error {
	if len(key) != ed25519.PublicKeySize {
		return errVerify
	}
	if isTicket(message) {
		if !bytes.Equal(sig, ticket(key, message)) {
			return errVerify
		}
		return nil
	}
	if len(sig) != ed25519.SignatureSize {
		return errVerify
	}
	id := ledger.Hash(sha256.Sum256(slices.Concat(key, sig, message))) // only the message varies in length
	k.mu.Lock()
	seen := k.good[id]
	k.mu.Unlock()
	if seen {
		return nil
	}
	if !k.verify(ledger.Author(key), message, sig) {
		return errVerify
	}
	k.mu.Lock()
	k.good[id] = true
	k.mu.Unlock()
	return nil
}

func (k *keys) Aggregate(members []gpbft.PubKey) (gpbft.Aggregate, error) {
	return aggregate{k, members}, nil
}

type aggregate struct {
	*keys
	members []gpbft.PubKey
}

func (a aggregate) Aggregate(mask []int, sigs [][]byte) ([]byte, error) {
	if len(mask) != len(sigs) {
		return nil, fmt.Errorf("%d signers, %d signatures", len(mask), len(sigs))
	}
	return slices.Concat(sigs...), nil
}

func (a aggregate) VerifyAggregate(mask []int, message, sigs []byte) error {
	if len(sigs) != len(mask)*ed25519.SignatureSize {
		return errVerify
	}
	for i, seat := range mask {
		if seat < 0 || seat >= len(a.members) {
			return fmt.Errorf("signer %d is not in the committee", seat)
		}
		if err := a.Verify(a.members[seat], message, sigs[i*ed25519.SignatureSize:][:ed25519.SignatureSize]); err != nil {
			return fmt.Errorf("signer %d: %w", seat, err)
		}
	}
	return nil
}
