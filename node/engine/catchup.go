package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
	"github.com/grapevine-network/grapevine/node/audit"
)

// catchup gets what we lack: blobs, entries, blocks and, after a start, what
// others know of ourselves.
type catchup struct {
	wanted   map[ledger.CID]bool
	queued   map[uint64]FinalMessage // certified blocks by height
	asked    map[string]int64        // when a question was last put
	blocks   Query                   // the last for blocks
	blocksAt int64                   // when it was put
	answered bool                    // it was
	meeting  bool                    // we wait to hear what others know of us
	heard    int64                   // when the first answer came
	heardIn  uint64                  // and in which instance
	told     map[ledger.Author]bool  // who has told what it knows of us
	greetAt  int64                   // when to greet again
	wake     int64
}

func newCatchup() catchup {
	return catchup{wanted: map[ledger.CID]bool{}, queued: map[uint64]FinalMessage{}, asked: map[string]int64{}, answered: true, told: map[ledger.Author]bool{}}
}

// start greets the others. A peer whose key is older than this run asks what
// they have seen of it, and neither signs nor votes until it knows: its disk may
// be an old backup.
func (e *Engine) start() error {
	votes := e.contributor.votes
	m, err := finality.New(finality.Config{
		Topic: e.cfg.Topic, Author: e.cfg.Author, Sign: e.cfg.Sign, Verify: e.cfg.Verify,
		Delta: e.millis(e.cfg.Manifest.Rounds.Delta),
	}, votes)
	if err != nil {
		return err
	}
	e.contributor.votes = nil
	e.consensus.machine = m
	e.consensus.lastVote = m.Newest()
	e.consensus.decidedAt = e.now
	e.enter(e.consensus.instance)
	if e.consensus.newest != nil {
		e.scheduleAnnounce(0)
	}
	alone := len(e.replica.State.Now) == 1 && e.seated()
	if e.catchup.meeting = !e.cfg.Fresh && !alone; e.catchup.meeting {
		e.consensus.doubtUntil = e.now + 4*e.interval()
	}
	return nil
}

// wakeAt sets an alarm, unless there is an earlier one.
func (c *catchup) wakeAt(at int64) {
	if c.wake == 0 || at < c.wake {
		c.wake = at
	}
}

// interval is how long to wait before a question is put again.
func (e *Engine) interval() int64 { return 4 * e.millis(e.cfg.Manifest.Rounds.Delta) }

// greet repeats the question until somebody answers, and then gives the others
// a moment more.
func (e *Engine) greet() {
	c := &e.catchup
	if !c.meeting && !e.doubts() {
		return
	}
	if c.meeting && e.met() {
		c.meeting = false
		e.consensus.decidedAt = 0 // it was long ago, or others wait for us
		if !e.doubts() {
			return
		}
	}
	if e.now >= c.greetAt {
		c.greetAt = e.now + min(e.interval(), 1e9)
		e.emit(Ask{Query: Query{Kind: AskHello, Author: e.cfg.Author}})
	}
	c.wakeAt(c.greetAt)
	if c.heard > 0 && e.now < c.heard+grace {
		c.wakeAt(c.heard + grace)
	}
}

// met tells whether we have listened long enough: others have had time to say
// more of us, and a copy of this home, were there one, would have voted: in two
// instances or, should none be decided without us, in the time of one.
func (e *Engine) met() bool {
	c, r := &e.catchup, e.cfg.Manifest.Rounds
	if c.heard == 0 || e.now < c.heard+grace {
		return false
	}
	unknown := e.contributor.seq == 0 && e.consensus.lastVote == 0 && e.consensus.recalled == 0 // never took part
	return unknown || e.consensus.instance >= c.heardIn+2 || e.now >= c.heard+e.millis(r.Pace+r.Propose+2*r.Delta)
}

const grace = 500e6

// takeHello compares what a peer knows of us with what we know. If it knows more
// we are a restored backup: we take our own chain from it and stay silent for
// two decided instances.
func (e *Engine) takeHello(from Peer, m HelloMessage) {
	c := &e.consensus
	own := e.contributor.seq
	behind := m.Seq > own
	if behind {
		e.ask(from, Query{Kind: AskEntries, Author: e.cfg.Author, From: own + 1, To: m.Seq})
	}
	e.catchup.told[from] = true
	if m.Since > 0 && (c.vouched == 0 || m.Since < c.vouched) {
		c.vouched = m.Since
	}
	if behind || m.Vote > c.lastVote {
		e.forgetful(m.Vote)
	}
	e.adoptVotes(m.Votes)
	c.recalled = max(c.recalled, m.Vote)
	if !behind && e.catchup.heard == 0 {
		e.catchup.heard, e.catchup.heardIn = e.now, c.instance
	}
}

// forgetful makes us silent: others know more of us than our own disk.
func (e *Engine) forgetful(vote uint64) {
	c := &e.consensus
	c.silentUntil, c.silentSince = max(c.silentUntil, max(vote+1, c.instance)+2), e.now
	e.emit(Noticed{fmt.Sprintf("others know more of this peer than its own disk: it was restored from a backup, and stays silent until instance %d", c.silentUntil)})
}

// adoptVotes takes our own votes from somebody who remembers them.
func (e *Engine) adoptVotes(votes [][]byte) {
	for _, v := range votes {
		if f, err := finality.DecodeFrame(v); err == nil && e.consensus.machine.Adopt(f, v) {
			e.emit(Store{Record{Kind: RecordVote, Data: v}})
		}
	}
}

