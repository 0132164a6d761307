package sim

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/grapevine-network/grapevine/ledger"
)

// keyring holds all peers' keys. Cheap signatures are hashes of a secret and the
// message, which only the keyring can check: fifty times faster than Ed25519.
type keyring struct {
	real    bool
	secrets map[ledger.Author]ed25519.PrivateKey
	keys    map[int]ed25519.PrivateKey
}

func newKeyring(real bool) *keyring {
	return &keyring{real, map[ledger.Author]ed25519.PrivateKey{}, map[int]ed25519.PrivateKey{}}
}

func (k *keyring) key(i int) ed25519.PrivateKey {
	if k.keys[i] == nil {
		seed := sha256.Sum256(fmt.Append(nil, "peer ", i))
		k.keys[i] = ed25519.NewKeyFromSeed(seed[:])
		k.secrets[ledger.Author(k.keys[i].Public().(ed25519.PublicKey))] = k.keys[i]
	}
	return k.keys[i]
}

func (k *keyring) author(i int) ledger.Author {
	return ledger.Author(k.key(i).Public().(ed25519.PublicKey))
}

func (k *keyring) signer(i int) func([]byte) []byte {
	key := k.key(i)
	return func(message []byte) []byte {
		if k.real {
			return ed25519.Sign(key, message)
		}
		return cheap(key, message)
	}
}

func (k *keyring) verify(author ledger.Author, message, sig []byte) bool {
	if k.real {
		return ledger.Ed25519(author, message, sig)
	}
	key := k.secrets[author]
	return key != nil && string(sig) == string(cheap(key, message))
}

func cheap(key ed25519.PrivateKey, message []byte) []byte {
	h := sha256.New()
	h.Write(key[:32])
	h.Write(message)
	sum := h.Sum(nil)
	return append(sum, sum...)
}
