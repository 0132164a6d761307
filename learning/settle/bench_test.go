package settle

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/grapevine-network/grapevine/learning/delta"
)

// random returns a delta of size parameters as a codec that keeps 32 of 1,024
// would leave it: distinct places, two magnitudes.
func random(rng *rand.Rand, size int) delta.Sparse {
	var d delta.Sparse
	lo := int32(rng.IntN(5000) + 1)
	hi := lo + int32(rng.IntN(5000))
	for i := range size {
		if rng.IntN(32) != 0 {
			continue
		}
		v := []int32{lo, hi, -lo, -hi}[rng.IntN(4)]
		d.Index, d.Value = append(d.Index, uint32(i)), append(d.Value, v)
	}
	return d
}

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

func randomDeltas(rng *rand.Rand, n, size int) []Delta {
	ds := make([]Delta, n)
	for j := range ds {
		ds[j] = Delta{
			Update: random(rng, size),
			Weight: rng.Uint64N(1 << rng.IntN(53)),
			Age:    max(0, rng.IntN(8)-4),
			Gain:   rng.Int64N(100) - 20,
		}
	}
	return ds
}

func BenchmarkMerge(b *testing.B) {
	const size = 50_000
	anchor := make([]int32, size)
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("deltas=%d", n), func(b *testing.B) {
			ds := randomDeltas(source(1), n, size)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Merge(anchor, ds, One); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSketches(b *testing.B) {
	rng, ds := source(2), make([]delta.Sparse, 100)
	for j := range ds {
		ds[j] = random(rng, 50_000)
	}
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			SketchOf(ds[0], [32]byte{})
		}
	})
	b.Run("hundred", func(b *testing.B) {
		for b.Loop() {
			Sketches(ds, [32]byte{})
		}
	})
}

// The most there can be: a round of 1,000 deltas, and 32 such rounds before it.
func BenchmarkCopies(b *testing.B) {
	rng := source(3)
	now, archive := signed(rng, 1000), signed(rng, 32_000)
	for b.Loop() {
		Copies(now, archive)
	}
	pairs := float64(len(now) * len(archive))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pairs, "ns/pair")
}

// signed returns n sketches of unlike authors with a common part: cosines near
// 0.3, as honest deltas have.
func signed(rng *rand.Rand, n int) []Signed {
	common, out := source(99), make([]Signed, n)
	var shared Sketch
	for i := range shared {
		shared[i] = int64(common.NormFloat64() * 1e5)
	}
	for j := range out {
		out[j].Weight = rng.Uint64N(1000) + 1
		for i := range out[j].Author {
			out[j].Author[i] = byte(rng.Uint32())
		}
		for i := range out[j].Sketch {
			out[j].Sketch[i] = shared[i] + int64(rng.NormFloat64()*1.5e5)
		}
	}
	return out
}
