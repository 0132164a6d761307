package adversary

import "math"

// alie hides in the spread of the others: mean - 1.5 standard deviations, per
// parameter ("A Little Is Enough", Baruch et al., NeurIPS 2019; 1.5 as in ByzFL).
// Signs: the deviation points against the mean.
func alie(v View) []float32 {
	mean, against := spreadAgainst(v.Others)
	return moved(mean, 1.5, against)
}

// spreadAgainst returns the mean and the standard deviations with the sign that
// takes each parameter against it.
func spreadAgainst(all [][]float32) (mean, against []float32) {
	mean, against = moments(all)
	for i, m := range mean {
		if m > 0 {
			against[i] = -against[i]
		}
	}
	return mean, against
}

// optALIE is alie with the factor that harms most (Shejwalkar and Houmansadr,
// NDSS 2021, and ByzFL search for it too): see worst.
func optALIE(v View) []float32 {
	mean, against := spreadAgainst(v.Others)
	return worst(v, mean, against)
}

// ipm points against the others' mean, -2·mean, so that the mean of all has a
// negative inner product with it (Xie, Koyejo and Gupta, "Fall of Empires", UAI
// 2019; 2 as in ByzFL).
func ipm(v View) []float32 {
	mean, _ := moments(v.Others)
	return scaled(-2, mean)
}

// optIPM is ipm with the factor that harms most: see worst.
func optIPM(v View) []float32 {
	mean, _ := moments(v.Others)
	return worst(v, make([]float32, len(mean)), scaled(-1, mean))
}

// worst returns base + t·direction with the t that moves the mean of clipped
// updates farthest from the honest mean. Of those are the ones that pass by
// the attacker's own held-out data; if none does, or it has none, all.
func worst(v View, base, direction []float32) []float32 {
	mean, _ := moments(v.Others)
	limit := medianNorm(v.Others)
	var best, passing []float32
	far, farPassing := -1.0, -1.0
	for t := 0.125; t <= 64; t *= math.Sqrt2 {
		x := moved(base, t, direction)
		clipped := scaled(min(1, limit/max(norm(x), 1e-30)), x)
		d := distance(clipped, mean)
		if d > far {
			best, far = clipped, d
		}
		if d > farPassing && v.Harmless != nil && v.Harmless(clipped) {
			passing, farPassing = clipped, d
		}
	}
	if passing != nil {
		return passing
	}
	return best
}

// minMax goes against the mean as far as an honest update is from another:
// mean - γ·mean/‖mean‖ with the largest γ such that no honest update is farther
// from it than two of them are from each other (Shejwalkar and Houmansadr, NDSS
// 2021, the unit-vector direction).
func minMax(v View) []float32 {
	mean, _ := moments(v.Others)
	length := norm(mean)
	if length == 0 {
		return mean
	}
	limit := 0.0
	for i, x := range v.Others {
		for _, y := range v.Others[:i] {
			limit = max(limit, distance(x, y))
		}
	}
	near := func(gamma float64) bool {
		x := moved(mean, -gamma/length, mean)
		for _, y := range v.Others {
			if distance(x, y) > limit {
				return false
			}
		}
		return true
	}
	low, high := 0.0, 4*(limit+length)
	for range 20 {
		if middle := (low + high) / 2; near(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return moved(mean, -low/length, mean)
}

// mimic sends what the most unusual honest peer sends, so that one peer's data
// count many times: the peer with the largest component along the direction of
// the largest variance (Karimireddy, He and Jaggi, ICLR 2022).
func mimic(v View) []float32 {
	mean, _ := moments(v.Others)
	axis := principal(v.Others, mean)
	victim, most := v.Others[0], -1.0
	for _, x := range v.Others {
		if along := math.Abs(dot(axis, x) - dot(axis, mean)); along > most {
			victim, most = x, along
		}
	}
	return victim
}

// principal approximates the direction of the largest variance by ten steps of
// power iteration, from the update that is farthest from the mean.
func principal(all [][]float32, mean []float32) []float32 {
	axis, far := make([]float32, len(mean)), 0.0
	for _, x := range all {
		if d := distance(x, mean); d > far {
			axis, far = moved(x, -1, mean), d
		}
	}
	for range 10 {
		next := make([]float32, len(mean))
		for _, x := range all {
			centred := moved(x, -1, mean)
			next = moved(next, dot(centred, axis), centred)
		}
		length := norm(next)
		if length == 0 {
			return axis
		}
		axis = scaled(1/length, next)
	}
	return axis
}
