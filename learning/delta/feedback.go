package delta

import "fmt"

// Decay is how much of what was not sent is kept for the next round, unless a
// topic says otherwise: old news fades.
const Decay = 0.95

// Feedback remembers what the codec left out and adds it to the next update
// (error feedback; Seide et al., Interspeech 2014; with decay as in SparseLoCo).
// It belongs to one peer, is never sent, and is not safe for concurrent use.
type Feedback struct {
	codec      Codec
	decay      float32
	rest, next []float32
}

// NewFeedback returns a Feedback that has left out nothing yet. A codec that
// does not validate makes Compress return an error.
func NewFeedback(c Codec, decay float32) *Feedback {
	return &Feedback{codec: c, decay: decay}
}

// Compress returns the bytes to send for update, one float32 per parameter:
//
//	rest = decay*rest + update;  q = encode(rest);  rest -= q
//
// It subtracts what is sent, not what others make of it. After an error, as for
// a value that is not finite, what is remembered is what it was.
func (f *Feedback) Compress(update []float32) ([]byte, error) {
	if err := f.codec.Validate(); err != nil {
		return nil, err
	}
	if len(update) != f.codec.Size {
		return nil, fmt.Errorf("compress update: %d values for %d parameters", len(update), f.codec.Size)
	}
	if f.rest == nil {
		f.rest, f.next = make([]float32, f.codec.Size), make([]float32, f.codec.Size)
	}
	for i, u := range update {
		f.next[i] = f.decay*f.rest[i] + u
	}
	b, err := f.codec.Encode(nil, f.next)
	if err != nil {
		return nil, fmt.Errorf("compress update: %w", err)
	}
	sent, err := f.codec.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("compress update: %w", err)
	}
	for i, at := range sent.Index {
		f.next[at] = float32(float64(f.next[at]) - float64(sent.Value[i])/One)
	}
	f.rest, f.next = f.next, f.rest
	return b, nil
}

// Add makes a delta wait for the next update: one that was sent, but in vain. It
// returns an error for one that does not fit.
func (f *Feedback) Add(d Sparse) error {
	if err := d.Check(f.codec.Size); err != nil {
		return fmt.Errorf("add to feedback: %w", err)
	}
	if f.rest == nil {
		f.rest, f.next = make([]float32, f.codec.Size), make([]float32, f.codec.Size)
	}
	for i, at := range d.Index {
		f.rest[at] += float32(d.Value[i]) / One
	}
	return nil
}

// Undo makes the last Compress as if it had never been, for an update that is
// thrown away and made again. It works once; before any Compress it does nothing.
func (f *Feedback) Undo() { f.rest, f.next = f.next, f.rest }
