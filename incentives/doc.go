// Package incentives is the money of a topic: certified entries go in, integer
// amounts come out.
//
// [State] folds the entries of certified blocks: [State.Apply] takes them one by
// one, [State.EndBlock] moves the round from phase to phase, [State.Settle] pays
// for it. All of it is pure and exact: uint64 amounts, 128-bit products, no
// clock, no float, no randomness, and no order of a map that could show.
//
//	s, err := incentives.NewState(manifest, topic)
//	void := s.Apply(entry, ledger.Ed25519) // why it had no effect, or nil
//	over, voids := s.EndBlock(block)
//	if over { paid := s.Settle(deltas, anchor) }
//
// What is paid follows four rules. Pay is linear in bond times score, so that
// splitting an identity never pays. What cannot be divided, or was not earned,
// stays unminted. Who forks a chain is slashed once. Nothing counts that a
// quorum of the validators, its author left out, did not score.
package incentives
