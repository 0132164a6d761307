package lab

import (
	"context"
	"encoding/binary"
	"math"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
)

// round runs one round of the topic; out is nil if nobody had a delta.
func (w *world) round(ctx context.Context, clock uint64) (out *audit.Outcome, err error) {
	online := w.draw(clock)
	if err := w.train(ctx, online, clock); err != nil {
		return nil, err
	}
	authors, err := w.commit(ctx, online, clock)
	if err != nil || len(authors) == 0 {
		return nil, err
	}
	if err := w.reveal(ctx, authors); err != nil {
		return nil, err
	}
	if err := w.score(ctx); err != nil {
		return nil, err
	}
	return w.settle(ctx)
}

// draw returns who is online, in order.
func (w *world) draw(clock uint64) []int {
	online := draws(w.seed, "online", clock).Perm(w.Peers)[:w.online()]
	slices.Sort(online)
	return online
}

// train gives work to who is online and has nothing in hand.
func (w *world) train(ctx context.Context, online []int, clock uint64) error {
	r := w.lead()
	anchor := make(learning.Vector, len(r.Anchor()))
	learning.FromAnchor(anchor, r.Anchor())
	late := draws(w.seed, "late", clock)
	var idle []*peer
	var delay []int
	for _, i := range online {
		p, rounds := w.peers[i], 0
		if late.Float64() < w.Stale {
			rounds = 1 + late.IntN(incentives.MaxAge)
		}
		if p.commits(clock, r.State.Anchors); p.ready == nil {
			idle, delay = append(idle, p), append(delay, rounds)
		}
	}
	err := w.pool.each(ctx, len(idle), func(i int) error {
		return idle[i].train(ctx, anchor, r.State.Anchor(), clock, delay[i])
	})
	if err != nil {
		return err
	}
	return w.forge(ctx, idle, anchor, clock)
}

// commit binds all who have a delta to it. It returns them.
func (w *world) commit(ctx context.Context, online []int, clock uint64) (authors []*peer, err error) {
	s := w.lead().State
	var entries []*ledger.Entry
	for _, i := range online {
		p := w.peers[i]
		if !p.commits(clock, s.Anchors) {
			continue
		}
		v := p.ready
		binary.BigEndian.PutUint64(v.salt[:], p.seed^clock)
		hash := ledger.CommitHash(w.topic, s.Round.Number, p.author, v.base, ledger.SumBlob(v.data), v.salt)
		e, err := p.say(w.topic, &ledger.Commit{Round: s.Round.Number, Base: v.base, Hash: hash})
		if err != nil {
			return nil, err
		}
		authors, entries = append(authors, p), append(entries, e)
	}
	if len(entries) == 0 {
		return nil, nil
	}
	return authors, w.phase(ctx, incentives.PhaseCommit, entries)
}

