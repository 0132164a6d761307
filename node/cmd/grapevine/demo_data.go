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
	by                 []int32  // what partitions keep in proportion: the classes or, of a text, who speaks
	owners, testOwners []string // cells of the column to partition by; nil if there is none
}

// load reads and divides the data.
func (f demoFlags) load() (*shards, error) {
	r, err := f.read()
	if err != nil {
		return nil, err
	}
	if n := r.train.Len(); n < leastRows*f.peers {
		return nil, usage(fmt.Sprintf("%d rows cannot give %d rows to each of %d peers", n, leastRows, f.peers), "choose fewer --peers")
	}
	return f.divide(r)
}

// leastRows are enough for a peer to train and to score a little.
const leastRows = 16

func (f demoFlags) read() (*rows, error) {
	from, err := parseSource("--data", f.data)
	if err != nil {
		return nil, err
	}
	if !from.isImages() {
		r, err := f.readTable(from)
		if err != nil {
			return nil, f.bad(err)
		}
		return r, nil
	}
	r := new(rows)
	if r.schema, r.train, r.test, err = from.images(); err != nil {
		return nil, f.bad(err)
	}
	if r.test.Len() == 0 {
		return nil, usage(fmt.Sprintf("%s has no test images", f.data), "test-images and test-labels are needed beside the training files")
	}
	r.by = r.train.Y
	return r, nil
}

// bad marks errors in the user's data.
func (f demoFlags) bad(err error) error { return &failure{code: codeFailed, err: err, where: f.data} }

func (f demoFlags) readTable(from source) (*rows, error) {
	table, err := from.table()
	if err != nil {
		return nil, err
	}
	trainRows, testRows, err := from.split(table, f.label, f.seed)
	if err != nil {
		return nil, err
	}
	drop, r := slices.Clone(f.drop), new(rows)
	owner, owned := strings.CutPrefix(f.partition, "column:")
	if owned {
		drop = append(drop, owner)
	}
	if r.schema, err = from.infer(trainRows, f.label, drop, f.context); err != nil {
		return nil, err
	}
	if r.train, err = r.schema.Load(trainRows); err != nil {
		return nil, err
	}
	if r.test, err = r.schema.Load(testRows); err != nil {
		return nil, err
	}
	if r.by = r.train.Y; r.schema.Kind == dataset.TextKind {
		r.test = few(r.test, f.seed)
		if r.by, err = r.schema.Speakers(trainRows); err != nil {
			return nil, err
		}
	}
	if owned {
		return r, r.own(owner, trainRows, testRows)
	}
	return r, nil
}

// own reads who owns each sample.
func (r *rows) own(column string, train, test dataset.Table) (err error) {
	if r.owners, err = r.schema.Owners(train, column); err != nil {
		return err
	}
	if r.schema.Kind == dataset.TextKind {
		return nil // not all samples to test with are there
	}
	r.testOwners, err = r.schema.Owners(test, column)
	return err
}

// few are enough samples to test with.
func few(s learning.Samples, seed uint64) learning.Samples {
	const enough = 8192
	all := make([]int, s.Len())
	for i := range all {
		all[i] = i
	}
	_, drawn := dataset.Holdout(all, s.Y, enough/max(enough, float64(len(all))), seed)
	return s.Subset(drawn)
}

func (f demoFlags) divide(r *rows) (*shards, error) {
	parts, err := dataset.Partition(f.partition, r.by, r.owners, f.peers, f.seed)
	if err != nil {
		return nil, usage("--partition: "+err.Error(), "")
	}
	s := &shards{schema: r.schema, test: r.test}
	for i, part := range parts {
		own, held := dataset.Holdout(part, r.train.Y, dataset.HeldShare(len(part)), f.seed+uint64(i))
		s.train = append(s.train, r.train.Subset(own))
		s.held = append(s.held, r.train.Subset(held))
	}
	return s, nil
}
