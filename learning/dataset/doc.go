// Package dataset turns files into learning.Samples: CSV tables, MNIST's IDX
// images, and a set of digits that comes with the program.
//
// A Schema is what makes the shards of a topic fit together: columns and their
// kinds, category lists, the order of the classes, means and deviations. One
// peer infers it from its training rows and puts its text into the topic's
// manifest; everybody loads with it, and data that do not fit are refused with
// the name of the column:
//
//	table, err := dataset.ReadCSV("heart.csv.gz")
//	train, test, err := dataset.Split(table, "label", 1)
//	schema, err := dataset.Infer(train, "label", []string{"site", "num"})
//	samples, err := schema.Load(train)
//
// Partition divides rows among the peers of an experiment, Holdout keeps a part
// of a shard aside for scoring.
//
// Promises: whatever a file holds, loading it ends in samples that are finite
// and within the schema's ranges or in an error that names the file or table,
// the line and what to do. Sizes are bounded before they are believed. Whatever
// is random follows from a seed. Files are read whole, up to 1 GiB.
package dataset
