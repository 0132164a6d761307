package main

import (
	"strings"
	"testing"
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
