package ledger

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"testing"
)

// decoders are all that read bytes of strangers.
var decoders = map[string]func([]byte) error{
	"entry":       func(b []byte) error { _, err := DecodeEntry(b); return err },
	"block":       func(b []byte) error { _, err := DecodeBlock(b); return err },
	"certificate": func(b []byte) error { _, err := DecodeCertificate(b); return err },
	"manifest":    func(b []byte) error { _, _, err := DecodeManifest(b); return err },
	"committee":   func(b []byte) error { return Decode(b, new(Committee)) },
}

// hostile bytes claim much, nest deep, or repeat what is small to write.
func hostile(t *testing.T) map[string][]byte {
	pair := func(key string, value ...byte) []byte {
		return append(append([]byte{0x60 | byte(len(key))}, key...), value...)
	}
	claims := map[string][]byte{
		"2^63 bytes":  head(2, 1<<63, 9),
		"2^40 bytes":  head(2, 1<<40, 9),
		"2^32 items":  head(4, 1<<32-1, 5),
		"2^32 pairs":  head(5, 1<<32-1, 5),
		"many zeros":  append(head(4, 1<<16-1, 3), make([]byte, 1<<16-1)...),
		"many empty":  append(head(4, 1<<16-1, 3), bytes.Repeat([]byte{0x80}, 1<<16-1)...),
		"many nulls":  append(head(4, 1<<16-1, 3), bytes.Repeat([]byte{0xf6}, 1<<16-1)...),
		"many maps":   append(head(4, 1<<16-1, 3), bytes.Repeat([]byte{0xa0}, 1<<16-1)...),
		"deep arrays": append(bytes.Repeat([]byte{0x81}, 15_000), 0),
		"deep tags":   append(bytes.Repeat([]byte{0xc6}, 15_000), 0),
		"deep maps":   append(bytes.Repeat([]byte{0xa1, 0x60}, 7_000), 0),
	}
	all := map[string][]byte{}
	for name, claim := range claims {
		all[name] = claim
		for _, field := range []string{"body", "genesis", "signers", "sigs", "name", "learning", "topic"} {
			all[fmt.Sprintf("%s as %s", name, field)] = slices.Concat([]byte{0xa1}, pair(field, claim...))
		}
		all[name+" as cuts"] = slices.Concat([]byte{0x82, 0xa0}, claim)
	}
	all["many scores"] = withScores(t, append(head(4, 5_000, 3), bytes.Repeat([]byte{0x82, 0, 0}, 5_000)...))
	all["many not scored"] = withScores(t, append(head(4, 16_000, 3), bytes.Repeat([]byte{0xf6}, 16_000)...))
	return all
}

// A decoder may allocate a multiple of what it was given, no matter what that
// claims. Nulls are the worst: one byte that stands for a member of the genesis.
// The number of a list's items is bounded, which keeps that at 20 MB (and 40 under the race
// detector, which empties pools).
func TestDecodersAllocateNoMoreThanTheyRead(t *testing.T) {
	for name, data := range hostile(t) {
		for what, decode := range decoders {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := decode(data)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Errorf("%s: accepted as %s", name, what)
			}
			if got, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<16+700*len(data)); got > most {
				t.Errorf("%s: as %s %d bytes take %d, more than %d", name, what, len(data), got, most)
			}
		}
	}
}

func TestHashesBindAllThatGoesIn(t *testing.T) {
	a, b := key(1).author(), key(2).author()
	commits := []Hash{
		CommitHash(topic, 1, a, blob("base"), blob("delta"), Salt{1}),
		CommitHash(node("other"), 1, a, blob("base"), blob("delta"), Salt{1}),
		CommitHash(topic, 2, a, blob("base"), blob("delta"), Salt{1}),
		CommitHash(topic, 1, b, blob("base"), blob("delta"), Salt{1}),
		CommitHash(topic, 1, a, blob("other"), blob("delta"), Salt{1}),
		CommitHash(topic, 1, a, blob("base"), blob("other"), Salt{1}),
		CommitHash(topic, 1, a, blob("delta"), blob("base"), Salt{1}),
		CommitHash(topic, 1, a, blob("base"), blob("delta"), Salt{2}),
	}
	score := []Score{{Delta: 1, U: 256, SE: 3}}
	seals := []Hash{
		SealHash(topic, 1, a, Salt{1}, score),
		SealHash(node("other"), 1, a, Salt{1}, score),
		SealHash(topic, 2, a, Salt{1}, score),
		SealHash(topic, 1, b, Salt{1}, score),
		SealHash(topic, 1, a, Salt{2}, score),
		SealHash(topic, 1, a, Salt{1}, nil),
		SealHash(topic, 1, a, Salt{1}, []Score{{Delta: 2, U: 256, SE: 3}}),
		SealHash(topic, 1, a, Salt{1}, []Score{{Delta: 1, U: -256, SE: 3}}),
		SealHash(topic, 1, a, Salt{1}, []Score{{Delta: 1, U: 256, SE: 4}}),
		SealHash(topic, 1, a, Salt{1}, []Score{score[0], {Delta: 2}}),
	}
	works := []Hash{
		WorkHash(topic, 1, a, 7), WorkHash(node("other"), 1, a, 7), WorkHash(topic, 2, a, 7), WorkHash(topic, 1, b, 7), WorkHash(topic, 1, a, 8),
	}
	seen := map[Hash]int{}
	for i, h := range slices.Concat(commits, seals, works) {
		if j, again := seen[h]; again {
			t.Errorf("hashes %d and %d are one", i, j)
		}
		seen[h] = i
	}
}
