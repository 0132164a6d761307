package node

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
)

// mint writes the home that a peer of a long history would have, in a moment: it
// signs for everybody, with real keys, and there is no network and no consensus.
type mint struct {
	t          testing.TB
	dir        string
	keys       []ed25519.PrivateKey // validators first
	validators int
	manifest   *ledger.Manifest
	r          *audit.Replica
	home       *home.Home
	heads      map[ledger.Author]ledger.Cut
	deltas     map[ledger.CID][]byte // of the round
	instance   uint64
	rng        *rand.Rand
}

func newMint(t testing.TB, dir string, validators, trainers int) *mint {
	t.Helper()
	m := &mint{t: t, dir: dir, validators: validators, heads: map[ledger.Author]ledger.Cut{}, deltas: map[ledger.CID][]byte{}, rng: rand.New(rand.NewPCG(1, 2))}
	var members []ledger.Member
	for i := range validators + trainers {
		seed := sha256.Sum256(fmt.Append(nil, "mint ", i))
		m.keys = append(m.keys, ed25519.NewKeyFromSeed(seed[:]))
		x := ledger.Member{Author: m.author(i), Bond: 1e9}
		if i < validators {
			x.Bond, x.Stake = 0, 1e9
		}
		members = append(members, x)
	}
	data, anchor, err := Found(Founding{
		Name: "mint", Schema: dataset.Images(2, 2, 2), Seed: 1, Members: members,
		Rules: func(x *ledger.Manifest) { x.Nonce, x.Economy.Unbonding = ledger.Salt{1}, 128 }, // the same on every run
	})
	m.check(err)
	var topic ledger.CID
	m.manifest, topic, err = ledger.DecodeManifest(data)
	m.check(err)
	m.r, err = audit.New(m.manifest, topic, anchor, ledger.Ed25519)
	m.check(err)
	m.home, err = home.Open(dir)
	m.check(err)
	m.check(m.home.SetManifest(data))
	_, err = m.home.Blobs().Put(anchor)
	m.check(err)
	return m
}

func (m *mint) check(err error) {
	if err != nil {
		m.t.Helper()
		m.t.Fatal(err)
	}
}

func (m *mint) author(i int) ledger.Author {
	return ledger.Author(m.keys[i].Public().(ed25519.PublicKey))
}

func (m *mint) sign(i int) func([]byte) []byte {
	return func(message []byte) []byte { return ed25519.Sign(m.keys[i], message) }
}

func (m *mint) of(a ledger.Author) int {
	return slices.IndexFunc(m.keys, func(k ed25519.PrivateKey) bool { return bytes.Equal(k.Public().(ed25519.PublicKey), a[:]) })
}

// blob puts bytes where a home has them, without waiting for the disk.
func (m *mint) blob(data []byte) {
	name := ledger.SumBlob(data).String()
	dir := filepath.Join(m.dir, "blobs", name[len(name)-2:])
	m.check(errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, name), data, 0o600)))
}

// say signs the next entry of somebody's chain.
func (m *mint) say(i int, body any) *ledger.Entry {
	at := m.heads[m.author(i)]
	if at.Seq == 0 {
		at.Head = m.r.Topic
	}
	e, err := ledger.Sign(m.sign(i), m.author(i), m.r.Topic, at.Seq, at.Head, body)
	m.check(err)
	m.heads[m.author(i)] = ledger.Cut{Author: m.author(i), Seq: e.Seq, Head: e.CID()}
	return e
}

func (m *mint) store(kind engine.RecordKind, data []byte) {
	_, err := m.home.Log().Append(store.Kind(kind), data)
	m.check(err)
}

// block certifies entries, and settles a round that is over.
func (m *mint) block(entries ...*ledger.Entry) (out *audit.Outcome) {
	m.t.Helper()
	slices.SortFunc(entries, func(a, b *ledger.Entry) int {
		return cmp.Or(bytes.Compare(a.Author[:], b.Author[:]), cmp.Compare(a.Seq, b.Seq))
	})
	for _, e := range entries {
		m.store(engine.RecordEntry, e.Bytes())
	}
	m.instance++
	proposer := m.r.State.Now.Proposer(m.r.Topic, m.instance)
	b, err := ledger.SignBlock(m.sign(m.of(proposer)), m.r.Header(m.instance, proposer, entries), audit.Cuts(entries))
	m.check(err)
	m.check(m.r.Check(b, entries))
	cert, err := ledger.Encode(m.certify(b))
	m.check(err)
	final, err := ledger.Encode(engine.Final{Block: b.Bytes(), Certificate: cert})
	m.check(err)
	m.store(engine.RecordFinal, final)
	m.r.Apply(b, entries)
	if m.r.Unsettled() {
		out, err = m.r.Settle(func(id ledger.CID) []byte { return m.deltas[id] })
		m.check(err)
		clear(m.deltas)
		if out.Blob != nil {
			m.blob(out.Blob)
		}
	}
	return out
}

