package main

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// explainReport is the data of `explain -o json`: all numbers of a round's pay.
// Amounts are base units, gains micro-nats, shares Q16.
type explainReport struct {
	Round      uint64          `json:"round"` // from 0
	Height     uint64          `json:"height"`
	Emission   emissionReport  `json:"emission"`
	Trainers   trainersReport  `json:"trainers"`
	Deltas     []deltaReport   `json:"deltas"`
	DutySum    *big.Int        `json:"duty_sum"` // Σ stake·due
	Validators []dutyReport    `json:"validators"`
	Treasury   uint64          `json:"treasury"`
	Minted     uint64          `json:"minted"`
	Unminted   uint64          `json:"unminted"`  // of the emission: stays in the remaining supply
	Remaining  uint64          `json:"remaining"` // supply after the round
	Model      modelStepReport `json:"model"`
}

// emissionReport is what a round could mint: remaining · rate / 2^32.
type emissionReport struct {
	Remaining  uint64     `json:"remaining"` // supply before the round
	Rate       uint64     `json:"rate"`      // 2^-32
	Emission   uint64     `json:"emission"`
	Trainers   poolReport `json:"trainers"`
	Validators poolReport `json:"validators"`
	Newcomers  poolReport `json:"newcomers"`
	Treasury   poolReport `json:"treasury"`
}

type poolReport struct {
	Share  uint64 `json:"share"` // Q16
	Amount uint64 `json:"amount"`
}

// trainersReport is what all deltas of a round have in common.
type trainersReport struct {
	Median    uint64   `json:"median"` // m, of the positive gains, by bond
	MaxScore  uint64   `json:"max_score"`
	FullScore uint64   `json:"full_score"`
	Sum       *big.Int `json:"sum"`      // Σ w·s
	FullSum   *big.Int `json:"full_sum"` // Σ w·full_score
	Divisor   *big.Int `json:"divisor"`  // the larger of the two
}

// deltaReport is why a delta was paid what it was paid.
type deltaReport struct {
	Author   string          `json:"author"`
	Alias    string          `json:"alias"`
	Delta    string          `json:"delta"`
	Base     string          `json:"base"`
	Age      int             `json:"age"` // anchors that the base was behind
	Bond     uint64          `json:"bond"`
	Opinions []opinionReport `json:"opinions"`
	Counts   bool            `json:"counts"` // a quorum scored it
	Copy     bool            `json:"copy"`
	U        int64           `json:"u"`    // lower median by stake
	Gate     int64           `json:"gate"` // the same of u + 2·se
	Merged   bool            `json:"merged"`
	Score    uint64          `json:"score"`
	Weight   *big.Int        `json:"weight"` // w·s
	Paid     uint64          `json:"paid"`
}

type opinionReport struct {
	Validator string `json:"validator"`
	Alias     string `json:"alias"`
	Stake     uint64 `json:"stake"`
	U         int32  `json:"u"`
	SE        uint32 `json:"se"`
}

type dutyReport struct {
	Author string `json:"author"`
	Alias  string `json:"alias"`
	Stake  uint64 `json:"stake"`
	Given  uint64 `json:"given"`
	Due    uint64 `json:"due"`
	Paid   uint64 `json:"paid"`
}

// modelStepReport is what the round made of the model.
type modelStepReport struct {
	Before string  `json:"anchor_before"`
	After  string  `json:"anchor"`
	Kept   int     `json:"kept"`  // deltas merged
	Clip   *uint64 `json:"clip"`  // C: longer deltas are shortened to this norm, in 2^-20; null if none counted
	Alpha  uint64  `json:"alpha"` // step, Q16
}

