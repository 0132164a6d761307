package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Infer makes the schema of a table from its training rows. Every column but
// label and those of drop is a feature: a number if all its cells that are not
// missing are finite numbers, else a category. A cell is missing if it is empty,
// "?", "NA" or "NaN". Classes and categories are sorted, by value if all are
// numbers, else as text; order of appearance means nothing.
//
// A column that says what the label was made from, or who owns a row, must be
// dropped by the caller. Errors name the column: one to drop or use that is not
// there, labels missing, one class only, more than 256 classes, a category with
// more than 64 values.
func Infer(t Table, label string, drop []string) (Schema, error) {
	for _, name := range drop {
		if _, err := t.index(name); err != nil {
			return Schema{}, fmt.Errorf("infer schema: drop: %w", err)
		}
	}
	classes, err := t.classes(label)
	if err != nil {
		return Schema{}, fmt.Errorf("infer schema: %w", err)
	}
	s := Schema{Kind: TableKind, Label: label, Classes: classes}
	for i, name := range t.Header {
		if name == label || slices.Contains(drop, name) {
			continue
		}
		c, err := t.column(i)
		if err != nil {
			return Schema{}, fmt.Errorf("infer schema: %w", err)
		}
		s.Columns = append(s.Columns, c)
	}
	if err := s.validate(); err != nil {
		return Schema{}, fmt.Errorf("infer schema: %w", t.fault("%w", err))
	}
	return s, nil
}

// classes returns the sorted class names of the label column.
func (t Table) classes(label string) ([]string, error) {
	c, err := t.index(label)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, row := range t.Rows {
		if absent(row[c]) {
			return nil, t.faultAt(i, "no label in column %q; remove the row", label)
		}
		seen[className(row[c])] = true
	}
	if len(seen) < 2 {
		return nil, t.fault("label column %q has %d class; want at least two", label, len(seen))
	}
	if len(seen) > maxClasses {
		return nil, t.fault("label column %q has %d different values, want at most %d classes; group them", label, len(seen), maxClasses)
	}
	return sorted(seen), nil
}

func sorted(set map[string]bool) []string {
	var names []string
	numeric := true
	for n := range set {
		names = append(names, n)
		_, ok := number(n)
		numeric = numeric && ok
	}
	slices.SortFunc(names, func(a, b string) int {
		if numeric {
			x, _ := number(a)
			y, _ := number(b)
			return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})
	return names
}

// column infers the kind of column i.
func (t Table) column(i int) (Column, error) {
	c := Column{Name: t.Header[i], Kind: NumberKind}
	values := make([]float64, 0, len(t.Rows))
	for _, row := range t.Rows {
		if absent(row[i]) {
			c.Missing = true
			continue
		}
		v, ok := number(row[i])
		if !ok {
			return t.category(i)
		}
		values = append(values, v)
	}
	c.Mean, c.Deviation = moments(values)
	return c, nil
}

func (t Table) category(i int) (Column, error) {
	c := Column{Name: t.Header[i], Kind: CategoryKind}
	seen := map[string]bool{}
	for _, row := range t.Rows {
		if absent(row[i]) {
			c.Missing = true
		} else {
			seen[row[i]] = true
		}
	}
	if len(seen) > maxCategories {
		return c, t.fault("column %q is text with %d different values, want at most %d categories; drop the column or group its values",
			c.Name, len(seen), maxCategories)
	}
	c.Categories = sorted(seen)
	return c, nil
}

// moments returns the mean and the standard deviation, exactly 0 for equal
// values: rounding must not make a constant look like noise.
func moments(values []float64) (mean, deviation float64) {
	if len(values) == 0 {
		return 0, 0
	}
	low, high := slices.Min(values), slices.Max(values)
	if low == high {
		return low, 0
	}
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	squares := 0.0
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(squares / n)
}
