// Package delta turns a model update into few bytes and back.
//
// A peer trains from a named anchor and sends the difference. Of every 1,024
// values a [Codec] keeps the k largest and rounds each to one of two scales of
// its chunk: at k = 32 about a hundredth of the bytes that float32 takes. What
// was not sent stays in the peer's [Feedback] and goes out with a later update,
// so nothing is lost, only delayed (SparseLoCo, arXiv 2508.15706).
//
//	codec := delta.Codec{Size: len(update), Keep: 32}
//	memory := delta.NewFeedback(codec, delta.Decay)
//	b, err := memory.Compress(update) // the sender: floats in, bytes out
//	s, err := codec.Decode(b)         // everybody: exact integers out
//
// Promises:
//   - What is decoded are integers in anchor units of 2^-20; floats occur only
//     on the sender's side, in its private update.
//   - A delta has one encoding. Decode refuses every other byte string, so the
//     hash of the bytes names the values.
//   - Decode allocates in proportion to its input and never panics.
//   - A Codec is a value and safe for concurrent use; a Feedback has one owner.
//
// # Format
//
// A bit stream, in each byte the lowest bit first; unused bits of the last byte
// are 0. Chunk by chunk of 1,024 values (the last one may be shorter):
//
//	lo      number   the smaller scale; 0: nothing is sent for this chunk, which ends here
//	full    1 bit    1: all places the codec allows, max(1, Keep*n/1024) for n values
//	count   10 bits  only if not full: how many, at least 1 and fewer than full
//	spread  number   the larger scale less the smaller, hi = lo + spread <= 2^26
//	then for each place, in ascending order:
//	gap     Rice     values skipped since the place before, or since the start
//	sign    1 bit    1: negative
//	large   1 bit    1: hi, 0: lo; only if spread > 0, and then both must occur
//
// A number is its length in 5 bits and then all its bits but the leading 1; 0
// has length 0. A gap g is g>>r zeros, a 1, and the r low bits of g, with
// r = max(0, floor(log2(floor(710/Keep)))): 710 is 1024 ln 2, which suits places
// at random (Rice and Plaunt, 1971); one less or more is longer for every Keep
// of 8 to 128. At Keep 32 a chunk of normal values takes 38.5 bytes.
//
// A dense codec is for models of so few parameters that a top-k would send next
// to none of them. Chunk by chunk:
//
//	scale   number   0: all values are 0, and the chunk ends here
//	then for each value, 0 included:
//	step    8 bits   two's complement, -127 to 127: value = step * scale, whose
//	                 magnitude is at most 2^26
//
// The steps of a chunk have no common divisor but 1, or the scale would be larger.
package delta
