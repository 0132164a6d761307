package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/grapevine-network/grapevine/learning"
)

const (
	maxClasses    = 256
	maxColumns    = 4096
	maxCategories = 64
	maxInputs     = 1 << 16
	maxValues     = 1 << 28 // inputs of all samples together: 1 GiB
	maxSide       = 1 << 10 // pixels
	maxName       = 1 << 10 // bytes of a column, class or category
	maxSchema     = 1 << 20 // bytes of a schema's text
)

// Kinds of schemas and of columns.
const (
	TableKind    = "table"
	ImageKind    = "image"
	TextKind     = "text"
	NumberKind   = "number"
	CategoryKind = "category"
)

// Schema says what the samples of a topic are made of. It is part of the
// topic's manifest, see MarshalText.
type Schema struct {
	Kind    string   `json:"kind"`              // TableKind, ImageKind or TextKind
	Label   string   `json:"label,omitempty"`   // a table's column with the class; of a text, the column that holds it
	Classes []string `json:"classes"`           // in the order of the model's outputs
	Columns []Column `json:"columns,omitempty"` // of a table, in the order of the inputs
	Shape   []int    `json:"shape,omitempty"`   // of an image: height, width; of a text: how many characters tell the next
}

// Column is one feature of a table. A number becomes one input, (x -
// Mean)/Deviation clipped to ±8, or 0 if Deviation is 0 or the cell is missing.
// A category becomes an input for each of Categories and one for anything else,
// of which one is 1. Missing adds an input that is 1 if the cell is missing.
type Column struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"` // NumberKind or CategoryKind
	Mean       float64  `json:"mean,omitempty"`
	Deviation  float64  `json:"deviation,omitempty"`
	Missing    bool     `json:"missing,omitempty"`
	Categories []string `json:"categories,omitempty"`
}

// Images returns the schema of grey images whose classes are called 0, 1, 2 …
func Images(classes, height, width int) Schema {
	s := Schema{Kind: ImageKind, Shape: []int{height, width}}
	for c := range classes {
		s.Classes = append(s.Classes, strconv.Itoa(c))
	}
	return s
}

// Form is what a model must know of the samples.
func (s Schema) Form() learning.Form {
	if s.Kind == TableKind {
		return learning.Form{Dims: []int{s.Inputs()}, Classes: len(s.Classes)}
	}
	return learning.Form{Dims: s.Shape, Classes: len(s.Classes), Text: s.Kind == TextKind}
}

// Inputs returns the number of values in a sample.
func (s Schema) Inputs() int {
	if s.Kind != TableKind {
		return learning.Tensor{Dims: s.Shape}.Size()
	}
	n := 0
	for _, c := range s.Columns {
		n += c.inputs()
	}
	return n
}

func (c Column) inputs() int {
	n := 1
	if c.Kind == CategoryKind {
		n += len(c.Categories)
	}
	if c.Missing {
		n++
	}
	return n
}

// Fit returns samples from elsewhere, an IDX folder for instance, as samples of
// this schema: with its classes, of which they may hold only some. An error says
// what does not fit.
func (s Schema) Fit(samples learning.Samples) (learning.Samples, error) {
	if samples.Inputs != s.Inputs() {
		return learning.Samples{}, fmt.Errorf("fit samples to the schema: %d inputs, want %d", samples.Inputs, s.Inputs())
	}
	samples.Classes = len(s.Classes)
	if err := samples.Check(); err != nil {
		return learning.Samples{}, fmt.Errorf("fit samples to the schema: %w", err)
	}
	return samples, nil
}

// MarshalText returns the canonical text of s: JSON without blanks, fields in
// the order of the types, floats in the shortest form. Equal schemas have equal
// bytes, so the text may be hashed. The error says what no schema may be.
func (s Schema) MarshalText() ([]byte, error) {
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	type plain Schema // without this method, or JSON would call it
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // classes such as <=50K stay readable
	if err := e.Encode(plain(s)); err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(text) > maxSchema {
		return nil, fmt.Errorf("write schema: %w", tooLong(text))
	}
	return text, nil
}

