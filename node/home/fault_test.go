package home

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/ipfs/go-cid"
)

// use puts some blobs, one of them twice and one over damaged bytes, and deletes
// one, until something fails. It returns those that must be here: all of them, if
// nothing failed.
func use(b *Blobs) (must []cid.Cid, err error) {
	for i := range 5 {
		c, err := b.Put(fmt.Appendf(nil, "blob %d", i%4))
		if err != nil {
			return must, err
		}
		must = append(must, c)
	}
	if err := b.PutAll([][]byte{[]byte("together"), []byte("with another")}); err != nil {
		return must, err
	}
	last := must[3]
	must = append(must[:3], must[4])
	return must, b.Delete(last)
}

// Every operation of the disk fails in turn, once or from then on. That is an error,
// and the home opens again with all that was acknowledged and no half of anything.
func TestAFaultInAnyOperationLosesNoBlob(t *testing.T) {
	t.Parallel() // it mostly waits for the disk
	for _, failure := range []error{syscall.EIO, syscall.ENOSPC, io.ErrShortWrite} {
		for _, forever := range []bool{false, true} {
			for k, more := 0, true; more; k++ {
				more = fails(t, k, failure, forever)
			}
		}
	}
}

// fails lets the k-th operation fail, and tells whether there was one.
func fails(t *testing.T, k int, failure error, forever bool) (reached bool) {
	t.Helper()
	dir := t.TempDir()
	h := opened(t, dir)
	count := 0
	var mu sync.Mutex // PutAll writes many at a time
	h.before = func(op string) error {
		mu.Lock()
		defer mu.Unlock()
		count++
		if count-1 != k && !(forever && count > k) || failure == io.ErrShortWrite && op != "write" {
			return nil
		}
		reached = true
		return failure
	}
	must, err := use(h.Blobs())
	if reached != (err != nil) || reached && !errors.Is(err, failure) {
		t.Errorf("%v at operation %d: the error is %v", failure, k, err)
	}
	if failure == io.ErrShortWrite { // and the process was killed before it could take it away
		write(t, filepath.Join(h.temp(), "half"), "blo")
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = opened(t, dir)
	for _, c := range must {
		if _, err := h.Blobs().Get(c); err != nil {
			t.Errorf("%v at operation %d, forever %t: %v", failure, k, forever, err)
		}
	}
	if bad, _ := complaints(t, h.Blobs()); len(bad) != 0 {
		t.Errorf("%v at operation %d, forever %t: %q", failure, k, forever, bad)
	}
	if _, err := use(h.Blobs()); err != nil {
		t.Errorf("%v at operation %d: tried again: %v", failure, k, err)
	}
	return reached || failure == io.ErrShortWrite && count > k
}
