package dataset

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"testing/fstest"
)

// idx writes a file of this kind.
func idx(magic uint32, dims []uint32, values ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return append(b, values...)
}

func images(n, height, width uint32, values ...byte) []byte {
	return idx(imagesMagic, []uint32{n, height, width}, values...)
}

func labels(values ...byte) []byte {
	return idx(labelsMagic, []uint32{uint32(len(values))}, values...)
}

func folder(files map[string][]byte) fstest.MapFS {
	fs := fstest.MapFS{}
	for name, data := range files {
		fs[name] = &fstest.MapFile{Data: data}
	}
	return fs
}

func TestTheEmbeddedDigitsAreWhatTheySay(t *testing.T) {
	train, test, err := MNIST()
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 5000 || test.Len() != 1000 || train.Inputs != 784 || test.Classes != 10 {
		t.Errorf("got %d + %d rows of %d inputs, %d classes", train.Len(), test.Len(), train.Inputs, test.Classes)
	}
	if low, high := slices.Min(train.X), slices.Max(train.X); low != 0 || high != 1 {
		t.Errorf("pixels from %g to %g, want 0 to 1", low, high)
	}
	if got, want := train.Y[:5], []int32{5, 0, 4, 1, 9}; !slices.Equal(got, want) {
		t.Errorf("first labels: got %v, want %v", got, want)
	}
	ones := 0
	for _, y := range test.Y {
		if y == 1 {
			ones++
		}
	}
	if ones != 126 {
		t.Errorf("got %d ones in the test set, want 126", ones)
	}
	if _, err := Images(10, 28, 28).Fit(train); err != nil {
		t.Error(err)
	}
}

func TestAFolderIsReadUnderAnyUsualNames(t *testing.T) {
	one, two := images(2, 1, 2, 0, 255, 51, 102), labels(0, 2)
	small, few := images(1, 1, 2, 255, 0), labels(1)
	cases := map[string]map[string][]byte{
		"MNIST's own": {"train-images-idx3-ubyte": one, "train-labels-idx1-ubyte": two, "t10k-images-idx3-ubyte": small, "t10k-labels-idx1-ubyte": few},
		"gzipped": {"Train-images-idx.gz": zip(t, one), "train-labels-idx.gz": zip(t, two), "test-images-idx.gz": zip(t, small), "test-labels-idx.gz": zip(t, few),
			"val-images-idx.gz": zip(t, small), "README": nil},
		"both forms": {"train-images": one, "train-images.gz": zip(t, one), "train-labels": two, "test_images": small, "test_labels": few},
	}
	for name, files := range cases {
		s, train, test, err := readFolder(folder(files))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(s.Shape, []int{1, 2}) || len(s.Classes) != 3 || test.Classes != 3 {
			t.Errorf("%s: got schema %+v, test %+v", name, s, test)
		}
		if !slices.Equal(train.X, []float32{0, 1, 0.2, 0.4}) || !slices.Equal(train.Y, []int32{0, 2}) || !slices.Equal(test.X, []float32{1, 0}) {
			t.Errorf("%s: got train %+v, test %+v", name, train, test)
		}
	}
}

func TestTestImagesMayBeMissing(t *testing.T) {
	_, train, test, err := readFolder(folder(map[string][]byte{"train-images": images(1, 1, 1, 9), "train-labels": labels(1)}))
	if err != nil || train.Len() != 1 || test.Len() != 0 || test.Inputs != 1 || test.Classes != 2 {
		t.Errorf("got %+v, %+v, %v", train, test, err)
	}
}

func TestAFolderThatDoesNotFitTogetherIsRefused(t *testing.T) {
	good := map[string][]byte{"train-images": images(1, 1, 2, 0, 1), "train-labels": labels(1), "test-images": images(1, 1, 2, 0, 1), "test-labels": labels(1)}
	cases := []struct {
		name   string
		change map[string][]byte // nil data = no such file
		want   []string
	}{
		{"no images", map[string][]byte{"train-images": nil}, []string{"no file *train*images*", ".gz"}},
		{"no labels", map[string][]byte{"train-labels": nil}, []string{"no file *train*labels*"}},
		{"half a test set", map[string][]byte{"test-labels": nil}, []string{"*test*labels*", "*t10k*labels*"}},
		{"two candidates", map[string][]byte{"train2-images": images(1, 1, 2, 0, 1)}, []string{"train-images, train2-images", "leave one"}},
		{"more labels", map[string][]byte{"train-labels": labels(1, 0)}, []string{"1 train images but 2 labels"}},
		{"none", map[string][]byte{"train-images": images(0, 1, 2), "train-labels": labels()}, []string{"no train images"}},
		{"another shape", map[string][]byte{"test-images": images(1, 2, 1, 0, 1)}, []string{"[1 2]", "[2 1]"}},
		{"a class that train has not", map[string][]byte{"test-labels": labels(7)}, []string{"label 7"}},
		{"swapped", map[string][]byte{"train-images": labels(1)}, []string{"train-images", "too few"}},
		{"too many pixels", map[string][]byte{"train-images": images(1, 1024, 1024, make([]byte, 1<<20)...)}, []string{"inputs"}},
	}
	for _, c := range cases {
		files := map[string][]byte{}
		for name, data := range good {
			files[name] = data
		}
		for name, data := range c.change {
			files[name] = data
			if data == nil {
				delete(files, name)
			}
		}
		if _, _, _, err := readFolder(folder(files)); !fails(err, c.want...) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, _, _, err := IDX("/does/not/exist"); !fails(err, "/does/not/exist") {
		t.Errorf("no folder: got error %v", err)
	}
}

func TestParseIDXBelievesNoHeader(t *testing.T) {
	cases := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "too few"},
		{"short header", images(1, 1, 1)[:15], "too few"},
		{"labels for images", idx(labelsMagic, []uint32{12}, make([]byte, 12)...), "starts with 0x801"},
		{"floats", idx(0xd03, []uint32{1, 1, 1}, 0, 0, 0, 0), "starts with 0xd03"},
		{"missing values", images(2, 2, 2, 1, 2, 3, 4, 5, 6, 7), "announce 8 values, the file has 7"},
		{"trailing values", images(1, 1, 1, 1, 2), "announce 1 values, the file has 2"},
		{"huge product", images(1<<31, 1<<10, 1<<10), "announce 2251799813685248 values, want at most"},
		{"overflowing side", images(1, 1<<31, 2), "side of 2147483648"},
		{"side of 0", images(5, 0, 28), "side of 0"},
	}
	for _, c := range cases {
		if _, _, err := parseIDX(c.data, imagesMagic); !fails(err, c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func FuzzIDX(f *testing.F) {
	f.Add(images(2, 1, 2, 0, 255, 51, 102), labels(0, 2))
	f.Add(zip(f, images(1, 2, 2, 1, 2, 3, 4)), zip(f, labels(9)))
	f.Add([]byte{0, 0, 8, 3, 255, 255, 255, 255}, []byte{0, 0, 8, 1})
	f.Fuzz(func(t *testing.T, x, y []byte) {
		s, train, _, err := readFolder(folder(map[string][]byte{"train-images": x, "train-labels": y}))
		if err != nil {
			return
		}
		if err := train.Check(); err != nil || train.Inputs != s.Inputs() || train.Classes != len(s.Classes) {
			t.Fatalf("got %d inputs, %d classes, %v", train.Inputs, train.Classes, err)
		}
		if bytes.Equal(x, nil) {
			t.Fatal("images out of nothing")
		}
	})
}
