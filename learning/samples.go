package learning

import "fmt"

// Samples are labelled examples. Several Samples may share one backing array;
// nobody writes to it after loading.
type Samples struct {
	X       []float32 // Len() rows of Inputs values, row-major
	Y       []int32   // class of each row, 0 to Classes-1
	Inputs  int       // values in a row
	Classes int
}

// Form is what a model must know of samples to read them.
type Form struct {
	Dims    []int // of a row: [values], or [height, width] of an image
	Classes int
	Text    bool // the values are the characters before one, each a class, and that one is to be told
}

// Inputs returns the number of values in a row.
func (f Form) Inputs() int { return Tensor{Dims: f.Dims}.Size() }

// Form is the form of s if its rows are plain values.
func (s Samples) Form() Form { return Form{Dims: []int{s.Inputs}, Classes: s.Classes} }

// Len returns the number of samples.
func (s Samples) Len() int { return len(s.Y) }

// Row returns the inputs of sample i, as a view.
func (s Samples) Row(i int) []float32 {
	return s.X[i*s.Inputs : (i+1)*s.Inputs : (i+1)*s.Inputs]
}

// Subset returns a copy of the given rows, in that order; a row may occur more
// than once. It panics if a row is out of range.
func (s Samples) Subset(rows []int) Samples {
	out := Samples{
		X:       make([]float32, 0, len(rows)*s.Inputs),
		Y:       make([]int32, 0, len(rows)),
		Inputs:  s.Inputs,
		Classes: s.Classes,
	}
	for _, r := range rows {
		out.X = append(out.X, s.Row(r)...)
		out.Y = append(out.Y, s.Y[r])
	}
	return out
}

// Check returns an error if the lengths do not agree or a label is out of
// range. It does not read X.
func (s Samples) Check() error {
	if len(s.X) != len(s.Y)*s.Inputs {
		return fmt.Errorf("check samples: %d values are not %d rows of %d inputs", len(s.X), len(s.Y), s.Inputs)
	}
	for i, y := range s.Y {
		if y < 0 || int(y) >= s.Classes {
			return fmt.Errorf("check samples: row %d has label %d, not one of %d classes", i, y, s.Classes)
		}
	}
	return nil
}
