package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api/client"
	"github.com/grapevine-network/grapevine/node/audit"
)

func TestBalancesAreThoseOfTheDemo(t *testing.T) {
	dir, h := aHome(t)
	own := answer[balanceReport](t, "wallet", "balance", "--home", dir)
	if !own.Own || own.Peer != h.report.Rewards[0].Peer {
		t.Errorf("got %+v, want the home's own peer, %s", own, h.report.Rewards[0].Peer)
	}
	ranks := 0
	for _, want := range h.report.Rewards {
		for _, name := range []string{want.Peer, want.Alias} {
			b := answer[balanceReport](t, "wallet", "balance", name, "--home", dir)
			if b.Peer != want.Peer || b.Balance != want.Balance || b.Bond != want.Bond || b.Stake != want.Stake ||
				b.Training != want.Training || b.Validating != want.Validating || b.Accounts != 3 {
				t.Errorf("%s: got %+v, want %+v", name, b, want)
			}
			ranks += b.Rank
		}
	}
	if ranks != 2*(1+2+3) {
		t.Errorf("ranks add up to %d", ranks)
	}
	if o := grapevine("wallet", "balance", "--home", dir); o.code != codeOK || !strings.Contains(o.out, tokens(own.Balance)) {
		t.Errorf("as text: %+v", o)
	}
}

// The rounds of a history, and of what is told of them, are those that explain takes.
func TestRoundsHaveOneNumber(t *testing.T) {
	dir, _ := aHome(t)
	var last client.Payment
	for _, p := range answer[historyReport](t, "wallet", "history", "--home", dir).Payments {
		if p.Kind == "validating" {
			last = p
		}
	}
	var shown []string
	for _, line := range strings.Split(grapevine("wallet", "history", "--home", dir).out, "\n") {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "validating" {
			shown = f
		}
	}
	want := answer[explainReport](t, "explain", "--home", dir)
	if last.Round != want.Round || last.Height != want.Height || len(shown) == 0 || shown[1] != strconv.FormatUint(want.Round, 10) {
		t.Errorf("history: %+v, as text %v, want round %d at height %d", last, shown, want.Round, want.Height)
	}
	if got, want := settledText(settledEvent{Round: 4}), "round 4: "; !strings.HasPrefix(got, want) {
		t.Errorf("event: %q, want %q", got, want)
	}
}

// A ledger that begins later does not tell how what was held then came about.
func TestAHistoryBeginsWhereItsLedgerDoes(t *testing.T) {
	peer := ledger.Author{1}
	state := func(held uint64) *node.Height {
		s := &incentives.State{Accounts: map[ledger.Author]*incentives.Account{peer: {Balance: held}}}
		return &node.Height{Receipt: &audit.Receipt{Block: &ledger.Block{}}, Replica: &audit.Replica{State: s}}
	}
	for first, want := range map[uint64][]client.Payment{
		1:  {{Kind: "genesis", Amount: 5, Balance: 5}, {Height: 1, Kind: "other", Amount: 3, Balance: 8}, {Height: 2, Kind: "other", Amount: 1, Balance: 9}},
		65: {{Height: 64, Kind: "earlier", Amount: 8, Balance: 8}, {Height: 66, Kind: "other", Amount: 1, Balance: 9}},
	} {
		h := &historian{peer: peer, genesis: 5}
		for i, held := range []uint64{8, 9} {
			x := state(held)
			x.Block.Header.Height = first + uint64(i)
			if err := h.visit(x); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(h.out, want) {
			t.Errorf("from height %d on: %+v, want %+v", first, h.out, want)
		}
	}
}
