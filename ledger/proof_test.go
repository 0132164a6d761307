package ledger

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
)

// realm is a topic whose committees certify headers without any blocks.
type realm struct {
	t        testing.TB
	manifest []byte
	topic    CID
	at       Checkpoint
	now      Committee
	prev     Tip
	stored   bool // manifests are not compressed
}

func newRealm(t testing.TB, validators int) *realm {
	t.Helper()
	return realmOf(t, validators, manifest().Nonce)
}

func realmOf(t testing.TB, validators int, nonce Salt) *realm {
	t.Helper()
	m := manifest()
	m.Nonce, m.Genesis = nonce, nil
	for i := range validators {
		m.Genesis = append(m.Genesis, Member{Author: key(i).author(), Balance: uint64(i), Bond: 1_000_000, Stake: 1_000_000})
	}
	data, topic, err := EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	w := &realm{t: t, manifest: data, topic: topic, at: m.Origin(topic), now: m.Committee()}
	w.prev = Tip{Block: topic, Committee: w.now.CID()}
	return w
}

// header is one at a height, over the given roots.
func (w *realm) header(height uint64, state, entries Hash) Header {
	h := Header{
		V: blockVersion, Topic: w.topic, Height: height, Instance: height, Prev: node(fmt.Sprint("block ", height-1)), Proposer: w.now[0].Author,
		Body: node("cuts"), State: state, Entries: entries, Anchor: blob("anchor"), Committee: w.now.CID(), Checkpoint: w.at.Block,
	}
	h.Sig = new(signature)
	return h
}

// certify has all of the committee sign.
func (w *realm) certify(h Header) Certificate {
	c := Certificate{
		Instance: h.Instance, Base: Tip{Height: h.Height - 1, Block: h.Prev, Committee: w.now.CID()},
		Next:      &Tip{Height: h.Height, Block: must1[CID](w.t)(h.CID()), Committee: h.Committee},
		Committee: w.now.CID(),
	}
	w.sign(&c)
	return c
}

func (w *realm) sign(c *Certificate) {
	c.Signers, c.Sigs = make([]byte, (len(w.now)+7)/8), nil
	for i, s := range w.now {
		c.Signers[i/8] |= 1 << (i % 8)
		c.Sigs = append(c.Sigs, key(int(s.ID)).sign(c.message(w.topic))...)
	}
}

// link goes to the next checkpoint, after which next votes.
func (w *realm) link(next Committee) Link {
	now := Committees{Now: w.now, Next: next}
	leaves := [][]byte{must1[[]byte](w.t)(Encode(now)), []byte("all else"), []byte("an account")}
	h := w.header(w.at.Height+CheckpointAt, MerkleRoot(leaves), Hash{})
	c := w.certify(h)
	l := NewLink(h, &c, now, func() [][]byte { return leaves })
	w.at, w.now = Checkpoint{h.Height, must1[CID](w.t)(h.CID()), next.CID()}, next
	return l
}

// balance proves a leaf among so many accounts.
func (w *realm) balance(leaf []byte, accounts int) *Proof {
	leaves := make([][]byte, accounts)
	for i := range leaves {
		leaves[i] = fmt.Append(nil, "account ", i)
	}
	leaves[2] = leaf
	h := w.header(w.at.Height+7, MerkleRoot(leaves), Hash{})
	p := &Proof{Kind: ProofBalance, Manifest: Deflate(w.manifest), Header: h, Certificate: w.certify(h), Leaf: leaf, Path: MerklePath(leaves, 2)}
	if w.stored {
		p.Manifest = stored(w.t, w.manifest)
	}
	p.Trim(w.now)
	return p
}

func (w *realm) trust() *Trust {
	return &Trust{Topic: w.topic, Period: CheckpointAt, Height: w.at.Height, Block: w.at.Block, Committee: w.now}
}

func packed(t testing.TB, p *Proof) []byte { return must1[[]byte](t)(Pack(ProofDomain, p)) }

// The figures of the topic: 64 validators, 2^17 accounts.
func TestAProofIsSmall(t *testing.T) {
	w := newRealm(t, 64)
	p := w.balance(make([]byte, 200), 1<<17)
	whole := len(packed(t, p))
	p.Manifest = nil
	short := len(packed(t, p))
	if err := p.Verify(w.trust(), Ed25519); err != nil {
		t.Error(err)
	}
	if t.Logf("%d bytes self-contained, %d with a checkpoint", whole, short); whole > 10_000 || short > 6_000 {
		t.Errorf("%d bytes self-contained, %d with a checkpoint, want at most 10,000 and 6,000", whole, short)
	}
}

func TestAProofOfAnEntryNamesTheEntry(t *testing.T) {
	w := newRealm(t, 4)
	e := must1[*Entry](t)(Sign(key(9).sign, key(9).author(), w.topic, 0, w.topic, bodies()[0]))
	leaves := [][]byte{node("an entry").Bytes(), e.CID().Bytes(), node("another").Bytes()}
	h := w.header(5, Hash{}, MerkleRoot(leaves))
	p := &Proof{Kind: ProofEntry, Manifest: Deflate(w.manifest), Header: h, Certificate: w.certify(h), Leaf: e.Bytes(), Path: MerklePath(leaves, 1)}
	if err := p.Verify(nil, Ed25519); err != nil {
		t.Error(err)
	}
	p.Kind = ProofBalance
	if p.Verify(nil, Ed25519) == nil {
		t.Error("an entry passes for an account")
	}
}

