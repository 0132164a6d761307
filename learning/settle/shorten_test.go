package settle

import (
	"reflect"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/learning/delta"
)

func TestShortenKeepsTheDirectionAndBoundsTheNorm(t *testing.T) {
	rng := source(60)
	for trial := range 200 {
		d := random(rng, 3000)
		if trial%10 == 0 {
			d.Value = slices.Repeat([]int32{delta.MaxValue, -delta.MaxValue}, len(d.Value)/2)
			d.Index = d.Index[:len(d.Value)]
		}
		n, before := norm(d.Value), slices.Clone(d.Value)
		most := rng.Uint64N(n + 1)
		got := Shorten(d, most)
		if err := got.Check(3000); err != nil || norm(got.Value) > most || !slices.Equal(d.Value, before) {
			t.Fatalf("norm %d of at most %d (%v)", norm(got.Value), most, err)
		}
		for i, at := range got.Index {
			k, _ := slices.BinarySearch(d.Index, at)
			if want := int64(float64(d.Value[k]) * (float64(most) / float64(n))); int64(got.Value[i])-want > 1 || want-int64(got.Value[i]) > 1 {
				t.Fatalf("value %d of %d became %d, want %d", i, d.Value[k], got.Value[i], want)
			}
		}
		if same := Shorten(d, n); !reflect.DeepEqual(same, d) {
			t.Fatal("one that is short enough was changed")
		}
	}
}

func TestDistanceIsEuclids(t *testing.T) {
	const least, most = -1 << 31, 1<<31 - 1
	for _, tc := range []struct {
		a, b []int32
		want uint64
	}{
		{nil, nil, 0}, {[]int32{3, 0, 5}, []int32{0, 4, 5}, 5}, {[]int32{1, 1}, []int32{0, 0}, 2},
		{[]int32{least, 0}, []int32{most, 0}, 1<<32 - 1},
		{slices.Repeat([]int32{least}, 1<<16), slices.Repeat([]int32{most}, 1<<16), (1<<32 - 1) << 8},
	} {
		if got, back := Distance(tc.a, tc.b), Distance(tc.b, tc.a); got != tc.want || back != got {
			t.Errorf("got %d and %d, want %d", got, back, tc.want)
		}
	}
}
