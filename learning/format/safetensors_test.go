package format

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
)

var sample = learning.Shape{{Name: "fc1.weight", Dims: []int{2, 3}}, {Name: "fc1.bias", Dims: []int{3}}, {Name: "scale"}}

func write(t testing.TB, shape learning.Shape, v learning.Vector, metadata map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSafetensors(&b, shape, v, metadata); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	v := learning.Vector{0, -1, 2.5, 1e-30, float32(math.Inf(1)), 5, 6, 7, 8, 9}
	file := write(t, sample, v, map[string]string{"topic": "bafy", "a": `"quoted"`})
	shape, got, metadata, err := ReadSafetensors(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, v) || metadata["topic"] != "bafy" || metadata["a"] != `"quoted"` {
		t.Errorf("got %v %v, want %v", got, metadata, v)
	}
	for i := range sample {
		if shape[i].Name != sample[i].Name || !slices.Equal(shape[i].Dims, sample[i].Dims) {
			t.Errorf("tensor %d: got %v, want %v", i, shape[i], sample[i])
		}
	}
}

// The bytes follow the specification: other programs read them.
func TestTheLayoutIsThatOfSafetensors(t *testing.T) {
	file := write(t, learning.Shape{{Name: "w", Dims: []int{1, 2}}}, learning.Vector{1, -2}, map[string]string{"b": "2", "a": "1"})
	header := `{"__metadata__":{"a":"1","b":"2"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}`
	header += strings.Repeat(" ", (8-len(header)%8)%8)
	want := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	want = append(append(want, header...), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0)
	if !bytes.Equal(file, want) {
		t.Errorf("got  %q\nwant %q", file, want)
	}
}

func TestAWriterRefusesWhatHasNoFile(t *testing.T) {
	for name, shape := range map[string]learning.Shape{
		"length": {{Name: "w", Dims: []int{3}}}, "empty": {{Dims: []int{2}}}, "reserved": {{Name: "__metadata__", Dims: []int{2}}},
		"twice": {{Name: "w", Dims: []int{1}}, {Name: "w", Dims: []int{1}}},
	} {
		if err := WriteSafetensors(&bytes.Buffer{}, shape, make(learning.Vector, 2), nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func file(header string, values int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, 4*values)...)
}

func TestAReaderRefusesWhatDoesNotFit(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":    {},
		"long":       binary.LittleEndian.AppendUint64(nil, 1<<62),
		"no JSON":    file("hello", 0),
		"hole":       file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 2),
		"overlap":    file(`{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 2),
		"size":       file(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 1),
		"other type": file(`{"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 1),
		"overflow":   file(`{"w":{"dtype":"F32","shape":[268435456,268435456,4],"data_offsets":[0,0]}}`, 0),
		"negative":   file(`{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}`, 0),
		"short":      file(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 1),
		"trailing":   file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 2),
		"unknown":    file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, 1),
	} {
		if _, _, _, err := ReadSafetensors(bytes.NewReader(b)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzSafetensors(f *testing.F) {
	f.Add(file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 1))
	f.Add(write(f, sample, make(learning.Vector, 10), map[string]string{"a": "b"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		shape, v, metadata, err := ReadSafetensors(bytes.NewReader(b))
		if err != nil {
			return
		}
		again := write(t, shape, v, metadata)
		_, w, _, err := ReadSafetensors(bytes.NewReader(again))
		if err != nil || !slices.EqualFunc(v, w, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
			t.Errorf("read %d values, then %d: %v", len(v), len(w), err)
		}
	})
}
