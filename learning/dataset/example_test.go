package dataset_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/grapevine-network/grapevine/learning/dataset"
)

// One peer makes the schema; another loads its own file with it.
func Example() {
	dir, err := os.MkdirTemp("", "dataset")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := func(name, text string) dataset.Table {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			log.Fatal(err)
		}
		table, err := dataset.ReadCSV(path)
		if err != nil {
			log.Fatal(err)
		}
		return table
	}

	first := file("first.csv", "age,smokes,label\n40,no,well\n60,yes,ill\n")
	schema, err := dataset.Infer(first, "label", nil)
	if err != nil {
		log.Fatal(err)
	}
	text, err := schema.MarshalText()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))

	joined, err := dataset.ParseSchema(text)
	if err != nil {
		log.Fatal(err)
	}
	samples, err := joined.Load(file("second.csv", "smokes,label,age\nsometimes,well,55\n"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(samples.X, samples.Y)
	// Output:
	// {"kind":"table","label":"label","classes":["ill","well"],"columns":[{"name":"age","kind":"number","mean":50,"deviation":10},{"name":"smokes","kind":"category","categories":["no","yes"]}]}
	// [0.5 0 0 1] [1]
}

func ExamplePartition() {
	labels := make([]int32, 100)
	shards, err := dataset.Partition("iid", labels, nil, 4, 1)
	if err != nil {
		log.Fatal(err)
	}
	train, held := dataset.Holdout(shards[0], labels, 0.2, 1)
	fmt.Println(len(shards), len(train), len(held))
	// Output: 4 20 5
}
