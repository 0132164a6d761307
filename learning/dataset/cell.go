package dataset

import (
	"math"
	"strconv"
)

// number reads a cell as a finite float.
func number(cell string) (float64, bool) {
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, false
	}
	return v, true
}

// absent reports whether a cell says that there is no value.
func absent(cell string) bool {
	switch cell {
	case "", "?", "NA", "NaN", "nan":
		return true
	}
	return false
}

// className is the one way to write a label: numbers lose trailing zeros, so
// that a peer that writes 1.0 and one that writes 1 mean the same class.
func className(label string) string {
	if v, ok := number(label); ok && math.Abs(v) < 1<<53 { // above, two may round to one
		return strconv.FormatFloat(v+0, 'g', -1, 64) // -0 + 0 = 0
	}
	return label
}
