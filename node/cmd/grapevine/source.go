package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/dataset/parquet"
)

// What --data and --schema-from know.
const (
	tables  = "csv:FILE, parquet:FILE"
	sources = "mnist, digits8x8, wdbc, " + tables + ", text:FILE or idx:DIR"
)

// source is data as a user names them: a set that comes with the program, or
// KIND:PATH. Embedded images may be followed by a part of them, see part.
type source struct{ kind, path string }

func parseSource(flag, spec string) (source, error) {
	kind, path, _ := strings.Cut(spec, ":")
	s := source{kind, path}
	switch kind {
	case "csv", "parquet", "text", "idx":
		if path != "" {
			return s, nil
		}
	case "mnist", "digits8x8":
		return s, nil
	case "wdbc":
		if path == "" {
			return s, nil
		}
	}
	return s, usage(fmt.Sprintf("%s %q: want %s", flag, spec, sources), "example: "+flag+" csv:patients.csv --label outcome")
}

// absolute is how to name the source in another directory: the daemon's.
func (s source) absolute() (string, error) {
	switch {
	case s.path == "":
		return s.kind, nil
	case s.kind == "mnist" || s.kind == "digits8x8":
		return s.kind + ":" + s.path, nil
	}
	path, err := filepath.Abs(s.path)
	return s.kind + ":" + path, err
}

func (s source) isImages() bool {
	return slices.Contains([]string{"mnist", "digits8x8", "idx"}, s.kind)
}

// images reads a source of images. There may be none to test with.
func (s source) images() (schema dataset.Schema, train, test learning.Samples, err error) {
	switch s.kind {
	case "mnist":
		train, test, err = dataset.MNIST()
		return dataset.Images(10, 28, 28), train, test, err
	case "digits8x8":
		train, test, err = dataset.Digits8x8()
		return dataset.Images(10, 8, 8), train, test, err
	}
	return dataset.IDX(s.path)
}

// table reads any other source.
func (s source) table() (dataset.Table, error) {
	switch s.kind {
	case "csv":
		return dataset.ReadCSV(s.path)
	case "parquet":
		return parquet.Read(s.path)
	case "text":
		return dataset.ReadText(s.path)
	case "wdbc":
		return dataset.WDBC()
	}
	return dataset.Table{}, errors.New("these are images, not a table")
}

// split divides a table into rows to train on and to test with. The fifth of a
// text that is for testing is one of each speaker's speeches.
func (s source) split(t dataset.Table, label string, seed uint64) (train, test dataset.Table, err error) {
	return dataset.Split(t, s.label(label), seed)
}

// label is the column whose cells Split and Divide keep in proportion.
func (s source) label(name string) string {
	if s.kind == "text" {
		return dataset.SpeakerColumn
	}
	return name
}

// infer makes the schema of rows to train on.
func (s source) infer(train dataset.Table, label string, drop []string, context int) (dataset.Schema, error) {
	if s.kind == "text" {
		return dataset.InferText(train, context)
	}
	drop = slices.Clone(drop)
	if slices.Contains(train.Header, "split") && label != "split" {
		drop = append(drop, "split")
	}
	return dataset.Infer(train, label, unique(drop))
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// parts returns the rows of a table that are for training and for testing, if it
// says so itself and the schema means something else by its column "split".
func parts(t dataset.Table, s dataset.Schema) (train, test dataset.Table, own bool, err error) {
	isColumn := slices.ContainsFunc(s.Columns, func(c dataset.Column) bool { return c.Name == "split" })
	if !slices.Contains(t.Header, "split") || s.Label == "split" || isColumn {
		return t, t, false, nil
	}
	train, test, err = dataset.Split(t, s.Label, 0)
	return train, test, true, err
}

// fit takes images over into a topic.
func fit(s dataset.Schema, images learning.Samples) (learning.Samples, error) {
	if s.Kind != dataset.ImageKind {
		return images, fmt.Errorf("these are images, the topic learns from a %s", s.Kind)
	}
	return s.Fit(images)
}

// defaultModel is what is learnt if nobody says.
func defaultModel(s dataset.Schema) string {
	switch s.Kind {
	case dataset.ImageKind:
		return "mlp:64"
	case dataset.TextKind:
		return "char:16,64"
	}
	return "softmax"
}

const (
	modelHelp     = "softmax, mlp:H[,H…], for images cnn:C[,C…], for text char:EMBED,HIDDEN (default softmax for tables, mlp:64 for images, char:16,64 for text)"
	contextHelp   = "of a text: how many characters tell the next"
	partitionHelp = "how data is divided: iid, dirichlet:A, labels:K or column:NAME (of a text: column:speaker)"
	labelHelp     = "the column to predict, of a table"
	dropHelp      = "a column of a table not to learn from; may be repeated"
)
