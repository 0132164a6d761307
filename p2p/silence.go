package p2p

import (
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
)

// A peer in our mesh is silent if others brought us 64 messages, on one topic or
// on all together, and it brought not one of them: neither first nor within half
// a second, and none of its own. Of the messages between two looks 16 count: a
// burst is one event, and a peer that was late once is not silent.
//
// Traffic decides, not time, because what is quiet proves nothing. Ten minutes
// hold 60 looks, so who is silent there while 64 messages pass in four looks or
// more is found out. In a mesh of six an honest peer brings more than every second
// message, so it misses 64 in a row with a chance of 10^-19; if it brings every
// fourth, of 10^-8. Measured over real libp2p with 4 to 20 peers at random places,
// 3 of which speak, for 12 minutes, 16 times: the longest run of anybody was 10.
//
// What this cannot tell: an honest peer that gets everything from us alone, or
// always later than we do, and never says anything itself. It loses its place in
// the mesh, for an hour, and keeps gossip: it is served a second later.
// And a peer that sends our own messages back faster than half a second.
const (
	silentMessages = 64
	countedPerLook = 16
)

// run is a number of messages missed one after the other.
type run struct {
	messages float64
	last     time.Time
}

func (r *run) proven() bool { return r.messages >= silentMessages }

// miss adds a look in which others said n messages and the peer none.
func (r *run) miss(now time.Time, n float64) {
	if n > 0 {
		*r = run{r.messages + min(n, countedPerLook), now}
	}
}

// forgive forgets a run nothing was added to for as long as scores are kept.
func (r *run) forgive(now time.Time) {
	if now.Sub(r.last) > retainScore {
		*r = run{}
	}
}

// hearing is what we hear of a peer on one topic.
type hearing struct {
	run
	first, mesh float64 // pubsub's counters at the last look
	gave        float64 // messages since then that it brought
	gaveFirst   float64 // of those, the ones it brought first
	inMesh      bool    // all the time since then
}

// silence is what we hear of a peer on all topics.
type silence struct {
	run    // over all topics
	topics map[string]*hearing
	seen   time.Time
}

func (s *silence) proven() bool {
	if s.run.proven() {
		return true
	}
	for _, h := range s.topics {
		if h.proven() {
			return true
		}
	}
	return false
}

// count compares pubsub's counters with the last ones and adds to said what the
// peer was the first to bring.
func (s *silence) count(v *pubsub.PeerScoreSnapshot, said map[string]float64) {
	for name, t := range v.Topics {
		h := s.topics[name]
		if h == nil {
			h = &hearing{}
			s.topics[name] = h
		}
		h.gaveFirst = grown(h.first, t.FirstMessageDeliveries)
		h.gave = max(h.gaveFirst, grown(h.mesh, t.MeshMessageDeliveries))
		h.first, h.mesh = t.FirstMessageDeliveries, t.MeshMessageDeliveries
		h.inMesh = t.TimeInMesh >= lookEvery
		said[name] += h.gaveFirst
	}
}

// judge prolongs or ends the runs.
func (s *silence) judge(now time.Time, said map[string]float64) {
	s.seen = now
	var gave, missed float64
	for name, h := range s.topics {
		switch {
		case h.gave > 0:
			h.run = run{}
		case h.inMesh:
			h.miss(now, said[name])
			missed += said[name]
		}
		gave += h.gave
		h.gave, h.inMesh = 0, false
		h.forgive(now)
	}
	if gave > 0 {
		s.run = run{}
		return
	}
	s.miss(now, missed)
	s.forgive(now)
}

// grown is how far a counter went; it starts at 0 again when a peer comes back.
func grown(before, after float64) float64 {
	if after < before {
		return after
	}
	return after - before
}
