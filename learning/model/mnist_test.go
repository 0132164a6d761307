package model_test

import (
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/model"
)

func TestTheDefaultsReadDigitsWithinSeconds(t *testing.T) {
	trainSet, testSet, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Parse("mlp:64", trainSet.Form())
	if err != nil {
		t.Fatal(err)
	}
	w := make(learning.Vector, m.Shape().Size())
	learning.FromAnchor(w, m.Init(1))
	g := &model.SGD{Model: m, Data: trainSet}
	start := time.Now()
	for round := range uint64(60) {
		update, _, err := g.Train(t.Context(), learning.Task{Anchor: w, Round: round, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i, u := range update {
			w[i] += u
		}
	}
	report, err := model.Evaluate(m, w, testSet)
	if err != nil || report.Accuracy < 0.89 || report.BalancedAccuracy < 0.89 {
		t.Errorf("got %+v (%v), want an accuracy of 0.89 at least", report, err)
	}
	t.Logf("%+v after 60 rounds in %v", report, time.Since(start).Round(time.Millisecond))
}
