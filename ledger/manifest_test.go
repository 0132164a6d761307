package ledger

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func manifest() Manifest {
	return Manifest{
		V: manifestVersion, Name: "digits", Nonce: Salt{1},
		Learning: Learning{
			Model: "softmax", Schema: `{"columns":[]}`, Shape: []Tensor{{"weight", []uint64{10, 64}}, {"bias", []uint64{10}}},
			Anchor: blob("first anchor"), Steps: 20, Batch: 32, Rate: One / 10, Momentum: One * 9 / 10, Keep: 32, Decay: One * 95 / 100, Alpha: One,
		},
		Rounds: Rounds{Commit: 3, Reveal: 3, Seal: 3, Open: 3, Pace: 500, Propose: 1000, Delta: 300},
		Economy: Economy{
			Cap: 1_000_000_000, Rate: 1 << 20, Trainers: 45875, Validators: 13107, Newcomers: 3277, Treasury: 3277,
			MaxScore: 1 << 20, FullScore: 1000, Slash: One / 2, Reporter: One / 10,
		},
		Genesis: []Member{
			{Author: key(0).author(), Balance: 10, Bond: 100, Stake: 1000},
			{Author: key(1).author(), Balance: 10, Bond: 100},
			{Author: key(2).author(), Stake: 2000},
		},
	}
}

func TestAManifestReadsBack(t *testing.T) {
	want := manifest()
	b, topic, err := EncodeManifest(want)
	if err != nil {
		t.Fatal(err)
	}
	got, again, err := DecodeManifest(b)
	if err != nil || again != topic || !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, %v (%v), want %+v, %v", got, again, err, want, topic)
	}
	if got := want.Learning.Params(); got != 650 {
		t.Errorf("%d parameters, want 650", got)
	}
	want.Nonce[0]++
	if _, other, _ := EncodeManifest(want); other == topic {
		t.Error("another nonce is the same topic")
	}
}

func TestNothingButTheCanonicalBytesIsAManifest(t *testing.T) {
	m := manifest()
	m.Genesis = m.Genesis[:1] // or this takes long
	b, _, err := EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range others(b) {
		if bytes.Equal(s.bytes, b) {
			continue
		}
		got, topic, err := DecodeManifest(s.bytes)
		if err != nil {
			continue
		}
		if again, name, err := EncodeManifest(*got); err != nil || !bytes.Equal(again, s.bytes) || name != topic {
			t.Errorf("%s: accepted, and written again as %x (%v)", s.name, again, err)
		}
		if s.name != "/learning/schema: shorter" && !strings.HasPrefix(s.name, "/learning/shape/0/") && !strings.HasPrefix(s.name, "/learning/shape/1/") {
			t.Errorf("%s: accepted", s.name)
		}
	}
}

