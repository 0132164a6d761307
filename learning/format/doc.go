// Package format writes and reads models in the formats of others: safetensors,
// which PyTorch, JAX and most tools of today read.
//
//	err := format.WriteSafetensors(w, shape, weights, map[string]string{"topic": "bafy…"})
//	shape, weights, metadata, err := format.ReadSafetensors(r)
//
// What is written is the same bytes for the same model on every platform. What is
// read is bounded and checked: overlaps, holes and sizes that don't fit are
// errors. A weight is [inputs, outputs] in row-major order, the transpose of
// PyTorch's Linear.weight.
package format
