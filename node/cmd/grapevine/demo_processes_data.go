package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/grapevine-network/grapevine/learning/dataset"
)

// divideData gives each peer data of its own: a part of the embedded images, or a
// table in its home.
func (f *fleet) divideData() (specs []string, err error) {
	from, err := parseSource("--data", f.data)
	if err != nil || from.kind == "idx" {
		return nil, usage("--processes: want --data mnist or a table", "IDX folders cannot be divided into files")
	}
	if from.isImages() {
		for i := range f.peers {
			specs = append(specs, fmt.Sprintf("%s:%d:%d:%d:%s", f.data, f.peers, i, f.seed, f.partition))
		}
		return specs, nil
	}
	t, err := from.table()
	if err != nil {
		return nil, f.bad(err)
	}
	if t, _, err = from.split(t, f.label, f.seed); err != nil {
		return nil, f.bad(err)
	}
	parts, err := t.Divide(f.partition, from.label(f.label), f.peers, f.seed)
	if err != nil {
		return nil, usage("--partition: "+err.Error(), "")
	}
	for i, part := range parts {
		file, err := filepath.Abs(filepath.Join(f.homeOf(i), "data.csv"))
		if err == nil {
			err = writeTable(file, part)
		}
		if err != nil {
			return nil, fault(codeFailed, "write a peer's data", err)
		}
		specs = append(specs, "csv:"+file)
	}
	return specs, nil
}

func writeTable(path string, t dataset.Table) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	err = w.WriteAll(append([][]string{t.Header}, t.Rows...))
	return errors.Join(err, f.Close())
}
