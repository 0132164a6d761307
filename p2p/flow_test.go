package p2p

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAFlowIsReadWhileItArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlow(4)
		var early string
		go func() {
			for len(early) < f.size {
				b, err := f.after(t.Context(), len(early))
				if err != nil {
					t.Error(err)
					return
				}
				early += string(b)
			}
		}()
		f.add([]byte("ab"))
		synctest.Wait()
		if early != "ab" {
			t.Errorf("the early reader has %q, want ab", early)
		}
		f.add([]byte("cd"))
		synctest.Wait()
		late, err := f.whole(t.Context())
		if early != "abcd" || string(late) != "abcd" || err != nil {
			t.Errorf("early %q, late %q, %v; want abcd twice", early, late, err)
		}
	})
}

func TestAFlowThatFailsEndsItsReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, got := newFlow(4), make(chan error, 1)
		f.add([]byte("ab"))
		go func() {
			_, err := f.whole(t.Context())
			got <- err
		}()
		f.fail(errFalse)
		if err := <-got; !errors.Is(err, errFalse) {
			t.Errorf("got %v, want %v", err, errFalse)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := newFlow(1).after(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

func TestAShelfWaitsForWhatIsToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, got := newShelf(), make(chan *flow, 1)
		go func() { got <- s.find(t.Context(), blobID{1}) }()
		synctest.Wait()
		s.open(blobID{2}, 1)
		synctest.Wait()
		f, mine := s.open(blobID{1}, 1)
		if found := <-got; !mine || found != f {
			t.Error("found another flow")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if s.find(ctx, blobID{3}) != nil {
			t.Error("found what never came")
		}
	})
}

func TestAShelfDropsTheOldestCompleteBlobs(t *testing.T) {
	s := newShelf()
	arriving, _ := s.open(blobID{0}, MaxBlob)
	arriving.add(make([]byte, chunkSize))
	for i := range 5 {
		s.put(blobID{1, byte(i)}, make([]byte, shelfBytes/4))
		s.trim()
	}
	for i, want := range []bool{false, false, true, true, true} {
		if got := s.flows[blobID{1, byte(i)}] != nil; got != want {
			t.Errorf("blob %d kept: %v, want %v", i, got, want)
		}
	}
	if s.flows[blobID{0}] != arriving {
		t.Error("dropped a blob that is arriving")
	}
	for i := range shelfCount + 10 {
		s.put(blobID{2, byte(i), byte(i >> 8)}, []byte{1})
	}
	s.trim()
	if len(s.flows) != shelfCount || len(s.order) != shelfCount {
		t.Errorf("%d blobs, %d in order, want %d", len(s.flows), len(s.order), shelfCount)
	}
}

func TestAFailedFlowDoesNotTakeTheOfferedOneAlong(t *testing.T) {
	s := newShelf()
	failing, _ := s.open(blobID{1}, 1)
	s.put(blobID{1}, []byte{1})
	s.drop(blobID{1}, failing)
	if f, mine := s.open(blobID{1}, 1); mine || f == failing {
		t.Error("the offered blob is gone")
	}
}
