package node

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
)

// Height is one certified block of a ledger that is replayed, with what it did.
type Height = audit.Height

// Report is what came of replaying a home's ledger.
type Report struct {
	Replica *audit.Replica  // the truth at the last height; to be read
	From    uint64          // height that the log begins after: 0, or that of the snapshot that a late joiner took over
	Self    ledger.Author   // whose home it is, by the seat that its votes name; zero if it never voted
	Entries int             // certified, of all authors
	Voids   int             // of them without effect
	Pending []*ledger.Entry // that wait to be certified, by author and number
	Votes   int             // that this peer signed
	Blobs   int             // that Verify read
}

// Replay folds the ledger of the home in dir from its first block to the last
// and calls visit, if not nil, after each. It takes no lock and changes nothing,
// so it works beside a running node. Signatures of entries and certificates,
// which were checked before they were stored, are checked again by [Verify]
// only. An error of visit ends it; a *[Fault] says where the home is damaged;
// the error wraps [fs.ErrNotExist] if there is no home.
func Replay(dir string, visit func(h *Height) error) (*Report, error) {
	p, err := openReplay(dir, visit)
	if err != nil {
		return nil, locate(dir, err)
	}
	defer p.home.Close()
	r, err := p.run(p.home.Log().Records())
	return r, cmp.Or(err, p.checkEnd())
}

// replay is a home's ledger on its way through package audit.
type replay struct {
	Report
	home    *home.Home
	strict  bool // check again what was checked before it was stored
	visit   func(h *Height) error
	began   bool                         // with the first record
	opening bool                         // no record came but those that a snapshot begins the log with
	held    map[ledger.CID]*ledger.Entry // not certified yet
	settled int                          // rounds
	lost    error                        // why the round that is over can't be settled
	noted   store.Head                   // the head file
	found   bool                         // the block that it names
	ended   bool                         // by visit or before
	chain   audit.Chain                  // of checkpoints
	checks  *checks                      // of signatures, if strict
	record  store.Record                 // that is taken
	before  func(b *ledger.Block, c *ledger.Certificate) (stop bool)
}

// run takes the records. The report is as far as it came, whatever the error.
func (p *replay) run(records iter.Seq2[store.Record, error]) (*Report, error) {
	for r, err := range records {
		if err != nil {
			return &p.Report, locate(p.home.Dir(), err)
		}
		p.record = r
		if err := p.take(r); p.ended {
			return &p.Report, err
		} else if err != nil {
			return &p.Report, p.blame(r, p.orEarlier(err))
		}
	}
	if err := p.await(); err != nil {
		return &p.Report, err
	}
	for _, e := range p.held {
		if e.Seq > p.Replica.State.Account(e.Author).Seq { // others are the losing halves of forks
			p.Pending = append(p.Pending, e)
		}
	}
	slices.SortFunc(p.Pending, func(a, b *ledger.Entry) int {
		return cmp.Or(bytes.Compare(a.Author[:], b.Author[:]), cmp.Compare(a.Seq, b.Seq), bytes.Compare(a.Bytes(), b.Bytes()))
	})
	return &p.Report, nil
}

func (p *replay) take(r store.Record) error {
	kind, first := engine.RecordKind(r.Kind), !p.began
	opening := first || kind == engine.RecordLinks && p.opening
	p.began, p.opening = true, opening && p.From > 0
	switch kind {
	case engine.RecordEntry:
		return p.takeEntry(bytes.Clone(r.Data))
	case engine.RecordFinal:
		return p.takeFinal(r.Data)
	case engine.RecordVote:
		return p.takeVote(r.Data)
	case engine.RecordState:
		if !first {
			return errors.New("a snapshot in the middle of the log")
		}
		return nil // begin took it
	case engine.RecordLinks:
		if first || !opening {
			return errors.New("checkpoints in the middle of the log")
		}
		return nil // and these, too
	}
	if p.strict {
		return p.takeOther(kind, r.Data)
	}
	return nil
}

