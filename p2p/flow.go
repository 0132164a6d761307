package p2p

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// flow is a blob that may still be arriving. One goroutine adds to it, any
// number read it, each at its own pace: that is the whole of cut-through. It
// holds only bytes that were checked.
type flow struct {
	size int

	mu     sync.Mutex
	data   []byte
	err    error
	source peer.ID       // whom it comes from now
	more   chan struct{} // closed, and replaced, when something above changed
}

func newFlow(size int) *flow { return &flow{size: size, more: make(chan struct{})} }

func (f *flow) change(what func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what()
	close(f.more)
	f.more = make(chan struct{})
}

func (f *flow) add(b []byte)        { f.change(func() { f.data = append(f.data, b...) }) }
func (f *flow) fail(err error)      { f.change(func() { f.err = err }) }
func (f *flow) comesFrom(p peer.ID) { f.change(func() { f.source = p }) }

// after returns the bytes from offset on that are here, and waits until there
// are some. Bytes once here stay as they are.
func (f *flow) after(ctx context.Context, offset int) ([]byte, error) {
	for {
		f.mu.Lock()
		data, err, more := f.data, f.err, f.more
		f.mu.Unlock()
		if err != nil || len(data) > offset {
			return data[min(offset, len(data)):], err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// whole returns the blob when it is complete.
func (f *flow) whole(ctx context.Context) ([]byte, error) {
	if _, err := f.after(ctx, f.size-1); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.data, nil
}

func (f *flow) arrived() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.data)
}

func (f *flow) isFrom(p peer.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.source == p && len(f.data) < f.size
}
