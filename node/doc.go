// Package node is a peer of a topic, to be run by a program: it trains on the
// program's own data, gossips signed deltas, keeps the ledger and is paid.
//
//	manifest, anchor, err := node.Found(node.Founding{Name: "digits", Model: "mlp:64", …})
//	n, err := node.Open(ctx, node.Config{Dir: "./peer", Manifest: manifest, Anchor: anchor, Trainer: trainer})
//	defer n.Close()
//	err = n.Run(ctx)
//
// The straight line from data to tokens, with the package of each step:
//
//	 1 node/engine     round r is open on anchor A_r      -> Train
//	 2 node            Trainer.Train, on a worker            private data never leaves it
//	 3 node/engine     Trained                            -> COMMIT on our chain
//	 4 node            store, sync, then publish             a peer that crashes can't fork itself
//	 5 p2p             size, form, signature              -> Accept, Ignore, Reject
//	 6 node/engine     the COMMIT phase is certified      -> REVEAL, with the delta
//	 7 node/engine     the REVEAL phase is certified      -> Score on held-out data; SEAL
//	 8 node/engine     the SEAL phase is certified        -> SCORE opens our seal
//	 9 node/audit      settle: gate, clip, mean; pay         learning/settle, incentives: integers
//	10 node/engine     round r+1 on anchor A_{r+1}; the next block carries its CID and the state root
//
// Open acquires, Run works and owns every goroutine, Close gives back. A node
// writes nothing to standard output or error.
package node
