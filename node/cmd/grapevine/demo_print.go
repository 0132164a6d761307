package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// print writes the table.
func (r *demoReport) print(w io.Writer) {
	fmt.Fprintf(w, "\nTogether, after %s    accuracy %.3f   balanced %.3f   loss %.3f%s\n", many(int(r.Rounds), "round"), r.Accuracy, r.Balanced, r.Loss, more(r.AUC, r.Bits))
	if a := r.Alone; a.Mean != nil {
		fmt.Fprintf(w, "Alone, with the same work    accuracy %.3f   best %.3f   worst %.3f\n", *a.Mean, *a.Best, *a.Worst)
	}
	fmt.Fprintln(w)
	printRewards(w, r.Rewards)
	agreement := "all honest peers hold the same block, model and balances"
	if !r.Agreement {
		agreement = "honest peers do NOT agree"
	}
	fmt.Fprintf(w, "\nheight %d: %s\n", r.Height, agreement)
	if n := r.Network; n.DeltaMean != nil {
		fmt.Fprintf(w, "a delta takes %.0f bytes instead of %d (%.0fx less); all peers sent %.1f MB in all\n",
			*n.DeltaMean, n.Dense, float64(n.Dense)/(*n.DeltaMean), float64(*n.Sent)/1e6)
	}
	fmt.Fprintf(w, "%.1f s in all, %.1f s of it learning\n", r.Seconds.Total, r.Seconds.Train)
}

// more writes the figures that not every model has.
func more(auc, bits *float64) (s string) {
	if auc != nil {
		s += fmt.Sprintf("   AUC %.3f", *auc)
	}
	if bits != nil {
		s += fmt.Sprintf("   bits per character %.3f", *bits)
	}
	return s
}

// printRewards writes the table of who earned what, the richest first.
func printRewards(w io.Writer, rewards []rewardLine) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "peer\tfor training\tfor validating\tbalance\tbond\tstake\t")
	lines := slices.SortedStableFunc(slices.Values(rewards), func(a, b rewardLine) int { return cmp.Compare(b.Balance, a.Balance) })
	for _, l := range lines {
		name := l.Alias
		if l.Attack != "" {
			name += " (" + l.Attack + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", name, tokens(l.Training), tokens(l.Validating), tokens(l.Balance), tokens(l.Bond), tokens(l.Stake))
	}
	t.Flush()
}

// many is a number of things, in words.
func many(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case strings.HasSuffix(thing, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(thing, "y"))
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// tokens writes base units as tokens: a token is a million of them.
func tokens(units uint64) string {
	return fmt.Sprintf("%d.%03d", units/1_000_000, units%1_000_000/1000)
}
