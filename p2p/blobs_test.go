package p2p

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

const someBlob = 3*chunkSize + 7 // four chunks

// source replaces what a peer serves.
func source(t *Topic, serve func(s network.Stream, first int)) {
	t.h.host.SetStreamHandler(t.blobProtocol(), func(s network.Stream) {
		var request [sha256.Size + 4]byte
		if _, err := io.ReadFull(s, request[:]); err != nil {
			_ = s.Reset()
			return
		}
		serve(s, int(binary.BigEndian.Uint32(request[sha256.Size:])))
	})
}

func offer(t *testing.T, topic *Topic, a Announcement, data []byte) {
	t.Helper()
	if err := topic.Offer(a, data); err != nil {
		t.Fatal(err)
	}
}

// wantPull pulls and reports how long it took.
func wantPull(t *testing.T, topic *Topic, a Announcement, want []byte, from ...*Topic) time.Duration {
	t.Helper()
	start := time.Now()
	got, err := topic.Pull(t.Context(), a, ids(from)...)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("pull: got %d bytes, %v; want %d", len(got), err, len(want))
	}
	return time.Since(start)
}

func ids(topics []*Topic) (p []peer.ID) {
	for _, t := range topics {
		p = append(p, t.h.ID())
	}
	return p
}

func TestABlobOfAnySizeIsPulled(t *testing.T) {
	a, b := pair(t, nil)
	for _, size := range []int{1, chunkSize, chunkSize + 1, someBlob, MaxBlob} {
		data, ann := blob(t, size)
		offer(t, a, ann, data)
		wantPull(t, b, ann, data, a)
		wantPull(t, b, ann, data) // from its own shelf
	}
}

func TestWhatIsOfferedMustBeWhatIsAnnounced(t *testing.T) {
	topic := join(t, open(t, Config{}), nil)
	data, ann := blob(t, 10)
	for name, err := range map[string]error{
		"other data":      topic.Offer(ann, make([]byte, 10)),
		"less data":       topic.Offer(ann, data[:9]),
		"no announcement": topic.Offer(Announcement{}, data),
	} {
		if err == nil {
			t.Errorf("offered %s", name)
		}
	}
	if _, err := topic.Pull(t.Context(), Announcement{}); err == nil {
		t.Error("pulled no announcement")
	}
}

func TestABlobIsServedWhileItArrives(t *testing.T) {
	simulate(t, 3, func(t *testing.T, s *sim) {
		s.dial(0, 1)
		s.dial(1, 2)
		topics := s.openAll(nil)
		data, ann := blob(t, someBlob)
		half, release := make(chan struct{}), make(chan struct{})
		source(topics[0], func(st network.Stream, _ int) {
			_, _ = st.Write(data[:2*chunkSize])
			close(half)
			<-release
			_, _ = st.Write(data[2*chunkSize:])
			_ = st.Close()
		})
		var work sync.WaitGroup
		work.Go(func() { wantPull(t, topics[1], ann, data, topics[0]) })
		work.Go(func() { wantPull(t, topics[2], ann, data, topics[1]) })
		<-half
		time.Sleep(time.Second)
		f, mine := topics[2].shelf.open(sha256.Sum256(ann.Bytes()), ann.Size)
		if mine || f.arrived() != 2*chunkSize {
			t.Errorf("the second peer has %d bytes while the first waits for the rest, want %d", f.arrived(), 2*chunkSize)
		}
		close(release)
		work.Wait()
	})
}

func TestARequestMayComeBeforeItsPull(t *testing.T) {
	simulate(t, 2, func(t *testing.T, s *sim) {
		s.connect(true)
		topics := s.openAll(nil)
		data, ann := blob(t, someBlob)
		time.AfterFunc(announceLead/2, func() { offer(t, topics[0], ann, data) })
		if took := wantPull(t, topics[1], ann, data, topics[0]); took > announceLead {
			t.Errorf("took %v, want less than %v: no second request", took, announceLead)
		}
	})
}

