package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
)

// shards are a data set, divided among peers. Nobody trains on test, and nobody
// scores with it.
type shards struct {
	schema dataset.Schema
	train  []learning.Samples // by peer
	held   []learning.Samples // by peer: scores deltas, never trains
	test   learning.Samples
}

// load reads and divides the data.
func (f demoFlags) load() (*shards, error) {
	kind, path, _ := strings.Cut(f.data, ":")
	switch {
	case f.data == "mnist":
		train, test, err := dataset.MNIST()
		if err != nil {
			return nil, err
		}
		return f.divide(dataset.Images(10, 28, 28), train, test, nil)
	case kind == "idx" && path != "":
		schema, train, test, err := dataset.IDX(path)
		if err != nil {
			return nil, f.bad(err)
		}
		if test.Len() == 0 {
			return nil, usage(fmt.Sprintf("%s has no test images", path), "the demo needs test-images and test-labels beside the training files")
		}
		return f.divide(schema, train, test, nil)
	case kind == "csv" && path != "":
		return f.loadCSV(path)
	}
	return nil, usage(fmt.Sprintf("--data %q: want mnist, csv:PATH or idx:DIR", f.data), "")
}

// bad marks errors in the user's data.
func (f demoFlags) bad(err error) error { return &failure{code: codeFailed, err: err, where: f.data} }

func (f demoFlags) loadCSV(path string) (*shards, error) {
	table, err := dataset.ReadCSV(path)
	if err != nil {
		return nil, f.bad(err)
	}
	trainRows, testRows, err := dataset.Split(table, f.label, f.seed)
	if err != nil {
		return nil, f.bad(err)
	}
	drop := slices.Clone(f.drop)
	var owners []string
	if name, is := strings.CutPrefix(f.partition, "column:"); is {
		if owners, err = trainRows.Column(name); err != nil {
			return nil, f.bad(err)
		}
		drop = append(drop, name)
	}
	if slices.Contains(table.Header, "split") && f.label != "split" {
		drop = append(drop, "split")
	}
	schema, err := dataset.Infer(trainRows, f.label, unique(drop))
	if err != nil {
		return nil, f.bad(err)
	}
	train, err := schema.Load(trainRows)
	if err != nil {
		return nil, f.bad(err)
	}
	test, err := schema.Load(testRows)
	if err != nil {
		return nil, f.bad(err)
	}
	return f.divide(schema, train, test, owners)
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func (f demoFlags) divide(schema dataset.Schema, train, test learning.Samples, owners []string) (*shards, error) {
	parts, err := dataset.Partition(f.partition, train.Y, owners, f.peers, f.seed)
	if err != nil {
		return nil, usage("--partition: "+err.Error(), "")
	}
	s := &shards{schema: schema, test: test}
	for i, rows := range parts {
		own, held := dataset.Holdout(rows, train.Y, 0.2, f.seed+uint64(i))
		s.train = append(s.train, train.Subset(own))
		s.held = append(s.held, train.Subset(held))
	}
	return s, nil
}

// flipped has the classes in reverse: what a label flipper trains on.
func flipped(s learning.Samples) learning.Samples {
	s.Y = slices.Clone(s.Y)
	for i, y := range s.Y {
		s.Y[i] = int32(s.Classes) - 1 - y
	}
	return s
}
