package finality

import (
	"fmt"
	"testing"
	"time"
)

// The CPU of one decision, for one validator: signing, checking and decoding
// all votes with real keys. Time on the wire is virtual.
func BenchmarkDecision(b *testing.B) {
	for _, n := range []int{4, 16, 64} {
		b.Run(fmt.Sprintf("validators=%d", n), func(b *testing.B) {
			const instances = 2
			decided := 0
			for b.Loop() {
				c := newCourt(b, n, 0, 1)
				c.run(instances, time.Hour)
				for _, p := range c.members {
					decided += len(p.decided)
				}
			}
			if decided != b.N*instances*n {
				b.Fatalf("%d decisions, want %d", decided, b.N*instances*n)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(decided)/1000, "ms/decision")
		})
	}
}