func TestAFieldOutOfRangeIsRefusedByName(t *testing.T) {
	cases := []struct {
		names  string
		change func(m *Manifest)
	}{
		{"name", func(m *Manifest) { m.Name = "" }},
		{"name", func(m *Manifest) { m.Name = strings.Repeat("x", 65) }},
		{"name", func(m *Manifest) { m.Name = "\xff" }},
		{"learning.model", func(m *Manifest) { m.Learning.Model = "" }},
		{"learning.model", func(m *Manifest) { m.Learning.Model = "\xff" }},
		{"learning.schema", func(m *Manifest) { m.Learning.Schema = "\xff" }},
		{"learning.anchor", func(m *Manifest) { m.Learning.Anchor = CID{} }},
		{"learning.anchor", func(m *Manifest) { m.Learning.Anchor = node("no blob") }},
		{"learning.steps", func(m *Manifest) { m.Learning.Steps = 0 }},
		{"learning.steps", func(m *Manifest) { m.Learning.Steps = 10_001 }},
		{"learning.batch", func(m *Manifest) { m.Learning.Batch = 0 }},
		{"learning.batch", func(m *Manifest) { m.Learning.Batch = 1<<16 + 1 }},
		{"learning.rate", func(m *Manifest) { m.Learning.Rate = 0 }},
		{"learning.rate", func(m *Manifest) { m.Learning.Rate = 100*One + 1 }},
		{"learning.momentum", func(m *Manifest) { m.Learning.Momentum = One }},
		{"learning.shrink", func(m *Manifest) { m.Learning.Shrink = One + 1 }},
		{"learning.keep", func(m *Manifest) { m.Learning.Keep = 0 }},
		{"learning.keep", func(m *Manifest) { m.Learning.Keep = 1025 }},
		{"learning.keep", func(m *Manifest) { m.Learning.Dense = true }},
		{"learning.decay", func(m *Manifest) { m.Learning.Decay = One + 1 }},
		{"learning.alpha", func(m *Manifest) { m.Learning.Alpha = 0 }},
		{"learning.alpha", func(m *Manifest) { m.Learning.Alpha = 4*One + 1 }},
		{"learning.shape", func(m *Manifest) { m.Learning.Shape = nil }},
		{"learning.shape", func(m *Manifest) { m.Learning.Shape[0].Name = "\xff" }},
		{"learning.shape", func(m *Manifest) { m.Learning.Shape[0].Dims = []uint64{0} }},
		{"learning.shape", func(m *Manifest) { m.Learning.Shape[0].Dims = []uint64{1 << 29} }},
		{"learning.shape", func(m *Manifest) { m.Learning.Shape[0].Dims = []uint64{1 << 32, 1 << 32} }},
		{"learning.shape", func(m *Manifest) { m.Learning.Shape[0].Dims = []uint64{1 << 28} }},
		{"rounds.commit", func(m *Manifest) { m.Rounds.Commit = 2 }},
		{"rounds.commit", func(m *Manifest) { m.Rounds.Commit = 1<<20 + 1 }},
		{"rounds.reveal", func(m *Manifest) { m.Rounds.Reveal = 2 }},
		{"rounds.seal", func(m *Manifest) { m.Rounds.Seal = 2 }},
		{"rounds.open", func(m *Manifest) { m.Rounds.Open = 2 }},
		{"rounds.pace", func(m *Manifest) { m.Rounds.Pace = 0 }},
		{"rounds.propose", func(m *Manifest) { m.Rounds.Propose = 0 }},
		{"rounds.delta", func(m *Manifest) { m.Rounds.Delta = 0 }},
		{"rounds.delta", func(m *Manifest) { m.Rounds.Delta = 3_600_001 }},
		{"economy.cap", func(m *Manifest) { m.Economy.Cap = 0 }},
		{"economy.cap", func(m *Manifest) { m.Economy.Cap = MaxAmount + 1 }},
		{"economy.rate", func(m *Manifest) { m.Economy.Rate = 1<<32 + 1 }},
		{"economy.trainers", func(m *Manifest) { m.Economy.Trainers = One + 1 }},
		{"economy.validators", func(m *Manifest) { m.Economy.Validators = math.MaxUint64 }},
		{"economy.newcomers", func(m *Manifest) { m.Economy.Newcomers = One/2 + 1 }},
		{"economy.treasury", func(m *Manifest) { m.Economy.Treasury = One + 1 }},
		{"economy.slots", func(m *Manifest) { m.Economy.Slots = 257 }},
		{"economy.work", func(m *Manifest) { m.Economy.Work = 41 }},
		{"economy: shares", func(m *Manifest) { m.Economy.Treasury++ }},
		{"economy.max_score", func(m *Manifest) { m.Economy.MaxScore = 0 }},
		{"economy.max_score", func(m *Manifest) { m.Economy.MaxScore = 1<<24 + 1 }},
		{"economy.full_score", func(m *Manifest) { m.Economy.FullScore = m.Economy.MaxScore + 1 }},
		{"economy.slash", func(m *Manifest) { m.Economy.Slash = One + 1 }},
		{"economy.reporter", func(m *Manifest) { m.Economy.Reporter = One/2 + 1 }},
		{"genesis[1].author", func(m *Manifest) { m.Genesis[1].Author = Author{1} }},
		{"genesis[2].author", func(m *Manifest) { m.Genesis[2].Author = m.Genesis[0].Author }},
		{"genesis[0]", func(m *Manifest) { m.Genesis[0].Balance = m.Economy.Cap }},
		{"genesis[2]", func(m *Manifest) { m.Genesis[2].Stake = math.MaxUint64 }},
		{"genesis", func(m *Manifest) { m.Genesis = nil }},
		{"genesis", func(m *Manifest) { m.Genesis = m.Genesis[1:2] }},
	}
	for _, c := range cases {
		m := manifest()
		c.change(&m)
		if _, _, err := EncodeManifest(m); err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("encode: %v, want it to name %s", err, c.names)
		}
		b, err := Encode(m)
		if err != nil {
			continue // has no bytes
		}
		if _, _, err := DecodeManifest(b); err == nil || !strings.Contains(err.Error(), c.names) && !errors.Is(err, ErrNotCanonical) {
			t.Errorf("decode: %v, want it to name %s", err, c.names)
		}
	}
}

func TestManifestsOfOtherVersionsSayUpdate(t *testing.T) {
	m := manifest()
	m.V = 2
	_, _, err := DecodeManifest(must1[[]byte](t)(Encode(m)))
	if err == nil || !strings.Contains(err.Error(), "update") {
		t.Errorf("%v, want advice to update", err)
	}
}

func TestALargeManifestIsRefused(t *testing.T) {
	m := manifest()
	m.Learning.Schema = strings.Repeat("x", MaxManifest)
	if _, _, err := EncodeManifest(m); err == nil {
		t.Error("encoded")
	}
	if _, _, err := DecodeManifest(must1[[]byte](t)(Encode(m))); err == nil {
		t.Error("decoded")
	}
}

func TestTheFirstCommitteeIsOfWhoHasAStake(t *testing.T) {
	m := manifest()
	var ids []uint64
	for _, s := range m.Committee() {
		ids = append(ids, s.ID)
	}
	if want := []uint64{2, 0}; !slices.Equal(ids, want) {
		t.Errorf("seats %v, want %v", ids, want)
	}
}

func FuzzDecodeManifest(f *testing.F) {
	m := manifest()
	b, _, err := EncodeManifest(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, topic, err := DecodeManifest(data)
		if err != nil {
			return
		}
		again, name, err := EncodeManifest(*m)
		if err != nil || !bytes.Equal(again, data) || name != topic {
			t.Errorf("%x became %x (%v)", data, again, err)
		}
		if m.Committee().Validate() != nil || m.Learning.Params() == 0 {
			t.Error("accepted without validators or parameters")
		}
	})
}
