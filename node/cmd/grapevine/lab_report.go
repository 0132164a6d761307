package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/grapevine-network/grapevine/node/sim/lab"
)

func (f *labFlags) printTo(r *lab.Report) func(w io.Writer) {
	return func(w io.Writer) { f.print(w, r) }
}

// print writes a report for people.
func (f *labFlags) print(w io.Writer, r *lab.Report) {
	fmt.Fprintf(w, "%s, %s, %s, %s, %s, alpha %.4g, steps %d, rate %.4g: %.1f s\n\n",
		many(f.peers, "peer"), many(f.lab.Rounds, "round"), many(r.Seeds, "seed"), f.data, f.partition, f.alpha, f.learning.Steps, f.rate, r.Seconds)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\taccuracy\tbalanced\tAUC\tworst peer\tpayload\tall bytes\t")
	line(t, "grapevine", r.Figures)
	for _, name := range slices.Sorted(maps.Keys(r.Baselines)) {
		line(t, name, r.Baselines[name].Figures)
	}
	t.Flush()
	f.printGoals(w, r)
	f.printBaselines(w, r)
	for _, kind := range slices.Sorted(maps.Keys(r.RewardShare)) {
		fmt.Fprintf(w, "%d %s of %d peers earned %s of what was paid for training\n", f.lab.Attack[kind], kind, f.peers, percent(r.RewardShare[kind]))
	}
	if r.Backdoor != nil {
		fmt.Fprintf(w, "the backdoor works on %s of what carries its trigger\n", figure(r.Backdoor))
	}
	fmt.Fprintf(w, "honest deltas neither merged nor paid: %s\n", percent(r.RejectedHonest))
}

func line(w io.Writer, name string, f lab.Figures) {
	all := "-"
	if f.Bytes.All != nil {
		all = size(*f.Bytes.All)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", name, figure(f.Accuracy), figure(f.Balanced), figure(f.AUC), figure(f.Worst), size(f.Bytes.Payload), all)
}

func figure(s *lab.Spread) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.4f ±%.4f", s.Mean, s.Std)
}

func percent(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", *x*100)
}

func size(bytes float64) string {
	switch {
	case bytes >= 1e6:
		return fmt.Sprintf("%.2f MB", bytes/1e6)
	case bytes >= 1e3:
		return fmt.Sprintf("%.1f kB", bytes/1e3)
	}
	return fmt.Sprintf("%.0f B", bytes)
}

// printGoals tells what it took to come to the given accuracies.
func (f *labFlags) printGoals(w io.Writer, r *lab.Report) {
	for _, goal := range slices.Sorted(maps.Keys(r.RoundsTo)) {
		if n := r.RoundsTo[goal]; n != nil {
			fmt.Fprintf(w, "to %s: %d rounds, %s of payload a peer, %s of all", goal, *n, size(*r.BytesTo[goal]), size(*r.AllTo[goal]))
			for _, name := range slices.Sorted(maps.Keys(r.Baselines)) {
				b := r.Baselines[name]
				if rounds, bytes := b.RoundsTo[goal], b.BytesTo[goal]; rounds != nil && *bytes > 0 {
					fmt.Fprintf(w, "; %s %d rounds, %s (%.1fx)", name, *rounds, size(*bytes), *bytes / *r.BytesTo[goal])
				}
			}
			fmt.Fprintln(w)
		}
	}
}

func printPaired(w io.Writer, what string, p *lab.Paired) {
	if p != nil && p.Ours != nil && p.Theirs != nil {
		fmt.Fprintf(w, "; %s %.4f against %.4f, better in %d and worse in %d seeds (sign test p = %.3g)", what, p.Ours.Mean, p.Theirs.Mean, p.Wins, p.Losses, p.P)
	}
}

func (f *labFlags) printBaselines(w io.Writer, r *lab.Report) {
	for _, name := range slices.Sorted(maps.Keys(r.Baselines)) {
		b := r.Baselines[name]
		fmt.Fprintf(w, "%s: accuracy %+.2f points", name, 100*(r.Accuracy.Mean-b.Accuracy.Mean))
		printPaired(w, "balanced accuracy", b.Paired)
		printPaired(w, "the same on the rows of each peer's owner", b.OnOwn)
		fmt.Fprintln(w)
		if b.Rate != nil {
			fmt.Fprintf(w, "  its rate is %v, the best of", *b.Rate)
			for _, rate := range lab.Rates {
				fmt.Fprintf(w, "  %v: %s", rate, figure(b.Rates[fmt.Sprint(rate)]))
			}
			fmt.Fprintln(w)
		}
	}
}
