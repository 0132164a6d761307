package p2p

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

func echo(_ context.Context, from peer.ID, query []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%s said %s", from, query), nil
}

func TestAskIsAnswered(t *testing.T) {
	a, b := pair(t, nil)
	b.Serve(echo)
	got, err := a.Ask(within(t, 5*time.Second), b.h.ID(), []byte("hello"))
	if want := a.h.ID().String() + " said hello"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	b.Serve(nil)
	if _, err := a.Ask(within(t, 5*time.Second), b.h.ID(), nil); err == nil {
		t.Error("answered after serving ended")
	}
}

func TestTheLargestQueryAndAnswerPass(t *testing.T) {
	a, b := pair(t, nil)
	b.Serve(func(_ context.Context, _ peer.ID, query []byte) ([]byte, error) {
		return make([]byte, int(binary.BigEndian.Uint32(query))), nil
	})
	query := make([]byte, MaxQuery)
	for size, want := range map[int]bool{0: true, MaxAnswer: true, MaxAnswer + 1: false} {
		binary.BigEndian.PutUint32(query, uint32(size))
		got, err := a.Ask(within(t, 10*time.Second), b.h.ID(), query)
		if (err == nil) != want || want && len(got) != size {
			t.Errorf("answer of %d: got %d bytes, %v", size, len(got), err)
		}
	}
	if _, err := a.Ask(t.Context(), b.h.ID(), make([]byte, MaxQuery+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large query: got %v, want %v", err, ErrTooLarge)
	}
}

func TestAHostileAnswerIsRefused(t *testing.T) {
	a, b := pair(t, nil)
	for name, test := range map[string]struct {
		answer []byte
		want   error
	}{
		"no answer":            {nil, io.EOF},
		"half a length":        {[]byte{0, 0}, io.ErrUnexpectedEOF},
		"a length above all":   {[]byte{255, 255, 255, 255, 1}, ErrTooLarge},
		"less than the length": {binary.BigEndian.AppendUint32(nil, MaxAnswer), io.ErrUnexpectedEOF},
	} {
		b.h.host.SetStreamHandler(b.askProtocol(), func(s network.Stream) {
			_, _ = io.Copy(io.Discard, s)
			_, _ = s.Write(test.answer)
			_ = s.Close()
		})
		if _, err := a.Ask(within(t, 5*time.Second), b.h.ID(), []byte("?")); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

func TestAHostileQueryReachesNobody(t *testing.T) {
	a, b := pair(t, nil)
	b.Serve(func(context.Context, peer.ID, []byte) ([]byte, error) {
		t.Error("served a query that is too large")
		return nil, nil
	})
	s, err := a.h.host.NewStream(t.Context(), b.h.ID(), b.askProtocol())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = s.Write(binary.BigEndian.AppendUint32(nil, MaxQuery+1))
	if b, err := io.ReadAll(s); err == nil {
		t.Errorf("got %d bytes, want the end of the stream", len(b))
	}
}

func TestAskEndsWithItsContext(t *testing.T) {
	a, b := pair(t, nil)
	serving := make(chan struct{}, 1)
	b.Serve(func(ctx context.Context, _ peer.ID, _ []byte) ([]byte, error) {
		serving <- struct{}{}
		<-ctx.Done() // Close of the topic ends it
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-serving
		cancel()
	}()
	if _, err := a.Ask(ctx, b.h.ID(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	go func() {
		<-serving
		_ = a.Close()
	}()
	if _, err := a.Ask(t.Context(), b.h.ID(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
}

func TestOnePeerCannotTakeAllAnswers(t *testing.T) {
	a, b := pair(t, nil)
	started, release := make(chan struct{}), make(chan struct{})
	b.Serve(func(context.Context, peer.ID, []byte) ([]byte, error) {
		started <- struct{}{}
		<-release
		return nil, nil
	})
	results := make(chan error)
	for range maxPeerAsks {
		go func() {
			_, err := a.Ask(t.Context(), b.h.ID(), nil)
			results <- err
		}()
		<-started
	}
	if _, err := a.Ask(within(t, 5*time.Second), b.h.ID(), nil); err == nil {
		t.Errorf("served %d at a time, want %d", maxPeerAsks+1, maxPeerAsks)
	}
	close(release)
	for range maxPeerAsks {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestSlotsAreGivenBack(t *testing.T) {
	s := newSlots(3, 2)
	for i, want := range []bool{true, true, false} {
		if got := s.take("a"); got != want {
			t.Errorf("take %d of a: got %v, want %v", i, got, want)
		}
	}
	if !s.take("b") || s.take("c") {
		t.Error("want one slot left for b, none for c")
	}
	s.give("a")
	if !s.take("c") {
		t.Error("a slot given back cannot be taken")
	}
	for _, p := range []peer.ID{"a", "b", "c"} {
		s.give(p)
	}
	if s.taken != 0 || len(s.peers) != 0 {
		t.Errorf("got %d taken by %v, want none", s.taken, s.peers)
	}
}

func TestALengthAllocatesNothing(t *testing.T) {
	hostile := binary.BigEndian.AppendUint32(nil, MaxAnswer)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		if _, err := readFrame(bytes.NewReader(hostile), MaxAnswer); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("got %v, want %v", err, io.ErrUnexpectedEOF)
		}
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("100 lengths of %d without bytes allocated %d bytes, want less than 1 MiB", MaxAnswer, got)
	}
}

func FuzzFrame(f *testing.F) {
	for _, seed := range []string{"", "\x00\x00\x00\x00", "\x00\x00\x00\x02ab", "\x00\x00\x00\x02abc", "\x00\x00\x00\x02a", "\xff\xff\xff\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1 << 10
		got, err := readFrame(bytes.NewReader(b), limit)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := writeFrame(&out, got); err != nil || len(got) > limit || !bytes.HasPrefix(b, out.Bytes()) {
			t.Errorf("%x: read %x, wrote %x, %v", b, got, out.Bytes(), err)
		}
	})
}
