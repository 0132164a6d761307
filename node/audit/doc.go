// Package audit folds a topic's blocks into the truth: blocks, entries and deltas
// go in; balances, models and receipts come out, or the first fault. It is pure,
// in integers, and the only place where a block becomes a state: the engine of
// every peer, `ledger verify`, `explain`, followers and late joiners all call it.
//
//	r, err := audit.New(manifest, topic, anchor, ledger.Ed25519)
//	entries, missing := r.Collect(block, held)
//	err = r.Check(block, entries)        // may it follow?
//	receipt := r.Apply(block, entries)   // it does
//	if r.Unsettled() { out, err := r.Settle(blob) }
//
// A block that ends a round leaves the replica unsettled: settling takes the
// deltas that count, which may have to be fetched first.
package audit
