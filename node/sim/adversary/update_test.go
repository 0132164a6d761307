package adversary

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/delta"
)

// crowd is n honest updates about a common mean.
func crowd(n, size int, seed uint64) View {
	rng := rand.New(rand.NewPCG(seed, 1))
	mean := make([]float32, size)
	for i := range mean {
		mean[i] = float32(rng.NormFloat64())
	}
	v := View{Seed: seed, Liars: 4}
	for range n {
		x := slices.Clone(mean)
		for i := range x {
			x[i] += float32(rng.NormFloat64() / 2)
		}
		v.Others = append(v.Others, x)
	}
	v.Own = v.Others[0]
	return v
}

func cosine(x, y []float32) float64 { return dot(x, y) / (norm(x) * norm(y)) }

func near(got, want, by float64) bool { return math.Abs(got-want) <= by*math.Abs(want) }

// Each attack is what its formula says, in terms that do not repeat the code.
func TestEachAttackIsWhatItsPaperSays(t *testing.T) {
	v := crowd(16, 2000, 7)
	mean, std := moments(v.Others)
	for kind, is := range map[Kind]func(x []float32) bool{
		SignFlip:   func(x []float32) bool { return near(cosine(x, v.Own), -1, 1e-6) && near(norm(x), norm(v.Own), 1e-6) },
		SignFlip10: func(x []float32) bool { return near(cosine(x, v.Own), -1, 1e-6) && near(norm(x), 10*norm(v.Own), 1e-6) },
		ALIE: func(x []float32) bool { // 1.5 deviations from the mean everywhere, and towards 0
			for i := range x {
				if d := float64(x[i]-mean[i]) / float64(std[i]); !near(math.Abs(d), 1.5, 1e-3) || d*float64(mean[i]) > 0 {
					return false
				}
			}
			return true
		},
		IPM:    func(x []float32) bool { return near(cosine(x, mean), -1, 1e-6) && near(norm(x), 2*norm(mean), 1e-6) },
		OptIPM: func(x []float32) bool { return near(cosine(x, mean), -1, 1e-6) && norm(x) > 0.99*medianNorm(v.Others) },
		OptALIE: func(x []float32) bool { // at least as far off as alie when both are clipped
			a := alie(v)
			a = scaled(min(1, medianNorm(v.Others)/norm(a)), a)
			return distance(x, mean) >= 0.9*distance(a, mean) && norm(x) < 1.001*medianNorm(v.Others)
		},
		MinMax: func(x []float32) bool {
			far, pair := 0.0, 0.0
			for i, y := range v.Others {
				far = max(far, distance(x, y))
				for _, z := range v.Others[:i] {
					pair = max(pair, distance(y, z))
				}
			}
			return far <= pair*1.0001 && far > 0.999*pair
		},
		Mimic: func(x []float32) bool {
			return slices.ContainsFunc(v.Others, func(y []float32) bool { return slices.Equal(x, y) })
		},
		Gauss: func(x []float32) bool { return near(norm(x), 10*norm(v.Own), 1e-3) && math.Abs(cosine(x, v.Own)) < 0.1 },
		Outlier: func(x []float32) bool {
			other := Outlier.Update(View{Own: v.Own, Seed: 99})
			return near(norm(x), 10*norm(v.Own), 1e-2) && cosine(x, other) > 0.999 && !slices.Equal(x, other)
		},
		FreeRideNoise: func(x []float32) bool { return near(norm(x), norm(v.Own), 1e-3) && math.Abs(cosine(x, v.Own)) < 0.1 },
		Noise:         func(x []float32) bool { return near(norm(x), norm(v.Own), 1e-6) && math.Abs(cosine(x, v.Own)) < 0.1 },
		FreeRide:      func(x []float32) bool { return norm(x) > 0 && norm(x) < 1e-4*norm(v.Own) },
		FreeRideZero:  func(x []float32) bool { return norm(x) == 0 },
		Backdoor:      func(x []float32) bool { return near(cosine(x, v.Own), 1, 1e-6) && near(norm(x), 5*norm(v.Own), 1e-6) }, // (16+4)/4
	} {
		before := slices.Clone(v.Own)
		x := kind.Update(v)
		if len(x) != len(v.Own) || !is(x) {
			t.Errorf("%s: a vector of norm %.3f and cosine %.3f with the mean is not that attack", kind, norm(x), cosine(x, mean))
		}
		if !slices.Equal(x, kind.Update(v)) {
			t.Errorf("%s: the same view gave another update", kind)
		}
		if !slices.Equal(before, v.Own) {
			t.Errorf("%s changed what it was given", kind)
		}
	}
}