// phase certifies entries and then nothing, until the phase is over.
func (w *world) phase(ctx context.Context, phase incentives.Phase, entries []*ledger.Entry) error {
	for s := w.lead().State; s.Round.Phase == phase && !w.lead().Unsettled(); entries = nil {
		if err := w.block(ctx, entries); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) reveal(ctx context.Context, authors []*peer) error {
	s := w.lead().State
	var entries []*ledger.Entry
	for _, p := range authors {
		v := p.ready
		p.ready = nil
		id := ledger.SumBlob(v.data)
		w.blobs[id] = v.data
		w.result.wire.delta(len(v.data))
		e, err := p.say(w.topic, &ledger.Reveal{Round: s.Round.Number, Delta: id, Size: uint64(len(v.data)), Salt: v.salt})
		if err != nil {
			return err
		}
		entries = append(entries, e)
		w.watch(p, s.Round.Number, v.data)
	}
	return w.phase(ctx, incentives.PhaseReveal, entries)
}

// watch shows attackers what another peer revealed.
func (w *world) watch(from *peer, round uint64, data []byte) {
	for _, p := range w.peers {
		if p.forger != nil && p != from {
			p.forger.Watch(round, data)
		}
	}
}

// score lets all scorers measure, seal and open.
func (w *world) score(ctx context.Context) error {
	scores, err := w.measure(ctx)
	if err != nil {
		return err
	}
	round := w.lead().State.Round.Number
	var seals, openings []*ledger.Entry
	for i, p := range w.peers {
		if scores[i] == nil {
			continue
		}
		salt := ledger.Salt(p.author[:16])
		seal, err := p.say(w.topic, &ledger.Seal{Round: round, Hash: ledger.SealHash(w.topic, round, p.author, salt, scores[i])})
		if err != nil {
			return err
		}
		opening, err := p.say(w.topic, &ledger.Opening{Round: round, Salt: salt, Scores: scores[i]})
		if err != nil {
			return err
		}
		seals, openings = append(seals, seal), append(openings, opening)
	}
	if err := w.phase(ctx, incentives.PhaseSeal, seals); err != nil {
		return err
	}
	return w.phase(ctx, incentives.PhaseOpen, openings)
}

// measure returns the scores that each peer seals; nil for who has no seat.
func (w *world) measure(ctx context.Context) ([][]ledger.Score, error) {
	r := w.lead()
	base := make(learning.Vector, len(r.Anchor()))
	learning.FromAnchor(base, r.Anchor())
	authors := r.State.Round.Deltas()
	shared := w.updates(authors, len(base))
	scores, exams := make([][]ledger.Score, len(w.peers)), w.exams()
	return scores, w.pool.each(ctx, len(exams), func(i int) error {
		updates := shared
		if w.Full { // decodes them itself
			updates = w.updates(authors, len(base))
		}
		if one := exams[i]; len(one) == 1 { // need not measure its own
			updates = slices.Clone(updates)
			if at := slices.Index(authors, w.peers[one[0]].author); at >= 0 {
				updates[at] = nil
			}
		}
		gains, err := w.peers[exams[i][0]].examine(ctx, base, updates)
		for _, scorer := range exams[i] {
			scores[scorer] = w.peers[scorer].score(authors, gains)
		}
		return err
	})
}

// exams are the scorers by the samples that they score with: who has the same
// as others would measure the same.
func (w *world) exams() (groups [][]int) {
	place := map[*float32]int{}
	for i, p := range w.peers {
		if w.lead().State.Now.Seat(p.author) < 0 {
			continue
		}
		held := p.trainer.Held
		if held.Len() > 0 && !w.Full {
			if at, seen := place[&held.X[0]]; seen {
				groups[at] = append(groups[at], i)
				continue
			}
			place[&held.X[0]] = len(groups)
		}
		groups = append(groups, []int{i})
	}
	return groups
}

// updates decodes the revealed deltas, each at its share of the mean; nil for
// those that are malformed.
func (w *world) updates(authors []ledger.Author, size int) []learning.Vector {
	out := make([]learning.Vector, len(authors))
	for i, a := range authors {
		s, err := w.lead().Codec().Decode(w.blobs[w.lead().State.Round.Reveals[a].Delta])
		if err == nil {
			out[i] = s.Share(size, len(authors))
		}
	}
	return out
}

// examine measures updates; NaN for those that are nil.
func (p *peer) examine(ctx context.Context, base learning.Vector, updates []learning.Vector) ([]learning.Score, error) {
	var given []learning.Vector
	for _, u := range updates {
		if u != nil {
			given = append(given, u)
		}
	}
	measured, err := p.trainer.Evaluate(ctx, base, given)
	if err != nil {
		return nil, err
	}
	gains := make([]learning.Score, len(updates))
	for i, u := range updates {
		if gains[i] = (learning.Score{Gain: math.NaN()}); u != nil {
			gains[i], measured = measured[0], measured[1:]
		}
	}
	return gains, nil
}

// score is what the peer says of all deltas but its own.
func (p *peer) score(authors []ledger.Author, gains []learning.Score) []ledger.Score {
	scores := []ledger.Score{}
	for i, g := range gains {
		u, se, ok := g.Micro()
		if !ok || authors[i] == p.author {
			continue
		}
		m := &engine.Measure{U: u, SE: se}
		p.attack.Misjudge(i, m)
		scores = append(scores, engine.Quantise(uint64(i), m))
	}
	return scores
}
