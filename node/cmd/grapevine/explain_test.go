package main

import (
	"math/big"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

func TestAnExplanationAddsUp(t *testing.T) {
	dir, h := aHome(t)
	earned := map[string]uint64{}
	supply := h.report.Supply.Cap - h.report.Supply.Bonds - h.report.Supply.Stakes // before the first round
	for _, round := range []string{"0", "1", "2"} {
		e := answer[explainReport](t, "explain", round, "--home", dir)
		em := e.Emission
		if em.Remaining != supply || em.Emission != product(em.Remaining, em.Rate).Rsh(product(em.Remaining, em.Rate), 32).Uint64() {
			t.Errorf("round %s: emission %+v, want it from %d", round, em, supply)
		}
		if parts := em.Trainers.Amount + em.Validators.Amount + em.Newcomers.Amount + em.Treasury.Amount; parts > em.Emission || em.Emission-parts > 3 {
			t.Errorf("round %s: pools of %d for %d", round, parts, em.Emission)
		}
		minted := e.Treasury
		for _, d := range e.Deltas {
			earned[d.Author] += d.Paid
			minted += d.Paid
			if d.Merged && (d.Gate < 0 || d.Copy || !d.Counts) || len(d.Opinions) != 2 {
				t.Errorf("round %s: delta %+v", round, d)
			}
			if want := part(em.Trainers.Amount, product(d.Bond, d.Score), e.Trainers.Divisor); want != d.Paid {
				t.Errorf("round %s: paid %d, want %d", round, d.Paid, want)
			}
		}
		for _, v := range e.Validators {
			earned[v.Author] += v.Paid
			minted += v.Paid
			if v.Given != 2 || v.Due != 2 {
				t.Errorf("round %s: duty %+v, want 2 of 2", round, v)
			}
		}
		if minted != e.Minted || e.Unminted != em.Emission-minted || e.Remaining != supply-minted {
			t.Errorf("round %s: minted %d, reported %+v", round, minted, e)
		}
		supply -= minted
	}
	for _, line := range h.report.Rewards {
		if got := earned[line.Peer]; got != line.Balance {
			t.Errorf("%s: explained %d, has %d", line.Alias, got, line.Balance)
		}
	}
}

func TestAnExplanationThatDoesNotAddUpIsNotGiven(t *testing.T) {
	dir, _ := aHome(t)
	for name, wrong := range map[string]func(e *explainReport){
		"pay":    func(e *explainReport) { e.Deltas[0].Paid++ },
		"duty":   func(e *explainReport) { e.Validators[0].Given-- },
		"minted": func(e *explainReport) { e.Minted++ },
	} {
		e := answer[explainReport](t, "explain", "0", "--home", dir)
		if err := e.check(); err != nil {
			t.Fatal(err)
		}
		if wrong(&e); e.check() == nil {
			t.Errorf("a wrong %s was explained", name)
		}
	}
}

func TestAnExplanationIsReadable(t *testing.T) {
	dir, _ := aHome(t)
	e := answer[explainReport](t, "explain", "--home", dir)
	o := grapevine("explain", "--home", dir)
	for _, want := range []string{"emission = ", groupBig(e.Trainers.Divisor), e.Deltas[0].Alias, group3(e.Deltas[0].Paid), "gave 2 of 2 due", group3(e.Minted), e.Model.After} {
		if o.code != codeOK || !strings.Contains(o.out, want) {
			t.Errorf("the text lacks %q:\n%s%s", want, o.out, o.err)
		}
	}
}

func TestANewcomersPayIsExplained(t *testing.T) {
	o := &incentives.Settlement{
		Emission: 1000, Pool: 700, NewcomerPool: 50, Median: 30, Minted: 700*2/5 + 50*3/4,
		Deltas: []incentives.DeltaPay{
			{Bond: 20, Weight: 20, Counts: true, U: 44, Doubt: 4, Owed: 35, Sure: 40, Standing: incentives.Standing{Gain: 140}, Tolerance: 3, Gate: 52, Score: 40, Paid: 700 * 2 / 5},
			{Newcomer: true, Weight: 1, Counts: true, U: 90, Doubt: 5, Sure: 75, Standing: incentives.Standing{Gain: 75}, Gate: 75, Score: 75, Paid: 50 * 3 / 4},
		},
	}
	s := &incentives.State{Economy: ledger.Economy{Trainers: ledger.One * 7 / 10, Newcomers: ledger.One / 20, MaxScore: 1000, FullScore: 100}}
	e := &explainReport{Emission: emissionOf(o, s), Minted: o.Minted, DutySum: new(big.Int)}
	e.Trainers = trainersReport{o.Median, owedIn(o.Deltas), s.Economy.MaxScore, s.Economy.FullScore, divisorOf(o, false, s.Economy.FullScore)}
	e.Newcomers = divisorOf(o, true, s.Economy.FullScore)
	for i := range o.Deltas {
		e.Deltas = append(e.Deltas, explainDelta(&o.Deltas[i]))
	}
	if err := e.check(); err != nil {
		t.Error(err)
	}
	var text strings.Builder
	e.print(&text)
	for _, want := range []string{"paid = 700 × (20 × 40) / 2,000 = 280", "newcomers, with work", "s = min(max(0, 75), 120, 1,000) = 75", "paid = 50 × (75) / 100 = 37"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, text.String())
		}
	}
}

func TestThousandsAreGrouped(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567"} {
		if got := group3(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
