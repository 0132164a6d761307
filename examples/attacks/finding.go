package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// finding is one line of the table.
type finding struct {
	Attack   string   `json:"attack"`
	Measured string   `json:"measured"`
	Figure   *float64 `json:"figure"` // null: there is nothing to divide by
	AtMost   *float64 `json:"at_most"`
	AtLeast  *float64 `json:"at_least"`
	Pass     bool     `json:"pass"`
}

func reported(attack, measured string, figure float64) finding {
	f := finding{Attack: attack, Measured: measured, Pass: true}
	if !math.IsNaN(figure) && !math.IsInf(figure, 0) {
		f.Figure = &figure
	}
	return f
}

func atMost(limit float64, attack, measured string, figure float64) finding {
	f := reported(attack, measured, figure)
	f.AtMost, f.Pass = &limit, f.Figure != nil && figure <= limit
	return f
}

func atLeast(limit float64, attack, measured string, figure float64) finding {
	f := reported(attack, measured, figure)
	f.AtLeast, f.Pass = &limit, f.Figure != nil && figure >= limit
	return f
}

// threshold is what the figure must keep to, in words.
func (f finding) threshold() string {
	switch {
	case f.AtMost != nil:
		return "at most " + number(*f.AtMost)
	case f.AtLeast != nil:
		return "at least " + number(*f.AtLeast)
	}
	return "reported"
}

func (f finding) verdict() string {
	switch {
	case f.threshold() == "reported":
		return ""
	case f.Pass:
		return "pass"
	}
	return "MISSED"
}

func number(x float64) string { return fmt.Sprintf("%.5g", x) }

func table(out io.Writer, all []finding) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "attack\tmeasured\tthreshold\tfigure\t")
	for _, f := range all {
		figure := "none"
		if f.Figure != nil {
			figure = number(*f.Figure)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.Attack, f.Measured, f.threshold(), figure, f.verdict())
	}
	fmt.Fprintln(w, "\nnot applicable\twhy\t\t\t")
	for _, n := range notApplicable {
		fmt.Fprintf(w, "%s\t%s\t\t\t\n", n.Attack, n.Why)
	}
	w.Flush()
}

// absent is an attack on something that a topic does not have.
type absent struct {
	Attack string `json:"attack"`
	Why    string `json:"why"`
}

var notApplicable = []absent{
	{"colluding evaluators on objective scores", "scores are measured on private held-out data: there is no objective one to convict a validator by"},
	{"self-dealing sponsors", "nobody is assigned to anybody: every validator scores every delta but its own"},
	{"learning the evaluation set", "no evaluation set is opened; held-out data stay with the validators"},
	{"burnt bond of free riders and liars", "nobody is slashed for a low score: it earns nothing, and is not merged below the gate"},
	{"forfeited bond of a withheld reveal", "nobody is slashed for being late: honest peers crash, too"},
	{"beacon withholding", "there is no beacon; sketches take their signs from the block that ended REVEAL, after all commits"},
	{"challenges", "there are none, and so no escrow for them"},
	{"governance capture", "parameters are in the manifest and don't change; a topic ends and names its successor by a quorum"},
}
