package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
)

// contributor is our own part in the rounds: our chain, our delta, our scores.
type contributor struct {
	seq  uint64 // of our chain, what is not certified yet included
	head ledger.CID

	memos   map[uint64]Memo        // by round
	latest  map[ledger.Kind]uint64 // the round, plus one, of our newest entry of a kind
	accused map[ledger.Author]accusation
	votes   [][]byte // restored, until Start

	training  bool
	trainedOn ledger.CID // base of the delta in preparation or ready
	ready     []byte
	skip      uint64 // the round, plus one, for which there is no delta
	work      work
	scoring   bool
	scores    ledger.Scores // of the round, when measured
	sealSince int64
	sealRound uint64
	paused    bool
	attempts  byte  // times that what waits of our chain was published again
	repeatAt  int64 // when to do it next
	wake      int64
}

// newContributor knows of itself what the state does: a lot, if the log begins with
// a snapshot.
func newContributor(s *incentives.State, self ledger.Author) contributor {
	own, r := s.Account(self), &s.Round
	c := contributor{
		seq: own.Seq, head: own.Head, work: work{found: map[uint64]uint64{}}, memos: map[uint64]Memo{}, latest: map[ledger.Kind]uint64{}, accused: map[ledger.Author]accusation{},
	}
	_, committed := r.Commits[self]
	_, revealed := r.Reveals[self]
	_, sealed := r.Seals[self]
	_, opened := r.Openings[self]
	for kind, did := range map[ledger.Kind]bool{
		ledger.KindCommit: committed, ledger.KindReveal: revealed, ledger.KindSeal: sealed, ledger.KindScore: opened,
	} {
		if did {
			c.latest[kind] = r.Number + 1
		}
	}
	return c
}

// did tells whether we have signed an entry of this kind for the round.
func (c *contributor) did(kind ledger.Kind, round uint64) bool { return c.latest[kind] == round+1 }

func (c *contributor) signed(x *ledger.Entry) {
	if r := roundOf(x); r != ^uint64(0) {
		c.latest[x.Kind] = max(c.latest[x.Kind], r+1)
	}
}

// contribute does what the phase asks of us.
func (e *Engine) contribute() (err error) {
	e.contributor.wake = 0
	defer e.repeat()
	if e.replica.Unsettled() || e.silent() || e.replica.State.Account(e.cfg.Author).Forked {
		return nil
	}
	if err := e.report(); err != nil {
		return err
	}
	e.mineAhead()
	switch e.replica.State.Round.Phase {
	case incentives.PhaseCommit:
		return e.commit()
	case incentives.PhaseReveal:
		err = e.reveal()
	case incentives.PhaseSeal:
		err = e.seal()
	default:
		err = e.open()
	}
	e.trainAhead()
	return err
}

func (e *Engine) append(body any) error {
	_, err := e.sign(body)
	return err
}

// sign makes the next entry of our chain, and publishes it.
func (e *Engine) sign(body any) (*ledger.Entry, error) {
	c := &e.contributor
	x, err := ledger.Sign(e.cfg.Sign, e.cfg.Author, e.cfg.Topic, c.seq, c.head, body)
	if err != nil {
		return nil, err
	}
	c.seq, c.head = x.Seq, x.CID()
	c.signed(x)
	e.chains.add(x, e.replica.State.Account(e.cfg.Author).Seq, e.replica.Head.Height)
	e.emit(Store{Record{Kind: RecordEntry, Data: x.Bytes()}})
	e.publishEntry(x, 0)
	c.attempts, c.repeatAt = 0, e.now+e.interval()
	return x, nil
}

func (e *Engine) publishEntry(x *ledger.Entry, attempt byte) {
	m := EntryMessage{Entry: x, Attempt: attempt}
	if v, is := x.Body.(*ledger.Reveal); is && len(e.blobs[v.Delta]) <= MaxInline {
		m.Delta = e.blobs[v.Delta]
	}
	e.emit(Publish{Encode(m)})
}

// repeat publishes again what we signed and nobody has certified yet, ever more
// rarely: gossip may have lost it.
func (e *Engine) repeat() {
	c := &e.contributor
	waiting := e.chains.run(e.cfg.Author, e.replica.State.Account(e.cfg.Author))
	if len(waiting) == 0 {
		c.repeatAt = 0
		return
	}
	if e.now >= c.repeatAt { // at once after a restart: perhaps it was never heard
		c.attempts++
		c.repeatAt = e.now + e.interval()<<min(c.attempts, 6)
		for _, h := range waiting {
			e.publishEntry(h.Entry, c.attempts)
		}
	}
	if c.wake == 0 || c.repeatAt < c.wake {
		c.wake = c.repeatAt
	}
}

