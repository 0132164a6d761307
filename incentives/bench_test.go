package incentives

import (
	"fmt"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// What it takes to end a round: tally, pay and the root of the new state.
func BenchmarkSettle(b *testing.B) {
	const validators = 21
	for _, deltas := range []int{10, 100, 1_000} {
		b.Run(fmt.Sprintf("deltas=%d", deltas), func(b *testing.B) {
			w := newTown(b, manifest(validators, deltas))
			people := validators + deltas
			w.must(each(validators, people, w.commit)...)
			w.must(each(validators, people, w.reveal)...)
			scored := func(v int) (all []ledger.Score) {
				for place := range uint64(deltas) {
					all = append(all, ledger.Score{Delta: place, U: int32(place*7919%4096+uint64(v)*3) * 256, SE: 256})
				}
				return all
			}
			w.must(each(0, validators, func(v int) *ledger.Entry { return w.seal(v, scored(v)) })...)
			for _, e := range each(0, validators, func(v int) *ledger.Entry { return w.open(v, scored(v)) }) {
				if err := w.state.Apply(e, check); err != nil {
					b.Fatal(err)
				}
			}
			round, supply, anchors := w.state.Round, w.state.Supply, w.state.Anchors
			var paid *Settlement
			b.ReportAllocs()
			for b.Loop() {
				w.state.Round, w.state.Supply, w.state.Anchors, w.state.Archive = round, supply, anchors, nil
				paid = w.state.Settle(w.state.Tally(), blob("next"))
				w.state.Root()
			}
			if paid.Minted == 0 || len(paid.Deltas) != deltas {
				b.Fatalf("minted %d for %d deltas", paid.Minted, len(paid.Deltas))
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "ms/round")
		})
	}
}

// What one core does of certified entries: decode, check the signature, apply. 15,000
// a second are wanted.
func BenchmarkVerifyAndApply(b *testing.B) {
	const people = 200
	m := manifest(4, people)
	w := newTown(b, m)
	w.real = true
	var data [][]byte
	for i := range people * 8 {
		who := 4 + i%people
		data = append(data, w.send(who, 4+(i+1)%people, 1).Bytes())
	}
	fresh := NewState(m, w.topic)
	b.ResetTimer()
	for n := 0; n < b.N; n++ {
		if n%len(data) == 0 {
			fresh = NewState(m, w.topic)
		}
		e, err := ledger.DecodeEntry(data[n%len(data)])
		if err != nil || e.Verify(ledger.Ed25519) != nil {
			b.Fatal(err)
		}
		if err := fresh.Admits(e, fresh.Account(e.Author), 0); err != nil {
			b.Fatal(err)
		}
		if err := fresh.Apply(e, ledger.Ed25519); err != nil {
			b.Fatal(err)
		}
		if n%people == people-1 {
			if _, voids := fresh.EndBlock(blob("block")); len(voids) > 0 {
				b.Fatal(voids[0].Reason)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
