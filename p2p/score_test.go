package p2p

import (
	"fmt"
	"math"
	"net"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"
)

// mix is a traffic pattern of some topics: how many messages each has in each
// look. It is what others say, by whomever.
type mix [][]int

func (m mix) at(topic, look int) int { return m[topic][look%len(m[topic])] }

// anyMix draws topics that are quiet, steady or bursty.
func anyMix(t *rapid.T) mix {
	topics := rapid.IntRange(1, 8).Draw(t, "topics")
	m := make(mix, topics)
	for i := range m {
		period := rapid.IntRange(1, 60).Draw(t, "period")
		m[i] = make([]int, period)
		for range rapid.IntRange(0, 3).Draw(t, "bursts") {
			m[i][rapid.IntRange(0, period-1).Draw(t, "at")] += rapid.SampledFrom([]int{1, 2, 10, 100, 1000}).Draw(t, "size")
		}
	}
	return m
}

// enough reports whether the mix says enough within a number of looks, less the
// first two, in which a peer may not be in the mesh.
func (m mix) enough(looks int) bool {
	counted := 0
	for l := 2; l < looks; l++ {
		n := 0
		for topic := range m {
			n += m.at(topic, l)
		}
		counted += min(n, countedPerLook)
	}
	return counted >= silentMessages
}

// bench plays pubsub: it hands snapshots of counters to a standing.
type bench struct {
	*standing
	now time.Time
	all scores
}

func newBench(opinion float64) *bench {
	return &bench{
		standing: newStanding(func(peer.ID) float64 { return opinion }),
		now:      time.Unix(0, 0), all: scores{},
	}
}

// topic returns a peer's counters, in the mesh for long enough from the second
// look on.
func (b *bench) topic(p peer.ID, name string) *pubsub.TopicScoreSnapshot {
	if b.all[p] == nil {
		b.all[p] = &pubsub.PeerScoreSnapshot{Topics: map[string]*pubsub.TopicScoreSnapshot{}}
	}
	if b.all[p].Topics[name] == nil {
		b.all[p].Topics[name] = &pubsub.TopicScoreSnapshot{}
	}
	return b.all[p].Topics[name]
}

func (b *bench) look() {
	b.now = b.now.Add(lookEvery)
	b.standing.look(b.now, b.all)
	for _, v := range b.all {
		for _, t := range v.Topics {
			t.TimeInMesh += lookEvery
		}
	}
}

func TestASilentPeerIsNegativeWithinTenMinutesInEveryMix(t *testing.T) {
	const looks = int(10 * time.Minute / lookEvery)
	rapid.Check(t, func(t *rapid.T) {
		m := anyMix(t)
		opinion := rapid.Float64Range(0, 1e9).Draw(t, "opinion")
		b := newBench(opinion)
		for l := range looks {
			for topic := range m {
				name := fmt.Sprint(topic)
				b.topic("silent", name)
				b.topic("other", name).FirstMessageDeliveries += float64(m.at(topic, l))
				b.topic("other", name).MeshMessageDeliveries += float64(m.at(topic, l))
			}
			b.look()
		}
		if got := b.of("silent"); m.enough(looks) && got >= 0 {
			t.Errorf("silent peer with opinion %g has %g after ten minutes of %v", opinion, got, m)
		}
		if got := b.of("other"); got < 0 {
			t.Errorf("the other has %g", got)
		}
	})
}

func TestAPeerSilentOnOneTopicCannotHideBehindAnother(t *testing.T) {
	b := newBench(maxOpinion)
	for range 60 {
		b.topic("half", "a").MeshMessageDeliveries += 100
		b.topic("half", "b")
		for _, name := range []string{"a", "b"} {
			b.topic("other", name).FirstMessageDeliveries += 2
		}
		b.look()
	}
	if got := b.of("half"); got >= 0 {
		t.Errorf("got %g, want less than 0", got)
	}
}

// An honest peer brings every message with a chance of at least 0.3 (measured in
// meshes of six: more than 0.5), or, if it is slow, none of a whole burst now and
// then. Two hours of every mix must pass without a penalty, 200 in all.
func TestAnHonestPeerIsNeverNegativeOnQuietOrBurstyTopics(t *testing.T) {
	const looks = int(2 * time.Hour / lookEvery)
	rapid.Check(t, func(t *rapid.T) {
		m := anyMix(t)
		rng := rapid.Uint64().Draw(t, "seed") | 1
		chance := func() float64 {
			rng ^= rng << 13
			rng ^= rng >> 7
			rng ^= rng << 17
			return float64(rng>>11) / (1 << 53)
		}
		b := newBench(0)
		for l := range looks {
			for topic := range m {
				name, n := fmt.Sprint(topic), m.at(topic, l)
				b.topic("other", name).FirstMessageDeliveries += float64(n)
				honest := b.topic("honest", name)
				slow := n >= 100 && chance() < 0.01 // a whole burst comes late
				for range min(n, 20) {              // more are as good as certain
					if !slow && chance() < 0.3 {
						honest.MeshMessageDeliveries++
					}
				}
			}
			b.look()
			if got := b.of("honest"); got < 0 {
				t.Fatalf("honest peer has %g at look %d of %v", got, l, m)
			}
		}
	})
}

