//go:build !amd64

package kernel

func best() level { return portable }

// The portable code does all there is.

func (p product) vector() { p.portable() }

func axpyVector(y []float32, a float32, x []float32) int    { return 0 }
func scaleVector(a float32, x []float32) int                { return 0 }
func maskVector(d, act []float32) int                       { return 0 }
func stepVector(w, v []float32, rate, momentum float32) int { return 0 }
func expVector(x []float32, shift float32) (float32, int)   { return 0, 0 }
