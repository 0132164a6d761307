package delta

import (
	"math"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/model"
)

// What a place costs in deltas of real training, against what a place chosen at
// random must cost. The table in learning/README.md is from
//
//	go test ./learning/delta -run Entropy -v
func TestTheEntropyOfRealDeltas(t *testing.T) {
	updates := digitUpdates(t, 12)
	t.Logf("bits for a place: as coded, entropy of the gaps, of places at random; for a value in all; bytes; times fewer than float32")
	for _, keep := range []int{16, 32, 128} {
		c := Codec{Size: len(updates[0]), Keep: keep}
		f, sent, coded, places := NewFeedback(c, Decay), 0, 0, 0
		gaps := map[int]int{}
		for _, u := range updates {
			b, err := f.Compress(u)
			if err != nil {
				t.Fatal(err)
			}
			s := mustDecode(t, c, b)
			sent, places = sent+8*len(b), places+len(s.Index)
			coded += countGaps(gaps, c, s)
		}
		random, n := choices(chunkLen, keep)/float64(keep), float64(places)
		bytes := float64(sent) / 8 / float64(len(updates))
		t.Logf("keep %3d: %.2f  %.2f  %.2f;  %.2f;  %.0f;  %.0f", keep, float64(coded)/n, entropy(gaps), random, float64(sent)/n, bytes, float64(4*c.Size)/bytes)
		if got := float64(coded) / n; got > random*1.05 {
			t.Errorf("keep %d: %.2f bits for a place, want at most 5 %% above %.2f", keep, got, random)
		}
	}
}

// digitUpdates are the updates of one peer that learns to read digits.
func digitUpdates(t *testing.T, rounds uint64) (updates []learning.Vector) {
	data, _, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Parse("mlp:64", data.Form())
	if err != nil {
		t.Fatal(err)
	}
	w := make(learning.Vector, m.Shape().Size())
	learning.FromAnchor(w, m.Init(1))
	peer := &model.SGD{Model: m, Data: data}
	for round := range rounds {
		u, _, err := peer.Train(t.Context(), learning.Task{Anchor: w, Round: round, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range u {
			w[i] += v
		}
		updates = append(updates, u)
	}
	return updates
}

// countGaps counts the gaps of s by size and returns the bits of their codes.
func countGaps(gaps map[int]int, c Codec, s Sparse) (bits int) {
	chunk, next := -1, 0
	for _, at := range s.Index {
		if int(at)/chunkLen != chunk {
			chunk = int(at) / chunkLen
			next = chunk * chunkLen
		}
		g := int(at) - next
		next = int(at) + 1
		gaps[g]++
		bits += g>>c.rice() + 1 + c.rice()
	}
	return bits
}

// entropy is that of a distribution, in bits.
func entropy(counts map[int]int) (h float64) {
	total := 0.0
	for _, n := range counts {
		total += float64(n)
	}
	for _, n := range counts {
		p := float64(n) / total
		h -= p * math.Log2(p)
	}
	return h
}

// choices is the logarithm to base 2 of the number of ways to take k of n.
func choices(n, k int) float64 {
	log := func(x int) float64 { l, _ := math.Lgamma(float64(x + 1)); return l }
	return (log(n) - log(k) - log(n-k)) / math.Ln2
}
