package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/audit"
)

// peerReport is the data of `explain PEER -o json`: of each round that paid the
// peer, or could have, the part that is about it.
type peerReport struct {
	Peer       string           `json:"peer"`
	Alias      string           `json:"alias"`
	Since      uint64           `json:"since"` // height after which the home's ledger begins
	Training   uint64           `json:"earned_training"`
	Validating uint64           `json:"earned_validating"`
	Rounds     []*explainReport `json:"rounds"`
}

func explainPeer(p *printer, at *place, name string) error {
	data := &peerReport{Rounds: []*explainReport{}}
	all := []*explainReport{}
	r, err := explainAll(at, func(*node.Height) bool { return true }, func(e *explainReport) error {
		all = append(all, e)
		return nil
	})
	if err != nil {
		return err
	}
	peer, err := authorNamed(r, name)
	if err != nil {
		return err
	}
	data.Peer, data.Alias, data.Since = peer.String(), node.Alias(peer), r.From
	for _, e := range all {
		e.keep(func(d deltaReport) bool { return d.Author == data.Peer }, func(v dutyReport) bool { return v.Author == data.Peer })
		if len(e.Deltas)+len(e.Validators) > 0 {
			data.add(e)
		}
	}
	return p.answer(data, data.print)
}

func (r *peerReport) add(e *explainReport) {
	r.Rounds = append(r.Rounds, e)
	for _, d := range e.Deltas {
		r.Training += d.Paid
	}
	for _, v := range e.Validators {
		r.Validating += v.Paid
	}
}

// keep leaves a part of a round's deltas and validators.
func (e *explainReport) keep(delta func(deltaReport) bool, validator func(dutyReport) bool) {
	e.only = true
	e.Deltas = slices.DeleteFunc(e.Deltas, func(d deltaReport) bool { return !delta(d) })
	e.Validators = slices.DeleteFunc(e.Validators, func(v dutyReport) bool { return !validator(v) })
}

// prove names the entries that a round's numbers come from.
func (e *explainReport) prove(x *audit.Evidence, o *incentives.Settlement) {
	name := func(kind ledger.Kind, author ledger.Author) string {
		if id := x.Of(kind, author); id.Defined() {
			return id.String()
		}
		return ""
	}
	for i, d := range o.Deltas {
		r := &e.Deltas[i]
		r.Commit, r.Reveal = name(ledger.KindCommit, d.Author), name(ledger.KindReveal, d.Author)
		for k, opinion := range d.Opinion {
			r.Opinions[k].Entry = name(ledger.KindScore, opinion.Validator)
		}
	}
	for i, v := range o.Validators {
		e.Validators[i].Seal, e.Validators[i].Score = name(ledger.KindSeal, v.Author), name(ledger.KindScore, v.Author)
	}
}

func (r *peerReport) print(w io.Writer) {
	fmt.Fprintf(w, "%s  %s\n", r.Alias, r.Peer)
	fmt.Fprintf(w, "rounds count from 0; amounts are base units, 1,000,000 of them a token\n")
	for _, e := range r.Rounds {
		fmt.Fprintf(w, "\nround %d, height %d\n", e.Round, e.Height)
		for i := range e.Deltas {
			e.printShort(w, &e.Deltas[i])
		}
		for _, v := range e.Validators {
			fmt.Fprintf(w, "  validating  %s × (%s × %d) / %s = %s  for %d of %d scores due, %s\n", group3(e.Emission.Validators.Amount),
				group3(v.Stake), v.Given, groupBig(e.DutySum), group3(v.Paid), v.Given, v.Due, shortened(v.Score))
		}
	}
	fmt.Fprintf(w, "\nearned by training    %20s\nearned by validating  %20s\n", group3(r.Training), group3(r.Validating))
}

// printShort writes the last line of a delta's arithmetic, or why it has none.
func (e *explainReport) printShort(w io.Writer, d *deltaReport) {
	switch {
	case !d.Counts:
		fmt.Fprintf(w, "  training    0: no quorum scored %s\n", shortened(d.Delta))
	case d.Copy:
		fmt.Fprintf(w, "  training    0: %s is a copy of an earlier delta\n", shortened(d.Delta))
	default:
		pool, divisor := e.poolOf(d)
		fmt.Fprintf(w, "  training    %s × %s / %s = %s  for u = %d, %s, REVEAL %s\n",
			group3(pool), groupBig(d.Share), groupBig(divisor), group3(d.Paid), d.U, shortened(d.Delta), shortened(d.Reveal))
	}
}