func (e *Engine) remember(m Memo) {
	e.contributor.memos[m.Round] = m
	e.emit(Store{Record{Kind: RecordMemo, Data: mustEncode(m)}})
}

// salt is 16 bytes that only we can make, and make again after a crash.
func (e *Engine) salt(purpose string, round uint64, of []byte) ledger.Salt {
	mac := hmac.New(sha256.New, e.cfg.Secret[:])
	mac.Write([]byte("grapevine/salt/1/" + purpose))
	mac.Write(e.cfg.Topic.Bytes())
	mac.Write(binary.BigEndian.AppendUint64(nil, round))
	mac.Write(of)
	return ledger.Salt(mac.Sum(nil))
}

// commit trains, and binds us to the delta. One that was made too slowly is
// committed in a later round, on the anchor that it was made for.
func (e *Engine) commit() error {
	c, s := &e.contributor, e.replica.State
	round := s.Round.Number
	if !e.trains() || c.did(ledger.KindCommit, round) || c.skip == round+1 {
		return nil
	}
	if c.ready != nil && !slices.Contains(s.Anchors, c.trainedOn) {
		c.ready = nil // too old to count
	}
	if c.ready == nil {
		if !c.training {
			e.train(round, e.replica.Anchor())
		}
		return nil
	}
	work, found := c.work.found[round]
	if !found && !e.bonded() {
		return nil
	}
	data, base := c.ready, c.trainedOn
	c.ready = nil
	id := ledger.SumBlob(data)
	e.keepBlob(id, data)
	e.remember(Memo{Round: round, Base: &base, Delta: &id})
	hash := ledger.CommitHash(e.cfg.Topic, round, e.cfg.Author, base, id, e.salt("commit", round, id.Bytes()))
	return e.append(&ledger.Commit{Round: round, Base: base, Hash: hash, Work: work})
}

// trains tells whether this peer takes part in training now.
func (e *Engine) trains() bool {
	s := e.replica.State
	return e.cfg.Train && s.Closed == nil && !e.contributor.paused && (e.bonded() || s.Economy.Slots > 0)
}

func (e *Engine) bonded() bool { return e.replica.State.Weight(e.cfg.Author) > 0 }

// train asks for a delta of the round on a model.
func (e *Engine) train(round uint64, on []int32) {
	c := &e.contributor
	c.training, c.trainedOn = true, e.replica.State.Anchor()
	task := Train{Round: round, Anchor: on, Undo: e.ahead.undo}
	if e.live.training {
		task.Live = e.live.count.Merges + 1
	} else {
		task.Carry = e.live.carry()
	}
	e.emit(task)
	e.ahead.undo = false
}

func (e *Engine) trained(in Trained) {
	c := &e.contributor
	c.training, c.ready = false, in.Delta
	if e.live.training {
		e.live.training, c.ready = false, nil
		e.liveTrained(in)
		return
	}
	switch {
	case e.ahead.stale:
		e.ahead.stale, e.ahead.undo, c.ready = false, in.Delta != nil, nil
	case in.Delta == nil && e.ahead.replica == nil:
		c.skip = in.Round + 1
	case in.Delta == nil:
		e.ahead.replica, e.ahead.skip = nil, in.Round
	}
}

func (e *Engine) reveal() error {
	c, r := &e.contributor, &e.replica.State.Round
	memo, known := c.memos[r.Number]
	if _, committed := r.Commits[e.cfg.Author]; !committed || !known || memo.Delta == nil || c.did(ledger.KindReveal, r.Number) {
		return nil
	}
	data := e.blobs[*memo.Delta]
	if data == nil {
		e.fetch(*memo.Delta, e.cfg.Author) // after a restart: from our own disk
		return nil
	}
	return e.append(&ledger.Reveal{
		Round: r.Number, Delta: *memo.Delta, Size: uint64(len(data)),
		Salt: e.salt("commit", r.Number, memo.Delta.Bytes()),
	})
}

