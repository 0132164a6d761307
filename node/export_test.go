package node

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

// exported is a topic of some rounds, and its history as a CAR.
func exported(t testing.TB, rounds int) (*mint, []byte) {
	m := newMint(t, t.TempDir(), 4, 3)
	for range rounds {
		m.round()
	}
	m.close()
	var car bytes.Buffer
	if _, err := Export(m.dir, &car, 0); err != nil {
		t.Fatal(err)
	}
	return m, car.Bytes()
}

func TestAnArchiveLeadsToTheSameTruth(t *testing.T) {
	m, car := exported(t, 3)
	a, err := audit.ReadCar(bytes.NewReader(car), ledger.Ed25519, nil)
	if err != nil || a.Replica.Root() != m.r.Root() || a.Replica.Head != m.r.Head || a.From != 0 || !a.Rooted || a.Entries != 3*14 || a.Bytes != int64(len(car)) {
		t.Fatalf("%+v, %v", a, err)
	}
	var again bytes.Buffer
	if _, err := Export(m.dir, &again, 0); err != nil || !bytes.Equal(again.Bytes(), car) {
		t.Errorf("written again it is another file, %v", err)
	}
	again.Reset()
	if _, err := Export(m.dir, &again, 5); err != nil {
		t.Fatal(err)
	}
	if a, err := audit.ReadCar(&again, ledger.Ed25519, nil); err != nil || a.Replica.Head.Height != 5 {
		t.Errorf("up to height 5: %v", err)
	}
}

func TestAnArchiveWithOneChangedByteIsRefused(t *testing.T) {
	_, car := exported(t, 1)
	rng := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		i := rng.IntN(len(car))
		bad := slices.Clone(car)
		bad[i] ^= 1 << rng.IntN(8)
		if _, err := audit.ReadCar(bytes.NewReader(bad), ledger.Ed25519, nil); err == nil {
			t.Fatalf("byte %d of %d", i, len(car))
		}
	}
	for _, end := range []int{0, 1, 60, len(car) / 2, len(car) - 1} {
		if _, err := audit.ReadCar(bytes.NewReader(car[:end]), ledger.Ed25519, nil); err == nil {
			t.Errorf("cut off at %d", end)
		}
	}
	if _, err := audit.ReadCar(bytes.NewReader(append(slices.Clone(car), 0)), ledger.Ed25519, nil); err == nil {
		t.Error("with a byte behind")
	}
}

func FuzzReadCar(f *testing.F) {
	_, car := exported(f, 1)
	f.Add(car)
	f.Add(car[:len(car)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := audit.ReadCar(bytes.NewReader(data), ledger.Ed25519, nil)
		if err == nil && a.Bytes != int64(len(data)) {
			t.Errorf("%d bytes of %d were read", a.Bytes, len(data))
		}
	})
}
