package dataset

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/grapevine-network/grapevine/learning"
)

// The sets that come with the program; NOTICE says whose they are: MNIST's first
// 5,000 training and first 1,000 test images of 28x28 pixels, digits of 8x8
// pixels, and a table about breast cancer in Wisconsin.
//
//go:embed embed/*.gz
var embedded embed.FS

// MNIST returns the digits that come with the program: 5,000 to train on, 1,000
// to test with, 784 inputs from 0 to 1, 10 classes. Their schema is Images(10,
// 28, 28). An error means that the program itself is damaged.
func MNIST() (train, test learning.Samples, err error) {
	folder, err := fs.Sub(embedded, "embed")
	if err == nil {
		_, train, test, err = readFolder(folder)
	}
	if err != nil {
		return learning.Samples{}, learning.Samples{}, fmt.Errorf("read the embedded digits: %w", err)
	}
	return train, test, nil
}

// Digits8x8 returns 1,797 handwritten digits, a fifth of each to test with: 64
// inputs from 0 to 1, 10 classes, schema Images(10, 8, 8). An error means that the
// program itself is damaged.
func Digits8x8() (train, test learning.Samples, err error) {
	t, err := embeddedTable("digits8x8")
	if err != nil {
		return train, test, err
	}
	s := Schema{Kind: TableKind, Label: "label", Classes: Images(10, 8, 8).Classes}
	for _, name := range t.Header[:64] {
		s.Columns = append(s.Columns, Column{Name: name, Kind: NumberKind, Deviation: 16})
	}
	all, err := s.Load(t)
	if err != nil {
		return train, test, fmt.Errorf("read the embedded digits: %w", err)
	}
	rows, held := Holdout(span(all.Len()), all.Y, 0.2, 1)
	return all.Subset(rows), all.Subset(held), nil
}

// WDBC returns 569 tumours in 30 numbers; the column "label" is 1 if it was
// benign, 0 if malignant. An error means that the program itself is damaged.
func WDBC() (Table, error) { return embeddedTable("breast-cancer-wdbc") }

func embeddedTable(name string) (Table, error) {
	f, err := embedded.Open("embed/" + name + ".csv.gz")
	if err != nil {
		return Table{}, fmt.Errorf("read the embedded table %s: %w", name, err)
	}
	defer f.Close() // read only
	data, err := readAll(f)
	if err != nil {
		return Table{}, fmt.Errorf("read the embedded table %s: %w", name, err)
	}
	t, err := parseCSV(data)
	t.Name = name
	return t, err
}