// seal scores the round's deltas, those of others that are here, and binds us
// to the scores.
func (e *Engine) seal() error {
	c, r := &e.contributor, &e.replica.State.Round
	if !e.cfg.Score || !e.seated() || c.did(ledger.KindSeal, r.Number) {
		return nil
	}
	c.enterSeal(r.Number, e.now)
	if c.scores != nil {
		scores := c.scores
		c.scores = nil
		e.remember(Memo{Round: r.Number, Scores: scores, Sealed: true})
		hash := ledger.SealHash(e.cfg.Topic, r.Number, e.cfg.Author, e.sealSalt(r.Number, scores), scores)
		return e.append(&ledger.Seal{Round: r.Number, Hash: hash})
	}
	if !c.scoring {
		e.startScoring()
	}
	return nil
}

func (e *Engine) sealSalt(round uint64, scores ledger.Scores) ledger.Salt {
	return e.salt("seal", round, mustEncode(scores))
}

// enterSeal begins with the deltas of a round, unless that is done.
func (c *contributor) enterSeal(round uint64, now int64) {
	if c.sealRound != round || c.sealSince == 0 {
		c.sealRound, c.sealSince, c.scoring, c.scores = round, now, false, nil
	}
}

// gathered asks for the round's deltas that are missing, and tells whether to go
// on: all are here, or were waited for long enough.
func (e *Engine) gathered() bool {
	c, r := &e.contributor, &e.replica.State.Round
	patience := c.sealSince + e.interval()
	if e.now >= patience {
		return true
	}
	all := true
	for _, author := range r.Deltas() {
		if id := r.Reveals[author].Delta; e.blobs[id] == nil {
			e.fetch(id, author)
			all = false
		}
	}
	if !all {
		c.wake = patience
	}
	return all
}

// startScoring asks for the scores of others' deltas that are here.
func (e *Engine) startScoring() {
	c, r := &e.contributor, &e.replica.State.Round
	if !e.gathered() {
		return
	}
	var deltas []delta.Sparse
	for _, author := range r.Deltas() {
		if author == e.cfg.Author {
			continue
		}
		if u, err := e.replica.Codec().Decode(e.blobs[r.Reveals[author].Delta]); err == nil {
			deltas = append(deltas, u)
		}
	}
	c.scoring = true
	e.emit(Score{r.Number, e.replica.Anchor(), deltas, len(r.Reveals)})
}

// scored turns measures into scores. The deltas asked for were, in order, those
// of others that could be decoded.
func (e *Engine) scored(in Scored) {
	c, r := &e.contributor, &e.replica.State.Round
	if r.Phase != incentives.PhaseSeal || in.Round != r.Number || !c.scoring {
		return
	}
	var measures []*Measure
	var places []uint64
	var whose []claim
	for place, author := range r.Deltas() {
		if author == e.cfg.Author {
			continue
		}
		u, err := e.replica.Codec().Decode(e.blobs[r.Reveals[author].Delta])
		if err != nil || len(measures) >= len(in.Scores) {
			continue
		}
		measures, places = append(measures, in.Scores[len(measures)]), append(places, uint64(place))
		whose = append(whose, e.claims.claim(r.Number, author, r.Reveals[author].Delta, u, e.live.params))
	}
	c.scores = ledger.Scores{}
	for i, stolen := range e.claims.stolen(whose) {
		if m := measures[i]; m != nil && stolen {
			c.scores = append(c.scores, Quantise(places[i], &Measure{U: min(m.U, useless)}))
		} else if m != nil {
			c.scores = append(c.scores, Quantise(places[i], m))
		}
	}
}

// Quantise makes the score of the delta at a place: both numbers bounded and in
// steps, u so that it says little of single samples. u goes to the nearest step, not
// down: where a thousand peers share a step, gains are hardly larger than one, and a
// loss of half of it in each would have nearly all honest deltas refused. The standard
// error goes up, for it bounds an error, and that of rounding u is below a step too.
func Quantise(place uint64, m *Measure) ledger.Score {
	const limit, step = 1 << 30, ledger.ScoreStep
	u := max(-limit, min(m.U, limit)) + step/2
	se := max(0, min(m.SE, limit)) + step - 1
	return ledger.Score{Delta: place, U: int32(u &^ (step - 1)), SE: uint32(se &^ (step - 1))}
}

func (e *Engine) open() error {
	c, r := &e.contributor, &e.replica.State.Round
	memo, known := c.memos[r.Number]
	if _, sealed := r.Seals[e.cfg.Author]; !sealed || !known || !memo.Sealed || c.did(ledger.KindScore, r.Number) {
		return nil
	}
	for round := range c.memos {
		if round < r.Number {
			delete(c.memos, round)
		}
	}
	return e.append(&ledger.Opening{Round: r.Number, Salt: e.sealSalt(r.Number, memo.Scores), Scores: memo.Scores})
}
