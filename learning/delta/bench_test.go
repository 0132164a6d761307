package delta

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// normal returns an update whose values are normal with deviation 0.01.
func normal(seed uint64, n int) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64() * 0.01)
	}
	return v
}

// quickest repeats f and reports the call that took least beside the mean, which
// on a machine with other work says little.
func quickest(b *testing.B, f func()) {
	least := time.Hour
	for b.Loop() {
		start := time.Now()
		f()
		least = min(least, time.Since(start))
	}
	b.ReportMetric(least.Seconds()*1000, "best-ms")
}

func BenchmarkEncode(b *testing.B) {
	update := normal(1, 1_000_000)
	for _, keep := range []int{8, 16, 32, 64, 128} {
		b.Run(fmt.Sprintf("keep=%d", keep), func(b *testing.B) {
			c := Codec{Size: len(update), Keep: keep}
			b.SetBytes(int64(4 * len(update)))
			b.ReportAllocs()
			var out []byte
			quickest(b, func() { out, _ = c.Encode(out[:0], update) })
			b.ReportMetric(float64(len(out)), "sent")
			b.ReportMetric(float64(4*len(update))/float64(len(out)), "ratio")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	update := normal(1, 1_000_000)
	for _, keep := range []int{32, 128} {
		b.Run(fmt.Sprintf("keep=%d", keep), func(b *testing.B) {
			c := Codec{Size: len(update), Keep: keep}
			in, err := c.Encode(nil, update)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(4 * len(update)))
			b.ReportAllocs()
			quickest(b, func() {
				if _, err := c.Decode(in); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func BenchmarkCompress(b *testing.B) {
	update := normal(1, 1_000_000)
	f := NewFeedback(Codec{Size: len(update), Keep: 32}, Decay)
	b.SetBytes(int64(4 * len(update)))
	for b.Loop() {
		if _, err := f.Compress(update); err != nil {
			b.Fatal(err)
		}
	}
}
