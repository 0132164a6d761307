// Package finality lets a committee agree on one block after another. It puts
// gpbft, the consensus of Filecoin's F3 (go-f3, FIP-0086), behind this project's
// types: plain Ed25519 keys, frames of our own, committees of [ledger.Seat]s.
//
// A [Machine] is one validator. It does no input or output: its methods take the
// time and return what to do, in order. An instance decides either the block
// that was proposed or, if too few held it in time, its base alone. Numbers of
// instances only grow.
//
//	m.Advance(instance, base, committee, nil) // what is final, who votes next
//	out, err := m.Start(now, block)           // our input: the block we hold, or nil
//	out, err = m.Receive(now, frame)          // others' votes
//	out, err = m.Alarm(now)                   // at the time of the last Alarm output
//
// A vote is put out for storing before it is put out for sending. For a slot
// (instance, round, phase) that was signed before, the old bytes go out again,
// whatever gpbft would rather say: a validator that crashed and forgot, or that
// is asked twice, can not be made to sign two votes.
package finality
