package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// logFlags are the flags of `ledger log`.
type logFlags struct {
	author  string
	kind    string
	limit   int
	reverse bool
}

// logReport is the data of `ledger log -o json`.
type logReport struct {
	From    uint64      `json:"from"`    // height that this home's ledger begins after
	Height  uint64      `json:"height"`  // newest
	Matched int         `json:"matched"` // entries that the flags choose, those beyond the limit included
	Entries []entryLine `json:"entries"`
}

func ledgerLogCommand(p *printer, at *place) *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "log",
		Short: "List the certified entries, and which of them had no effect",
		Long: `Lists the certified entries in their order: height, author, number in the
author's chain, kind and round. An entry that came too late, or that the rules
do not allow, stays in its chain without effect, and the list says why.

Rounds are numbered from 0.`,
		Example: `  grapevine ledger log --home ./demo/peer-01 --limit 20
  grapevine ledger log --author smart-cyan-adder --kind SCORE
  grapevine ledger log --limit 0 -o json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runLog(p, at, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.author, "author", "", "only entries of this peer: its ID or alias")
	flags.StringVar(&f.kind, "kind", "", "only entries of this kind: "+strings.Join(kindNames(), ", "))
	flags.IntVar(&f.limit, "limit", 100, "the newest N entries; 0 for all")
	flags.BoolVar(&f.reverse, "reverse", false, "the newest first")
	return cmd
}

func kindNames() (names []string) {
	for _, k := range ledger.Kinds() {
		names = append(names, k.String())
	}
	return names
}

func (f *logFlags) validate() error {
	f.kind = strings.ToUpper(f.kind)
	if f.kind != "" && !slices.Contains(kindNames(), f.kind) {
		return usage(fmt.Sprintf("--kind %q is no kind of entry", f.kind), "choose one of: "+strings.Join(kindNames(), ", "))
	}
	if f.limit < 0 {
		return usage(fmt.Sprintf("--limit %d: want 0 or more", f.limit), "0 shows all")
	}
	return nil
}

func (f *logFlags) choose(l entryLine) bool {
	return (f.kind == "" || l.Kind == f.kind) && (f.author == "" || l.Author == f.author || l.Alias == f.author)
}

func runLog(p *printer, at *place, f logFlags) error {
	if err := f.validate(); err != nil {
		return err
	}
	data := &logReport{Entries: []entryLine{}}
	r, _, err := replayHome(at, func(h *node.Height) error {
		for _, l := range linesOf(h) {
			if f.choose(l) {
				data.Matched++
				data.Entries = append(data.Entries, l)
			}
		}
		data.trim(f.limit, 2*f.limit)
		return nil
	})
	if err != nil {
		return err
	}
	if f.author != "" {
		if _, err := authorNamed(r, f.author); err != nil {
			return err
		}
	}
	data.From, data.Height = r.From, r.Replica.Head.Height
	data.trim(f.limit, f.limit)
	if f.reverse {
		slices.Reverse(data.Entries)
	}
	if len(data.Entries) < data.Matched {
		p.say("the newest %d of %d entries; --limit 0 shows all", len(data.Entries), data.Matched)
	}
	return p.answer(data, data.print)
}

// trim keeps the newest entries, once there are more than most; 0 keeps all.
func (d *logReport) trim(keep, most int) {
	if keep > 0 && len(d.Entries) > most {
		d.Entries = slices.Clone(d.Entries[len(d.Entries)-keep:])
	}
}

func (d *logReport) print(w io.Writer) {
	if len(d.Entries) == 0 {
		fmt.Fprintf(w, "no such entries from height %d to %d\n", d.From+1, d.Height)
		return
	}
	printLines(w, "", d.Entries)
}

// printLines writes a table. What is left of a CID is enough for `ledger show`.
func printLines(w io.Writer, indent string, lines []entryLine) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%sheight\tauthor\tseq\tkind\tround\tentry\teffect\n", indent)
	for _, l := range lines {
		height := "-"
		if l.Height != nil {
			height = fmt.Sprint(*l.Height)
		}
		fmt.Fprintf(t, "%s%s\t%s\t%d\t%s\t%s\t%s\t%s\n", indent, height, l.Alias, l.Seq, l.Kind, l.round(), l.CID[:shortCID], l.effect())
	}
	t.Flush()
}
