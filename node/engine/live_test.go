package engine

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/learning/settle"
	"github.com/grapevine-network/grapevine/ledger"
)

const second = int64(1e9)

// newTestLive has a patience of 32 s and a beat of 8 s.
func newTestLive() live {
	return newLive(&ledger.Manifest{
		Learning: ledger.Learning{Alpha: ledger.One, Shape: []ledger.Tensor{{Name: "w", Dims: []uint64{4}}}},
		Rounds:   ledger.Rounds{Pace: 1000, Propose: 1000, Delta: 500},
	})
}

func update(values ...int32) (d delta.Sparse) {
	for i, v := range values {
		if v != 0 {
			d.Index, d.Value = append(d.Index, uint32(i)), append(d.Value, v)
		}
	}
	return d
}

func cid(n byte) ledger.CID { return ledger.SumBlob([]byte{n}) }

func TestLiveLearningWaitsForPatience(t *testing.T) {
	l := newTestLive()
	for _, step := range []struct {
		at   int64
		due  bool
		want bool
	}{
		{0, false, false}, {5, true, false}, {36, true, false}, {36, false, false}, // an idle topic
		{40, true, false}, {71, true, false}, {72, true, true}, {90, true, true},
	} {
		if got := l.overdue(step.at*second, step.due); got != step.want {
			t.Errorf("at %d s: %t", step.at, got)
		}
	}
	if l.end(); l.overdue(91*second, true) {
		t.Error("a height came, and patience did not begin again")
	}
	if got, want := l.wake(), (91+32)*second; got != want {
		t.Errorf("wakes at %d, want %d", got, want)
	}
}

func TestALiveReplicaMovesByTheMeanOnceABeat(t *testing.T) {
	l := newTestLive()
	l.overdue(60*second, true)
	l.begin(100*second, []int32{10, 0, 0, 0})
	if !l.merge(100*second) || l.wake() != 108*second {
		t.Errorf("does not train at once, or wakes at %d", l.wake())
	}
	l.rested = false // training
	l.learnt(update(8, 0, 0, 0), 1)
	l.hear(update(0, 8, 0, 0), 1)
	l.hear(update(0, 0, 8, 0), 2)
	if l.merge(107*second) || !slices.Equal(l.replica, []int32{10, 0, 0, 0}) {
		t.Error("merged before the beat")
	}
	if !l.merge(108 * second) {
		t.Error("does not train after the beat")
	}
	if want := []int32{12, 2, 4, 0}; !slices.Equal(l.replica, want) {
		t.Errorf("replica %v, want %v", l.replica, want)
	}
	l.merge(116 * second) // nothing was heard
	if want := []int32{12, 2, 4, 0}; !slices.Equal(l.replica, want) {
		t.Errorf("replica %v after silence, want %v", l.replica, want)
	}
	if want := (LiveCount{Merges: 2, Heard: 2}); l.count != want {
		t.Errorf("counted %+v, want %+v", l.count, want)
	}
	if !l.end() || l.on() || l.end() {
		t.Error("did not end once")
	}
}

func TestALiveDeltaIsCutToTheLastRoundsNorm(t *testing.T) {
	l := newTestLive()
	l.clip = 50
	l.overdue(1, true)
	l.begin(0, make([]int32, 4))
	l.hear(update(0, -3000, 4000, 0), 1)
	l.merge(8 * second)
	if want := []int32{0, -30, 40, 0}; !slices.Equal(l.replica, want) {
		t.Errorf("replica %v, want %v", l.replica, want)
	}
}

