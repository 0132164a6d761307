package dataset

import (
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/learning"
)

// clip is how many deviations from the mean a number may be.
const clip = 8

// Load turns a table's rows into samples of this schema, of a text every character
// of every row. Columns are found by
// name; others are not looked at. A missing number where the schema has no flag
// for it counts as the mean, an unknown category goes to its own input. Errors
// name the table, the line and the column: a column that is not there, text in
// a number, a label that is missing or no class of the schema.
func (s Schema) Load(t Table) (learning.Samples, error) {
	samples, err := s.load(t)
	if err != nil {
		return learning.Samples{}, fmt.Errorf("load samples: %w", err)
	}
	return samples, nil
}

func (s Schema) load(t Table) (learning.Samples, error) {
	if s.Kind == TextKind {
		return s.loadText(t)
	}
	if s.Kind != TableKind {
		return learning.Samples{}, t.fault("the topic learns from images, not from a table")
	}
	out := learning.Samples{Inputs: s.Inputs(), Classes: len(s.Classes)}
	if int64(len(t.Rows))*int64(out.Inputs) > maxValues {
		return out, t.fault("%d rows of %d inputs are too many; split the file", len(t.Rows), out.Inputs)
	}
	var err error
	if out.Y, err = s.labels(t); err != nil {
		return out, err
	}
	out.X = make([]float32, len(t.Rows)*out.Inputs)
	at := 0
	for _, c := range s.Columns {
		i, err := t.index(c.Name)
		if err != nil {
			return out, err
		}
		for r, row := range t.Rows {
			if !c.write(out.Row(r)[at:][:c.inputs()], row[i]) {
				return out, t.faultAt(r, "column %q holds %.40q, the schema wants a number", c.Name, row[i])
			}
		}
		at += c.inputs()
	}
	return out, nil
}

func (s Schema) labels(t Table) ([]int32, error) {
	c, err := t.index(s.Label)
	if err != nil {
		return nil, err
	}
	class := make(map[string]int32, len(s.Classes))
	for i, name := range s.Classes {
		class[name] = int32(i)
	}
	y := make([]int32, len(t.Rows))
	for i, row := range t.Rows {
		k, ok := class[className(row[c])]
		if !ok {
			return nil, t.faultAt(i, "label %.40q in column %q is not a class of the schema: %s", row[c], s.Label, list(s.Classes))
		}
		y[i] = k
	}
	return y, nil
}

// write fills the column's inputs, all 0 before, from a cell. It reports false
// for text where a number must be.
func (c Column) write(x []float32, cell string) bool {
	if absent(cell) && c.Missing {
		x[len(x)-1] = 1
		return true
	}
	if c.Kind == CategoryKind {
		x[c.bucket(cell)] = 1
		return true
	}
	if absent(cell) {
		return true
	}
	v, ok := number(cell)
	if ok && c.Deviation > 0 {
		x[0] = float32(min(max((v-c.Mean)/c.Deviation, -clip), clip))
	}
	return ok
}

// bucket returns the input of a category, the one after all of them if unknown.
func (c Column) bucket(cell string) int {
	if i := slices.Index(c.Categories, cell); i >= 0 {
		return i
	}
	return len(c.Categories)
}
