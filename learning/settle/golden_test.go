package settle

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/grapevine-network/grapevine/learning/delta"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew: only if the rules change")

// vectors are results in full for small inputs, by which another implementation
// can be checked, and hashes of results for large ones from a seed.
type vectors struct {
	Merge  []mergeVector
	Sketch []sketchVector
	Hash   map[string]string // SHA-256 of little-endian results
}

type mergeVector struct {
	Anchor []int32
	Deltas []Delta
	Alpha  Q16
	Result Result
}

type sketchVector struct {
	Update delta.Sparse
	Seed   string
	Sketch Sketch
}

func TestResultsAreTheVectorsOnEveryPlatform(t *testing.T) {
	const path = "testdata/vectors.json"
	got, err := json.Marshal(computed(t))
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func computed(t *testing.T) vectors {
	v := vectors{Hash: map[string]string{}}
	rng := source(40)
	for n := range 8 {
		m := mergeVector{Anchor: randomAnchor(rng, 70), Deltas: randomDeltas(rng, n, 70), Alpha: One + Q16(n*7919)}
		m.Result = mustMerge(t, m.Anchor, m.Deltas, m.Alpha)
		v.Merge = append(v.Merge, m)
	}
	for n := range byte(2) {
		seed := [32]byte{n, 7}
		d := random(rng, 700)
		v.Sketch = append(v.Sketch, sketchVector{d, hex.EncodeToString(seed[:]), SketchOf(d, seed)})
	}
	for _, n := range []int{1, 10, 300} {
		r := mustMerge(t, randomAnchor(rng, 20_000), randomDeltas(rng, n, 20_000), One)
		v.Hash[fmt.Sprintf("merge %d", n)] = digest(t, r.Anchor, r.Clip, r.Norm, r.Kept, r.Clipped)
	}
	for _, n := range []int{5, 40} {
		now, archive := crowd(rng, 0, n), crowd(rng, 20, 200)
		for i := range now {
			now[i].Sketch = plus(now[i].Sketch, int64(i%7), archive[5*i].Sketch, int64(i%5))
		}
		v.Hash[fmt.Sprintf("copies %d", n)] = digest(t, Copies(now, archive))
	}
	return v
}

func digest(t *testing.T, parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		if err := binary.Write(h, binary.LittleEndian, p); err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
