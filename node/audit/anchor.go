package audit

import (
	"encoding/binary"
	"fmt"
)

// EncodeAnchor returns a model as a blob: int32, little-endian, LSB 2^-20.
func EncodeAnchor(anchor []int32) []byte {
	b := make([]byte, 0, 4*len(anchor))
	for _, v := range anchor {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// DecodeAnchor reads a model of params parameters.
func DecodeAnchor(b []byte, params uint64) ([]int32, error) {
	if uint64(len(b)) != 4*params {
		return nil, fmt.Errorf("anchor of %d bytes, want %d", len(b), 4*params)
	}
	anchor := make([]int32, params)
	for i := range anchor {
		anchor[i] = int32(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return anchor, nil
}
