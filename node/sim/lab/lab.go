package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Run makes the experiment: all seeds and baselines, as many at a time as there
// are cores. If ctx ends, the report holds what is known by then; it is nil if
// that is nothing. Its error is ctx's then, or that of the first run that failed.
func Run(ctx context.Context, c Config) (*Report, error) {
	start := time.Now()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.takeTurns()
	worlds, err := play(ctx, &c)
	report := newReport(&c, worlds)
	if report != nil {
		report.Seconds = time.Since(start).Seconds()
	}
	return report, err
}

// takeTurns keeps runs from telling of something at the same time.
func (c *Config) takeTurns() {
	var one sync.Mutex
	if tell := c.Progress; tell != nil {
		c.Progress = func(seed uint64, round int, accuracy float64) {
			one.Lock()
			defer one.Unlock()
			tell(seed, round, accuracy)
		}
	}
	if tell := c.Ended; tell != nil {
		c.Ended = func(e Ended) {
			one.Lock()
			defer one.Unlock()
			tell(e)
		}
	}
}

// play runs all seeds at the same time; they share the cores. Results are in
// order of seeds.
func play(ctx context.Context, c *Config) ([]*world, error) {
	cores := newPool()
	worlds, errs := make([]*world, c.Seeds), make([]error, c.Seeds)
	var wait sync.WaitGroup
	for i := range c.Seeds {
		wait.Go(func() {
			seed := c.Seed + uint64(i)
			w, err := newWorld(c, cores, seed)
			if err == nil {
				worlds[i] = w
				err = w.run(ctx)
			}
			if err == nil {
				err = w.compare(ctx)
			}
			if err != nil {
				errs[i] = fmt.Errorf("seed %d: %w", seed, err)
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, ctx.Err()) {
			return worlds, err
		}
	}
	return worlds, ctx.Err()
}
