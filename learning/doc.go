// Package learning holds the words that everything which learns shares: a
// parameter vector and its shape table, samples, the task of one round, and the
// Trainer that works on it. It knows no peer, no token, no file and no clock.
//
// A topic's model is one flat Vector. In a round every peer starts from the
// same anchor, trains on samples that never leave it, and answers with the
// difference; validators score such differences on samples they kept aside:
//
//	update, metrics, err := trainer.Train(ctx, learning.Task{Anchor: w, Round: 1, Seed: 7})
//	scores, err := trainer.Evaluate(ctx, w, []learning.Vector{update})
//
// Package model has the built-in trainers, package dataset the samples; package
// delta compresses updates and package settle merges them.
//
// Promises: values of this package start no goroutine and keep no global state.
// Its floats are a peer's own business: nothing that is hashed or paid is a
// float, so two platforms may train to different last bits.
package learning