func TestAProofFollowsTheCommittees(t *testing.T) {
	w := newRealm(t, 4)
	first := w.trust()
	links := []Link{w.link(committeeOf(5, 5, 5, 7)), w.link(committeeOf(5, 5, 5, 7)), w.link(committeeOf(9, 5, 5, 7, 2))}
	second := w.trust()
	p := w.balance([]byte("an account"), 5)
	p.Chain = []Link{links[0], links[2]}
	for name, trust := range map[string]*Trust{"the manifest": nil, "the beginning": first, "the newest checkpoint": second} {
		if err := p.Verify(trust, Ed25519); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, chain := range map[string][]Link{
		"no link": nil, "the first missing": links[2:], "the last missing": links[:1], "one too many": links,
		"in another order": {links[2], links[0]}, "one twice": {links[0], links[0], links[2]},
	} {
		bad := *p
		bad.Chain = chain
		if bad.Verify(nil, Ed25519) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	other := newRealm(t, 5).trust()
	if p.Verify(other, Ed25519) == nil {
		t.Error("accepted with a checkpoint of another topic")
	}
	short := *p
	short.Manifest, short.Chain = nil, nil
	if err := short.Verify(second, Ed25519); err != nil {
		t.Error(err)
	}
	if short.Verify(nil, Ed25519) == nil || short.Verify(first, Ed25519) == nil {
		t.Error("accepted without a way to its committee")
	}
}

func TestAWalkNeedsEachCheckpointAndAVoteForEachChange(t *testing.T) {
	w := newRealm(t, 4)
	begin := w.at
	links := []Link{w.link(w.now), w.link(committeeOf(5, 5, 7)), w.link(committeeOf(5, 5, 7)), w.link(committeeOf(5, 5, 8))}
	got, err := begin.Walk(w.topic, CheckpointAt, links, Ed25519)
	if err != nil || got != w.at {
		t.Errorf("%+v, %v, want %+v", got, err, w.at)
	}
	middle := Checkpoint{links[1].Header.Height, must1[CID](t)(links[1].Header.CID()), committeeOf(5, 5, 7).CID()}
	if got, err := middle.Walk(w.topic, CheckpointAt, links[2:], Ed25519); err != nil || got != w.at {
		t.Errorf("%+v, %v", got, err)
	}
	silent := slices.Clone(links)
	silent[1].Voted = nil
	cases := map[string][]Link{
		"one missing": slices.Delete(slices.Clone(links), 2, 3), "a change that nobody voted for": silent, "the first missing": links[1:],
	}
	for name, bad := range cases {
		if _, err := begin.Walk(w.topic, CheckpointAt, bad, Ed25519); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	stranger := middle
	stranger.Block = node("another history")
	if _, err := stranger.Walk(w.topic, CheckpointAt, links[2:], Ed25519); err == nil {
		t.Error("a chain without the checkpoint that is believed in: accepted")
	}
	forged := slices.Clone(links)
	v := *links[3].Voted
	v.Committees.Next = committeeOf(1, 1)
	forged[3].Voted = &v
	if _, err := begin.Walk(w.topic, CheckpointAt, forged, Ed25519); err == nil {
		t.Error("committees that are not under the state root: accepted")
	}
}

// Each byte of a proof counts: the sum finds it, and where somebody makes the sum
// anew, nothing that the proof says can have changed.
func TestEachByteOfAProofCounts(t *testing.T) {
	w := newRealm(t, 4)
	p := w.balance([]byte("an account"), 9)
	data := packed(t, p)
	begin := len(ProofDomain)
	for i := range data {
		bad := slices.Clone(data)
		bad[i] ^= 1 << (i % 8)
		if err := Unpack(ProofDomain, bad, new(Proof)); err == nil {
			t.Fatalf("byte %d: the sum does not tell", i)
		}
		if i < begin+sha256.Size {
			continue
		}
		sum := sha256.Sum256(bad[begin+sha256.Size:])
		copy(bad[begin:], sum[:])
		q := new(Proof)
		if Unpack(ProofDomain, bad, q) != nil || q.Verify(nil, Ed25519) != nil {
			continue
		}
		if string(q.Leaf) != string(p.Leaf) || must1[CID](t)(q.Header.CID()) != must1[CID](t)(p.Header.CID()) {
			t.Errorf("byte %d: another claim is accepted", i)
		}
	}
}

func FuzzProof(f *testing.F) {
	w := newRealm(f, 4)
	first := w.balance([]byte("an account"), 5)
	l := w.link(committeeOf(5, 5, 5, 7))
	p := w.balance([]byte("an account"), 5)
	p.Chain = []Link{l}
	for _, x := range []*Proof{first, p} {
		f.Add(must1[[]byte](f)(Encode(x)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := new(Proof)
		if Decode(data, p) != nil || p.Verify(nil, Ed25519) != nil {
			return
		}
		if root, err := p.Path.Root(p.Leaf); p.Kind == ProofBalance && (err != nil || root != p.Header.State) {
			t.Errorf("%x is not under %x", p.Leaf, p.Header.State)
		}
	})
}
