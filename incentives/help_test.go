package incentives

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"github.com/grapevine-network/grapevine/ledger"
)

// Signatures are hashes here, as this package leaves keys to others.
func seal(author ledger.Author, message []byte) []byte {
	h := sha256.Sum256(slices.Concat(author[:], message))
	return slices.Concat(h[:], h[:])
}

func check(author ledger.Author, message, sig []byte) bool {
	return slices.Equal(sig, seal(author, message))
}

func key(i int) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Append(nil, "author ", i))
	return ed25519.NewKeyFromSeed(seed[:])
}

func sign25519(who int, message []byte) []byte { return ed25519.Sign(key(who), message) }

var authors sync.Map // of tests, since making a key takes longer than most of them

func author(i int) ledger.Author {
	if a, known := authors.Load(i); known {
		return a.(ledger.Author)
	}
	a := ledger.Author(key(i).Public().(ed25519.PublicKey))
	authors.Store(i, a)
	return a
}

func blob(parts ...any) ledger.CID { return ledger.SumBlob(fmt.Append(nil, parts...)) }

// town is a topic with its people. Validators are authors 0 to V-1 with a stake
// of 100 each, trainers the next with a bond of 1,000 each.
type town struct {
	t     tester
	state *State
	people
	genesis []ledger.Member
	settled []*Settlement
	roots   []ledger.Hash
	entries [][]*ledger.Entry // of all blocks
	effects int               // entries that had one
}

// tester is a *testing.T, or that of a property.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// people know where their chains are.
type people struct {
	heads map[ledger.Author]Account
	topic ledger.CID
	real  bool // sign with Ed25519
}

func economy() ledger.Economy {
	return ledger.Economy{
		Cap: 1_000_000_000, Rate: 1 << 24, Trainers: 45875, Validators: 13107, Newcomers: 3277, Treasury: 3277,
		MaxScore: 1 << 20, Slash: ledger.One / 2, Reporter: ledger.One / 10,
	}
}

