package audit

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// Signatures are hashes here: what is signed matters, not how.
func sign(a ledger.Author) func(message []byte) []byte {
	return func(message []byte) []byte {
		h := sha256.Sum256(slices.Concat(a[:], message))
		return slices.Concat(h[:], h[:])
	}
}

func check(a ledger.Author, message, sig []byte) bool { return slices.Equal(sig, sign(a)(message)) }

func author(i int) ledger.Author {
	seed := sha256.Sum256(fmt.Append(nil, "author ", i))
	return ledger.Author(ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
}

const (
	validators = 4 // authors 0 to 3
	people     = 7 // trainers are 4 to 6
	params     = 600
)

func firstAnchor() []byte { return EncodeAnchor(make([]int32, params)) }

func manifest() *ledger.Manifest {
	m := &ledger.Manifest{
		V: 1, Name: "audit",
		Learning: ledger.Learning{
			Model: "softmax", Shape: []ledger.Tensor{{Name: "w", Dims: []uint64{20, 30}}}, Anchor: ledger.SumBlob(firstAnchor()),
			Steps: 1, Batch: 1, Rate: 1, Keep: 64, Alpha: ledger.One,
		},
		Rounds: ledger.Rounds{Commit: 3, Reveal: 3, Seal: 3, Open: 3, Pace: 1, Propose: 1, Delta: 1},
		Economy: ledger.Economy{
			Cap: 1_000_000_000, Rate: 1 << 24, Trainers: ledger.One / 2, Validators: ledger.One / 2, MaxScore: 1 << 20,
			Slash: ledger.One / 2, Reporter: ledger.One / 10,
		},
	}
	for i := range people {
		g := ledger.Member{Author: author(i), Balance: 10}
		if i < validators {
			g.Stake = 100
		} else {
			g.Bond = 1_000
		}
		m.Genesis = append(m.Genesis, g)
	}
	return m
}

// town is a topic of which one replica makes all blocks.
type town struct {
	t        testing.TB
	r        *Replica
	instance uint64
	heads    map[ledger.Author]ledger.Cut
	entries  map[ledger.CID]*ledger.Entry
	blobs    map[ledger.CID][]byte
	blocks   []*ledger.Block
	outcomes []*Outcome
	mine     map[int][]byte // deltas of the round by trainer
}

func newReplica(t testing.TB) *Replica {
	t.Helper()
	m := manifest()
	_, topic, err := ledger.EncodeManifest(*m)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(m, topic, firstAnchor(), check)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newTown(t testing.TB) *town {
	return &town{
		t: t, r: newReplica(t), heads: map[ledger.Author]ledger.Cut{}, entries: map[ledger.CID]*ledger.Entry{},
		blobs: map[ledger.CID][]byte{}, mine: map[int][]byte{},
	}
}

func (w *town) blob(id ledger.CID) []byte { return w.blobs[id] }

func (w *town) held(id ledger.CID) *ledger.Entry { return w.entries[id] }

// say signs the next entry of a chain.
func (w *town) say(who int, body any) *ledger.Entry {
	a := author(who)
	at, begun := w.heads[a]
	if !begun {
		at.Head = w.r.Topic
	}
	e, err := ledger.Sign(sign(a), a, w.r.Topic, at.Seq, at.Head, body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.heads[a] = ledger.Cut{Author: a, Seq: e.Seq, Head: e.CID()}
	w.entries[e.CID()] = e
	return e
}

func inOrder(entries []*ledger.Entry) []*ledger.Entry {
	slices.SortFunc(entries, func(a, b *ledger.Entry) int {
		return cmp.Or(cmp.Compare(string(a.Author[:]), string(b.Author[:])), cmp.Compare(a.Seq, b.Seq))
	})
	return entries
}

// propose makes the block that its proposer would.
func (w *town) propose(entries ...*ledger.Entry) (*ledger.Block, []*ledger.Entry) {
	w.instance++
	inOrder(entries)
	proposer := w.r.State.Now.Proposer(w.r.Topic, w.instance)
	b, err := ledger.SignBlock(sign(proposer), w.r.Header(w.instance, proposer, entries), Cuts(entries))
	if err != nil {
		w.t.Fatal(err)
	}
	return b, entries
}

// block certifies entries and settles a round that is over.
func (w *town) block(entries ...*ledger.Entry) *Receipt {
	w.t.Helper()
	b, entries := w.propose(entries...)
	if err := w.r.Check(b, entries); err != nil {
		w.t.Fatal(err)
	}
	receipt := w.r.Apply(b, entries)
	w.blocks = append(w.blocks, b)
	if w.r.Unsettled() {
		out, err := w.r.Settle(w.blob)
		if err != nil {
			w.t.Fatal(err)
		}
		w.outcomes = append(w.outcomes, out)
	}
	return receipt
}

func salt(who int) ledger.Salt { return ledger.Salt{byte(who), 1} }

// random is a delta that somebody could have trained.
func (w *town) random(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	update := make([]float32, params)
	for i := range update {
		update[i] = float32(rng.NormFloat64())
	}
	return w.encode(update)
}

func (w *town) encode(update []float32) []byte {
	b, err := w.r.Codec().Encode(nil, update)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// commit binds who to delta.
func (w *town) commit(who int, delta []byte) *ledger.Entry {
	r, base := w.r.State.Round.Number, w.r.State.Anchor()
	w.mine[who] = delta
	w.blobs[ledger.SumBlob(delta)] = delta
	hash := ledger.CommitHash(w.r.Topic, r, author(who), base, ledger.SumBlob(delta), salt(who))
	return w.say(who, &ledger.Commit{Round: r, Base: base, Hash: hash})
}

func (w *town) reveal(who int) *ledger.Entry {
	delta := w.mine[who]
	return w.say(who, &ledger.Reveal{Round: w.r.State.Round.Number, Delta: ledger.SumBlob(delta), Size: uint64(len(delta)), Salt: salt(who)})
}

// scores gives all deltas the same gain.
func (w *town) scores(u int32) (all []ledger.Score) {
	for place := range w.r.State.Round.Deltas() {
		all = append(all, ledger.Score{Delta: uint64(place), U: u, SE: 256})
	}
	return all
}

func (w *town) seal(who int, u int32) *ledger.Entry {
	r := w.r.State.Round.Number
	return w.say(who, &ledger.Seal{Round: r, Hash: ledger.SealHash(w.r.Topic, r, author(who), salt(who), w.scores(u))})
}

func (w *town) open(who int, u int32) *ledger.Entry {
	return w.say(who, &ledger.Opening{Round: w.r.State.Round.Number, Salt: salt(who), Scores: w.scores(u)})
}

// each makes one entry for each of a range of people.
func each(from, to int, entry func(who int) *ledger.Entry) (all []*ledger.Entry) {
	for who := from; who < to; who++ {
		all = append(all, entry(who))
	}
	return all
}

// to brings a round to a phase; deltas are the trainers' from 4 on.
func (w *town) to(phase incentives.Phase, u int32, deltas ...[]byte) *town {
	w.t.Helper()
	for i := len(deltas); i < people-validators; i++ {
		deltas = append(deltas, w.random(w.r.State.Round.Number*10+uint64(i)))
	}
	if phase > incentives.PhaseCommit {
		w.block(each(validators, people, func(who int) *ledger.Entry { return w.commit(who, deltas[who-validators]) })...)
	}
	if phase > incentives.PhaseReveal {
		w.block(each(validators, people, w.reveal)...)
	}
	if phase > incentives.PhaseSeal {
		w.block(each(0, validators, func(v int) *ledger.Entry { return w.seal(v, u) })...)
	}
	if got := w.r.State.Round.Phase; got != phase {
		w.t.Fatalf("at %v, want %v", got, phase)
	}
	return w
}

// round runs one to its end.
func (w *town) round(u int32, deltas ...[]byte) *Outcome {
	w.t.Helper()
	w.to(incentives.PhaseOpen, u, deltas...)
	w.block(each(0, validators, func(v int) *ledger.Entry { return w.open(v, u) })...)
	return w.outcomes[len(w.outcomes)-1]
}
