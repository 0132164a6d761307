package main

import (
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
)

// print writes the arithmetic for a person.
func (e *explainReport) print(w io.Writer) {
	fmt.Fprintf(w, "round %d, settled at height %d, block %s\n", e.Round, e.Height, e.Block)
	fmt.Fprintf(w, "rounds count from 0; amounts are base units, 1,000,000 of them a token; gains are micro-nats of loss\n")
	fmt.Fprintf(w, "what proves it: grapevine ledger show CID\n\n")
	e.Emission.print(w)
	if e.Emission.Emission == 0 {
		fmt.Fprintf(w, "  no delta of this round counts, so nothing was minted\n")
	}
	e.printTrainers(w)
	e.printNewcomers(w)
	if e.only {
		return
	}
	e.printValidators(w)
	fmt.Fprintf(w, "\ntreasury  %s\n", group3(e.Treasury))
	fmt.Fprintf(w, "minted    %s of %s; the other %s are not minted: they stay in the supply, which is %s now\n",
		group3(e.Minted), group3(e.Emission.Emission), group3(e.Unminted), group3(e.Remaining))
	e.Model.print(w, len(e.Deltas))
}

func (e *emissionReport) print(w io.Writer) {
	fmt.Fprintf(w, "emission = remaining supply × rate = %s × %d / 2^32 = %s\n", group3(e.Remaining), e.Rate, group3(e.Emission))
	for _, pool := range []struct {
		name string
		poolReport
	}{{"trainers", e.Trainers}, {"validators", e.Validators}, {"newcomers", e.Newcomers}, {"treasury", e.Treasury}} {
		fmt.Fprintf(w, "  %-10s %5.1f %%  %20s\n", pool.name, 100*float64(pool.Share)/(1<<16), group3(pool.Amount))
	}
}

func (e *explainReport) printTrainers(w io.Writer) {
	t := e.Trainers
	fmt.Fprintf(w, "\ntrainers: paid = P × w·s / D, rounded down, from P = %s\n", group3(e.Emission.Trainers.Amount))
	fmt.Fprintf(w, "  u  gain of a delta: lower median of what validators measured, by stake\n")
	fmt.Fprintf(w, "  v  variance of u: 11/7 σ²/n; σ is the larger of the median ± and 1.4826 times the median distance from u; n is 1 if that is below half of ±\n")
	fmt.Fprintf(w, "  q  what an author owes: two fifths of the lower median sum of u, of those above 0, by bond: %s\n", group3(uint64(t.Owed)))
	fmt.Fprintf(w, "  h  what is sure: min(u - 3/2 √v, its author's sum of u - q), so luck is not paid, and who harmed makes that good first\n")
	fmt.Fprintf(w, "  m  lower median of the positive h of what is merged, by bond: %s\n", group3(t.Median))
	fmt.Fprintf(w, "  s  score: min(max(0, h), 4·m, %s); 0 if not merged\n", group3(t.MaxScore))
	fmt.Fprintf(w, "  w  bond; D = max(Σ w·s, Σ w·%s) = max(%s, %s)\n", group3(t.FullScore), groupBig(t.Sum), groupBig(t.FullSum))
	if !e.printDeltas(w, false) {
		fmt.Fprintf(w, "\n  nobody with a bond revealed a delta\n")
	}
}

// printNewcomers is silent where there are none.
func (e *explainReport) printNewcomers(w io.Writer) {
	if !slices.ContainsFunc(e.Deltas, func(d deltaReport) bool { return d.Newcomer }) {
		return
	}
	fmt.Fprintf(w, "\nnewcomers, with work instead of a bond: paid = P × s / D, rounded down, from P = %s\n", group3(e.Emission.Newcomers.Amount))
	fmt.Fprintf(w, "  s as above, without q, and without m if that is 0; D = max(Σ s, Σ %s) = max(%s, %s)\n",
		group3(e.Trainers.FullScore), groupBig(e.Newcomers.Sum), groupBig(e.Newcomers.FullSum))
	e.printDeltas(w, true)
}

// printDeltas tells whether there are any.
func (e *explainReport) printDeltas(w io.Writer, newcomers bool) (some bool) {
	for i := range e.Deltas {
		if d := &e.Deltas[i]; d.Newcomer == newcomers {
			e.printDelta(w, d)
			some = true
		}
	}
	return some
}

