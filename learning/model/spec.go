package model

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// readSpec takes a spec apart into the kind of model and its numbers.
func readSpec(spec string) (kind string, widths []int, err error) {
	kind, list, _ := strings.Cut(spec, ":")
	if spec == "softmax" {
		return kind, nil, nil
	}
	names := map[string]string{"mlp": "hidden layer", "cnn": "convolution", "char": "number"}
	if names[kind] == "" {
		return "", nil, errors.New(`unknown model; want "softmax", "mlp:WIDTH,..." such as "mlp:64", "cnn:CHANNELS,..." or "char:EMBED,HIDDEN"`)
	}
	widths, err = readWidths(names[kind], list)
	if err == nil && kind == "char" && len(widths) != 2 {
		err = fmt.Errorf(`%d numbers, want "char:EMBED,HIDDEN" such as "char:16,64"`, len(widths))
	}
	return kind, widths, err
}

func readWidths(name, list string) (widths []int, err error) {
	parts := strings.SplitN(list, ",", maxLayers+1)
	if len(parts) > maxLayers {
		return nil, fmt.Errorf("more than %d of a %s", maxLayers, name)
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > maxWidth || strconv.Itoa(n) != p {
			return nil, fmt.Errorf("%s %d has width %q, want a number from 1 to %d", name, i+1, p, maxWidth)
		}
		widths = append(widths, n)
	}
	return widths, nil
}
