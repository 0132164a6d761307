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

// rows are a data set before it is divided.
type rows struct {
	schema             dataset.Schema
	train, test        learning.Samples
	owners, testOwners []string // cells of the column to partition by; nil if there is none
}

// load reads and divides the data.
func (f demoFlags) load() (*shards, error) {
	r, err := f.read()
	if err != nil {
		return nil, err
	}
	return f.divide(r)
}

func (f demoFlags) read() (*rows, error) {
	kind, path, _ := strings.Cut(f.data, ":")
	switch {
	case f.data == "mnist":
		train, test, err := dataset.MNIST()
		return &rows{schema: dataset.Images(10, 28, 28), train: train, test: test}, err
	case kind == "idx" && path != "":
		schema, train, test, err := dataset.IDX(path)
		if err != nil {
			return nil, f.bad(err)
		}
		if test.Len() == 0 {
			return nil, usage(fmt.Sprintf("%s has no test images", path), "test-images and test-labels are needed beside the training files")
		}
		return &rows{schema: schema, train: train, test: test}, nil
	case kind == "csv" && path != "":
		r, err := f.readCSV(path)
		if err != nil {
			return nil, f.bad(err)
		}
		return r, nil
	}
	return nil, usage(fmt.Sprintf("--data %q: want mnist, csv:PATH or idx:DIR", f.data), "")
}

// bad marks errors in the user's data.
func (f demoFlags) bad(err error) error { return &failure{code: codeFailed, err: err, where: f.data} }

func (f demoFlags) readCSV(path string) (*rows, error) {
	table, err := dataset.ReadCSV(path)
	if err != nil {
		return nil, err
	}
	trainRows, testRows, err := dataset.Split(table, f.label, f.seed)
	if err != nil {
		return nil, err
	}
	drop, r := slices.Clone(f.drop), new(rows)
	if name, is := strings.CutPrefix(f.partition, "column:"); is {
		if r.owners, err = trainRows.Column(name); err != nil {
			return nil, err
		}
		if r.testOwners, err = testRows.Column(name); err != nil {
			return nil, err
		}
		drop = append(drop, name)
	}
	if slices.Contains(table.Header, "split") && f.label != "split" {
		drop = append(drop, "split")
	}
	if r.schema, err = dataset.Infer(trainRows, f.label, unique(drop)); err != nil {
		return nil, err
	}
	if r.train, err = r.schema.Load(trainRows); err != nil {
		return nil, err
	}
	r.test, err = r.schema.Load(testRows)
	return r, err
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func (f demoFlags) divide(r *rows) (*shards, error) {
	parts, err := dataset.Partition(f.partition, r.train.Y, r.owners, f.peers, f.seed)
	if err != nil {
		return nil, usage("--partition: "+err.Error(), "")
	}
	s := &shards{schema: r.schema, test: r.test}
	for i, part := range parts {
		own, held := dataset.Holdout(part, r.train.Y, 0.2, f.seed+uint64(i))
		s.train = append(s.train, r.train.Subset(own))
		s.held = append(s.held, r.train.Subset(held))
	}
	return s, nil
}