func TestAPullFindsAnotherSource(t *testing.T) {
	data, ann := blob(t, someBlob)
	for name, serve := range map[string]func(network.Stream, int){
		"refuses":    func(s network.Stream, _ int) { _ = s.Reset() },
		"says less":  func(s network.Stream, first int) { _, _ = s.Write(data[first*chunkSize:][:chunkSize+1]); _ = s.Close() },
		"stalls":     func(s network.Stream, first int) { _, _ = s.Write(data[first*chunkSize:][:chunkSize]) },
		"lies":       func(s network.Stream, _ int) { _, _ = s.Write(make([]byte, someBlob)); _ = s.Close() },
		"lies later": func(s network.Stream, _ int) { _, _ = s.Write(append(data[:chunkSize:chunkSize], data...)) },
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, 3, func(t *testing.T, s *sim) {
				s.connect(true)
				topics := s.openAll(nil)
				offer(t, topics[0], ann, data)
				source(topics[1], serve)
				took := wantPull(t, topics[2], ann, data, topics[1]) // who does not name the other
				if limit := stallTimeout + 3*time.Second; took > limit {
					t.Errorf("took %v, want at most %v", took, limit)
				}
				lied := name == "lies" || name == "lies later"
				if got := slices.Contains(topics[2].h.Peers(), topics[1].h.ID()); got == lied {
					t.Errorf("still connected to the bad source: %v, want %v", got, !lied)
				}
			})
		})
	}
}

func TestAPullGoesOnWhereTheLastSourceStopped(t *testing.T) {
	simulate(t, 3, func(t *testing.T, s *sim) {
		s.connect(true)
		topics := s.openAll(nil)
		data, ann := blob(t, someBlob)
		var asked atomic.Int64
		source(topics[0], func(s network.Stream, _ int) { _, _ = s.Write(data[:2*chunkSize+1]); _ = s.Close() })
		source(topics[1], func(s network.Stream, first int) {
			asked.Store(int64(first))
			_, _ = s.Write(data[first*chunkSize:])
			_ = s.Close()
		})
		wantPull(t, topics[2], ann, data, topics[0], topics[1])
		if got := asked.Load(); got != 2 {
			t.Errorf("the second source was asked for chunk %d and on, want 2", got)
		}
	})
}

// An announcement whose chunks add up to another blob than its CID names cannot
// be made good by any source.
func TestAFalseAnnouncementEndsThePull(t *testing.T) {
	simulate(t, 2, func(t *testing.T, s *sim) {
		s.connect(true)
		topics := s.openAll(nil)
		data, ann := blob(t, someBlob)
		other := bytes.Clone(data)
		other[0]++
		ann.Chunks[0] = sha256.Sum256(other[:chunkSize])
		source(topics[0], func(s network.Stream, first int) { _, _ = s.Write(other[first*chunkSize:]); _ = s.Close() })
		if _, err := topics[1].Pull(t.Context(), ann, topics[0].h.ID()); !errors.Is(err, errFalse) {
			t.Errorf("got %v, want %v", err, errFalse)
		}
		if len(topics[1].h.Peers()) != 1 {
			t.Error("the source paid for the announcer's lie")
		}
		if len(topics[1].shelf.flows) != 0 {
			t.Error("kept the blob")
		}
	})
}

