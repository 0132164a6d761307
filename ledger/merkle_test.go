package ledger

import (
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
)

// The leaves and roots with which Certificate Transparency tests RFC 6962.
func TestMerkleRootsAreThoseOfRFC6962(t *testing.T) {
	leaves := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	var data [][]byte
	for n, want := range roots {
		if n > 0 {
			b, _ := hex.DecodeString(leaves[n-1])
			data = append(data, b)
		}
		if got := fmt.Sprintf("%x", MerkleRoot(data)); got != want {
			t.Errorf("%d leaves: got %s, want %s", n, got, want)
		}
	}
}

func TestMerkleRootsLeaveTheirLeavesAlone(t *testing.T) {
	backing := []byte("leaf and what is behind it")
	MerkleRoot([][]byte{backing[:4], backing[:4], backing[:4]})
	if got := string(backing); got != "leaf and what is behind it" {
		t.Errorf("changed to %q", got)
	}
}

func TestAPathLeadsFromItsLeafToTheRootAndNoOtherDoes(t *testing.T) {
	var leaves [][]byte
	for n := 1; n <= 40; n++ {
		leaves = append(leaves, []byte{byte(n)})
		root := MerkleRoot(leaves)
		for i := range n {
			p := MerklePath(leaves, i)
			if got, err := p.Root(leaves[i]); err != nil || got != root {
				t.Fatalf("leaf %d of %d: %x, %v", i, n, got, err)
			}
			if got, err := p.Root([]byte("other")); err == nil && got == root {
				t.Fatalf("leaf %d of %d: another leaf leads there too", i, n)
			}
			for j := range p.Nodes {
				bad := p
				bad.Nodes = append([]Hash{}, p.Nodes...)
				bad.Nodes[j][0] ^= 1
				if got, err := bad.Root(leaves[i]); err == nil && got == root {
					t.Fatalf("leaf %d of %d: another node %d leads there too", i, n, j)
				}
			}
			for _, bad := range []Path{{Index: p.Index, Size: p.Size, Nodes: append(append([]Hash{}, p.Nodes...), Hash{})}, {Index: p.Size, Size: p.Size, Nodes: p.Nodes}} {
				if _, err := bad.Root(leaves[i]); err == nil {
					t.Fatalf("leaf %d of %d: a path with %d nodes of index %d", i, n, len(bad.Nodes), bad.Index)
				}
			}
		}
	}
	if _, err := (Path{}).Root(nil); err == nil {
		t.Error("a path in an empty tree")
	}
}

// The paths with which Certificate Transparency tests RFC 6962, section 2.1.3.
func TestPathsAreThoseOfRFC6962(t *testing.T) {
	leaves := make([][]byte, 7)
	for i := range leaves {
		leaves[i] = []byte{byte(i)}
	}
	h := func(from, to int) Hash { return MerkleRoot(leaves[from:to]) }
	for index, want := range map[int][]Hash{
		0: {h(1, 2), h(2, 4), h(4, 7)},
		3: {h(2, 3), h(0, 2), h(4, 7)},
		4: {h(5, 6), h(6, 7), h(0, 4)},
		6: {h(4, 6), h(0, 4)},
	} {
		if got := MerklePath(leaves, index).Nodes; !slices.Equal(got, want) {
			t.Errorf("leaf %d: %x, want %x", index, got, want)
		}
	}
}