// adopt takes an entry of our own that somebody else kept for us.
func (e *Engine) adopt(x *ledger.Entry) {
	c := &e.contributor
	if x.Author == e.cfg.Author && x.Follows(c.seq, c.head) {
		c.seq, c.head = x.Seq, x.CID()
		c.signed(x)
	}
}

// ask puts a question, but the same one not again within the interval.
func (e *Engine) ask(to Peer, q Query) {
	key := string(mustEncode(q))
	if last, again := e.catchup.asked[key]; again && e.now < last+e.interval() {
		return
	}
	if len(e.catchup.asked) > 1024 {
		clear(e.catchup.asked)
	}
	e.catchup.asked[key] = e.now
	e.emit(Ask{to, q})
	e.catchup.wakeAt(e.now + e.interval()) // to ask again, should nothing come
}

// askBlocks asks for the blocks up to a height that somebody has reached. There is
// one such question at a time, or the same blocks would come from everybody; and
// what was answered is asked again at once only if there is more to get by now.
func (e *Engine) askBlocks(to Peer, height uint64) {
	c, from := &e.catchup, e.replica.Head.Height+1
	recent := e.now < c.blocksAt+e.interval()
	if recent && (!c.answered || c.blocks.From == from && c.blocks.To >= height) {
		return
	}
	c.blocks, c.blocksAt, c.answered = Query{Kind: AskBlocks, From: from, To: height}, e.now, false
	e.emit(Ask{to, c.blocks})
	c.wakeAt(e.now + e.interval())
}

func (e *Engine) fillGaps(gaps []audit.Gap, from Peer) {
	for _, g := range gaps {
		e.ask(from, Query{Kind: AskEntries, Author: g.Author, From: g.From, To: g.To})
	}
}

// takeDecision takes a certificate that somebody announced. If it is of a later
// height than ours we ask for what lies between.
func (e *Engine) takeDecision(from Peer, cert *ledger.Certificate) {
	c := &e.consensus
	if cert.Instance < c.instance || c.decision != nil {
		if c.newest != nil && cert.Instance == c.newest.Instance {
			e.scheduleAnnounce(c.announced + 1) // somebody else said it
		}
		return
	}
	if cert.Base != e.replica.Head || e.replica.Unsettled() {
		if cert.Head().Height > e.replica.Head.Height {
			e.askBlocks(from, cert.Head().Height)
		}
		return
	}
	if err := cert.Verify(e.cfg.Topic, e.replica.State.Now, e.cfg.Verify); err != nil {
		e.emit(Blame{from, err})
		return
	}
	e.decided(cert)
}

// queue keeps a certified block from an answer until its turn; its entries came
// before it.
func (c *catchup) queue(m FinalMessage, height uint64) {
	if h := m.Block.Header.Height; h > height && h <= height+maxQueued {
		c.queued[h] = m
	}
}

// maxQueued bounds how far ahead of our height blocks are kept.
const maxQueued = 256

// takeQueued applies the next block that somebody sent us, if it is certified.
func (e *Engine) takeQueued() (bool, error) {
	if e.replica.Unsettled() {
		return false, nil
	}
	height := e.replica.Head.Height + 1
	m, ok := e.catchup.queued[height]
	if !ok {
		return false, nil
	}
	delete(e.catchup.queued, height)
	if m.Certificate.Base != e.replica.Head || m.Certificate.Verify(e.cfg.Topic, e.replica.State.Now, e.cfg.Verify) != nil {
		return false, nil // of another chain, or forged
	}
	entries, gaps := e.replica.Collect(m.Block, e.chains.get)
	if len(gaps) > 0 {
		e.fillGaps(gaps, Peer{})
		return false, nil
	}
	if err := e.replica.Check(m.Block, entries); err != nil {
		return false, fmt.Errorf("height %d is certified, but contradicts what we know: %w", height, err)
	}
	e.consensus.decidedAt, e.consensus.since = e.now, 0 // we have missed something
	if e.consensus.newest == nil || m.Certificate.Instance > e.consensus.newest.Instance {
		e.consensus.newest = m.Certificate
	}
	e.apply(m.Block, m.Certificate, entries)
	return true, nil
}

// announce repeats the newest certificate from time to time, so that who missed
// it learns that it is behind.
func (e *Engine) announce() error {
	c := &e.consensus
	if c.newest == nil {
		c.announceAt = 0 // there is nothing to say yet
	}
	if c.announceAt == 0 || e.now < c.announceAt {
		return nil
	}
	e.emit(Publish{Encode(DecisionMessage{c.newest, byte(c.announced)})})
	e.scheduleAnnounce(c.announced + 1)
	return nil
}

// scheduleAnnounce sets when we would repeat it: later each time, and at another
// time than other peers, who need not if one of them does.
func (e *Engine) scheduleAnnounce(times int64) {
	c := &e.consensus
	c.announced = times
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(e.cfg.Author[:], c.instance+uint64(times)))
	share := int64(binary.BigEndian.Uint16(sum[:]))
	step := 4 * e.interval() << min(times, 6)
	c.announceAt = e.now + step/4 + step*share/(1<<16)
}

func sortedCIDs[V any](m map[ledger.CID]V) []ledger.CID {
	return slices.SortedFunc(maps.Keys(m), func(a, b ledger.CID) int { return bytes.Compare(a.Bytes(), b.Bytes()) })
}
