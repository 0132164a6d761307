package audit

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// A history of two validators, two trainers and one round is read as the file beside
// it says. If a rule or a format changed: go test ./node -run Vectors -update.
func TestAHistoryIsReadAsTheVectorsSay(t *testing.T) {
	const vectors = "../../ledger/testdata/vectors/history"
	car, err := os.ReadFile(vectors + ".car")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(vectors + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Topic, Block, Root, Anchor string
		Height                     uint64
		Entries                    int
		Bytes                      int64
		Invalid                    []struct {
			Name       string
			At, Remove int
			Insert     string
		}
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	a, err := ReadCar(bytes.NewReader(car), ledger.Ed25519, nil)
	if err != nil {
		t.Fatalf("%v; if a rule changed: go test ./node -run Vectors -update", err)
	}
	x := a.Replica
	root := x.Root()
	if x.Topic.String() != want.Topic || x.Head.Block.String() != want.Block || hex.EncodeToString(root[:]) != want.Root ||
		x.State.Anchor().String() != want.Anchor || x.Head.Height != want.Height || a.Entries != want.Entries || a.Bytes != want.Bytes {
		t.Errorf("height %d, root %x, anchor %v, want %+v", x.Head.Height, root, x.State.Anchor(), want)
	}
	for _, v := range want.Invalid {
		insert, err := hex.DecodeString(v.Insert)
		if err != nil {
			t.Fatal(err)
		}
		bad := slices.Concat(car[:v.At], insert, car[v.At+v.Remove:])
		if _, err := ReadCar(bytes.NewReader(bad), ledger.Ed25519, nil); err == nil {
			t.Errorf("%s: accepted", v.Name)
		}
	}
}
