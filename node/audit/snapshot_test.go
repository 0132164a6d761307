package audit

import (
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// certify lets all four validators sign a block as final.
func (w *town) certify(base ledger.Tip, b *ledger.Block) []byte {
	committee := w.r.State.Now
	c := &ledger.Certificate{
		Instance: b.Header.Instance, Base: base, Committee: committee.CID(), Signers: []byte{0b1111},
		Next: &ledger.Tip{Height: b.Header.Height, Block: b.CID(), Committee: b.Header.Committee}, Sigs: make([]byte, 4*64),
	}
	var sigs []byte
	_ = c.Verify(w.r.Topic, committee, func(a ledger.Author, message, _ []byte) bool {
		sigs = append(sigs, sign(a)(message)...)
		return true
	})
	c.Sigs = sigs
	data, err := ledger.Encode(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

// snapshot brings a town past its first checkpoint, in the middle of a round, and
// returns the snapshot of the checkpoint.
func snapshot(t testing.TB) (*town, Snapshot) {
	w := newTown(t)
	for w.r.Head.Height < ledger.CheckpointAt-2 {
		w.round(2048)
	}
	for w.r.Head.Height < ledger.CheckpointAt {
		w.block(w.say(5, &ledger.Seal{}))
	}
	leaves, base := w.r.State.Leaves(), w.r.Head
	w.block(w.commit(4, w.random(9)))
	b := w.blocks[len(w.blocks)-1]
	return w, Snapshot{Block: b.Bytes(), Certificate: w.certify(base, b), Leaves: leaves}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := ledger.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// model returns an anchor of any round.
func (w *town) model(id ledger.CID) []byte {
	for _, out := range w.outcomes {
		if out.Anchor == id && out.Blob != nil {
			return out.Blob
		}
	}
	return nil
}

func (w *town) resume(s []byte) (*Replica, error) {
	return FromSnapshot(w.r.Manifest, w.r.Topic, s, w.r.Manifest.Committee().CID(), w.model, check)
}

func TestWhoBeginsAtACheckpointComesToTheSameTruth(t *testing.T) {
	w, s := snapshot(t)
	r, err := w.resume(encode(t, s))
	if err != nil {
		t.Fatal(err)
	}
	w.block(each(5, people, func(who int) *ledger.Entry { return w.commit(who, w.random(uint64(who))) })...)
	w.block(each(validators, people, w.reveal)...)
	w.block(each(0, validators, func(v int) *ledger.Entry { return w.seal(v, 2048) })...)
	w.block(each(0, validators, func(v int) *ledger.Entry { return w.open(v, 2048) })...)
	for _, b := range w.blocks[ledger.CheckpointAt:] {
		entries, gaps := r.Collect(b, w.held)
		if len(gaps) > 0 {
			t.Fatal(gaps)
		}
		if err := r.Check(b, entries); err != nil {
			t.Fatal(err)
		}
		r.Apply(b, entries)
		if r.Unsettled() {
			if _, err := r.Settle(w.blob); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r.Root() != w.r.Root() || r.Head != w.r.Head || !slices.Equal(r.Anchor(), w.r.Anchor()) {
		t.Errorf("ends at %v, want %v", r.Head, w.r.Head)
	}
}

func TestASnapshotThatIsNotCertifiedAsItIsIsRefused(t *testing.T) {
	w, valid := snapshot(t)
	cert, err := ledger.DecodeCertificate(valid.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(c *ledger.Certificate)) []byte {
		c, next := *cert, *cert.Next
		c.Next, c.Sigs = &next, slices.Clone(cert.Sigs)
		change(&c)
		return encode(t, c)
	}
	other, _ := w.propose()
	cases := map[string]func(s *Snapshot){
		"a leaf less":               func(s *Snapshot) { s.Leaves = s.Leaves[1:] },
		"an account less":           func(s *Snapshot) { s.Leaves = s.Leaves[:len(s.Leaves)-1] },
		"no leaves":                 func(s *Snapshot) { s.Leaves = nil },
		"a richer account":          func(s *Snapshot) { s.Leaves[2][len(s.Leaves[2])-1] ^= 1 },
		"accounts in another order": func(s *Snapshot) { s.Leaves[2], s.Leaves[3] = s.Leaves[3], s.Leaves[2] },
		"another block":             func(s *Snapshot) { s.Block = other.Bytes() },
		"no block":                  func(s *Snapshot) { s.Block = nil },
		"a bad signature":           func(s *Snapshot) { s.Certificate = with(func(c *ledger.Certificate) { c.Sigs[0]++ }) },
		"the base alone":            func(s *Snapshot) { s.Certificate = with(func(c *ledger.Certificate) { c.Next = nil }) },
		"a certificate of another":  func(s *Snapshot) { s.Certificate = with(func(c *ledger.Certificate) { c.Next.Block = w.r.Topic }) },
		"a certificate on another":  func(s *Snapshot) { s.Certificate = with(func(c *ledger.Certificate) { c.Base.Block = w.r.Topic }) },
		"a certificate of two signers": func(s *Snapshot) {
			s.Certificate = with(func(c *ledger.Certificate) { c.Signers, c.Sigs = []byte{3}, c.Sigs[:128] })
		},
	}
	for name, change := range cases {
		s := valid
		s.Leaves = make([][]byte, len(valid.Leaves))
		for i := range s.Leaves {
			s.Leaves[i] = slices.Clone(valid.Leaves[i])
		}
		change(&s)
		if _, err := w.resume(encode(t, s)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	data := encode(t, valid)
	if _, err := FromSnapshot(w.r.Manifest, w.r.Topic, data, ledger.SumNode(nil), w.model, check); err == nil {
		t.Error("accepted of a committee that is not trusted")
	}
	if _, err := FromSnapshot(w.r.Manifest, w.r.Topic, data, w.r.Manifest.Committee().CID(), func(ledger.CID) []byte { return nil }, check); err == nil {
		t.Error("accepted without its model")
	}
	if _, err := w.resume(append(data, 0)); err == nil {
		t.Error("accepted with a byte behind")
	}
}

func TestASnapshotNamesItsModelAndCommittee(t *testing.T) {
	w, s := snapshot(t)
	b, err := SnapshotBlock(encode(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if h := b.Header; h.Anchor != w.r.State.Anchor() || h.Height != ledger.CheckpointAt+1 || h.Committee != w.r.State.Now.CID() {
		t.Errorf("got %+v", h)
	}
	if _, err := SnapshotBlock(s.Block); err == nil {
		t.Error("a block alone is taken for a snapshot")
	}
}

func FuzzSnapshot(f *testing.F) {
	w, s := snapshot(f)
	data := encode(f, s)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := w.resume(data)
		if err != nil {
			return
		}
		if got, want := r.Root(), r.State.Root(); got != want || r.Head.Height != ledger.CheckpointAt {
			t.Errorf("root %x, want %x", got, want)
		}
	})
}