func explainCommand(p *printer) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "explain [ROUND]",
		Short: "Show how a round was paid, number by number",
		Long: `Shows the arithmetic of a round's pay, derived again from the home's ledger: what
could be minted, how each delta was scored and by whom, the formula of each
payment with its numbers, and what became of the model. Without ROUND it
explains the newest round that is settled.

Rounds are numbered from 0, as on the ledger: the demo counts them from 1, so
its "round 4" is explain 3. Amounts are base units; a token is 1,000,000.`,
		Example: `  grapevine explain 3 --home ./demo/peer-01
  grapevine explain -o json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(fmt.Sprintf("explain: want one round, got %d arguments", len(args)), "example: grapevine explain 3")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runExplain(p, dir, args) },
	}
	homeFlag(cmd, &dir)
	return cmd
}

func runExplain(p *printer, dir string, args []string) error {
	var want *uint64
	if len(args) == 1 {
		n, err := strconv.ParseUint(args[0], 10, 64)
		if err != nil {
			return usage(fmt.Sprintf("%q is no round", args[0]), "rounds are numbers from 0: grapevine explain 3")
		}
		want = &n
	}
	var data *explainReport
	r, _, err := replayHome(dir, func(h *node.Height) error {
		if h.Outcome != nil && (want == nil || h.Outcome.Round == *want) {
			data = explained(h)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case data == nil:
		return notSettled(r, want)
	}
	if err := data.check(); err != nil {
		return err
	}
	return p.answer(data, data.print)
}

func notSettled(r *node.Report, want *uint64) error {
	now := r.Replica.State.Round.Number
	if now == 0 || want == nil {
		return &failure{code: codeFailed, err: errors.New("no round is settled yet")}
	}
	return &failure{
		code: codeFailed, err: fmt.Errorf("round %d is not settled: the newest is %d", *want, now-1),
		hint: "rounds are numbered from 0; the demo prints one more",
	}
}

func explained(h *node.Height) *explainReport {
	o, s := h.Outcome, h.Replica.State
	e := &explainReport{
		Round: o.Round, Height: o.Height, Emission: emissionOf(o.Settlement, s),
		Treasury: o.Treasury, Minted: o.Minted, Unminted: o.Emission - o.Minted, Remaining: s.Supply.Remaining,
		Deltas: []deltaReport{}, Validators: []dutyReport{}, DutySum: new(big.Int),
		Model: modelStepReport{Before: o.Anchor.String(), After: o.Anchor.String(), Kept: o.Kept, Alpha: h.Replica.Manifest.Learning.Alpha},
	}
	if len(s.Anchors) > 1 {
		e.Model.Before = s.Anchors[1].String()
	}
	for i := range o.Deltas {
		if d := &o.Deltas[i]; d.Counts && !d.Copy {
			e.Model.Clip = &o.Clip
		}
		e.Deltas = append(e.Deltas, explainDelta(&o.Deltas[i]))
	}
	e.Trainers = explainTrainers(o.Settlement, s.Economy)
	for _, v := range o.Validators {
		e.Validators = append(e.Validators, dutyReport{v.Author.String(), node.Alias(v.Author), v.Stake, v.Given, v.Due, v.Paid})
		e.DutySum.Add(e.DutySum, product(v.Stake, v.Due))
	}
	return e
}

func emissionOf(o *incentives.Settlement, s *incentives.State) emissionReport {
	e := s.Economy
	return emissionReport{
		Remaining: s.Supply.Remaining + o.Minted, Rate: e.Rate, Emission: o.Emission,
		Trainers:   poolReport{e.Trainers, o.Pool},
		Validators: poolReport{e.Validators, o.DutyPool},
		Newcomers:  poolReport{e.Newcomers, share(o.Emission, e.Newcomers)},
		Treasury:   poolReport{e.Treasury, o.Treasury},
	}
}

func explainDelta(d *incentives.DeltaPay) deltaReport {
	r := deltaReport{
		Author: d.Author.String(), Alias: node.Alias(d.Author), Delta: d.Delta.String(), Base: d.Base.String(), Age: d.Age, Bond: d.Bond,
		Opinions: []opinionReport{}, Counts: d.Counts, Copy: d.Copy, U: d.U, Gate: d.Gate, Merged: d.Merged(),
		Score: d.Score, Weight: product(d.Bond, d.Score), Paid: d.Paid,
	}
	for _, o := range d.Opinion {
		r.Opinions = append(r.Opinions, opinionReport{o.Validator.String(), node.Alias(o.Validator), o.Stake, o.U, o.SE})
	}
	return r
}

func explainTrainers(o *incentives.Settlement, e ledger.Economy) trainersReport {
	t := trainersReport{Median: o.Median, MaxScore: e.MaxScore, FullScore: e.FullScore, Sum: new(big.Int), FullSum: new(big.Int)}
	for _, d := range o.Deltas {
		t.Sum.Add(t.Sum, product(d.Bond, d.Score))
		if d.Counts && !d.Copy {
			t.FullSum.Add(t.FullSum, product(d.Bond, e.FullScore))
		}
	}
	if t.Divisor = t.Sum; t.Sum.Cmp(t.FullSum) < 0 {
		t.Divisor = t.FullSum
	}
	return t
}

func product(a, b uint64) *big.Int {
	x := new(big.Int).SetUint64(a)
	return x.Mul(x, new(big.Int).SetUint64(b))
}

func share(amount, q16 uint64) uint64 {
	x := product(amount, q16)
	return x.Rsh(x, 16).Uint64()
}

// check computes every payment by the formulas that are shown: an explanation
// that does not lead to what the ledger paid must not be given.
func (e *explainReport) check() error {
	wrong := func(what string, shown, paid uint64) error {
		return fmt.Errorf("explain round %d: the formula of %s gives %d, the ledger paid %d: this is an error of the program", e.Round, what, shown, paid)
	}
	minted := e.Treasury
	for _, d := range e.Deltas {
		if got := part(e.Emission.Trainers.Amount, d.Weight, e.Trainers.Divisor); got != d.Paid {
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

// part returns floor(pool · v / total), 0 if total is 0.
func part(pool uint64, v, total *big.Int) uint64 {
	if total.Sign() == 0 {
		return 0
	}
	x := new(big.Int).SetUint64(pool)
	return x.Mul(x, v).Quo(x, total).Uint64()
}
