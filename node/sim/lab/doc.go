// Package lab is the laboratory: the learning and the money of a topic for many
// peers and rounds, fast, and the baselines to compare them with.
//
//	report, err := lab.Run(ctx, lab.Config{Peers: 20, Rounds: 100, Load: …, Found: …, Trainer: …})
//
// It has no second implementation of anything. Peers train with the node's
// trainer, compress with delta.Feedback and score as nodes do; entries go into
// blocks, blocks into an audit.Replica, which settles and pays. What is left out
// is what does not change the outcome: the network, consensus about blocks
// (whoever's turn it is proposes, and all accept), and real signatures.
//
// Peers that all compute the same need not all compute it: by default one replica
// stands for all. With Config.Full each has its own, checks, decodes and settles
// everything itself, and has to come to the same models and balances.
//
// Scorers are not drawn for each delta: a delta counts if a quorum of all stake
// scored it, and seven of twenty are none. Config.Scorers says instead how many
// have a stake; those who hold back the same samples measure once.
//
// Whatever is drawn follows from the seed and who draws, so a run is the same on
// any number of cores.
package lab