func TestAPullOfWhatNobodyHasEnds(t *testing.T) {
	simulate(t, 3, func(t *testing.T, s *sim) {
		s.connect(true)
		topics := s.openAll(nil)
		_, ann := blob(t, someBlob)
		start := time.Now()
		if _, err := topics[0].Pull(t.Context(), ann, topics[1].h.ID()); err == nil {
			t.Error("pulled a blob nobody has")
		}
		if got := time.Since(start); got > 20*time.Second {
			t.Errorf("gave up after %v, want at most 20 s", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if _, err := topics[0].Pull(ctx, ann); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

func TestPullsOfOneBlobShareIt(t *testing.T) {
	simulate(t, 2, func(t *testing.T, s *sim) {
		s.connect(true)
		topics := s.openAll(nil)
		data, ann := blob(t, someBlob)
		var streams atomic.Int64
		source(topics[0], func(s network.Stream, _ int) {
			streams.Add(1)
			time.Sleep(time.Second)
			_, _ = s.Write(data)
			_ = s.Close()
		})
		// The first gives up, and one of the others takes over.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		var work sync.WaitGroup
		work.Go(func() {
			if _, err := topics[1].Pull(ctx, ann, topics[0].h.ID()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
			}
		})
		synctest.Wait()
		for range 10 {
			work.Go(func() { wantPull(t, topics[1], ann, data, topics[0]) })
		}
		work.Wait()
		if got := streams.Load(); got != 2 {
			t.Errorf("%d streams, want 2", got)
		}
	})
}

func TestPullsAndServesAreBounded(t *testing.T) {
	simulate(t, 2, func(t *testing.T, s *sim) {
		s.connect(true)
		topics := s.openAll(nil)
		var streams, most atomic.Int64
		source(topics[0], func(s network.Stream, _ int) {
			most.Store(max(most.Load(), streams.Add(1)))
			time.Sleep(time.Second)
			streams.Add(-1)
			_ = s.Reset()
		})
		var work sync.WaitGroup
		for i := range maxPulls + 4 {
			_, ann := blob(t, 1000+i)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			work.Go(func() { _, _ = topics[1].Pull(ctx, ann, topics[0].h.ID()) })
		}
		work.Wait()
		if got := most.Load(); got != maxPulls {
			t.Errorf("%d pulls at a time, want %d", got, maxPulls)
		}
		// The other direction: requests for what is unknown hold a slot for a while.
		refused := make(chan bool, maxPeerServes+4)
		for range cap(refused) {
			work.Go(func() {
				start := time.Now()
				_, _ = request(t, topics[0], topics[1], make([]byte, sha256.Size+4))
				refused <- time.Since(start) < announceLead
			})
		}
		work.Wait()
		n := 0
		for range cap(refused) {
			if <-refused {
				n++
			}
		}
		if n != 4 {
			t.Errorf("%d of %d requests were refused at once, want 4", n, cap(refused))
		}
	})
}

// request sends raw bytes as a request and returns the answer.
func request(t *testing.T, from, to *Topic, b []byte) ([]byte, error) {
	s, err := from.h.host.NewStream(t.Context(), to.h.ID(), to.blobProtocol())
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Reset() }()
	_, _ = s.Write(b)
	_ = s.CloseWrite()
	return io.ReadAll(s)
}

func TestHostileRequestsGetNothing(t *testing.T) {
	a, b := pair(t, nil)
	data, ann := blob(t, someBlob)
	offer(t, b, ann, data)
	id := sha256.Sum256(ann.Bytes())
	chunk := func(n uint32) []byte { return binary.BigEndian.AppendUint32(id[:], n) }
	for name, test := range map[string]struct {
		request []byte
		want    int
	}{
		"nothing":              {nil, 0},
		"half a request":       {id[:], 0},
		"the chunk after":      {chunk(4), 0},
		"the largest chunk":    {chunk(1<<32 - 1), 0},
		"the last chunk":       {chunk(3), 7},
		"more than a request":  {append(chunk(3), 1, 2, 3), 7},
		"a blob we don't have": {make([]byte, sha256.Size+4), 0},
	} {
		got, err := request(t, a, b, test.request)
		if len(got) != test.want || (err == nil) != (test.want > 0) {
			t.Errorf("%s: got %d bytes, %v; want %d, and a reset if none", name, len(got), err, test.want)
		}
	}
}

func TestABlobIsNotServedToItsSource(t *testing.T) {
	simulate(t, 2, func(t *testing.T, s *sim) {
		s.connect(true)
		topics := s.openAll(nil)
		_, ann := blob(t, someBlob)
		var work sync.WaitGroup
		for i := range 2 { // each has heard it from the other
			work.Go(func() {
				start := time.Now()
				if _, err := topics[i].Pull(t.Context(), ann, topics[1-i].h.ID()); err == nil {
					t.Error("a blob came from nowhere")
				}
				if got := time.Since(start); got > 2*stallTimeout {
					t.Errorf("gave up after %v, want at most %v: they waited for each other", got, 2*stallTimeout)
				}
			})
		}
		work.Wait()
	})
}

func TestCloseEndsPulls(t *testing.T) {
	simulate(t, 2, func(t *testing.T, s *sim) {
		s.connect(true)
		topics := s.openAll(nil)
		_, ann := blob(t, someBlob)
		source(topics[0], func(network.Stream, int) {}) // says nothing
		time.AfterFunc(time.Second, func() { _ = topics[1].Close() })
		if _, err := topics[1].Pull(t.Context(), ann, topics[0].h.ID()); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want %v", err, ErrClosed)
		}
	})
}
