package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
)

// checkSpec refuses what names no data, and makes its path absolute: the daemon
// may work in another directory.
func checkSpec(spec string) (string, error) {
	kind, path, _ := strings.Cut(spec, ":")
	switch {
	case spec == "" || kind == "mnist":
		return spec, nil
	case (kind == "csv" || kind == "idx") && path != "":
		path, err := filepath.Abs(path)
		return kind + ":" + path, err
	}
	return "", usage(fmt.Sprintf("--data %q: want csv:PATH, idx:DIR or mnist", spec), "example: --data csv:patients.csv --label outcome")
}

// ownData reads a peer's own data as samples of its topic. Of data that bring
// their own split, the part to train with is used.
func (t topicConfig) ownData(s dataset.Schema) (learning.Samples, error) {
	kind, path, _ := strings.Cut(t.Data, ":")
	var samples learning.Samples
	var err error
	switch kind {
	case "":
		return samples, nil
	case "csv":
		samples, err = t.ownTable(s, path)
	case "idx":
		var train learning.Samples
		if _, train, _, err = dataset.IDX(path); err == nil {
			samples, err = s.Fit(train)
		}
	case "mnist":
		samples, err = ownDigits(s, path)
	default:
		return samples, usage(fmt.Sprintf("data %q: want csv:PATH, idx:DIR or mnist", t.Data), "correct it in config.toml")
	}
	if err != nil {
		return samples, unfit(t.Data, s, err)
	}
	return samples, nil
}

func unfit(data string, s dataset.Schema, err error) error {
	out := &failure{code: codeFailed, err: fmt.Errorf("data %s: %w", data, err)}
	if !errors.Is(err, fs.ErrNotExist) {
		out.hint = wants(s)
	}
	return out
}

func (t topicConfig) ownTable(s dataset.Schema, path string) (learning.Samples, error) {
	table, err := dataset.ReadCSV(path)
	if err != nil {
		return learning.Samples{}, err
	}
	if t.Label != "" {
		s.Label = t.Label
	}
	ownSplit := slices.Contains(table.Header, "split") && s.Label != "split" &&
		!slices.ContainsFunc(s.Columns, func(c dataset.Column) bool { return c.Name == "split" })
	if ownSplit {
		if table, _, err = dataset.Split(table, s.Label, 0); err != nil {
			return learning.Samples{}, err
		}
	}
	return s.Load(table)
}

// ownDigits is all of the embedded digits or, after a colon, one peer's part as a
// demo divides them: PEERS:INDEX:SEED:PARTITION.
func ownDigits(s dataset.Schema, part string) (learning.Samples, error) {
	train, _, err := dataset.MNIST()
	if err != nil {
		return train, err
	}
	if train, err = s.Fit(train); err != nil || part == "" {
		return train, err
	}
	fields := strings.SplitN(part, ":", 4)
	if len(fields) != 4 {
		return train, errors.New("want mnist:PEERS:INDEX:SEED:PARTITION, such as mnist:4:0:1:iid")
	}
	peers, err1 := strconv.Atoi(fields[0])
	index, err2 := strconv.Atoi(fields[1])
	seed, err3 := strconv.ParseUint(fields[2], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return train, err
	}
	parts, err := dataset.Partition(fields[3], train.Y, nil, peers, seed)
	if err != nil {
		return train, err
	}
	if index < 0 || index >= len(parts) {
		return train, fmt.Errorf("part %d of %d", index, len(parts))
	}
	return train.Subset(parts[index]), nil
}
