package ledger

import (
	"fmt"
	"math"
)

// Score says what a delta gains on its validator's held-out data, when added to
// the anchor divided by the number of the round's reveals: its share of a mean.
type Score struct {
	Delta uint64 // place among the round's reveals, sorted by author, from 0
	U     int32  // loss before minus loss after, micro-nats, a multiple of ScoreStep
	SE    uint32 // standard error of the paired differences, micro-nats, likewise
}

// Scores are sorted by Delta; a delta that was not scored has none. In bytes they
// are a list by place: [U/ScoreStep, SE/ScoreStep] for a delta that was scored, null
// for one that was not, and no null at the end.
type Scores []Score

const (
	// MaxScores bounds the deltas of a round that one SCORE can speak of.
	MaxScores = 1024
	// ScoreStep is what U and SE are multiples of, micro-nats.
	ScoreStep = 1 << 8
)

// coarse is a score in bytes. Its place is that in the list.
type coarse struct {
	_  struct{} `cbor:",toarray"`
	U  int32
	SE uint32
}

func (s Scores) validate() error {
	for i, x := range s {
		if x.Delta >= MaxScores || i > 0 && x.Delta <= s[i-1].Delta {
			return fmt.Errorf("score %d is of place %d: places must ascend and be below %d", i, x.Delta, MaxScores)
		}
		if x.U%ScoreStep != 0 || x.SE%ScoreStep != 0 {
			return fmt.Errorf("score %d: u and standard error must be multiples of %d", i, ScoreStep)
		}
	}
	return nil
}

// MarshalCBOR returns the list by place. Scores that it can't express are an error.
func (s Scores) MarshalCBOR() ([]byte, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	var places []*coarse
	for _, x := range s {
		for uint64(len(places)) < x.Delta {
			places = append(places, nil)
		}
		places = append(places, &coarse{U: x.U / ScoreStep, SE: x.SE / ScoreStep})
	}
	return encoder.Marshal(places)
}

// UnmarshalCBOR reads a list by place. That there is no null at its end, [Decode]
// finds by encoding it again.
func (s *Scores) UnmarshalCBOR(data []byte) error {
	var places []*coarse
	if err := decoder.Unmarshal(data, &places); err != nil {
		return err
	}
	if len(places) > MaxScores {
		return fmt.Errorf("%d places, at most %d", len(places), MaxScores)
	}
	*s = make(Scores, 0, len(places))
	for i, p := range places {
		if p == nil {
			continue
		}
		if p.U < math.MinInt32/ScoreStep || p.U > math.MaxInt32/ScoreStep || p.SE > math.MaxUint32/ScoreStep {
			return fmt.Errorf("score of place %d: out of range", i)
		}
		*s = append(*s, Score{Delta: uint64(i), U: p.U * ScoreStep, SE: p.SE * ScoreStep})
	}
	return nil
}
