package incentives

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

var update = flag.Bool("update", false, "write the vectors anew: only if a rule or a format changes")

// hexed is bytes as the vectors write them.
type hexed []byte

func (h hexed) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

type entryVector struct {
	Bytes hexed  `json:"bytes"`
	Void  string `json:"void,omitempty"` // why it has no effect, for people
}

type deltaVector struct {
	Author    string `json:"author"`
	Delta     string `json:"delta"`
	Age       int    `json:"age"`
	Bond      uint64 `json:"bond"`
	New       bool   `json:"newcomer"`
	Weight    uint64 `json:"weight"`
	Counts    bool   `json:"counts"`
	Copy      bool   `json:"copy"`
	U         int64  `json:"u"`
	Variance  uint64 `json:"variance"`
	Sure      int64  `json:"sure"`
	Gains     int64  `json:"gains"`     // of the author's standing, this round included
	Variances uint64 `json:"variances"` // likewise
	Gate      int64  `json:"gate"`
	Score     uint64 `json:"score"`
	Paid      uint64 `json:"paid"`
}

type dutyVector struct {
	Author string `json:"author"`
	Stake  uint64 `json:"stake"`
	Given  uint64 `json:"given"`
	Due    uint64 `json:"due"`
	Paid   uint64 `json:"paid"`
}

type settlementVector struct {
	Round      uint64        `json:"round"`
	Anchor     string        `json:"anchor"` // of the round that follows, given
	Emission   uint64        `json:"emission"`
	Pool       uint64        `json:"pool"`
	DutyPool   uint64        `json:"duty_pool"`
	Newcomers  uint64        `json:"newcomer_pool"`
	Treasury   uint64        `json:"treasury"`
	Minted     uint64        `json:"minted"`
	Median     uint64        `json:"median"`
	Deltas     []deltaVector `json:"deltas"`
	Validators []dutyVector  `json:"validators"`
}

type blockVector struct {
	Height  uint64            `json:"height"`
	Block   string            `json:"block"` // its name, given: it is the seed if it ends REVEAL
	Entries []entryVector     `json:"entries"`
	Phase   string            `json:"phase"` // after it
	Settled *settlementVector `json:"settled,omitempty"`
	Root    hexed             `json:"root"`
	Leaves  []hexed           `json:"leaves,omitempty"` // under the root, after a settlement
}

func settlementOf(p *Settlement, anchor ledger.CID) *settlementVector {
	v := &settlementVector{
		Round: p.Round, Anchor: anchor.String(), Emission: p.Emission, Pool: p.Pool, DutyPool: p.DutyPool, Newcomers: p.NewcomerPool,
		Treasury: p.Treasury, Minted: p.Minted, Median: p.Median,
	}
	for _, d := range p.Deltas {
		v.Deltas = append(v.Deltas, deltaVector{
			d.Author.String(), d.Delta.String(), d.Age, d.Bond, d.Newcomer, d.Weight, d.Counts, d.Copy, d.U, d.Variance, d.Sure, d.Standing.Gain, d.Standing.Variance, d.Gate, d.Score, d.Paid,
		})
	}
	for _, d := range p.Validators {
		v.Validators = append(v.Validators, dutyVector{d.Author.String(), d.Stake, d.Given, d.Due, d.Paid})
	}
	return v
}

// record is block, written down.
func (w *town) record(entries ...*ledger.Entry) blockVector {
	settled := len(w.settled)
	reasons := w.block(entries...)
	v := blockVector{Height: w.state.Height, Block: blob("block", w.state.Height).String(), Phase: w.state.Round.Phase.String()}
	for i, e := range entries {
		x := entryVector{Bytes: e.Bytes()}
		if reasons[i] != nil {
			x.Void = reasons[i].Error()
		}
		v.Entries = append(v.Entries, x)
	}
	root := w.state.Root()
	v.Root = root[:]
	if len(w.settled) > settled {
		v.Settled = settlementOf(w.settled[settled], w.state.Anchor())
		for _, leaf := range w.state.Leaves() {
			v.Leaves = append(v.Leaves, leaf)
		}
	}
	return v
}

// newcomer is a COMMIT of somebody without a bond, with the work that it needs.
func (w *town) newcomer(who int) *ledger.Entry {
	r, d := w.number(), delta(who, w.number())
	c := &ledger.Commit{Round: r, Base: w.state.Anchor(), Hash: ledger.CommitHash(w.topic, r, author(who), w.state.Anchor(), d, salt(who))}
	for !w.state.Worked(author(who), c.Round, c.Work) {
		c.Work++
	}
	return w.say(who, c)
}

// Two rounds of four validators, of which the first trains too, four trainers and
// a newcomer. Of the trainers one does harm first. In the second round validator is silent, one trainer is late with an old
// base, one sends a delta again, and one forks its chain.
func TestSettlementsAreThoseOfTheVectors(t *testing.T) {
	m := manifest(4, 4)
	m.Genesis[0].Bond, m.Genesis[1].Stake, m.Genesis[5].Bond = 300, 250, 7_777
	m.Economy.FullScore, m.Economy.Slots, m.Economy.Work = 700, 1, 6
	w := newTown(t, m)
	w.real = true
	data, topic, err := ledger.EncodeManifest(*m)
	if err != nil {
		t.Fatal(err)
	}
	file := struct {
		Manifest hexed         `json:"manifest"`
		Topic    string        `json:"topic"`
		Root     hexed         `json:"root"` // at height 0
		Blocks   []blockVector `json:"blocks"`
	}{Manifest: data, Topic: topic.String()}
	root := w.state.Root()
	file.Root = root[:]
	add := func(entries ...*ledger.Entry) {
		file.Blocks = append(file.Blocks, w.record(inOrder(entries)...))
	}
	trainers := func(entry func(int) *ledger.Entry, who ...int) (all []*ledger.Entry) {
		for _, i := range who {
			all = append(all, entry(i))
		}
		return all
	}
	scores := func(v int) (all []ledger.Score) {
		for i, s := range w.scores(v, 0) {
			u := int32(i*i*1024+v*256) - 512
			if w.number() == 0 && i == 3 {
				u = -2048
			}
			all = append(all, ledger.Score{Delta: s.Delta, U: u, SE: uint32(256 * v)})
		}
		return all
	}
	sealing := func(v int) *ledger.Entry { return w.seal(v, scores(v)) }
	opening := func(v int) *ledger.Entry { return w.open(v, scores(v)) }

	add()
	add(append(trainers(w.commit, 0, 4, 5, 6, 7), w.newcomer(50))...)
	add(trainers(w.reveal, 0, 4, 5, 6, 7, 50)...)
	add(each(0, 4, sealing)...)
	add(each(0, 4, opening)...)

	old, again := w.state.Anchors[1], delta(5, 0)
	add(w.commit(0), w.commit(4), w.commitTo(5, old, delta(5, 1)), w.commitTo(6, w.state.Anchor(), again), w.commit(7))
	add(w.reveal(0), w.reveal(4), w.reveal(5), w.revealOf(6, again), w.revealOf(7, blob("not what it committed to")))
	add(w.evidence(0, 7))
	add(each(0, 3, sealing)...)
	for range 4 {
		add()
	}
	add(each(0, 3, opening)...)

	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetIndent("", "  ")
	if err := enc.Encode(file); err != nil {
		t.Fatal(err)
	}
	const path = "../ledger/testdata/vectors/settlement.json"
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("settlement.json: this code gives something else")
	}
	if len(w.settled) != 2 {
		t.Errorf("%d rounds, want 2", len(w.settled))
	}
}
