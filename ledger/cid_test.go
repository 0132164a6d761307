package ledger

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"
)

func TestANameIsTheCIDThatIPFSGives(t *testing.T) {
	// ipfs add --cid-version 1 --raw-leaves of "hello world" without a newline.
	const want = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
	if got := SumBlob([]byte("hello world")).String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c, err := ParseCID(want)
	if err != nil || c != SumBlob([]byte("hello world")) {
		t.Errorf("parsed %v (%v)", c, err)
	}
}

// wrongCIDs are valid CIDs of the wrong kind.
func wrongCIDs(t *testing.T) map[string]cid.Cid {
	hash := func(code uint64, length int) multihash.Multihash {
		return must1[multihash.Multihash](t)(multihash.Sum([]byte("x"), code, length))
	}
	sha := hash(multihash.SHA2_256, -1)
	return map[string]cid.Cid{
		"version 0":     cid.NewCidV0(sha),
		"dag-pb":        cid.NewCidV1(cid.DagProtobuf, sha),
		"dag-json":      cid.NewCidV1(cid.DagJSON, sha),
		"sha2-512":      cid.NewCidV1(cid.Raw, hash(multihash.SHA2_512, -1)),
		"sha2-512, cut": cid.NewCidV1(cid.Raw, hash(multihash.SHA2_512, 32)),
		"sha2-256, cut": cid.NewCidV1(cid.Raw, hash(multihash.SHA2_256, 20)),
		"identity":      cid.NewCidV1(cid.Raw, hash(multihash.IDENTITY, -1)),
		"blake2b-256":   cid.NewCidV1(cid.DagCBOR, hash(multihash.BLAKE2B_MIN+31, -1)),
	}
}

func TestCIDsOfOtherKindsAreRefused(t *testing.T) {
	for name, c := range wrongCIDs(t) {
		if _, err := CastCID(c.Bytes()); err == nil {
			t.Errorf("%s: cast", name)
		}
		if _, err := ParseCID(c.String()); err == nil {
			t.Errorf("%s: parsed", name)
		}
		link := slices.Concat([]byte{0xd8, 42, 0x58, byte(len(c.Bytes()) + 1), 0}, c.Bytes())
		if err := Decode(link, new(CID)); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%s: as a link: %v, want ErrNotCanonical", name, err)
		}
	}
	for _, text := range []string{"", "x", "bafkrei", "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"} {
		if _, err := ParseCID(text); err == nil {
			t.Errorf("%q: parsed", text)
		}
	}
	valid := blob("x").Bytes()
	for _, b := range [][]byte{nil, valid[:35], append(slices.Clone(valid), 0), append([]byte{0}, valid...)} {
		if _, err := CastCID(b); err == nil {
			t.Errorf("%x: cast", b)
		}
	}
}

func TestALinkIsTag42(t *testing.T) {
	for _, c := range []CID{blob("x"), node("x")} {
		want := slices.Concat([]byte{0xd8, 0x2a, 0x58, 0x25, 0x00}, c.Bytes())
		got := must1[[]byte](t)(Encode(c))
		if !bytes.Equal(got, want) {
			t.Errorf("got %x, want %x", got, want)
		}
		for _, s := range others(want) {
			if err := Decode(s.bytes, new(CID)); !errors.Is(err, ErrNotCanonical) {
				t.Errorf("%s: %v, want ErrNotCanonical", s.name, err)
			}
		}
		wrong := slices.Clone(want)
		wrong[4] = 1
		if err := Decode(wrong, new(CID)); err == nil {
			t.Error("accepted without the byte 0 of the identity multibase")
		}
	}
	if _, err := Encode(CID{}); err == nil {
		t.Error("encoded a CID that names nothing")
	}
}
