package delta

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew: only if the format changes")

// vector is one delta: the update in 2^-22, its bytes, and what they mean.
type vector struct {
	Size, Keep int
	Dense      bool `json:",omitempty"`
	Quarters   []int32
	Bytes      string
	Index      []uint32
	Value      []int32
}

func (v vector) floats() []float32 {
	x := make([]float32, len(v.Quarters))
	for i, q := range v.Quarters {
		x[i] = float32(q) / (4 * One)
	}
	return x
}

// Every platform gives these bytes for these floats, and these integers for
// these bytes.
func TestEncodingAndDecodingGiveTheVectorsOnEveryPlatform(t *testing.T) {
	const path = "testdata/vectors.json"
	if *update {
		writeVectors(t, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for i, v := range all {
		c := Codec{v.Size, v.Keep, v.Dense}
		b := mustEncode(t, c, v.floats())
		if got := hex.EncodeToString(b); got != v.Bytes {
			t.Errorf("vector %d: encoded to %s, want %s", i, got, v.Bytes)
		}
		want, _ := hex.DecodeString(v.Bytes)
		s := mustDecode(t, c, want)
		if !slices.Equal(s.Index, v.Index) || !slices.Equal(s.Value, v.Value) {
			t.Errorf("vector %d: decoded to %v, want %v %v", i, s, v.Index, v.Value)
		}
	}
	if len(all) != len(vectorCases) {
		t.Errorf("%d vectors, want %d", len(all), len(vectorCases))
	}
}

var vectorCases = []struct {
	c    Codec
	most int
}{
	{topk(1, 1), 9}, {topk(8, 256), 0}, {topk(8, 256), 1}, {topk(31, 32), 100}, {topk(100, 1024), 4 * MaxValue},
	{topk(100, 100), 3}, {topk(1100, 32), 40_000}, {topk(1100, 8), 1 << 27}, {topk(2100, 128), 1 << 16}, {topk(1060, 700), 12},
	{dense(1), 5}, {dense(58), 0}, {dense(58), 3}, {dense(58), 70_000}, {dense(1030), 1 << 27}, {dense(20), 1 << 27},
}

func writeVectors(t *testing.T, path string) {
	var all []vector
	for seed, tc := range vectorCases {
		v := vector{Size: tc.c.Size, Keep: tc.c.Keep, Dense: tc.c.Dense}
		for _, x := range integers(uint64(seed), tc.c.Size, tc.most) {
			v.Quarters = append(v.Quarters, int32(x*One))
		}
		b := mustEncode(t, tc.c, v.floats())
		s := mustDecode(t, tc.c, b)
		v.Bytes, v.Index, v.Value = hex.EncodeToString(b), s.Index, s.Value
		all = append(all, v)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
