package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
)

const testLimit = 200 // bytes; a few records a segment

// run is a program that uses a log until something goes wrong.
type run struct {
	fs       *memory
	appended [][]byte // what Append returned nil for
	acked    int      // how many of them a Sync covered
	full     int      // appends refused for want of space
	head     Head     // the last head written
	err      error
}

func payload(i int) []byte { return bytes.Repeat([]byte{byte('a' + i)}, 1+i*7%40) }

// play opens a log, appends records, some of them synced, writes heads and
// closes. It goes on when the disk is full and stops at any other error.
func (r *run) play() {
	l, err := open(r.fs, "d", testLimit)
	if err != nil {
		r.err = err
		return
	}
	for i := range 24 {
		if r.err = r.step(l, i); r.err != nil {
			l.Close() // as a deferred Close would
			return
		}
	}
	if r.err = l.Close(); r.err == nil {
		r.acked = len(r.appended)
	}
}

func (r *run) step(l *Log, i int) error {
	_, err := l.Append(Kind(i+1), payload(i))
	if errors.Is(err, syscall.ENOSPC) && l.broken == nil {
		r.full++
		return nil
	}
	if err != nil {
		return err
	}
	r.appended = append(r.appended, payload(i))
	if i%3 != 2 {
		return nil
	}
	if err := l.Sync(); err != nil {
		return err
	}
	r.acked = len(r.appended)
	if i%6 != 5 {
		return nil
	}
	h := Head{Height: uint64(i), Block: "b"}
	if err := writeHead(r.fs, "d", "t", h); err != nil {
		return err
	}
	r.head = h
	return nil
}

// verify opens what is left and checks the promises: a prefix of what was
// appended, all that was acknowledged, durable from now on, and appendable.
func (r *run) verify(left *memory) error {
	l, err := open(left, "d", testLimit)
	if err != nil {
		return err
	}
	got, err := contents(l)
	if err != nil {
		return err
	}
	if len(got) < r.acked || len(got) > len(r.appended) || !slices.EqualFunc(got, r.appended[:len(got)], bytes.Equal) {
		return fmt.Errorf("%d records are there; %d were appended, %d acknowledged", len(got), len(r.appended), r.acked)
	}
	if h, err := readHead(left, "d"); r.head.Block != "" && (err != nil || h.Height < r.head.Height) {
		return fmt.Errorf("head is %+v, %v; want %+v or newer", h, err, r.head)
	}
	cut := left.crash(0, false, nil)
	if l, err = open(cut, "d", testLimit); err != nil {
		return fmt.Errorf("after another power cut: %w", err)
	}
	if again, err := contents(l); err != nil || len(again) != len(got) {
		return fmt.Errorf("after another power cut %d of %d records are there, %v", len(again), len(got), err)
	}
	for i := range 9 {
		if _, err := l.Append(1, payload(i)); err != nil {
			return err
		}
	}
	if err := l.Close(); err != nil {
		return err
	}
	return sound(cut, len(got)+9)
}

func contents(l *Log) (all [][]byte, err error) {
	for r, err := range l.Records() {
		if err != nil {
			return nil, err
		}
		all = append(all, r.Data)
	}
	return all, nil
}

// sound checks that Check finds n records and nothing else.
func sound(m *memory, n int) error {
	for _, err := range check(m, "d") {
		if err != nil {
			return err
		}
		n--
	}
	if n != 0 {
		return fmt.Errorf("Check yields %d records too few", n)
	}
	return nil
}

// failing returns a hook that counts operations and fails the k-th of them, and
// with forever all after it. Operations other than writes cannot be short.
func failing(k int, failure error, forever bool) (hook func(string) error, count *int) {
	count = new(int)
	return func(op string) error {
		*count++
		if *count-1 != k && !(forever && *count > k) || failure == errShort && op != "write" {
			return nil
		}
		return failure
	}, count
}

func operations(t *testing.T) int {
	r := run{fs: newMemory()}
	hook, count := failing(-1, nil, false)
	r.fs.before = hook
	r.play()
	if r.err != nil || r.acked != 24 {
		t.Fatalf("a run without faults: %v, %d acknowledged", r.err, r.acked)
	}
	return *count
}

func TestAFaultInAnyOperationLosesNothingAcknowledged(t *testing.T) {
	n := operations(t)
	for _, failure := range []error{syscall.EIO, syscall.ENOSPC, errShort} {
		for _, forever := range []bool{false, true} {
			for k := range n {
				r := run{fs: newMemory()}
				r.fs.before, _ = failing(k, failure, forever)
				r.play()
				r.fs.before = nil
				where := fmt.Sprintf("%v at operation %d of %d, forever %v (the run ended with %v)", failure, k, n, forever, r.err)
				if err := r.verify(r.fs.clone()); err != nil {
					t.Errorf("%s: %v", where, err)
				}
				rng := rand.New(rand.NewPCG(uint64(k), 1))
				for _, percent := range []int{0, 10, 50, 100} {
					if err := r.verify(r.fs.crash(percent, false, rng)); err != nil {
						t.Errorf("%s, then a power cut that keeps %d %%: %v", where, percent, err)
					}
				}
			}
		}
	}
}