func (e *explainReport) printDelta(w io.Writer, d *deltaReport) {
	fmt.Fprintf(w, "\n  %s  delta %s\n", d.Alias, d.Delta)
	fmt.Fprintf(w, "    COMMIT %s, REVEAL %s\n", shortened(d.Commit), shortened(d.Reveal))
	if d.Age > 0 {
		fmt.Fprintf(w, "    made on an anchor %d rounds old: for each of them it weighs 0.7 times less in the model\n", d.Age)
	}
	for _, o := range d.Opinions {
		fmt.Fprintf(w, "    %-26s u %+10d ± %-8d %s", o.Alias, o.U, o.SE, shortened(o.Entry))
		if o.Discord {
			fmt.Fprintf(w, "  in discord: not heard unless half of the stake is")
		}
		fmt.Fprintln(w)
	}
	if !d.Counts {
		fmt.Fprintf(w, "    does not count: validators with a quorum of stake, its author left out, did not score it\n")
		return
	}
	if d.Copy {
		fmt.Fprintf(w, "    a copy of an earlier delta: earns nothing, is not merged\n")
		return
	}
	d.printGate(w)
	if !d.Merged {
		return
	}
	limits := group3(e.Trainers.MaxScore)
	if e.Trainers.Median > 0 || !d.Newcomer {
		limits = group3(4*e.Trainers.Median) + ", " + limits
	}
	fmt.Fprintf(w, "    s = min(max(0, %d), %s) = %s\n", d.Sure, limits, group3(d.Score))
	pool, divisor := e.poolOf(d)
	weight := ""
	if !d.Newcomer {
		weight = group3(d.Bond) + " × "
	}
	fmt.Fprintf(w, "    paid = %s × (%s%s) / %s = %s\n", group3(pool), weight, group3(d.Score), groupBig(divisor), group3(d.Paid))
}

// printGate says why a delta is merged, or not.
func (d *deltaReport) printGate(w io.Writer) {
	fmt.Fprintf(w, "    u = %d, 3/2 √v = %d; its author's sum of u = %d, √(40 Σ v) = %d, each round forgets a fortieth of both\n",
		d.U, d.Doubt, d.Standing.Gain, d.Standing.Tolerance)
	verdict := "below 0: not merged, earns nothing"
	if d.Merged {
		verdict = "not below 0: merged"
	}
	fmt.Fprintf(w, "    min(%d + 2·%d, %d + %d) = %d, %s\n", d.U, d.Doubt, d.Standing.Gain, d.Standing.Tolerance, d.Gate, verdict)
}

func (e *explainReport) printValidators(w io.Writer) {
	fmt.Fprintf(w, "\nvalidators: paid = P × stake·given / Σ stake·due, rounded down, from P = %s\n", group3(e.Emission.Validators.Amount))
	if len(e.Validators) == 0 {
		fmt.Fprintf(w, "  nothing was due\n")
		return
	}
	fmt.Fprintf(w, "  Σ stake·due = %s; due are scores of all deltas that count, but one's own\n", groupBig(e.DutySum))
	for _, v := range e.Validators {
		fmt.Fprintf(w, "  %-26s stake %s, gave %d of %d due, paid %s  %s\n", v.Alias, group3(v.Stake), v.Given, v.Due, group3(v.Paid), shortened(v.Score))
	}
}

func (m *modelStepReport) print(w io.Writer, deltas int) {
	fmt.Fprintf(w, "\nmodel: ")
	if m.Clip == nil || m.Kept == 0 {
		fmt.Fprintf(w, "%d of %d deltas merged, so it stays as it was\n", m.Kept, deltas)
		fmt.Fprintf(w, "  anchor  %s\n", m.After)
		return
	}
	fmt.Fprintf(w, "%d of %d deltas merged by weight, each cut to norm C = %s / 2^20 = %.4f, and added %.2f times\n",
		m.Kept, deltas, group3(*m.Clip), float64(*m.Clip)/(1<<20), float64(m.Alpha)/(1<<16))
	fmt.Fprintf(w, "  from    %s\n  to      %s\n", m.Before, m.After)
}

// shortened is enough of a CID for `ledger show`.
func shortened(cid string) string { return cid[:min(len(cid), shortCID)] }

// group3 writes a number with commas between thousands.
func group3(n uint64) string { return groupBig(new(big.Int).SetUint64(n)) }

func groupBig(n *big.Int) string {
	digits := n.String()
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
