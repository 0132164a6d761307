// Package settle makes the next anchor of the deltas of a round, and finds the
// deltas that were copied from earlier rounds.
//
//	r, err := settle.Merge(anchor, deltas, settle.One)
//	next := r.Anchor // the same bits on every peer
//
// Everything is a pure function of its arguments, in integers only: no floats,
// no maps, no clock, no randomness. So all platforms compute the same, and an
// auditor repeats it years later. The order of the deltas changes nothing, nor
// does splitting one author's weight among several.
//
// # The next anchor
//
// From the anchor A, the deltas q_j with weights w_j, and α:
//
//	n_j = ⌈‖q_j‖⌉                         in anchor units
//	C   = lower median of n_j by w_j      over all deltas
//	c_j = ⌊⌊2^31 w_j/W⌋ α min(1, C/n_j)⌋  W = Σ w_j of the kept deltas, c_j in 2^-31
//	A_i = A_i + round(Σ_j c_j q_ji / 2^31)
//
// A delta is kept if its gain is not negative (a gate by merit, never "the best
// n-f"), and weighs (45875/65536)^age of its weight. The mean is over the total
// weight, never per coordinate: who sends what nobody else sends would get full
// weight there. Medians by coordinate are wrong here: top-k deltas rarely overlap.
//
// Clipping works on the coefficient c_j, so that the only rounding of a value is
// the last line's. The trust region ‖Σ c_j q_j/2^31‖ <= α C needs no step of its
// own: no clipped delta is longer than C, so no mean of them is.
//
// # Rounding
//
// Values are rounded to nearest, halves away from zero, so that turning all
// signs turns the result. Shares and coefficients are rounded down and norms up,
// always to the disadvantage of the delta.
//
// # Bounds
//
//	Σ c_j <= 2^31 α <= 2^33, |q_ji| <= 2^26   so a sum of c_j q_ji is within ±2^59
//	Σ q_ji² <= 2^28 2^52 = 2^80               in 128 bits; its root fits 41 bits
//	w_j < 2^(63-len n) after scaling          so sums of n weights stay below 2^63
package settle
