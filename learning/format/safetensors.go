package format

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/grapevine-network/grapevine/learning"
)

const (
	maxHeader = 1 << 20 // bytes of JSON
	maxValues = 1 << 28 // of all tensors together: 1 GiB
	maxDims   = 8
)

// entry describes one tensor in the header of a file.
type entry struct {
	DType   string    `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// metadataKey is the header's only name that is no tensor's.
const metadataKey = "__metadata__"

// WriteSafetensors writes v as tensors of the given shape, F32 in the order of
// the shape, with metadata, which may be nil. See
// https://huggingface.co/docs/safetensors for the format. It is an error if the
// lengths differ or a name is empty, reserved or there twice.
func WriteSafetensors(w io.Writer, shape learning.Shape, v learning.Vector, metadata map[string]string) error {
	header, err := encodeHeader(shape, len(v), metadata)
	if err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(header)+4*len(v)), uint64(len(header)))
	b = append(b, header...)
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	return nil
}

// encodeHeader keeps the order of the shape, and ends at a multiple of eight.
func encodeHeader(shape learning.Shape, size int, metadata map[string]string) ([]byte, error) {
	if shape.Size() != size {
		return nil, fmt.Errorf("%d values, the shape has %d", size, shape.Size())
	}
	b := []byte{'{'}
	if len(metadata) > 0 {
		b = field(b, metadataKey, metadata) // encoding/json sorts the keys
	}
	seen := map[string]bool{"": true, metadataKey: true}
	at := uint64(0)
	for _, t := range shape {
		if seen[t.Name] {
			return nil, fmt.Errorf("tensor %q is empty, reserved or there twice", t.Name)
		}
		seen[t.Name] = true
		end := at + 4*uint64(t.Size())
		b = field(b, t.Name, entry{"F32", append([]int{}, t.Dims...), [2]uint64{at, end}})
		at = end
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	if len(b) > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d", len(b), maxHeader)
	}
	return b, nil
}

func field(b []byte, name string, value any) []byte {
	if len(b) > 1 {
		b = append(b, ',')
	}
	k, _ := json.Marshal(name) // strings, integers and maps of strings have JSON
	v, _ := json.Marshal(value)
	return append(append(append(b, k...), ':'), v...)
}

// ReadSafetensors reads a file of F32 tensors. They come in the order in which
// their values lie, which must follow each other without holes.
func ReadSafetensors(r io.Reader) (learning.Shape, learning.Vector, map[string]string, error) {
	shape, v, metadata, err := readSafetensors(r)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read safetensors: %w", err)
	}
	return shape, v, metadata, nil
}

func readSafetensors(r io.Reader) (learning.Shape, learning.Vector, map[string]string, error) {
	var size uint64
	if err := binary.Read(r, binary.LittleEndian, &size); err != nil {
		return nil, nil, nil, err
	}
	if size > maxHeader {
		return nil, nil, nil, fmt.Errorf("header of %d bytes, at most %d", size, maxHeader)
	}
	header := make([]byte, size)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, nil, nil, err
	}
	shape, metadata, err := decodeHeader(header)
	if err != nil {
		return nil, nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, 4*maxValues+1))
	if err != nil {
		return nil, nil, nil, err
	}
	if len(data) != 4*shape.Size() {
		return nil, nil, nil, fmt.Errorf("%d bytes of values, want %d", len(data), 4*shape.Size())
	}
	v := make(learning.Vector, shape.Size())
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return shape, v, metadata, nil
}

func decodeHeader(header []byte) (learning.Shape, map[string]string, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(header, &raw); err != nil {
		return nil, nil, err
	}
	var metadata map[string]string
	if m, is := raw[metadataKey]; is {
		if err := json.Unmarshal(m, &metadata); err != nil {
			return nil, nil, err
		}
		delete(raw, metadataKey)
	}
	type tensor struct {
		entry
		name string
	}
	var list []tensor
	for name, text := range raw {
		t := tensor{name: name}
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&t.entry); err != nil {
			return nil, nil, fmt.Errorf("tensor %.40q: %w", name, err)
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b tensor) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]), cmp.Compare(a.name, b.name))
	})
	var shape learning.Shape
	at := uint64(0)
	for _, t := range list {
		n, err := t.bytes()
		if err != nil || t.Offsets[0] != at || t.Offsets[1] != at+n {
			return nil, nil, fmt.Errorf("tensor %.40q at %v does not follow byte %d: %w", t.name, t.Offsets, at, errors.Join(err, errLayout))
		}
		if at += n; at > 4*maxValues {
			return nil, nil, fmt.Errorf("more than %d values", maxValues)
		}
		shape = append(shape, learning.Tensor{Name: t.name, Dims: t.Shape})
	}
	return shape, metadata, nil
}

var errLayout = errors.New("want F32 tensors without holes")

// bytes is what the values of a tensor take.
func (e entry) bytes() (uint64, error) {
	if e.DType != "F32" || len(e.Shape) > maxDims {
		return 0, fmt.Errorf("%s in %d dimensions", e.DType, len(e.Shape))
	}
	n := uint64(1)
	for _, d := range e.Shape {
		if d < 0 || d > maxValues {
			return 0, fmt.Errorf("impossible dimension %d", d)
		}
		if n *= uint64(d); n > maxValues {
			return 0, fmt.Errorf("more than %d values", maxValues)
		}
	}
	return 4 * n, nil
}