func TestAPowerCutAtAnyOperationLosesNothingAcknowledged(t *testing.T) {
	cuts := 0
	r := run{fs: newMemory()}
	r.fs.before = func(op string) error {
		before := r.fs.before
		r.fs.before = nil
		defer func() { r.fs.before = before }()
		for _, percent := range []int{0, 10, 50, 100} {
			for seed := range uint64(2) {
				rng := rand.New(rand.NewPCG(seed, uint64(cuts)))
				// What Append is writing now may be there without its answer.
				whole := run{appended: append(slices.Clone(r.appended), payload(len(r.appended))), acked: r.acked, head: r.head}
				if err := whole.verify(r.fs.crash(percent, seed%2 == 1, rng)); err != nil {
					t.Errorf("cut %d before %q, %d %% kept, seed %d: %v", cuts, op, percent, seed, err)
				}
			}
		}
		cuts++
		return nil
	}
	r.play()
	if r.err != nil || r.acked != 24 {
		t.Fatalf("the run itself: %v, %d acknowledged", r.err, r.acked)
	}
	t.Logf("%d cuts", cuts)
}

func TestAPowerCutWhileMendingIsMendedToo(t *testing.T) {
	for stop := range operations(t) {
		r := run{fs: newMemory()}
		r.fs.before, _ = failing(stop, syscall.EIO, true)
		r.play()
		r.fs.before = nil
		left := r.fs.crash(50, false, rand.New(rand.NewPCG(uint64(stop), 2)))
		for k, more := 0, true; more; k++ {
			again := left.clone()
			hook, count := failing(k, syscall.EIO, true)
			again.before = hook
			if l, err := open(again, "d", testLimit); err == nil {
				l.Close()
			}
			more, again.before = *count > k, nil
			if err := r.verify(again.crash(k%3*50, false, rand.New(rand.NewPCG(uint64(k), 3)))); err != nil {
				t.Errorf("run stopped at %d, mending at %d: %v", stop, k, err)
			}
		}
	}
}

func TestAFullDiskIsSurvived(t *testing.T) {
	m := newMemory()
	l, err := open(m, "d", testLimit)
	if err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	for i := range 60 {
		full := i%5 > 2
		m.before = func(op string) error {
			if full && op == "write" {
				return syscall.ENOSPC
			}
			return nil
		}
		_, err := l.Append(1, payload(i%20))
		if full != errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("append %d, disk full %v: %v", i, full, err)
		}
		if !full {
			want = append(want, payload(i%20))
		}
		if got, err := contents(l); err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("after append %d: %d records, %v; want %d", i, len(got), err, len(want))
		}
		if err := l.Sync(); err != nil {
			t.Fatalf("sync %d: %v", i, err)
		}
	}
	m.before = nil
	if err := errors.Join(l.Close(), sound(m, len(want))); err != nil {
		t.Error(err)
	}
}

func TestAFailedWriteOrSyncEndsTheLog(t *testing.T) {
	for _, failing := range []string{"sync", "write"} {
		m := newMemory()
		l, err := open(m, "d", testLimit)
		if err != nil {
			t.Fatal(err)
		}
		at, err := l.Append(1, payload(1))
		if err != nil {
			t.Fatal(err)
		}
		m.before = func(op string) error {
			if op == failing {
				return syscall.EIO
			}
			return nil
		}
		_, appended := l.Append(1, payload(2))
		if err := errors.Join(appended, l.Sync()); !errors.Is(err, syscall.EIO) {
			t.Fatalf("a failed %s: %v", failing, err)
		}
		m.before = nil // the next fsync would claim success
		_, appended = l.Append(1, payload(3))
		_, read := l.Read(at)
		_, listed := contents(l)
		for name, err := range map[string]error{"Append": appended, "Read": read, "Records": listed, "Sync": l.Sync(), "Close": l.Close()} {
			if !errors.Is(err, syscall.EIO) {
				t.Errorf("%s after a failed %s: %v, want the same error", name, failing, err)
			}
		}
		l, err = open(m, "d", testLimit)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := contents(l); err != nil || len(got) != 0 {
			t.Errorf("opened again: %d records, %v; what is not durable must be gone", len(got), err)
		}
	}
}
