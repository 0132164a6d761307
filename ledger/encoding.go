package ledger

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// encoder and decoder speak the subset of CBOR in which dag-cbor and RFC 8949
// core-deterministic agree byte for byte: short text keys, no floats, no
// indefinite lengths, tag 42 only (see [CID]). Limits bound nesting and counts
// before anything is allocated.
var (
	encoder = must(encOptions().EncMode())
	decoder = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   8,
		MaxArrayElements:  1 << 16,
		MaxMapPairs:       1 << 16, // the state has maps by author
	}.DecMode())
)

func encOptions() cbor.EncOptions {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty // so a list has one encoding, not two
	return o
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the options above are constants
	}
	return v
}

// Encode returns the canonical bytes of v, one of this package's types or a
// struct of the same kinds of fields.
func Encode(v any) ([]byte, error) {
	b, err := encoder.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// Decode reads canonical bytes into v and refuses all others with an error that
// wraps [ErrNotCanonical].
func Decode(data []byte, v any) error {
	if err := decoder.Unmarshal(data, v); err != nil {
		return fmt.Errorf("decode %T: %w: %w", v, ErrNotCanonical, err)
	}
	again, err := Encode(v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotCanonical, err)
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("decode %T: %w", v, ErrNotCanonical)
	}
	return nil
}
