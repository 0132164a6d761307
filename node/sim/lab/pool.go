package lab

import (
	"context"
	"runtime"
	"sync"
)

// pool runs pure jobs on the cores that there are. All runs share one.
type pool chan struct{}

func newPool() pool { return make(pool, runtime.GOMAXPROCS(0)) }

// each calls job for 0 to n-1, some at the same time, and returns the error of the
// first that failed, by number. Jobs must not call each.
func (p pool) each(ctx context.Context, n int, job func(i int) error) error {
	errs := make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		select {
		case p <- struct{}{}:
		case <-ctx.Done():
			wait.Wait()
			return ctx.Err()
		}
		wait.Go(func() {
			defer func() { <-p }()
			errs[i] = job(i)
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
