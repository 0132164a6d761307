package format_test

import (
	"bytes"
	"fmt"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/format"
)

func ExampleWriteSafetensors() {
	shape := learning.Shape{{Name: "fc1.weight", Dims: []int{2, 1}}, {Name: "fc1.bias", Dims: []int{1}}}
	var file bytes.Buffer
	if err := format.WriteSafetensors(&file, shape, learning.Vector{1, 2, 3}, map[string]string{"round": "7"}); err != nil {
		fmt.Println(err)
	}
	shape, weights, metadata, err := format.ReadSafetensors(&file)
	fmt.Println(shape[1].Name, weights, metadata["round"], err)
	// Output: fc1.bias [1 2 3] 7 <nil>
}
