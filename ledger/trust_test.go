package ledger

import "testing"

// Two topics of the same validators: what one certifies proves nothing about the
// other.
func TestAProofIsOfOneTopic(t *testing.T) {
	w, other := newRealm(t, 4), realmOf(t, 4, Salt{2})
	p := w.balance([]byte("an account"), 5)
	if err := p.Verify(w.trust(), Ed25519); err != nil {
		t.Fatal(err)
	}
	if p.Verify(other.trust(), Ed25519) == nil {
		t.Error("accepted with a checkpoint of another topic")
	}
	bad := *p
	bad.Manifest = Deflate(other.manifest)
	if bad.Verify(nil, Ed25519) == nil {
		t.Error("accepted with the manifest of another topic")
	}
}

// What a quorum certified is not for whoever reads the proof to doubt, but the
// author's signature it can check itself.
func TestAProofOfAnEntryNeedsItsSignature(t *testing.T) {
	w := newRealm(t, 4)
	forge := func([]byte) []byte { return make([]byte, 64) }
	e := must1[*Entry](t)(Sign(forge, key(9).author(), w.topic, 0, w.topic, bodies()[0]))
	leaves := [][]byte{e.CID().Bytes()}
	h := w.header(5, Hash{}, MerkleRoot(leaves))
	p := &Proof{Kind: ProofEntry, Manifest: Deflate(w.manifest), Header: h, Certificate: w.certify(h), Leaf: e.Bytes(), Path: MerklePath(leaves, 0)}
	if p.Verify(nil, Ed25519) == nil {
		t.Error("an entry that its author has not signed")
	}
}

func TestATrustIsACheckpoint(t *testing.T) {
	first := Trust{Topic: topic, Period: 64, Block: topic, Committee: committeeOf(5, 5)}
	for name, c := range map[string]struct {
		change func(x *Trust)
		ok     bool
	}{
		"the beginning":     {func(*Trust) {}, true},
		"a later one":       {func(x *Trust) { x.Height, x.Block = 128, node("block") }, true},
		"no period":         {func(x *Trust) { x.Period = 0 }, false},
		"in between":        {func(x *Trust) { x.Height, x.Block = 65, node("block") }, false},
		"another beginning": {func(x *Trust) { x.Block = node("block") }, false},
		"no committee":      {func(x *Trust) { x.Committee = nil }, false},
		"an unsorted one":   {func(x *Trust) { x.Committee = Committee{first.Committee[1], first.Committee[0]} }, false},
	} {
		x := first
		c.change(&x)
		if err := x.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A block that names the last checkpoint, a period too late.
func TestAWalkLeavesNoCheckpointOut(t *testing.T) {
	w := newRealm(t, 4)
	for periods, ok := range map[uint64]bool{1: true, 2: false} {
		l := Link{Header: w.header(periods*CheckpointAt, Hash{}, Hash{})}
		if _, err := w.at.Walk(w.topic, CheckpointAt, []Link{l}, Ed25519); (err == nil) != ok {
			t.Errorf("%d periods later: %v", periods, err)
		}
	}
}

// Each has all signatures, but is not what a committee signs for the header.
func TestACertificateIsOfItsHeader(t *testing.T) {
	w := newRealm(t, 4)
	h := w.header(7, Hash{}, Hash{})
	foreign := h
	foreign.Committee = committeeOf(5, 5).CID()
	for name, c := range map[string]struct {
		header Header
		change func(c *Certificate)
		ok     bool
	}{
		"as it is":              {h, func(*Certificate) {}, true},
		"of the base":           {h, func(c *Certificate) { c.Next = nil }, false},
		"another instance":      {h, func(c *Certificate) { c.Instance++ }, false},
		"on another height":     {h, func(c *Certificate) { c.Base.Height-- }, false},
		"on another block":      {h, func(c *Certificate) { c.Base.Block = node("another") }, false},
		"of another block":      {h, func(c *Certificate) { c.Next.Block = node("another") }, false},
		"for another committee": {foreign, func(*Certificate) {}, false},
	} {
		cert := w.certify(c.header)
		c.change(&cert)
		w.sign(&cert)
		if err := cert.Certifies(c.header, w.now, Ed25519); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A change of committee takes the votes of those who leave.
func TestALinkIsVotedFor(t *testing.T) {
	next := committeeOf(5, 5, 5, 7)
	for name, c := range map[string]struct {
		link func(w *realm) Link
		ok   bool
	}{
		"as it is": {func(w *realm) Link { return w.link(next) }, true},
		"a bad signature": {func(w *realm) Link {
			l := w.link(next)
			l.Voted.Certificate.Sigs[3] ^= 1
			return l
		}, false},
		"no quorum": {func(w *realm) Link {
			l := w.link(next)
			l.Voted.Certificate.Signers, l.Voted.Certificate.Sigs = []byte{1}, l.Voted.Certificate.Sigs[:64]
			return l
		}, false},
		"nobody follows": {func(w *realm) Link { return w.link(Committee{}) }, false},
		"of another topic": {func(w *realm) Link {
			other := realmOf(t, 4, Salt{2})
			other.at = w.at
			return other.link(next)
		}, false},
	} {
		w := newRealm(t, 4)
		begin := w.at
		if _, err := begin.Walk(w.topic, CheckpointAt, []Link{c.link(w)}, Ed25519); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
