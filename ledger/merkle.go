package ledger

import (
	"crypto/sha256"
	"errors"
	"math/bits"
)

// MerkleRoot returns the root of RFC 6962's Merkle tree hash over leaves: the
// hash of a leaf is SHA-256(0x00 ‖ leaf), of a node SHA-256(0x01 ‖ left ‖
// right), and the left half is the largest power of two below the count.
func MerkleRoot(leaves [][]byte) Hash {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leafHash(leaves[0])
	default:
		k := split(n)
		return nodeHash(MerkleRoot(leaves[:k]), MerkleRoot(leaves[k:]))
	}
}

// split is the largest power of two below n, which is at least 2.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

func leafHash(leaf []byte) Hash {
	return sha256.Sum256(append(append(make([]byte, 0, 1+len(leaf)), 0), leaf...))
}

func nodeHash(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// Path leads from a leaf to the root: RFC 6962's audit path.
type Path struct {
	_     struct{} `cbor:",toarray"`
	Index uint64   // of the leaf, from 0
	Size  uint64   // leaves of the tree
	Nodes []Hash   // what to hash with on the way, the lowest first
}

// MerklePath returns the path of the leaf at index.
func MerklePath(leaves [][]byte, index int) Path {
	return Path{Index: uint64(index), Size: uint64(len(leaves)), Nodes: auditPath(leaves, index)}
}

func auditPath(leaves [][]byte, index int) []Hash {
	if len(leaves) < 2 {
		return nil
	}
	k := split(len(leaves))
	if index < k {
		return append(auditPath(leaves[:k], index), MerkleRoot(leaves[k:]))
	}
	return append(auditPath(leaves[k:], index-k), MerkleRoot(leaves[:k]))
}

// Root is the root that the path leads to from leaf, by the algorithm of RFC
// 9162, section 2.1.3.2. The caller compares it with one that is certified.
func (p Path) Root(leaf []byte) (Hash, error) {
	if p.Index >= p.Size {
		return Hash{}, errors.New("path of a leaf beyond its tree")
	}
	at, last, r := p.Index, p.Size-1, leafHash(leaf)
	for _, node := range p.Nodes {
		if last == 0 {
			return Hash{}, errors.New("path longer than its tree is high")
		}
		if at&1 == 0 && at != last {
			r = nodeHash(r, node)
		} else {
			r = nodeHash(node, r)
			skip := bits.TrailingZeros64(at) // levels at which the leaf's part has no sibling; at is not 0
			at, last = at>>skip, last>>skip
		}
		at, last = at>>1, last>>1
	}
	if last != 0 {
		return Hash{}, errors.New("path shorter than its tree is high")
	}
	return r, nil
}
