package p2p

import (
	"maps"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
)

// A score is the sum of four things, all 0 for a peer that does nothing wrong:
//
//	the application's opinion   minOpinion … maxOpinion    Config.Score
//	silence                     0 or -20                   see silence.go
//	invalid messages            -30 · n²                   n forgotten over an hour
//	bad manners                 -10 · (n-6)²               grafting too early, breaking promises; ten minutes
//
// Below 0 a peer is taken out of every mesh but still gets gossip; below
// gossipBelow it gets none; below graylistBelow it is expelled. So one invalid
// message costs the mesh, two cost the connection, whatever a peer did well
// before: there is nothing to be earned by delivering (P1, P2 and the sum of
// topics of GossipSub are 0), so nothing to be spent on an attack.
// Weights were chosen for that table, not copied: with copied ones, peers that
// never forward were never pruned (Kumar et al., arXiv 2311.08859).
//
// Peers on one address are not counted against each other, as GossipSub can do
// (P6): it counts those of the last hour, so a dozen that come and go behind one
// router would get all others there expelled. Connections from an address are
// limited instead, see connsPerIP4.
const (
	maxOpinion = 10.0
	minOpinion = -100.0

	silencePenalty = -20.0 // outweighs maxOpinion
	invalidWeight  = -30.0 // so does one invalid message
	mannersWeight  = -10.0

	gossipBelow   = -40.0
	publishBelow  = -60.0
	graylistBelow = -80.0

	retainScore = time.Hour        // of a peer that left, so leaving washes nothing off
	lookEvery   = 10 * time.Second // how often scores are looked at
)

// scores is what pubsub reports, by peer.
type scores = map[peer.ID]*pubsub.PeerScoreSnapshot

func scoreParams(opinion func(peer.ID) float64) (*pubsub.PeerScoreParams, *pubsub.PeerScoreThresholds) {
	return &pubsub.PeerScoreParams{
			Topics:            map[string]*pubsub.TopicScoreParams{},
			AppSpecificScore:  opinion,
			AppSpecificWeight: 1,

			BehaviourPenaltyWeight:    mannersWeight,
			BehaviourPenaltyThreshold: 6,
			BehaviourPenaltyDecay:     pubsub.ScoreParameterDecay(10 * time.Minute),

			DecayInterval: pubsub.DefaultDecayInterval,
			DecayToZero:   pubsub.DefaultDecayToZero,
			RetainScore:   retainScore,
			SeenMsgTTL:    seenFor,
		}, &pubsub.PeerScoreThresholds{
			GossipThreshold:   gossipBelow,
			PublishThreshold:  publishBelow,
			GraylistThreshold: graylistBelow,
		}
}

// topicScoreParams weighs invalid messages and nothing else. Deliveries have
// weight 0 and no decay: pubsub only counts them, for silence.go. Its own P3
// compares them with a fixed number, so it punishes honest peers where nothing
// is said, spares silent ones where much is, and goes on after a peer was pruned.
func topicScoreParams() *pubsub.TopicScoreParams {
	const countsExactly = 1 << 53
	return &pubsub.TopicScoreParams{
		TopicWeight:       1,
		TimeInMeshQuantum: time.Second,

		FirstMessageDeliveriesDecay: 1,
		FirstMessageDeliveriesCap:   countsExactly,

		MeshMessageDeliveriesDecay:      1,
		MeshMessageDeliveriesCap:        countsExactly,
		MeshMessageDeliveriesWindow:     500 * time.Millisecond,
		MeshMessageDeliveriesActivation: time.Second,

		InvalidMessageDeliveriesWeight: invalidWeight,
		InvalidMessageDeliveriesDecay:  pubsub.ScoreParameterDecay(time.Hour),
	}
}

// standing is what we think of peers beyond what pubsub counts itself.
type standing struct {
	opinion func(peer.ID) float64

	mu     sync.Mutex
	silent map[peer.ID]*silence
}

func newStanding(opinion func(peer.ID) float64) *standing {
	return &standing{opinion: opinion, silent: map[peer.ID]*silence{}}
}

// of is the application-specific score (P5) of GossipSub.
func (s *standing) of(p peer.ID) float64 {
	v := max(minOpinion, min(maxOpinion, s.opinion(p)))
	if v != v { // NaN is no opinion, and would poison every comparison
		v = 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.silent[p]; r != nil && r.proven() {
		v += silencePenalty
	}
	return v
}

// look takes in what happened since the last look.
func (s *standing) look(now time.Time, all scores) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range all {
		if s.silent[p] == nil {
			s.silent[p] = &silence{topics: map[string]*hearing{}}
		}
	}
	said := map[string]float64{} // per topic, by whomever
	for p, v := range all {
		s.silent[p].count(v, said)
	}
	for p := range all {
		s.silent[p].judge(now, said)
	}
	maps.DeleteFunc(s.silent, func(_ peer.ID, r *silence) bool { return now.Sub(r.seen) > retainScore })
}