func manifest(validators, trainers int) *ledger.Manifest {
	m := &ledger.Manifest{
		V: 1, Name: "town", Economy: economy(),
		Learning: ledger.Learning{
			Model: "softmax", Shape: []ledger.Tensor{{Name: "w", Dims: []uint64{8}}}, Anchor: blob("anchor 0"),
			Steps: 1, Batch: 1, Rate: 1, Keep: 32, Alpha: ledger.One,
		},
		Rounds: ledger.Rounds{Commit: 3, Reveal: 4, Seal: 5, Open: 6, Pace: 1, Propose: 1, Delta: 1},
	}
	for i := range validators + trainers {
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

func newTown(t tester, m *ledger.Manifest) *town {
	t.Helper()
	_, topic, err := ledger.EncodeManifest(*m)
	if err != nil {
		t.Fatal(err)
	}
	w := &town{t: t, state: NewState(m, topic), people: people{heads: map[ledger.Author]Account{}, topic: topic}, genesis: m.Genesis}
	return w
}

// at is the end of an author's chain.
func (p *people) at(who int) Account {
	if at, begun := p.heads[author(who)]; begun {
		return at
	}
	return Account{Head: p.topic}
}

// say signs the next entry of an author's chain.
func (p *people) say(who int, body any) *ledger.Entry {
	a, at := author(who), p.at(who)
	sign := func(b []byte) []byte { return seal(a, b) }
	if p.real {
		sign = func(b []byte) []byte { return sign25519(who, b) }
	}
	e, err := ledger.Sign(sign, a, p.topic, at.Seq, at.Head, body)
	if err != nil {
		panic(err)
	}
	p.heads[a] = Account{Seq: e.Seq, Head: e.CID()}
	return e
}

// inOrder is how a block has its entries: by author and number.
func inOrder(entries []*ledger.Entry) []*ledger.Entry {
	slices.SortFunc(entries, func(a, b *ledger.Entry) int {
		return cmp.Or(compareAuthors(a.Author, b.Author), cmp.Compare(a.Seq, b.Seq))
	})
	return entries
}

// block certifies what the state admits, settles a round that is over, and
// returns why each entry had no effect, nil if it had.
func (w *town) block(entries ...*ledger.Entry) []error {
	w.t.Helper()
	reasons := map[*ledger.Entry]error{}
	var took []*ledger.Entry
	for _, e := range inOrder(slices.Clone(entries)) {
		if reasons[e] = w.state.Admits(e, w.state.Account(e.Author), 0); reasons[e] == nil {
			reasons[e] = w.state.Apply(e, w.check())
			took = append(took, e)
		}
	}
	over, voids := w.state.EndBlock(blob("block", w.state.Height+1))
	for _, v := range voids {
		reasons[v.Entry] = v.Reason
	}
	if over {
		w.settled = append(w.settled, w.state.Settle(w.state.Tally(), blob("anchor", w.state.Round.Number+1)))
	}
	w.entries, w.roots = append(w.entries, took), append(w.roots, w.state.Root())
	w.conserved()
	out := make([]error, len(entries))
	for i, e := range entries {
		if out[i] = reasons[e]; out[i] == nil {
			w.effects++
		}
	}
	return out
}

func (p *people) check() ledger.Verifier {
	if p.real {
		return ledger.Ed25519
	}
	return check
}

func (w *town) conserved() {
	w.t.Helper()
	s := w.state.Supply
	balances, bonds, stakes := w.state.Held()
	if got, want := s.Remaining+s.Treasury+s.Burnt+balances+bonds+stakes, w.state.Economy.Cap; got != want {
		w.t.Fatalf("height %d: %d tokens, want %d", w.state.Height, got, want)
	}
}

// must is block for entries that all have an effect.
func (w *town) must(entries ...*ledger.Entry) {
	w.t.Helper()
	for i, err := range w.block(entries...) {
		if err != nil {
			w.t.Fatalf("%v: %v", entries[i].Kind, err)
		}
	}
}

func (w *town) number() uint64 { return w.state.Round.Number }

func delta(who int, round uint64) ledger.CID { return blob("delta", who, " ", round) }

func salt(who int) ledger.Salt { return ledger.Salt{byte(who), byte(who >> 8), 1} }

// commit is who's COMMIT to its delta of the round.
func (w *town) commit(who int) *ledger.Entry {
	return w.commitTo(who, w.state.Anchor(), delta(who, w.number()))
}

func (w *town) commitTo(who int, base, delta ledger.CID) *ledger.Entry {
	r := w.number()
	return w.say(who, &ledger.Commit{Round: r, Base: base, Hash: ledger.CommitHash(w.topic, r, author(who), base, delta, salt(who))})
}

func (w *town) reveal(who int) *ledger.Entry { return w.revealOf(who, delta(who, w.number())) }

func (w *town) revealOf(who int, delta ledger.CID) *ledger.Entry {
	return w.say(who, &ledger.Reveal{Round: w.number(), Delta: delta, Size: 100, Salt: salt(who)})
}

func (w *town) seal(who int, scores []ledger.Score) *ledger.Entry {
	r := w.number()
	return w.say(who, &ledger.Seal{Round: r, Hash: ledger.SealHash(w.topic, r, author(who), salt(who), scores)})
}

func (w *town) open(who int, scores []ledger.Score) *ledger.Entry {
	return w.say(who, &ledger.Opening{Round: w.number(), Salt: salt(who), Scores: scores})
}

// scores gives each delta but who's own the same gain.
func (w *town) scores(who int, u int32) (all []ledger.Score) {
	for place, a := range w.state.Round.Deltas() {
		if a != author(who) {
			all = append(all, ledger.Score{Delta: uint64(place), U: u, SE: 256})
		}
	}
	return all
}

// each makes one entry for each of a range of people.
func each(from, to int, entry func(who int) *ledger.Entry) (all []*ledger.Entry) {
	for who := from; who < to; who++ {
		all = append(all, entry(who))
	}
	return all
}

// round runs one in which all do their part, at four blocks.
func (w *town) round(validators, people int, u int32) *Settlement {
	w.t.Helper()
	w.must(each(validators, people, w.commit)...)
	w.must(each(validators, people, w.reveal)...)
	w.must(each(0, validators, func(v int) *ledger.Entry { return w.seal(v, w.scores(v, u)) })...)
	w.must(each(0, validators, func(v int) *ledger.Entry { return w.open(v, w.scores(v, u)) })...)
	return w.settled[len(w.settled)-1]
}
