// Package ledger is the shared memory of a topic: who said what, and what
// became final.
//
// Every author signs a hash chain of its own [Entry] by [Entry]; many chains
// grow in parallel. A [Block] is a certified cut across all of them: a list of
// (author, sequence number, head). A [Certificate] carries the signatures of a
// quorum of the [Committee] and makes a block final. The [Manifest] is the
// constitution of a topic, and its CID is the topic's name.
//
// Everything here is bytes, hashes and signatures; nothing has a meaning in
// models or money, and nothing does input or output:
//
//	e, err := ledger.DecodeEntry(data) // canonical, well formed, small enough
//	err = e.Verify(ledger.Ed25519)     // signed by its author
//
// All that is hashed is dag-cbor with short text keys and no floats, of which
// there is one encoding only: a decoder takes a value, encodes it again and
// refuses what differs. Signatures are plain Ed25519, checked one by one with
// crypto/ed25519, since batch verifiers accept other sets of signatures and
// would split the ledger.
package ledger