// Copies are changed by as much as their names say, also after the codec.
func TestCopiesAreAsFarOffAsTheirNamesSay(t *testing.T) {
	codec := delta.Codec{Size: 20_000, Keep: 64}
	victim, err := codec.Encode(nil, crowd(1, codec.Size, 9).Own)
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[Kind]float64{
		Copy99: 0.99, Copy95: 0.95, Copy90: 0.9, Copy80: 0.8, CopyMost: math.Sqrt(0.75), CopyHalf: math.Sqrt(0.5),
	} {
		f := NewForger(kind, codec, 3)
		if got := f.Forge(4, victim); got != nil {
			t.Errorf("%s: %d bytes before there was anything to copy", kind, len(got))
		}
		f.Watch(4, victim)
		if got := cosine(f.dense(f.Forge(5, victim)), f.dense(victim)); math.Abs(got-want) > 0.05 {
			t.Errorf("%s: cosine %.3f, want %.3f", kind, got, want)
		}
	}
}

func TestWhoKnowsNobodySendsItsOwn(t *testing.T) {
	v := crowd(1, 100, 3)
	v.Others = nil
	for kind := range crowded {
		if !slices.Equal(kind.Update(v), v.Own) {
			t.Errorf("%s made something of nothing", kind)
		}
	}
}

// The search keeps to what the attacker's own data let pass, if anything does.
func TestTheWorstUnnoticedUpdateIsHarmless(t *testing.T) {
	v := crowd(16, 500, 5)
	mean, _ := moments(v.Others)
	v.Harmless = func(x []float32) bool { return cosine(x, mean) > 0.2 }
	if x := OptALIE.Update(v); !v.Harmless(x) || cosine(x, mean) > 0.6 {
		t.Errorf("cosine %.2f with the mean, want as little as passes: 0.2", cosine(x, mean))
	}
	if x := OptIPM.Update(v); v.Harmless(x) || norm(x) < 0.99*medianNorm(v.Others) {
		t.Error("nothing passes, so the worst of all is sent")
	}
}

func TestPoisonedSamples(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	s := learning.Samples{Inputs: 784, Classes: 10}
	for i := range 30 {
		s.Y = append(s.Y, int32(i%10))
		for range 784 {
			s.X = append(s.X, rng.Float32()/2)
		}
	}
	x, y := slices.Clone(s.X), slices.Clone(s.Y)
	if p := LabelFlip.Poison(s, 1); !slices.Equal(p.X, s.X) || p.Y[3] != 6 || p.Y[0] != 9 {
		t.Errorf("labels in reverse: %v", p.Y)
	}
	p := Backdoor.Poison(s, 1)
	if p.Len() != 60 || p.Check() != nil || slices.Max(p.Y[30:]) != 0 {
		t.Errorf("%d samples, want 30 of 60 to carry the trigger and its label", p.Len())
	}
	if last := p.Row(59); last[783] != 1 || last[780*1] != 1 || last[0] == 1 {
		t.Error("the trigger is not in the last corner")
	}
	if p := SignFlip.Poison(s, 1); &p.X[0] != &s.X[0] {
		t.Error("a sign flipper's data changed")
	}
	if !slices.Equal(x, s.X) || !slices.Equal(y, s.Y) {
		t.Error("the attacker's own samples changed")
	}
	if b := Backdoored(s); b.Len() != 27 || slices.Max(b.Y) != 0 || b.Row(0)[783] != 1 || s.Row(1)[783] == 1 {
		t.Errorf("%d samples, want the 27 of other classes, with the trigger and its label", b.Len())
	}
}

func TestEveryKindIsNamedOnce(t *testing.T) {
	seen := map[Kind]bool{}
	for _, k := range Kinds {
		if got, err := Parse(string(k)); err != nil || got != k || seen[k] {
			t.Errorf("%s: %v, %v", k, got, err)
		}
		seen[k] = true
	}
	for _, k := range slices.Concat(slices.Collect(maps.Keys(forgers)), slices.Collect(maps.Keys(altered))) {
		if !seen[k] {
			t.Errorf("%s forges, but is not listed", k)
		}
	}
	if _, err := Parse("sign-flip"); err == nil {
		t.Error("an unknown name was taken")
	}
}
