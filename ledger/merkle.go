package ledger

import "crypto/sha256"

// MerkleRoot returns the root of RFC 6962's Merkle tree hash over leaves: the
// hash of a leaf is SHA-256(0x00 ‖ leaf), of a node SHA-256(0x01 ‖ left ‖
// right), and the left half is the largest power of two below the count.
func MerkleRoot(leaves [][]byte) Hash {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0]...))
	default:
		k := 1
		for k*2 < n {
			k *= 2
		}
		left, right := MerkleRoot(leaves[:k]), MerkleRoot(leaves[k:])
		return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	}
}
