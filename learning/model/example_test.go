package model_test

import (
	"context"
	"fmt"
	"log"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/model"
)

// One round: train from the genesis anchor, then score the update on samples
// that were kept aside.
func Example() {
	or := learning.Samples{
		X: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Y: []int32{0, 1, 1, 1},
		Inputs: 2, Classes: 2,
	}
	m, err := model.Parse("mlp:8", or.Form())
	if err != nil {
		log.Fatal(err)
	}
	anchor := make(learning.Vector, m.Shape().Size())
	learning.FromAnchor(anchor, m.Init(1))

	peer := &model.SGD{Model: m, Data: or, Held: or, Steps: 30}
	ctx := context.Background()
	update, _, err := peer.Train(ctx, learning.Task{Anchor: anchor, Round: 1, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	scores, err := peer.Evaluate(ctx, anchor, []learning.Vector{update})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d values, gain above 0.3: %t\n", len(update), scores[0].Gain > 0.3)
	// Output: 42 values, gain above 0.3: true
}

func ExampleEvaluate() {
	m, err := model.Parse("softmax", learning.Form{Dims: []int{1}, Classes: 2})
	if err != nil {
		log.Fatal(err)
	}
	w := learning.Vector{-1, 1, 0, 0} // two weights, two biases
	s := learning.Samples{X: []float32{-2, 1, 3, 0.5}, Y: []int32{0, 1, 1, 0}, Inputs: 1, Classes: 2}
	r, err := model.Evaluate(m, w, s)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Accuracy, r.BalancedAccuracy, r.AUC)
	// Output: 0.75 0.75 1
}
