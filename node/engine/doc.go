// Package engine decides; it never acts. [Engine.Step] takes one input and the
// time, and returns what to do about it, in order. There is no goroutine, clock,
// socket, disk or random number in here: a simulator steps many engines in one
// goroutine and replays a history from its seed (node/sim); a node runs one
// engine for real (node).
//
//	e, err := engine.New(config)
//	out, err := e.Step(now, engine.Start{})
//	out, err = e.Step(now, engine.Received{From: peer, Message: m})
//
// Engine routes to small machines: chains (entries that wait to be certified),
// consensus (proposals and ledger/finality), contributor (our own part in the
// round), ahead (training while scores settle), live (learning while heights
// stop), claims (whose a live delta is) and catchup (what we lack). What a block does, node/audit says.
//
// Outputs are to be carried out in order. What was put out for storing must be
// durable before anything that comes later is published.
package engine
