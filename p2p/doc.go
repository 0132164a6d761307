// Package p2p carries bytes between peers: small messages by gossip, questions
// and answers over streams, large blobs cut-through. It knows no model, no
// ledger and no token; what a message means is for the [Check] of its reader.
//
// The smallest program:
//
//	h, err := p2p.Open(ctx, p2p.Config{Key: key})
//	t, err := h.Join(ctx, "weather", nil)
//	err = t.Publish(ctx, []byte("rain"))
//	m, err := t.Next(ctx)
//
// Three ways to move bytes:
//
//	Publish, Next   to everybody, at most MaxMessage bytes; GossipSub v1.1 to v1.3
//	Ask, Serve      one query and one answer between two peers
//	Offer, Pull     blobs to everybody: publish an Announcement, then everyone
//	                pulls from whoever forwarded it while that one still receives
//
// Promises. Peers have Ed25519 identities; others are refused. Everything that
// comes from outside is bounded before it is allocated and checked before it is
// passed on. A peer that sends what a Check rejects, or a chunk of a blob that
// does not have its hash, is disconnected for an hour; one that takes a place in
// the mesh and forwards nothing loses the place (see score.go for the limits of
// that). Nothing here is reliable: a message may be lost, so callers re-announce
// what matters.
//
// Nothing needs clocks that agree. What the wall clock does: a TLS certificate is
// good from an hour before it was made, so QUIC fails where clocks differ by more,
// and TCP, which has Noise, is used; and of two processes with one key, that which
// says it began later stops. Pauses and deadlines are measured, not read off.
//
// All methods may be called from many goroutines. Close ends every call that is
// under way, with [ErrClosed], and waits for it; no goroutine of this package
// survives it. A callback (Check, Score, the function given to Serve) must not
// close the host or topic that called it.
//
// The libp2p modules have loggers of their own, which write errors to stderr and
// obey the GOLOG_LOG_LEVEL environment variable; Config.Log does not cover them.
package p2p
