package dataset

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/grapevine-network/grapevine/learning"
)

const (
	imagesMagic = 0x803 // unsigned bytes, three dimensions
	labelsMagic = 0x801 // unsigned bytes, one dimension
)

// IDX reads a folder of images in MNIST's own format, pixels divided by 255.
// File names decide what is what, whatever their case: train…images and
// train…labels, then test… or t10k…, each plain or gzipped. Test files may be
// missing, both: test is empty then. Other files are not looked at.
//
// The schema names the classes 0 to the largest label of train. To read images
// of a topic that exists already, pass both samples through its own Schema.Fit.
func IDX(dir string) (s Schema, train, test learning.Samples, err error) {
	s, train, test, err = readFolder(os.DirFS(dir))
	if err != nil {
		return Schema{}, learning.Samples{}, learning.Samples{}, fmt.Errorf("read images in %s: %w", dir, err)
	}
	return s, train, test, nil
}

func readFolder(folder fs.FS) (s Schema, train, test learning.Samples, err error) {
	if s, train, err = readPair(folder, "train"); err != nil {
		return s, train, test, err
	}
	if missing(folder) {
		return s, train, learning.Samples{Inputs: train.Inputs, Classes: train.Classes}, nil
	}
	other, test, err := readPair(folder, "test", "t10k")
	if err != nil {
		return s, train, test, err
	}
	if !slices.Equal(s.Shape, other.Shape) {
		return s, train, test, fmt.Errorf("training images are %v, test images %v", s.Shape, other.Shape)
	}
	test, err = s.Fit(test)
	return s, train, test, err
}

// missing reports whether folder has no test file of either kind.
func missing(folder fs.FS) bool {
	_, images := find(folder, "images", "test", "t10k")
	_, labels := find(folder, "labels", "test", "t10k")
	return images != nil && labels != nil
}

// find returns the one file whose name holds one of the parts and then kind.
func find(folder fs.FS, kind string, parts ...string) (string, error) {
	wanted := make([]string, len(parts))
	for i, p := range parts {
		wanted[i] = "*" + p + "*" + kind + "*"
	}
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return "", err
	}
	var found []string
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		if !e.IsDir() && matches(name, kind, parts) && !slices.Contains(found, strings.TrimSuffix(e.Name(), ".gz")) {
			found = append(found, e.Name())
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("no file %s, plain or .gz", strings.Join(wanted, " or "))
	}
	if len(found) > 1 {
		return "", fmt.Errorf("%s could be any of %s; leave one", strings.Join(wanted, " or "), strings.Join(found, ", "))
	}
	return found[0], nil
}

func matches(name, kind string, parts []string) bool {
	for _, p := range parts {
		if _, rest, ok := strings.Cut(name, p); ok && strings.Contains(rest, kind) {
			return true
		}
	}
	return false
}

func readPair(folder fs.FS, parts ...string) (Schema, learning.Samples, error) {
	pixels, dims, err := readIDX(folder, "images", imagesMagic, parts)
	if err != nil {
		return Schema{}, learning.Samples{}, err
	}
	labels, _, err := readIDX(folder, "labels", labelsMagic, parts)
	if err != nil {
		return Schema{}, learning.Samples{}, err
	}
	if len(labels) != dims[0] {
		return Schema{}, learning.Samples{}, fmt.Errorf("%d %s images but %d labels", dims[0], parts[0], len(labels))
	}
	if len(labels) == 0 {
		return Schema{}, learning.Samples{}, fmt.Errorf("no %s images", parts[0])
	}
	s := Images(max(2, int(slices.Max(labels))+1), dims[1], dims[2])
	if err := s.validate(); err != nil {
		return Schema{}, learning.Samples{}, fmt.Errorf("%s images: %w", parts[0], err)
	}
	samples := learning.Samples{
		X: make([]float32, len(pixels)), Y: make([]int32, len(labels)),
		Inputs: s.Inputs(), Classes: len(s.Classes),
	}
	for i, p := range pixels {
		samples.X[i] = float32(p) / 255
	}
	for i, y := range labels {
		samples.Y[i] = int32(y)
	}
	return s, samples, nil
}

func readIDX(folder fs.FS, kind string, magic uint32, parts []string) ([]byte, []int, error) {
	name, err := find(folder, kind, parts...)
	if err != nil {
		return nil, nil, err
	}
	f, err := folder.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() // read only
	data, err := readAll(f)
	if err == nil {
		var dims []int
		if data, dims, err = parseIDX(data, magic); err == nil {
			return data, dims, nil
		}
	}
	return nil, nil, fmt.Errorf("%s: %w", name, err)
}

// parseIDX returns the values and the dimensions of an IDX file of unsigned
// bytes: a magic number whose last byte counts the dimensions, their sizes
// (big-endian), the values.
func parseIDX(data []byte, magic uint32) ([]byte, []int, error) {
	n := int(magic & 0xff)
	header := 4 + 4*n
	if len(data) < header {
		return nil, nil, fmt.Errorf("%d bytes are too few for an IDX header", len(data))
	}
	if got := binary.BigEndian.Uint32(data); got != magic {
		return nil, nil, fmt.Errorf("not an IDX file of this kind: it starts with %#x, want %#x", got, magic)
	}
	dims, product := make([]int, n), uint64(1)
	for i := range dims {
		d := binary.BigEndian.Uint32(data[4+4*i:])
		if i > 0 && (d == 0 || d > maxSide) {
			return nil, nil, fmt.Errorf("images have a side of %d pixels, want 1 to %d", d, maxSide)
		}
		dims[i], product = int(d), product*uint64(d) // below 2^32 * 2^10 * 2^10
	}
	if product > maxValues {
		return nil, nil, fmt.Errorf("dimensions %v announce %d values, want at most %d", dims, product, maxValues)
	}
	if values := data[header:]; uint64(len(values)) == product {
		return values, dims, nil
	}
	return nil, nil, fmt.Errorf("dimensions %v announce %d values, the file has %d", dims, product, len(data)-header)
}