// A flood changes nothing but the count of what was dropped.
func TestAFloodOfOneAuthorIsHeardOnceInHalfABeat(t *testing.T) {
	calm, flooded := newTestLive(), newTestLive()
	for _, l := range []*live{&calm, &flooded} {
		l.overdue(1, true)
		l.begin(0, make([]int32, 4))
	}
	liar, other := ledger.Author{1}, ledger.Author{2}
	say := func(l *live, at int64, author ledger.Author, n byte) {
		if l.allows(at, author, cid(n)) {
			l.hear(update(int32(n), 0, 0, 9), 1)
		}
	}
	for _, l := range []*live{&calm, &flooded} {
		say(l, 1*second, liar, 100)
		say(l, 1*second, other, 101)
	}
	for i := range 100 {
		say(&flooded, 2*second+int64(i), liar, byte(i)) // too often
		say(&flooded, 6*second, liar, 100)              // an old one, by whoever sends it again
	}
	for _, l := range []*live{&calm, &flooded} {
		say(l, 6*second, liar, 102) // half a beat later it may
		l.merge(8 * second)
	}
	if !slices.Equal(calm.replica, flooded.replica) || calm.count.Heard != 3 {
		t.Errorf("replica %v became %v", calm.replica, flooded.replica)
	}
	calm.count.Dropped = 200
	if calm.count != flooded.count {
		t.Errorf("counted %+v, want %+v", flooded.count, calm.count)
	}
}

func TestWhatWasHeardIsRememberedWithinBounds(t *testing.T) {
	l := newTestLive()
	for i := range maxSeen + 10 {
		name := []byte{byte(i), byte(i >> 8)}
		if !l.allows(int64(i)*l.beat, ledger.Author{1}, ledger.SumBlob(name)) {
			t.Fatalf("delta %d was not heard", i)
		}
	}
	if len(l.seen) > maxSeen {
		t.Errorf("%d deltas are remembered, at most %d", len(l.seen), maxSeen)
	}
}

// A LIVE says what its author signed, and carries what it names.
func TestAForgedLiveMessageIsRefused(t *testing.T) {
	delta := []byte("delta")
	for name, forge := range map[string]func(m *LiveMessage){
		"another author": func(m *LiveMessage) { m.Live.Author[0] ^= 1 },
		"another base":   func(m *LiveMessage) { m.Live.Base = cid(9) },
		"another size":   func(m *LiveMessage) { m.Live.Size, m.Delta = 6, nil },
		"other bytes":    func(m *LiveMessage) { m.Delta = []byte("DELTA") },
		"fewer bytes":    func(m *LiveMessage) { m.Delta = delta[1:] },
		"an author that is no key": func(m *LiveMessage) {
			m.Live = SignLive(testSign(ledger.Author{}), ledger.Author{}, testTopic, testTopic, delta)
		},
		"another topic": func(m *LiveMessage) {
			m.Live = SignLive(testSign(testAuthor), testAuthor, cid(9), testTopic, delta)
		},
	} {
		m := LiveMessage{SignLive(testSign(testAuthor), testAuthor, testTopic, testTopic, delta), delta}
		forge(&m)
		if _, err := Decode(Encode(m), testTopic, testVerify); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestOwnProgressIsCarriedOnce(t *testing.T) {
	l := newTestLive()
	l.begin(0, make([]int32, 4))
	l.learnt(update(3, 0, 0, 5), 1)
	l.merge(8 * second)
	l.learnt(update(0, 0, -1, 5), 1)
	l.end()
	if got, want := l.carry(), update(3, 0, -1, 10); got == nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("carries %v, want %v", got, want)
	}
	if l.carry() != nil {
		t.Error("carries it twice")
	}
	l.clip = 10
	l.learnt(update(3000, 4000, 0, 0), 1) // came in when heights had returned
	if got := l.carry(); settle.Distance([]int32{got.Value[0], got.Value[1]}, []int32{0, 0}) > keepRounds*10 {
		t.Errorf("carries %v, more than a few rounds can", got)
	}
	for range 100 {
		l.learnt(update(delta.MaxValue, 1, -delta.MaxValue, 0), 1)
	}
	l.clip = math.MaxUint32
	if got := l.carry(); got.Check(4) != nil {
		t.Errorf("carries %v, which is no delta", got)
	}
}

func TestNothingIsKeptThatNobodyWillMerge(t *testing.T) {
	l := newTestLive()
	l.hear(update(1), 1) // heights come
	if len(l.heard) != 0 {
		t.Error("kept a delta while heights come")
	}
	l.overdue(1, true)
	for range 2 * maxHeard {
		l.hear(update(1), 1)
	}
	if len(l.heard) != maxHeard || l.count.Dropped != maxHeard+1 {
		t.Errorf("kept %d, dropped %d", len(l.heard), l.count.Dropped)
	}
}
