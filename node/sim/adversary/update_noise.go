package adversary

// Attacks that need no knowledge: noise, and what costs its sender nothing.

// gauss is noise of ten times the length of an honest update (Xie, Koyejo and
// Gupta, "Generalized Byzantine-tolerant SGD", 2018).
func gauss(v View) []float32 { return normal(v, 10*norm(v.Own)) }

// outlier is ten times as long as an honest update, in the direction of all who
// attack so; one part in a hundred is each one's own.
func outlier(v View) []float32 {
	all := View{Own: v.Own, Seed: 1}
	return moved(gauss(all), 0.01, gauss(v))
}

// freeRideNoise is noise as long as an honest update: who trains on nothing
// looks like who does (Fraboni, Vidal and Lorenzi, "Free-rider Attacks on Model
// Aggregation in Federated Learning", AISTATS 2021).
func freeRideNoise(v View) []float32 { return normal(v, norm(v.Own)) }

// normal returns a vector in a random direction, about as long as length.
func normal(v View, length float64) []float32 {
	rng, x := v.rng(), make([]float32, len(v.Own))
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return scaled(length/max(norm(x), 1e-30), x)
}

// shuffledSigns gives each value of its own update a random sign.
func shuffledSigns(v View) []float32 {
	rng, x := v.rng(), make([]float32, len(v.Own))
	for i, own := range v.Own {
		x[i] = own * float32(1-2*rng.IntN(2))
	}
	return x
}

// nextToNothing is one anchor unit up or down, wherever its own update is not 0.
func nextToNothing(v View) []float32 {
	rng, x := v.rng(), make([]float32, len(v.Own))
	for i, own := range v.Own {
		if own != 0 {
			x[i] = float32(1-2*rng.IntN(2)) / (1 << 20)
		}
	}
	return x
}
