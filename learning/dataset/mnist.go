package dataset

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/grapevine-network/grapevine/learning"
)

// MNIST (c) Y. LeCun and C. Cortes, CC BY-SA 3.0: the first 5,000 training and
// the first 1,000 test images, 28x28.
//
//go:embed embed/*.gz
var digits embed.FS

// MNIST returns the digits that come with the program: 5,000 to train on, 1,000
// to test with, 784 inputs from 0 to 1, 10 classes. Their schema is Images(10,
// 28, 28). An error means that the program itself is damaged.
func MNIST() (train, test learning.Samples, err error) {
	folder, err := fs.Sub(digits, "embed")
	if err == nil {
		_, train, test, err = readFolder(folder)
	}
	if err != nil {
		return learning.Samples{}, learning.Samples{}, fmt.Errorf("read the embedded digits: %w", err)
	}
	return train, test, nil
}
