package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/audit"
)

// lineageReport is the data of `model lineage -o json`: the steps that led to a
// model, the first at first.
type lineageReport struct {
	Anchor  string       `json:"anchor"`
	First   string       `json:"first"` // model with which the home's ledger begins
	From    uint64       `json:"from"`  // height of that; 0 is the topic's beginning
	Height  uint64       `json:"height"`
	Deltas  int          `json:"deltas"` // merged in all
	Authors int          `json:"authors"`
	Steps   []stepReport `json:"steps"`
	Bundle  *historyFile `json:"bundle"` // null without --out
}

type stepReport struct {
	Round  uint64         `json:"round"` // from 0
	Height uint64         `json:"height"`
	Block  string         `json:"block"`
	Before string         `json:"anchor_before"`
	After  string         `json:"anchor"`
	Deltas []mergedReport `json:"deltas"`
}

type mergedReport struct {
	Author string  `json:"author"`
	Alias  string  `json:"alias"`
	Delta  string  `json:"delta"`
	Base   string  `json:"base"`
	Age    int     `json:"age"`
	Weight uint64  `json:"weight"`
	Share  uint64  `json:"share_ppm"` // of the mean, after age
	Commit string  `json:"commit"`
	Reveal string  `json:"reveal"`
	Data   *string `json:"data"`      // the DATA entry of its author; null if it had declared nothing
	Root   *string `json:"data_root"` // what that commits to
}

func modelLineageCommand(p *printer, at *place) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "lineage [ANCHOR]",
		Short: "Show which deltas led to a model, by whom, from which data",
		Long: `Shows how a model came to be, back to the first: for each round that changed it,
the deltas that were merged, their authors and weights, the entries that prove it,
and what each author had declared to train on. ANCHOR is a model's CID, or the
beginning of one; without it, the newest.

With --out it also writes an audit bundle: the history up to the block that certifies
the model. "grapevine verify BUNDLE" computes the model again from it, anywhere.

A declaration of data says what its author committed to, not what it trained on.`,
		Example: `  grapevine model lineage --home ./demo/peer-01
  grapevine model lineage --out model.car && grapevine verify model.car`,
		Args: optionalArg,
		RunE: func(_ *cobra.Command, args []string) error { return runLineage(p, at, first(args), out) },
	}
	cmd.Flags().StringVar(&out, "out", "", "a file to write: the audit bundle")
	return cmd
}

func runLineage(p *printer, at *place, name, out string) error {
	dir, err := at.dir()
	if err != nil {
		return err
	}
	l, r, err := lineageOf(dir)
	if err != nil {
		return err
	}
	model, err := modelNamed(l, name)
	if err != nil {
		return err
	}
	steps, _ := l.To(model)
	data := lineageData(l.First, model, steps, r)
	if out != "" {
		// A block names the model after the block before it.
		if data.Bundle, err = export(dir, out, min(data.Height+1, r.Replica.Head.Height)); err != nil {
			return err
		}
	}
	return p.answer(data, data.print)
}

// lineageOf collects the lineage of all models of a home.
func lineageOf(dir string) (*audit.Lineage, *node.Report, error) {
	begin, err := node.FirstModel(dir)
	if err != nil {
		return nil, nil, readFailure(dir, err)
	}
	l := audit.NewLineage(begin)
	r, err := node.Replay(dir, func(h *node.Height) error { l.Visit(h); return nil })
	return l, r, readFailure(dir, err)
}

// modelNamed finds the model that is meant, "" the newest.
func modelNamed(l *audit.Lineage, name string) (ledger.CID, error) {
	var found ledger.CID
	for _, s := range append([]audit.Step{{After: l.First}}, l.Steps...) {
		if !strings.HasPrefix(s.After.String(), name) {
			continue
		}
		if name != "" && found.Defined() && found != s.After {
			return found, usage(fmt.Sprintf("%q begins the CIDs of more than one model", name), "give more of it")
		}
		found = s.After
	}
	if !found.Defined() {
		return found, &failure{code: codeFailed, err: fmt.Errorf("no model of this home has a CID that begins with %s", name), hint: "grapevine model lineage lists them"}
	}
	return found, nil
}

func lineageData(first, model ledger.CID, steps []audit.Step, r *node.Report) *lineageReport {
	data := &lineageReport{Anchor: model.String(), First: first.String(), From: r.From, Height: r.From, Steps: []stepReport{}}
	authors := map[ledger.Author]bool{}
	for _, s := range steps {
		x := stepReport{s.Round, s.Height, s.Block.String(), s.Before.String(), s.After.String(), []mergedReport{}}
		for _, d := range s.Deltas {
			x.Deltas = append(x.Deltas, mergedData(d))
			authors[d.Author] = true
		}
		data.Deltas, data.Height = data.Deltas+len(s.Deltas), s.Height
		data.Steps = append(data.Steps, x)
	}
	data.Authors = len(authors)
	return data
}

func mergedData(d audit.Merged) mergedReport {
	m := mergedReport{
		Author: d.Author.String(), Alias: node.Alias(d.Author), Delta: d.Delta.String(), Base: d.Base.String(), Age: d.Age,
		Weight: d.Weight, Share: d.Share, Commit: d.Commit.String(), Reveal: d.Reveal.String(),
	}
	if d.Data != nil {
		entry, root := d.Data.Entry.String(), fmt.Sprintf("%x", d.Data.Root[:])
		m.Data, m.Root = &entry, &root
	}
	return m
}

func (r *lineageReport) print(w io.Writer) {
	fmt.Fprintf(w, "model %s\n%s of %s, in %s from %s on\n", r.Anchor, many(r.Deltas, "delta"), many(r.Authors, "peer"), many(len(r.Steps), "round"), r.First)
	if r.From > 0 {
		fmt.Fprintf(w, "the home's ledger begins after height %d; what came before, a peer that was there can show\n", r.From)
	}
	for i := len(r.Steps) - 1; i >= 0; i-- {
		s := r.Steps[i]
		fmt.Fprintf(w, "\nround %d, height %d: %s\n", s.Round, s.Height, s.After)
		for _, d := range s.Deltas {
			declared := "no data declared"
			if d.Data != nil {
				declared = "data " + shortened(*d.Data)
			}
			fmt.Fprintf(w, "  %6.2f %%  %-26s weight %s, delta %s, REVEAL %s, %s\n",
				float64(d.Share)/10_000, d.Alias, group3(d.Weight), shortened(d.Delta), shortened(d.Reveal), declared)
		}
	}
	fmt.Fprintf(w, "\nbegan with %s\n", r.First)
	if r.Bundle != nil {
		fmt.Fprintf(w, "%s: %d bytes, to be checked anywhere by grapevine verify\n", r.Bundle.File, r.Bundle.Bytes)
	}
}
