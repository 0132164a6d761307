package p2p

import (
	"context"
	"errors"
	"sync"
)

// ErrClosed is returned by calls on a host or topic that is closed, also by
// those that were under way when it was.
var ErrClosed = errors.New("closed")

// life bounds the work done on behalf of a host or topic. libp2p calls our
// stream handlers without a context, so this is the one place that keeps one.
type life struct {
	ctx  context.Context
	stop context.CancelFunc

	mu   sync.Mutex // orders work.Add before work.Wait
	over bool
	work sync.WaitGroup
}

func newLife(ctx context.Context) *life {
	l := &life{}
	l.ctx, l.stop = context.WithCancel(ctx)
	return l
}

// enter begins a piece of work. Its context ends with ctx and with the life;
// leave must be called when the work is done.
func (l *life) enter(ctx context.Context) (_ context.Context, leave func(), _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return ctx, nil, ErrClosed
	}
	l.work.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	detach := context.AfterFunc(l.ctx, func() { cancel(ErrClosed) })
	return ctx, func() {
		detach()
		cancel(nil)
		l.work.Done()
	}, nil
}

// end refuses new work, ends the contexts and waits for the work under way.
func (l *life) end() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	l.stop()
	l.work.Wait()
}