// certify has all of the committee sign.
func (m *mint) certify(b *ledger.Block) *ledger.Certificate {
	committee := m.r.State.Now
	c := &ledger.Certificate{
		Instance: m.instance, Base: m.r.Head, Committee: committee.CID(), Signers: make([]byte, (len(committee)+7)/8),
		Next: &ledger.Tip{Height: b.Header.Height, Block: b.CID(), Committee: b.Header.Committee},
	}
	for i := range committee {
		c.Signers[i/8] |= 1 << (i % 8)
	}
	var sigs []byte
	c.Sigs = make([]byte, ed25519.SignatureSize*len(committee))
	_ = c.Verify(m.r.Topic, committee, func(a ledger.Author, message, _ []byte) bool {
		sigs = append(sigs, m.sign(m.of(a))(message)...)
		return true
	})
	c.Sigs = sigs
	return c
}

// each makes one entry for each of a range of people.
func (m *mint) each(from, to int, body func(i int) any) (out []*ledger.Entry) {
	for i := from; i < to; i++ {
		out = append(out, m.say(i, body(i)))
	}
	return out
}

// round is one of 2·trainers + 2·validators entries in four blocks.
func (m *mint) round() *audit.Outcome {
	m.t.Helper()
	state := m.r.State
	number, base := state.Round.Number, state.Anchor()
	bound := map[int]ledger.CID{}
	salt := ledger.Salt{1, byte(number)}
	m.block(m.each(m.validators, len(m.keys), func(i int) any {
		update := make([]float32, m.r.Codec().Size)
		for k := range update {
			update[k] = float32(m.rng.NormFloat64()) / 100
		}
		data, err := m.r.Codec().Encode(nil, update)
		m.check(err)
		m.blob(data)
		bound[i] = ledger.SumBlob(data)
		m.deltas[bound[i]] = data
		return &ledger.Commit{Round: number, Base: base, Hash: ledger.CommitHash(m.r.Topic, number, m.author(i), base, bound[i], salt)}
	})...)
	m.block(m.each(m.validators, len(m.keys), func(i int) any {
		return &ledger.Reveal{Round: number, Delta: bound[i], Size: uint64(len(m.deltas[bound[i]])), Salt: salt}
	})...)
	scores := make([][]ledger.Score, m.validators)
	m.block(m.each(0, m.validators, func(i int) any {
		for place := range state.Round.Deltas() {
			measured := &engine.Measure{U: int64(m.rng.IntN(100_000)) - 25_000, SE: 4_000 + int64(m.rng.IntN(16_000))} // as in a demo
			scores[i] = append(scores[i], engine.Quantise(uint64(place), measured))
		}
		return &ledger.Seal{Round: number, Hash: ledger.SealHash(m.r.Topic, number, m.author(i), salt, scores[i])}
	})...)
	return m.block(m.each(0, m.validators, func(i int) any { return &ledger.Opening{Round: number, Salt: salt, Scores: scores[i]} })...)
}

// close notes the head, as a peer that ends does.
func (m *mint) close() {
	m.t.Helper()
	m.check(m.home.Log().Sync())
	m.check(m.home.SetHead(store.Head{Height: m.r.Head.Height, Block: m.r.Head.Block.String()}))
	m.check(m.home.Close())
}

func TestAMintedHomeVerifies(t *testing.T) {
	m := newMint(t, t.TempDir(), 4, 5)
	for range 3 {
		m.round()
	}
	m.close()
	r, err := Verify(m.dir)
	if err != nil || r.Entries != 3*18 || r.Voids != 0 || r.Replica.Root() != m.r.Root() {
		t.Fatalf("%+v, %v", r, err)
	}
}
