package ledger

import (
	"errors"
	"reflect"
	"slices"
	"testing"
)

// farScores are at the ends of all ranges.
var farScores = Scores{{Delta: 0, U: -1 << 31, SE: 1<<32 - ScoreStep}, {Delta: MaxScores - 1, U: 1<<31 - ScoreStep}}

// largest is a SCORE of as many deltas as there may be, in as many bytes.
func largest(u int32) *Opening {
	o := &Opening{Round: 1 << 62}
	for i := range uint64(MaxScores) {
		o.Scores = append(o.Scores, Score{Delta: i, U: u, SE: 1 << 31})
	}
	return o
}

// withScores is a SCORE whose list of scores is another.
func withScores(t testing.TB, list []byte) (out []byte) {
	b := mustSign(t, key(1), 0, topic, bodies()[3]).Bytes()
	parse(b, 0).walk(b, "", func(path string, it item) {
		if path == "/body/scores" {
			out = slices.Concat(b[:it.start], list, b[it.end:])
		}
	})
	return out
}

// The bytes by hand: u and standard error in steps, null where nothing was scored.
func TestScoresAreAListByPlace(t *testing.T) {
	for want, s := range map[string]Scores{
		"\x80":                         {},
		"\x81\x82\x00\x00":             {{}},
		"\x83\xf6\xf6\x82\x21\x18\x1f": {{Delta: 2, U: -512, SE: 7_936}},
		"\x83\x82\x19\x01\x13\x01\xf6\x82\x00\x02": {{Delta: 0, U: 70_400, SE: 256}, {Delta: 2, SE: 512}},
	} {
		if got := must1[[]byte](t)(Encode(s)); string(got) != want {
			t.Errorf("%+v: got %x, want %x", s, got, want)
		}
		var got Scores
		if err := Decode([]byte(want), &got); err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%x: got %+v (%v), want %+v", want, got, err, s)
		}
	}
	for _, s := range []Scores{farScores, largest(-1 << 31).Scores} {
		e := mustSign(t, key(1), 0, topic, &Opening{Round: 3, Scores: s})
		if got, err := DecodeEntry(e.Bytes()); err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("got %+v (%v), want %+v", got, err, e)
		}
	}
	if none := must1[[]byte](t)(Encode(&Opening{})); none[len(none)-1] != 0x80 {
		t.Errorf("no scores are %x", none)
	}
}

// spoiltScores are lists that are no scores.
func spoiltScores(t testing.TB) []spoilt {
	far := must1[[]byte](t)(Encode(farScores))
	return []spoilt{
		{"a null at the end", []byte("\x82\x82\x00\x00\xf6")},
		{"nothing but null", []byte("\x81\xf6")},
		{"no list", []byte("\xf6")},
		{"u too large", []byte("\x81\x82\x1a\x00\x80\x00\x00\x00")},
		{"u too small", []byte("\x81\x82\x3a\x00\x80\x00\x00\x00")},
		{"u of more than 32 bits", []byte("\x81\x82\x1b\x00\x00\x00\x01\x00\x00\x00\x00\x00")},
		{"standard error too large", []byte("\x81\x82\x00\x1a\x01\x00\x00\x00")},
		{"standard error below 0", []byte("\x81\x82\x00\x20")},
		{"u alone", []byte("\x81\x81\x00")},
		{"with the place", []byte("\x81\x83\x00\x00\x00")},
		{"a place too many", slices.Concat(head(4, MaxScores+1, 3), far[3:], []byte{0x82, 0, 0})},
	}
}

func TestOtherListsAreNoScores(t *testing.T) {
	for _, s := range spoiltScores(t) {
		if _, err := DecodeEntry(withScores(t, s.bytes)); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%s: %v, want ErrNotCanonical", s.name, err)
		}
		var got Scores // no list is read as another, but for nulls that mean nothing
		if err := got.UnmarshalCBOR(s.bytes); err == nil && len(got) > 0 && s.name != "a null at the end" {
			t.Errorf("%s: read as %+v", s.name, got)
		}
	}
	if _, err := DecodeEntry(withScores(t, []byte("\x82\xf6\x82\x00\x00"))); err != nil {
		t.Errorf("another valid one: %v", err)
	}
}

func TestScoresThatHaveNoBytesAreNotSigned(t *testing.T) {
	for name, s := range map[string]Scores{
		"out of order":          {{Delta: 1}, {Delta: 0}},
		"a delta scored twice":  {{Delta: 1}, {Delta: 1}},
		"a fine u":              {{U: 255}},
		"a fine u below 0":      {{U: -1}},
		"a fine standard error": {{SE: 257}},
		"a place too far":       {{Delta: MaxScores}},
		"a place far away":      {{Delta: 1<<64 - 1}},
	} {
		if _, err := Sign(key(1).sign, key(1).author(), topic, 0, topic, &Opening{Scores: s}); err == nil {
			t.Errorf("signed %s", name)
		}
		if b, err := Encode(s); err == nil {
			t.Errorf("encoded %s: %x", name, b)
		}
	}
}
