package node

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
)

// ErrNothing means that a home has nothing of what a proof is asked of: no such
// account or entry, or no certified block yet.
var ErrNothing = errors.New("nothing to prove")

// Certification is a block with what a quorum certified by it: the state before it.
type Certification struct {
	Header      ledger.Header
	Certificate *ledger.Certificate
	Leaves      [][]byte          // under the header's state root
	Links       []ledger.Link     // to the checkpoints so far at which the committee changed
	Manifest    []byte            // of the topic
	Committee   ledger.Committee  // that signed
	Point       ledger.Checkpoint // that the header names
	Period      uint64            // heights between checkpoints
}

// Newest returns the newest block of the home in dir. Like [Replay] it changes
// nothing and works beside a running node.
func Newest(dir string) (*Certification, error) {
	p, err := openReplay(dir, nil)
	if err != nil {
		return nil, locate(dir, err)
	}
	defer p.home.Close()
	last := 0
	for r, err := range p.home.Log().Records() {
		if err != nil {
			return nil, locate(dir, err)
		}
		if k := engine.RecordKind(r.Kind); k == engine.RecordFinal || k == engine.RecordState {
			last++
		}
	}
	if p.From > 0 {
		last-- // begin took the snapshot's
	}
	if last == 0 {
		return p.atSnapshot()
	}
	var c *Certification
	p.before = func(b *ledger.Block, cert *ledger.Certificate) (stop bool) {
		if last--; last == 0 {
			c, err = p.certified(b.Header, cert, p.Replica.State.Leaves())
		}
		return last == 0
	}
	_, runErr := p.run(p.home.Log().Records())
	return c, errors.Join(err, runErr)
}

func (p *replay) certified(h ledger.Header, cert *ledger.Certificate, leaves [][]byte) (*Certification, error) {
	manifest, err := p.home.Manifest()
	return &Certification{
		Header: h, Certificate: cert, Leaves: leaves, Links: p.chain.Changes(h.Height - 1), Manifest: manifest, Committee: p.Replica.State.Now,
		Point: audit.Named(h, p.Replica.State.Phases.Period()), Period: p.Replica.State.Phases.Period(),
	}, err
}

// atSnapshot is the block that certifies the snapshot with which the log begins.
func (p *replay) atSnapshot() (*Certification, error) {
	if p.From == 0 {
		return nil, fmt.Errorf("%w: no block is certified yet", ErrNothing)
	}
	first, err := p.firstRecord()
	if err != nil {
		return nil, err
	}
	s, b, cert, err := audit.OpenSnapshot(first.Data)
	if err != nil {
		return nil, err
	}
	return p.certified(b.Header, cert, s.Leaves)
}

// note keeps what proofs need of a block that is about to be applied. It tells
// whether to stop before it.
func (p *replay) note(b *ledger.Block, cert *ledger.Certificate) (stop bool) {
	p.chain.Add(p.Replica, b, cert)
	return p.before != nil && p.before(b, cert)
}

// Balance proves what an account holds by the block. trust, if not nil, is what the
// reader has: then the proof does without the manifest, and is smaller.
func (c *Certification) Balance(author ledger.Author, trust *ledger.Trust) (*ledger.Proof, error) {
	at := slices.IndexFunc(c.Leaves[2:], func(leaf []byte) bool {
		a, _, err := incentives.DecodeAccount(leaf)
		return err == nil && a == author
	})
	if at < 0 {
		return nil, fmt.Errorf("%w: %v has no account at height %d", ErrNothing, author, c.Header.Height-1)
	}
	p := c.proof(ledger.ProofBalance, trust)
	p.Leaf, p.Path = c.Leaves[2+at], ledger.MerklePath(c.Leaves, 2+at)
	return p, nil
}

func (c *Certification) proof(kind ledger.ProofKind, trust *ledger.Trust) *ledger.Proof {
	p := &ledger.Proof{Kind: kind, Header: c.Header, Certificate: *c.Certificate, Chain: c.Links}
	p.Trim(c.Committee)
	if trust == nil {
		p.Manifest = ledger.Deflate(c.Manifest)
		return p
	}
	p.Chain = slices.DeleteFunc(slices.Clone(c.Links), func(l ledger.Link) bool { return l.Header.Height <= trust.Height })
	return p
}

// ProveEntry proves that a block of the home in dir certified the entry whose CID
// begins with text.
func ProveEntry(dir, text string, trust *ledger.Trust) (*ledger.Proof, error) {
	p, err := openReplay(dir, nil)
	if err != nil {
		return nil, locate(dir, err)
	}
	defer p.home.Close()
	var found *ledger.Proof
	p.visit = func(h *Height) error {
		leaves := make([][]byte, len(h.Entries))
		for i, e := range h.Entries {
			leaves[i] = e.CID().Bytes()
		}
		for i, e := range h.Entries {
			if !bytes.HasPrefix([]byte(e.CID().String()), []byte(text)) {
				continue
			}
			c, err := p.certified(h.Block.Header, h.Certificate, nil)
			if err != nil {
				return err
			}
			c.Committee = h.Committee
			if found != nil {
				return fmt.Errorf("%q begins the CIDs of two entries: give more of it", text)
			}
			found = c.proof(ledger.ProofEntry, trust)
			found.Leaf, found.Path = e.Bytes(), ledger.MerklePath(leaves, i)
		}
		return nil
	}
	if _, err := p.run(p.home.Log().Records()); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, fmt.Errorf("%w: no certified entry here has a CID that begins with %s", ErrNothing, text)
	}
	return found, nil
}

// Trust is the checkpoint before the newest block, as a file for who checks
// proofs.
func (c *Certification) Trust() *ledger.Trust {
	return &ledger.Trust{Topic: c.Header.Topic, Period: c.Period, Height: c.Point.Height, Block: c.Point.Block, Committee: c.Committee}
}
