package node

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/engine"
)

// Verify reads every byte of the ledger and the blobs of the home in dir and
// derives everything again from the topic's manifest on: it checks checksums,
// names, canonical forms, links and signatures, the quorum under each block, and
// computes every score, payment, balance and model anew, as package audit does
// for every peer. It needs no network and no key, and changes nothing. The log of
// a late joiner begins with a snapshot, see [Report.From]: its state is taken over
// as the quorum certified it.
//
// A *[Fault] says what is wrong and where; the report is then as far as it came,
// nil if it did not begin. Two losses can't be told from a crash: what was added
// to the log after the head file was written, and the blob of a delta that is
// revealed but neither scored by this peer nor settled. While a node works in
// the home, Verify tries again if the ledger grew meanwhile.
func Verify(dir string) (*Report, error) {
	const tries = 3
	for try := 1; ; try++ {
		size := grown(dir)
		r, err := verify(dir)
		if err == nil || try == tries || grown(dir) == size {
			return r, err
		}
	}
}

// grown is the size of the ledger's files.
func grown(dir string) (size int64) {
	files, _ := os.ReadDir(filepath.Join(dir, "ledger")) // what can't be read is found by verify
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			size += info.Size()
		}
	}
	return size
}

func verify(dir string) (*Report, error) {
	p, err := openReplay(dir, nil)
	if err != nil {
		return nil, locate(dir, err)
	}
	defer p.home.Close()
	p.strict, p.checks = true, newChecks()
	for _, err := range p.home.Blobs().Check() {
		if err != nil {
			return &p.Report, locate(dir, err)
		}
		p.Blobs++
	}
	r, err := p.run(store.Check(filepath.Join(dir, "ledger")))
	if err == nil {
		err = cmp.Or(p.checkEnd(), p.checkAnchors(), p.checkSupply())
	}
	return r, err
}

// takeOther checks a record that only this peer itself needs.
func (p *replay) takeOther(kind engine.RecordKind, data []byte) error {
	switch kind {
	case engine.RecordMemo:
		return p.takeMemo(data)
	case engine.RecordBase:
		c, err := ledger.DecodeCertificate(data)
		if err != nil {
			return err
		}
		return c.Verify(p.Replica.Topic, p.Replica.State.Now, ledger.Ed25519)
	case engine.RecordBlock:
		b, err := ledger.DecodeBlock(data)
		if err != nil {
			return err
		}
		return b.Verify(ledger.Ed25519)
	}
	return fmt.Errorf("a record of kind %d, which this grapevine does not know: it was made by a newer one, or by none", kind)
}

// takeMemo checks that the deltas are here which this peer committed to, or
// sealed scores of: it had them then.
func (p *replay) takeMemo(data []byte) error {
	var m engine.Memo
	if err := ledger.Decode(data, &m); err != nil {
		return err
	}
	var had []ledger.CID
	if m.Delta != nil {
		had = append(had, *m.Delta)
	}
	if r := &p.Replica.State.Round; r.Number == m.Round {
		deltas := r.Deltas()
		for _, s := range m.Scores {
			if s.Delta < uint64(len(deltas)) {
				had = append(had, r.Reveals[deltas[s.Delta]].Delta)
			}
		}
	}
	for _, id := range had {
		if err := p.checkBlob(id); err != nil {
			return err
		}
	}
	return nil
}

// checkBlob tells whether a blob is here. Its bytes were checked already.
func (p *replay) checkBlob(id ledger.CID) error {
	if p.home.Blobs().Has(id.Cid) {
		return nil
	}
	_, err := p.home.Blobs().Get(id.Cid)
	return locate(p.home.Dir(), err)
}

// checkEnd compares the log with the head file, which was written when the log
// was at least as long: a log that lost its end looks whole otherwise.
func (p *replay) checkEnd() error {
	height, end, want := p.Replica.Head.Height, p.home.Log().End(), p.noted.End
	switch {
	case end.Segment < want.Segment || end.Segment == want.Segment && end.Offset < want.Offset:
		return &Fault{File: logFile(end), Offset: end.Offset, Height: height, Err: fmt.Errorf("the log ends here, but went on to byte %d of %s: its end is missing", want.Offset, logFile(want))}
	case p.found || p.noted.Height == 0 && height == p.From: // no block came yet
		return nil
	case p.noted.Height == 0:
		return &Fault{File: "ledger/head", Err: errors.New("the file is missing: nothing tells whether the log is whole")}
	case p.noted.Height > height:
		return &Fault{File: "ledger/head", Height: height, Err: fmt.Errorf("the log ends at height %d, but had height %d: its end is missing", height, p.noted.Height)}
	}
	return &Fault{File: "ledger/head", Height: p.noted.Height, Err: fmt.Errorf("it names block %s, which the log does not have at that height", p.noted.Block)}
}

// checkAnchors makes sure that the models which a delta may start from are here,
// as far as they are not older than the log.
func (p *replay) checkAnchors() error {
	all := p.Replica.State.Anchors
	for _, id := range all[:min(len(all), p.settled+1)] {
		if err := p.checkBlob(id); err != nil {
			return err
		}
	}
	return nil
}

// checkSupply counts all tokens. It can fail only if this program is wrong.
func (p *replay) checkSupply() error {
	s := p.Replica.State
	balances, bonds, stakes := s.Held()
	if sum := balances + bonds + stakes + s.Supply.Remaining + s.Supply.Treasury + s.Supply.Burnt; sum != s.Economy.Cap {
		return &Fault{Height: s.Height, Err: fmt.Errorf("all tokens are %d, the cap is %d", sum, s.Economy.Cap)}
	}
	return nil
}

// checkVote verifies a vote's signature, by the rule under which a validator
// takes back a vote of its own that others kept: so the bytes that are signed are
// known in one place only.
func checkVote(topic ledger.CID, author ledger.Author, f *finality.Frame, data []byte) error {
	m, err := finality.New(finality.Config{Topic: topic, Author: author, Verify: ledger.Ed25519, Delta: 1}, nil)
	if err != nil {
		return err
	}
	if err := m.Advance(f.Vote.Instance, ledger.Tip{}, ledger.Committee{{ID: f.Sender, Author: author, Stake: 1}}, nil); err != nil {
		return err
	}
	if !m.Adopt(f, data) {
		return fmt.Errorf("a vote in instance %d of %v: %w", f.Vote.Instance, author, ledger.ErrSignature)
	}
	return nil
}