func TestOneBurstProvesNothing(t *testing.T) {
	b := newBench(0)
	b.topic("slow", "a")
	b.look()
	b.look()
	const bursts = silentMessages / countedPerLook
	for range bursts - 1 {
		b.topic("other", "a").FirstMessageDeliveries += 1000
		b.look()
	}
	if got := b.of("slow"); got != 0 {
		t.Errorf("after %d bursts: got %g, want 0", bursts-1, got)
	}
	b.topic("other", "a").FirstMessageDeliveries += 1000
	b.look()
	if got := b.of("slow"); got != silencePenalty {
		t.Errorf("after one more: got %g, want %g", got, silencePenalty)
	}
}

func TestSilenceEndsByADeliveryAndByTime(t *testing.T) {
	silent := func() *bench {
		b := newBench(0)
		for range 10 {
			b.topic("p", "a")
			b.topic("other", "a").FirstMessageDeliveries += 100
			b.look()
		}
		if got := b.of("p"); got != silencePenalty {
			t.Fatalf("got %g, want %g", got, silencePenalty)
		}
		b.topic("p", "a").TimeInMesh = math.MinInt64 / 2 // pruned
		return b
	}
	b := silent()
	b.topic("p", "a").FirstMessageDeliveries++ // by IHAVE and IWANT
	b.look()
	if got := b.of("p"); got != 0 {
		t.Errorf("after a delivery: got %g, want 0", got)
	}
	b = silent()
	for range int(retainScore/lookEvery) + 1 {
		b.look()
	}
	if got := b.of("p"); got != 0 {
		t.Errorf("after an hour: got %g, want 0", got)
	}
	b = silent()
	delete(b.all, "p")
	for range int(retainScore / lookEvery / 2) {
		b.look()
	}
	if got := b.of("p"); got != silencePenalty {
		t.Errorf("leaving washed it off: got %g, want %g", got, silencePenalty)
	}
	for range int(retainScore / lookEvery) {
		b.look()
	}
	if len(b.silent) != 1 {
		t.Errorf("%d peers are remembered, want 1", len(b.silent))
	}
}

func TestCountersAndOpinionsAreTakenWithinBounds(t *testing.T) {
	if got := grown(5, 2); got != 2 {
		t.Errorf("a counter that began anew grew by %g, want 2", got)
	}
	for opinion, want := range map[float64]float64{
		0: 0, 5: 5, 1e9: maxOpinion, -1e9: minOpinion, math.Inf(1): maxOpinion, math.NaN(): 0,
	} {
		if got := newStanding(func(peer.ID) float64 { return opinion }).of("p"); got != want {
			t.Errorf("opinion %g counts %g, want %g", opinion, got, want)
		}
	}
}

// Many may share an address, behind a router of a company or of a carrier, and they
// come and go: that is nobody's fault, least of all of those who stay.
func TestWhoSharesAnAddressWithManyIsKept(t *testing.T) {
	simulate(t, 1, func(t *testing.T, s *sim) {
		const strangers = 20
		for i := range 1 + strangers {
			s.addAt(net.IPv4(8, 8, 8, 8), 8000+i)
		}
		ours := s.open(0, Config{}, nil)
		s.open(1, Config{}, nil)
		s.dial(1, 0)
		for i := 2; i < len(s.hosts); i++ {
			_, end := s.stranger(i, pubsub.ValidationAccept)
			s.dial(i, 0)
			time.Sleep(5 * time.Second)
			end()
			if err := s.hosts[i].Network().ClosePeer(s.hosts[0].ID()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * lookEvery)
		if got := ours.Peers(); len(got) != 1 || got[0] != s.hosts[1].ID() {
			t.Errorf("connected are %v, want who stayed", got)
		}
	})
}

// The table at the head of score.go, as inequalities.
func TestThePenaltiesOutweighWhatTheyMust(t *testing.T) {
	if silencePenalty+maxOpinion >= 0 {
		t.Error("a good opinion outweighs silence")
	}
	if silencePenalty+invalidWeight <= graylistBelow {
		t.Error("silence and one invalid message disconnect")
	}
	if invalidWeight+maxOpinion >= 0 || 4*invalidWeight+maxOpinion >= graylistBelow {
		t.Error("one invalid message must cost the mesh, two the connection")
	}
	if minOpinion >= graylistBelow {
		t.Error("the worst opinion does not disconnect")
	}
}