// ParseSchema reads the text that MarshalText writes and refuses anything else:
// unknown fields, other blanks, another order, values out of range, more than
// 1 MiB.
func ParseSchema(text []byte) (Schema, error) {
	if len(text) > maxSchema {
		return Schema{}, fmt.Errorf("read schema: %w", tooLong(text))
	}
	type plain Schema
	var p plain
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Schema{}, fmt.Errorf("read schema: %w", err)
	}
	canonical, err := Schema(p).MarshalText()
	if err != nil {
		return Schema{}, fmt.Errorf("read schema: %w", errors.Unwrap(err))
	}
	if !bytes.Equal(canonical, text) {
		return Schema{}, errors.New("read schema: not in canonical form")
	}
	return Schema(p), nil
}

func tooLong(text []byte) error {
	return fmt.Errorf("%d bytes, want at most %d; drop columns", len(text), maxSchema)
}

func (s Schema) validate() error {
	if err := names("class", s.Classes, 2, maxClasses); err != nil {
		return err
	}
	switch s.Kind {
	case TableKind:
		return s.validateTable()
	case ImageKind:
		return s.validateImage()
	case TextKind:
		return s.validateText()
	}
	return fmt.Errorf("unknown kind %q", s.Kind)
}

func (s Schema) validateImage() error {
	if s.Label != "" || s.Columns != nil {
		return errors.New("an image has no columns")
	}
	if len(s.Shape) != 2 || min(s.Shape[0], s.Shape[1]) < 1 || max(s.Shape[0], s.Shape[1]) > maxSide {
		return fmt.Errorf("shape %v, want two sides of 1 to %d pixels", s.Shape, maxSide)
	}
	return s.validateInputs()
}

func (s Schema) validateTable() error {
	if s.Shape != nil {
		return errors.New("a table has no shape")
	}
	if err := names("label column", []string{s.Label}, 1, 1); err != nil {
		return err
	}
	columns := []string{}
	for _, c := range s.Columns {
		columns = append(columns, c.Name)
		if err := c.validate(); err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	if err := names("column", columns, 1, maxColumns); err != nil {
		return err
	}
	if slices.Contains(columns, s.Label) {
		return fmt.Errorf("column %q is the label", s.Label)
	}
	return s.validateInputs()
}

func (s Schema) validateInputs() error {
	if n := s.Inputs(); n > maxInputs {
		return fmt.Errorf("%d inputs, want at most %d", n, maxInputs)
	}
	return nil
}

func (c Column) validate() error {
	if math.IsInf(c.Mean, 0) || math.IsNaN(c.Mean) || !(c.Deviation >= 0) || math.IsInf(c.Deviation, 0) {
		return fmt.Errorf("mean %g and deviation %g must be finite; are its values too large?", c.Mean, c.Deviation)
	}
	switch c.Kind {
	case NumberKind:
		if c.Categories != nil {
			return errors.New("a number has no categories")
		}
		return nil
	case CategoryKind:
		if c.Mean != 0 || c.Deviation != 0 {
			return errors.New("a category has no mean or deviation")
		}
		return names("category", c.Categories, 1, maxCategories)
	}
	return fmt.Errorf("unknown kind %q", c.Kind)
}

// names checks a list of names: how many, each once, none empty, none so long
// or so broken that JSON would change it.
func names(what string, list []string, low, high int) error {
	if len(list) < low || len(list) > high {
		return fmt.Errorf("%d names of a %s, want %d to %d", len(list), what, low, high)
	}
	seen := make(map[string]bool, len(list))
	for _, n := range list {
		if n == "" || len(n) > maxName || !utf8.ValidString(n) || seen[n] {
			return fmt.Errorf("name %.40q of a %s is empty, too long, not UTF-8 or there twice", n, what)
		}
		seen[n] = true
	}
	return nil
}
