package sim

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/grapevine-network/grapevine/ledger"
)

// operations is small here; .ci/nightly says 100,000.
var operations = flag.Int("operations", 2000, "of clients, in the histories that TestWhatClientsSeeIsLinearizable checks")

// What clients are promised:
//
//   - A write (TRANSFER, BOND) takes effect once, at one instant between its
//     submission and its certification at the peer that signed it.
//   - A read at that peer, once a write of the same client submitted after the read
//     began is certified there, is linearizable: no block with that write is older
//     than the read.
//   - Any other read, at any peer, is of the past: the whole state as it was when its
//     height was first certified anywhere. A client that passes peers by which are
//     below the height that it has seen never goes back.
//
// Porcupine finds an order of all operations that keeps these promises, or there is
// none. It is given the intervals of the first two as clients saw them, and of the
// third the instant at which its height was first certified.
const (
	houses  = 5 // peers, each with an account
	clients = 10
)

type purse struct{ balance, bond uint64 }

type purses [houses]purse

// write moves amount from an account to another one, or to its own bond.
type write struct {
	from, to int // equal: a bond
	amount   uint64
}

// money is one account book, all at once.
var money = porcupine.Model{
	Step: func(state, input, output any) (bool, any) {
		now := state.(purses)
		if w, is := input.(write); is {
			return now[w.from].balance >= w.amount, w.apply(now)
		}
		return now == output.(purses), now
	},
}

func (w write) apply(to purses) purses {
	to[w.from].balance -= w.amount
	if w.from == w.to {
		to[w.to].bond += w.amount
	} else {
		to[w.to].balance += w.amount
	}
	return to
}

func (w write) body(world *World) any {
	if w.from == w.to {
		return &ledger.Bond{Amount: w.amount}
	}
	return &ledger.Transfer{To: world.keys.author(w.to), Amount: w.amount}
}

// check looks for an order.
func (h *history) check(from purses) error {
	for i, s := range h.stale {
		at := h.first[s.height] + int64(i) + 1
		h.done = append(h.done, porcupine.Operation{Output: s.seen, Call: at, Return: at})
	}
	return linearizable(h.done, from)
}

func linearizable(ops []porcupine.Operation, from purses) error {
	m := money
	m.Init = func() any { return from }
	if got := porcupine.CheckOperationsTimeout(m, ops, time.Minute); got != porcupine.Ok {
		return fmt.Errorf("%d operations: linearizable: %v", len(ops), got)
	}
	return nil
}

func TestWhatClientsSeeIsLinearizable(t *testing.T) {
	const each = 1000
	total, writes, heights := 0, 0, 0
	for seed := *first; total < *operations; seed++ {
		h, err := newHistory(seed)
		if err != nil {
			t.Fatal(err)
		}
		from := h.seen(h.Peers[0])
		if err = h.play(min(each, *operations-total)); err == nil {
			total, writes, heights = total+h.size(), writes+h.writes, heights+len(h.first)-1
			err = h.check(from)
		}
		if err != nil {
			t.Fatalf("seed %d: %v\nreplay with: go test ./node/sim -run TestWhatClientsSee -operations %d -seed %d", seed, err, each, seed)
		}
	}
	t.Logf("%d operations, %d of them writes, over %d heights", total, writes, heights)
}

// Histories that break a promise are told from those that keep it.
func TestHistoriesThatAreNotLinearizableAreFound(t *testing.T) {
	from := purses{{balance: 10}, {balance: 10}}
	pay := write{0, 1, 4}
	once, twice := pay.apply(from), pay.apply(pay.apply(from))
	for name, test := range map[string]struct {
		ok   bool
		seen []purses // one after the other, after a payment that is certified
	}{
		"as promised":    {true, []purses{once, once}},
		"a lost write":   {false, []purses{from}},
		"a write twice":  {false, []purses{twice}},
		"back in time":   {false, []purses{once, from}},
		"half a payment": {false, []purses{{{balance: 6}, {balance: 10}}}},
	} {
		ops := []porcupine.Operation{{Input: pay, Call: 1, Return: 2}}
		for i, s := range test.seen {
			ops = append(ops, porcupine.Operation{Output: s, Call: int64(3 + 2*i), Return: int64(4 + 2*i)})
		}
		if err := linearizable(ops, from); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