func (p *replay) takeEntry(data []byte) error {
	e, err := ledger.DecodeEntry(data)
	if err != nil {
		return err
	}
	if e.Topic != p.Replica.Topic {
		return &Fault{Author: e.Author, Seq: e.Seq, Err: fmt.Errorf("%v of topic %v, but manifest.cbor is of %v", e.Kind, e.Topic, p.Replica.Topic)}
	}
	if p.strict {
		p.checks.begin(p.record, func() error {
			if err := e.Verify(ledger.Ed25519); err != nil {
				return &Fault{Author: e.Author, Seq: e.Seq, Err: err}
			}
			return nil
		})
	}
	p.held[e.CID()] = e
	return nil
}

func (p *replay) takeFinal(data []byte) error {
	b, cert, err := engine.DecodeFinal(data)
	if err != nil {
		return err
	}
	if p.lost != nil {
		return p.lost
	}
	entries, gaps := p.Replica.Collect(b, func(id ledger.CID) *ledger.Entry { return p.held[id] })
	if len(gaps) > 0 {
		g := gaps[0]
		return &Fault{Author: g.Author, Seq: g.From, Err: fmt.Errorf("the log lacks entries %d to %d, which block %d certifies", g.From, g.To, b.Header.Height)}
	}
	if p.strict {
		topic, committee := p.Replica.Topic, p.Replica.State.Now
		p.checks.begin(p.record, func() error { return cert.Verify(topic, committee, ledger.Ed25519) })
	}
	if err := cmp.Or(p.Replica.Check(b, entries), p.checkPlace(b, cert), p.await()); err != nil {
		return err
	}
	if p.note(b, cert) {
		p.ended = true
		return nil
	}
	return p.apply(&Height{Entries: entries, Certificate: cert, Committee: p.Replica.State.Now, Replica: p.Replica}, b)
}

func (p *replay) checkPlace(b *ledger.Block, cert *ledger.Certificate) error {
	next := ledger.Tip{Height: b.Header.Height, Block: b.CID(), Committee: b.Header.Committee}
	if cert.Base != p.Replica.Head || *cert.Next != next {
		return fmt.Errorf("the certificate of block %d puts it on another block", b.Header.Height)
	}
	return nil
}

// await waits for the signatures that are being checked.
func (p *replay) await() error {
	if p.checks == nil {
		return nil
	}
	if r, err := p.checks.wait(); err != nil {
		return p.blame(r, err)
	}
	return nil
}

// orEarlier returns the fault of a signature, if there is one: it comes before err.
func (p *replay) orEarlier(err error) error {
	if earlier := p.await(); earlier != nil {
		return earlier
	}
	return err
}

func (p *replay) apply(h *Height, b *ledger.Block) (err error) {
	h.Receipt = p.Replica.Apply(b, h.Entries)
	for _, e := range h.Entries {
		delete(p.held, e.CID())
	}
	p.Entries += len(h.Entries)
	p.Voids += len(h.Voids)
	p.compareHead()
	if h.Outcome, h.Deltas, err = p.settle(); err != nil || p.visit == nil {
		return err
	}
	err = p.visit(h)
	p.ended = err != nil
	return err
}

// settle ends the round, if it is over. A delta that is not here is no error
// until another block comes: a peer may stop while it fetches one.
func (p *replay) settle() (out *audit.Outcome, took []ledger.CID, err error) {
	if !p.Replica.Unsettled() {
		return nil, nil, nil
	}
	missing := false
	out, err = p.Replica.Settle(func(id ledger.CID) []byte {
		data, err := p.home.Blobs().Get(id.Cid)
		if err != nil {
			p.lost, missing = locate(p.home.Dir(), err), errors.Is(err, fs.ErrNotExist)
		}
		took = append(took, id)
		return data
	})
	if missing {
		return nil, nil, nil
	}
	p.settled++
	return out, took, cmp.Or(p.lost, err)
}

// takeVote learns from a vote whose home this is.
func (p *replay) takeVote(data []byte) error {
	p.Votes++
	if !p.strict && p.Self != (ledger.Author{}) {
		return nil
	}
	f, err := finality.DecodeFrame(data)
	if err != nil {
		return err
	}
	seats := p.Replica.State.Seats
	if f.Sender >= uint64(len(seats)) {
		return fmt.Errorf("a vote of seat %d, of which there are %d", f.Sender, len(seats))
	}
	p.Self = seats[f.Sender]
	if p.strict {
		return checkVote(p.Replica.Topic, p.Self, f, data)
	}
	return nil
}
