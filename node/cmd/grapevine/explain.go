package main

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/audit"
)

func explainCommand(p *printer) *cobra.Command {
	var at place
	cmd := &cobra.Command{
		Use:   "explain [ROUND|DELTA|PEER]",
		Short: "Show how a round, a delta or a peer was paid, number by number",
		Long: `Shows the arithmetic of a round's pay, derived again from the home's ledger: what
could be minted, how each delta was scored and by whom, the formula of each
payment with its numbers, what became of the model, and the entries that prove it.
Without an argument it explains the newest round that is settled. With the CID of a
delta it explains that delta alone; with a peer ID or an alias, all that was paid to
that peer.

Rounds are numbered from 0, as on the ledger: the demo counts them from 1, so
its "round 4" is explain 3. Amounts are base units; a token is 1,000,000.`,
		Example: `  grapevine explain 3 --home ./demo/peer-01
  grapevine explain smart-cyan-adder --home ./demo/peer-01
  grapevine explain bafkreigh2… -o json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(fmt.Sprintf("explain: want one round, delta or peer, got %d arguments", len(args)), "example: grapevine explain 3")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runExplain(p, &at, first(args)) },
	}
	at.register(cmd)
	return cmd
}

func runExplain(p *printer, at *place, what string) error {
	switch n, err := strconv.ParseUint(what, 10, 64); {
	case what == "":
		return explainRound(p, at, nil)
	case err == nil:
		return explainRound(p, at, &n)
	case strings.HasPrefix(what, "baf") && len(what) >= shortest:
		return explainDeltas(p, at, what)
	}
	return explainPeer(p, at, what)
}

// explainAll explains each settled round that want chooses, in order.
func explainAll(at *place, want func(h *node.Height) bool, take func(e *explainReport) error) (*node.Report, error) {
	evidence := audit.NewEvidence()
	r, _, err := replayHome(at, func(h *node.Height) error {
		evidence.Visit(h)
		if h.Outcome == nil || !want(h) {
			return nil
		}
		e := explained(h)
		e.prove(evidence, h.Outcome.Settlement)
		if err := e.check(); err != nil {
			return err
		}
		return take(e)
	})
	return r, err
}

func explainRound(p *printer, at *place, want *uint64) error {
	var data *explainReport
	r, err := explainAll(at, func(h *node.Height) bool { return want == nil || h.Outcome.Round == *want },
		func(e *explainReport) error { data = e; return nil })
	switch {
	case err != nil:
		return err
	case data == nil:
		return notSettled(r, want)
	}
	return p.answer(data, data.print)
}

// explainDeltas explains the delta whose CID begins with text.
func explainDeltas(p *printer, at *place, text string) error {
	var data *explainReport
	found := 0
	is := func(d deltaReport) bool { return strings.HasPrefix(d.Delta, text) }
	r, err := explainAll(at, func(*node.Height) bool { return true }, func(e *explainReport) error {
		if !slices.ContainsFunc(e.Deltas, is) {
			return nil
		}
		e.keep(is, func(dutyReport) bool { return false })
		found, data = found+len(e.Deltas), e
		return nil
	})
	switch {
	case err != nil:
		return err
	case data == nil:
		return &failure{
			code: codeFailed, err: fmt.Errorf("no settled round from height %d on has a delta whose CID begins with %s", r.From, text),
			hint: "grapevine explain ROUND lists a round's deltas",
		}
	case found > 1:
		p.say("%d deltas begin like that, or it was revealed more than once; this is the last", found)
	}
	return p.answer(data, data.print)
}

func notSettled(r *node.Report, want *uint64) error {
	now := r.Replica.State.Round.Number
	switch {
	case want != nil && *want < now:
		return begunLater(fmt.Sprintf("round %d", *want), r)
	case now == 0 || want == nil:
		return &failure{code: codeFailed, err: errors.New("no round is settled yet")}
	}
	return &failure{
		code: codeFailed, err: fmt.Errorf("round %d is not settled: the newest is %d", *want, now-1),
		hint: "rounds are numbered from 0; the demo prints one more",
	}
}

// check computes every payment by the formulas that are shown: an explanation
// that does not lead to what the ledger paid must not be given.
func (e *explainReport) check() error {
	wrong := func(what string, shown, paid uint64) error {
		return fmt.Errorf("explain round %d: the formula of %s gives %d, the ledger paid %d: this is an error of the program", e.Round, what, shown, paid)
	}
	minted := e.Treasury
	for _, d := range e.Deltas {
		if gate := min(d.U+2*d.Doubt, d.Standing.Gain+d.Standing.Tolerance); gate != d.Gate || d.Sure != min(d.U-d.Doubt, d.Standing.Gain-e.owed(&d)) {
			return fmt.Errorf("explain round %d: the formula of the gate of %s gives %d, the ledger has %d: this is an error of the program", e.Round, d.Delta, gate, d.Gate)
		}
		pool, divisor := e.poolOf(&d)
		if got := part(pool, d.Share, divisor); got != d.Paid {
			return wrong(d.Delta, got, d.Paid)
		}
		minted += d.Paid
	}
	for _, v := range e.Validators {
		if got := part(e.Emission.Validators.Amount, product(v.Stake, v.Given), e.DutySum); got != v.Paid {
			return wrong("the duty of "+v.Author, got, v.Paid)
		}
		minted += v.Paid
	}
	if minted != e.Minted {
		return wrong("all", minted, e.Minted)
	}
	return nil
}

// owed is what the author of d owes.
func (e *explainReport) owed(d *deltaReport) int64 {
	if d.Newcomer {
		return 0
	}
	return e.Trainers.Owed
}

// poolOf is what a delta is paid from, and what that is divided by.
func (e *explainReport) poolOf(d *deltaReport) (pool uint64, divisor *big.Int) {
	if d.Newcomer {
		return e.Emission.Newcomers.Amount, e.Newcomers.Divisor
	}
	return e.Emission.Trainers.Amount, e.Trainers.Divisor
}

// part returns floor(pool · v / total), 0 if total is 0.
func part(pool uint64, v, total *big.Int) uint64 {
	if total.Sign() == 0 {
		return 0
	}
	x := new(big.Int).SetUint64(pool)
	return x.Mul(x, v).Quo(x, total).Uint64()
}
