package node

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

var update = flag.Bool("update", false, "write the vectors anew: only if a format changes")

// historyVector is what the history in history.car leads to, and ways to spoil it:
// Remove bytes from At on replaced by Insert.
type historyVector struct {
	Topic   string `json:"topic"`
	Height  uint64 `json:"height"`
	Block   string `json:"block"`
	Root    string `json:"root"`
	Anchor  string `json:"anchor"`
	Entries int    `json:"entries"`
	Bytes   int64  `json:"bytes"`
	Invalid []struct {
		Name   string `json:"name"`
		At     int    `json:"at"`
		Remove int    `json:"remove"`
		Insert string `json:"insert"`
	} `json:"invalid"`
}

const vectors = "../ledger/testdata/vectors/"

// TestTheVectorsOfAHistory writes history.car and history.json anew, with -update;
// node/audit reads them.
func TestTheVectorsOfAHistory(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	writeHistory(t)
}

func historyOf(t *testing.T, car []byte) historyVector {
	t.Helper()
	a, err := audit.ReadCar(bytes.NewReader(car), ledger.Ed25519, nil)
	if err != nil {
		t.Fatal(err)
	}
	root := a.Replica.Root()
	return historyVector{
		Topic: a.Replica.Topic.String(), Height: a.Replica.Head.Height, Block: a.Replica.Head.Block.String(), Root: hex.EncodeToString(root[:]),
		Anchor: a.Replica.State.Anchor().String(), Entries: a.Entries, Bytes: a.Bytes,
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func writeHistory(t *testing.T) {
	t.Helper()
	m := newMint(t, t.TempDir(), 2, 2)
	m.round()
	m.block()
	m.close()
	var car bytes.Buffer
	if _, err := Export(m.dir, &car, 0); err != nil {
		t.Fatal(err)
	}
	v, b := historyOf(t, car.Bytes()), car.Bytes()
	add := func(name string, at, remove int, insert []byte) {
		v.Invalid = append(v.Invalid, struct {
			Name   string `json:"name"`
			At     int    `json:"at"`
			Remove int    `json:"remove"`
			Insert string `json:"insert"`
		}{name, at, remove, hex.EncodeToString(insert)})
	}
	add("nothing", 0, len(b), nil)
	add("no end", len(b)-1, 1, nil)
	add("a byte behind", len(b), 0, []byte{0})
	add("another root", 20, 1, []byte{b[20] ^ 1})
	add("a length that is not the shortest", 0, 1, []byte{b[0] | 0x80, 0})
	for _, part := range []int{4, 5, 6, 7, 8, 9} { // in sixteenths of the file
		at := len(b) * part / 16
		add("a changed byte", at, 1, []byte{b[at] ^ 0x10})
	}
	first, second := section(b, 2), section(b, 3)
	add("a section twice", second, 0, b[first:second])
	add("a section less", first, second-first, nil)
	if err := os.WriteFile(filepath.Join(vectors, "history.car"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(vectors, "history.json"), mustJSON(t, v), 0o644); err != nil {
		t.Fatal(err)
	}
}

// section is where the n-th section of a CAR begins.
func section(car []byte, n int) (at int) {
	for range n {
		size, shift := 0, 0
		for {
			b := car[at]
			at++
			size |= int(b&0x7f) << shift
			if shift += 7; b < 0x80 {
				break
			}
		}
		at += size
	}
	return at
}
