package ledger

import (
	"fmt"
	"testing"
)

// One core must check 15,000 entries a second, so that a joiner is bound by its line.
func BenchmarkDecodeAndVerify(b *testing.B) {
	for _, body := range bodies() {
		e := mustSign(b, key(1), 0, topic, body)
		b.Run(fmt.Sprint(e.Kind), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				got, err := DecodeEntry(e.Bytes())
				if err != nil {
					b.Fatal(err)
				}
				if err := got.Verify(Ed25519); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// What decoding costs without the signature.
func BenchmarkDecode(b *testing.B) {
	for _, body := range bodies() {
		e := mustSign(b, key(1), 0, topic, body)
		b.Run(fmt.Sprint(e.Kind), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeEntry(e.Bytes()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
