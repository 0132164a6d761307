package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
)

// checkSpec refuses what names no data, or a file that is missing, and makes its
// path absolute: the daemon may work in another directory.
func checkSpec(spec string) (string, error) {
	if spec == "" {
		return "", nil
	}
	s, err := parseSource("--data", spec)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(s.path); s.path != "" && errors.Is(err, fs.ErrNotExist) {
		return "", &failure{code: codeFailed, err: fmt.Errorf("--data %s: there is no such file", spec), hint: "correct the path; it begins at the directory that you are in"}
	}
	return s.absolute()
}

// ownData reads a peer's own data as samples of its topic. Of data that bring
// their own split, the part to train with is used.
func (t topicConfig) ownData(s dataset.Schema) (samples learning.Samples, err error) {
	if t.Data == "" {
		return samples, nil
	}
	from, err := parseSource("data", t.Data)
	if err != nil {
		return samples, err
	}
	if from.isImages() {
		samples, err = from.ownImages(s)
	} else {
		samples, err = t.ownTable(s, from)
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

func (t topicConfig) ownTable(s dataset.Schema, from source) (learning.Samples, error) {
	table, err := from.table()
	if err != nil {
		return learning.Samples{}, err
	}
	if t.Label != "" {
		s.Label = t.Label
	}
	train, _, _, err := parts(table, s)
	if err != nil {
		return learning.Samples{}, err
	}
	return s.Load(train)
}

func (s source) ownImages(schema dataset.Schema) (learning.Samples, error) {
	_, train, _, err := s.images()
	if err != nil {
		return train, err
	}
	if train, err = fit(schema, train); err != nil || s.kind == "idx" || s.path == "" {
		return train, err
	}
	return s.part(train)
}

// part is one peer's part of embedded images, as a demo divides them:
// PEERS:INDEX:SEED:PARTITION.
func (s source) part(train learning.Samples) (learning.Samples, error) {
	fields := strings.SplitN(s.path, ":", 4)
	if len(fields) != 4 {
		return train, fmt.Errorf("want %[1]s:PEERS:INDEX:SEED:PARTITION, such as %[1]s:4:0:1:iid", s.kind)
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
