// Package model has the built-in models and the trainer that learns them:
// softmax regression, multi-layer perceptrons, a small convolutional network for
// images and a small language model of characters, in float32.
//
// A Model holds no weights. They come from outside as one flat vector, so that
// an anchor, a delta and a peer's own copy are all the same kind of thing:
//
//	m, err := model.Parse("mlp:64", samples.Form())
//	w := make(learning.Vector, m.Shape().Size())
//	learning.FromAnchor(w, m.Init(1))
//	peer := &model.SGD{Model: m, Data: samples, Held: held}
//	update, metrics, err := peer.Train(ctx, learning.Task{Anchor: w, Round: 1, Seed: 1})
//
// A Model is a chain of layers, and each layer works on the rows of a mini-batch
// at once: almost all time goes into products of learning/kernel. A step
// allocates nothing.
//
// Promises: Init gives the same bits on every platform and for ever, since it
// is the genesis of a topic. Training does not: its last bits depend on the
// machine, and nothing that is hashed or paid may depend on them. A Model may
// be shared by goroutines, a Workspace may not.
package model
