package settle

import (
	"crypto/sha256"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/grapevine-network/grapevine/learning/delta"
)

// bySpecification is SketchOf written down again from its comment alone.
func bySpecification(d delta.Sparse, seed [32]byte) (s Sketch) {
	key := sha256.Sum256([]byte("grapevine/sketch/1" + string(seed[:])))
	for n, i := range d.Index {
		b := i / 16
		h := sha256.Sum256([]byte(string(key[:]) + string([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24)})))
		sum, sign := h[2*(i%16)], h[2*(i%16)+1]
		if sign%2 == 1 {
			s[sum] -= int64(d.Value[n])
		} else {
			s[sum] += int64(d.Value[n])
		}
	}
	return s
}

func TestASketchIsWhatItsCommentSays(t *testing.T) {
	rng := source(20)
	var ds []delta.Sparse
	for _, size := range []int{0, 1, 16, 17, 5000, 300_000} {
		ds = append(ds, random(rng, size))
	}
	ds = append(ds, delta.Sparse{Index: []uint32{15, 16, 1 << 21}, Value: []int32{1, -delta.MaxValue, 7}})
	seed := [32]byte{1, 2, 3}
	for j, s := range Sketches(ds, seed) {
		want := bySpecification(ds[j], seed)
		if s != want || SketchOf(ds[j], seed) != want {
			t.Errorf("delta %d: Sketches and SketchOf are not what the comment says", j)
		}
	}
	if SketchOf(ds[4], seed) == SketchOf(ds[4], [32]byte{9}) {
		t.Error("the seed changes nothing")
	}
}

// mixed returns a delta of cosine about c with d: it shares c² of d's places.
func mixed(rng *rand.Rand, d delta.Sparse, size int, share float64) delta.Sparse {
	values := make([]int32, size)
	for i, at := range d.Index {
		if rng.Float64() < share {
			values[at] = d.Value[i]
		} else {
			values[rng.IntN(size)] = d.Value[i]
		}
	}
	return sparse(values...)
}

func cosine(a, b []int64) float64 {
	var ab, aa, bb float64
	for i, x := range a {
		y := b[i]
		ab, aa, bb = ab+float64(x)*float64(y), aa+float64(x)*float64(x), bb+float64(y)*float64(y)
	}
	return ab / math.Sqrt(aa*bb)
}

func dense(d delta.Sparse, size int) []int64 {
	v := make([]int64, size)
	for i, at := range d.Index {
		v[at] = int64(d.Value[i])
	}
	return v
}

func TestSketchesKeepTheCosine(t *testing.T) {
	const size, trials = 20_000, 60
	rng := source(21)
	for _, share := range []float64{0, 0.3, 0.7, 0.95, 1} {
		worst, squares := 0.0, 0.0
		for trial := range trials {
			d := random(rng, size)
			e, seed := mixed(rng, d, size, share), [32]byte{byte(trial)}
			a, b := SketchOf(d, seed), SketchOf(e, seed)
			off := cosine(a[:], b[:]) - cosine(dense(d, size), dense(e, size))
			worst, squares = max(worst, math.Abs(off)), squares+off*off
		}
		deviation := math.Sqrt(squares / trials)
		t.Logf("share %.2f: off by %.4f, at worst %.4f", share, deviation, worst)
		if most := 1.4*(1-share*share)/16 + 1e-9; deviation > most {
			t.Errorf("share %v: off by %v, want %v at most", share, deviation, most)
		}
	}
}
