package main

import (
	"math/big"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/node"
)

// explainReport is the data of `explain -o json`: all numbers of a round's pay.
// Amounts are base units, gains micro-nats, shares Q16.
type explainReport struct {
	Round      uint64          `json:"round"` // from 0
	Height     uint64          `json:"height"`
	Block      string          `json:"block"` // that ended it
	Emission   emissionReport  `json:"emission"`
	Trainers   trainersReport  `json:"trainers"`
	Newcomers  divisorReport   `json:"newcomers"`
	Deltas     []deltaReport   `json:"deltas"`
	DutySum    *big.Int        `json:"duty_sum"` // Σ stake·due
	Validators []dutyReport    `json:"validators"`
	Treasury   uint64          `json:"treasury"`
	Minted     uint64          `json:"minted"`
	Unminted   uint64          `json:"unminted"`  // of the emission: stays in the remaining supply
	Remaining  uint64          `json:"remaining"` // supply after the round
	Model      modelStepReport `json:"model"`

	only bool // a part of the round is asked for
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
	Median    uint64 `json:"median"` // m, of the positive gains, by bond
	Owed      int64  `json:"owed"`   // q: an author's sum of gains counts above it
	MaxScore  uint64 `json:"max_score"`
	FullScore uint64 `json:"full_score"`
	divisorReport
}

// divisorReport is what a pool is divided by: w is the bond, or 1 for newcomers.
type divisorReport struct {
	Sum     *big.Int `json:"sum"`      // Σ w·s
	FullSum *big.Int `json:"full_sum"` // Σ w·full_score
	Divisor *big.Int `json:"divisor"`  // the larger of the two
}

// deltaReport is why a delta was paid what it was paid.
type deltaReport struct {
	Author   string          `json:"author"`
	Alias    string          `json:"alias"`
	Delta    string          `json:"delta"`
	Base     string          `json:"base"`
	Age      int             `json:"age"` // anchors that the base was behind
	Bond     uint64          `json:"bond"`
	Newcomer bool            `json:"newcomer"` // has work instead of a bond
	Opinions []opinionReport `json:"opinions"`
	Counts   bool            `json:"counts"` // a quorum scored it
	Copy     bool            `json:"copy"`
	U        int64           `json:"u"`        // lower median by stake
	Variance uint64          `json:"variance"` // v, of u
	Doubt    int64           `json:"doubt"`    // 3/2 of its root
	Sure     int64           `json:"sure"`     // the smaller of u less that and standing.gain less what is owed, by those with a bond
	Standing standingReport  `json:"standing"` // of the author, this round included
	Gate     int64           `json:"gate"`     // the smaller of u + 2·doubt and standing.gain + standing.tolerance
	Merged   bool            `json:"merged"`
	Score    uint64          `json:"score"`
	Weight   uint64          `json:"weight"` // in the mean, before age
	Share    *big.Int        `json:"share"`  // of the divisor: w·s
	Paid     uint64          `json:"paid"`
	Commit   string          `json:"commit"` // entries that prove it
	Reveal   string          `json:"reveal"`
}

// standingReport is what is remembered of an author: sums of which each
// round forgets a fortieth.
type standingReport struct {
	Gain      int64  `json:"gain"`      // of u
	Variance  uint64 `json:"variance"`  // of v
	Tolerance int64  `json:"tolerance"` // the root of 40 variances
}

type opinionReport struct {
	Validator string `json:"validator"`
	Alias     string `json:"alias"`
	Stake     uint64 `json:"stake"`
	U         int32  `json:"u"`
	SE        uint32 `json:"se"`
	Discord   bool   `json:"discord"` // not heard: it has long gone against the others
	Entry     string `json:"entry"`   // the SCORE that says so
}

type dutyReport struct {
	Author string `json:"author"`
	Alias  string `json:"alias"`
	Stake  uint64 `json:"stake"`
	Given  uint64 `json:"given"`
	Due    uint64 `json:"due"`
	Paid   uint64 `json:"paid"`
	Seal   string `json:"seal"` // entries that prove it; empty if there is none
	Score  string `json:"score"`
}

// modelStepReport is what the round made of the model.
type modelStepReport struct {
	Before string  `json:"anchor_before"`
	After  string  `json:"anchor"`
	Kept   int     `json:"kept"`  // deltas merged
	Clip   *uint64 `json:"clip"`  // C: longer deltas are shortened to this norm, in 2^-20; null if none counted
	Alpha  uint64  `json:"alpha"` // step, Q16
}

func explained(h *node.Height) *explainReport {
	o, s := h.Outcome, h.Replica.State
	e := &explainReport{
		Round: o.Round, Height: o.Height, Block: h.Block.CID().String(), Emission: emissionOf(o.Settlement, s),
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
	e.Trainers = trainersReport{o.Median, owedIn(o.Deltas), s.Economy.MaxScore, s.Economy.FullScore, divisorOf(o.Settlement, false, s.Economy.FullScore)}
	e.Newcomers = divisorOf(o.Settlement, true, s.Economy.FullScore)
	for _, v := range o.Validators {
		e.Validators = append(e.Validators, dutyReport{Author: v.Author.String(), Alias: node.Alias(v.Author), Stake: v.Stake, Given: v.Given, Due: v.Due, Paid: v.Paid})
		e.DutySum.Add(e.DutySum, product(v.Stake, v.Due))
	}
	return e
}

// owedIn is what each author with a bond owes.
func owedIn(deltas []incentives.DeltaPay) int64 {
	for _, d := range deltas {
		if !d.Newcomer {
			return d.Owed
		}
	}
	return 0
}

func emissionOf(o *incentives.Settlement, s *incentives.State) emissionReport {
	e := s.Economy
	return emissionReport{
		Remaining: s.Supply.Remaining + o.Minted, Rate: e.Rate, Emission: o.Emission,
		Trainers:   poolReport{e.Trainers, o.Pool},
		Validators: poolReport{e.Validators, o.DutyPool},
		Newcomers:  poolReport{e.Newcomers, o.NewcomerPool},
		Treasury:   poolReport{e.Treasury, o.Treasury},
	}
}

func explainDelta(d *incentives.DeltaPay) deltaReport {
	r := deltaReport{
		Author: d.Author.String(), Alias: node.Alias(d.Author), Delta: d.Delta.String(), Base: d.Base.String(), Age: d.Age, Bond: d.Bond, Newcomer: d.Newcomer,
		Opinions: []opinionReport{}, Counts: d.Counts, Copy: d.Copy, U: d.U, Variance: d.Variance, Doubt: d.Doubt, Sure: d.Sure, Gate: d.Gate,
		Standing: standingReport{d.Standing.Gain, d.Standing.Variance, d.Tolerance}, Merged: d.Merged(),
		Score: d.Score, Weight: d.Weight, Share: product(payWeight(d), d.Score), Paid: d.Paid,
	}
	for _, o := range d.Opinion {
		r.Opinions = append(r.Opinions, opinionReport{Validator: o.Validator.String(), Alias: node.Alias(o.Validator), Stake: o.Stake, U: o.U, SE: o.SE, Discord: o.Discord})
	}
	return r
}

// payWeight is what a delta's score is multiplied by for its pay.
func payWeight(d *incentives.DeltaPay) uint64 {
	if d.Newcomer {
		return 1
	}
	return d.Bond
}

// divisorOf is what the pool of the trainers, or that of the newcomers, is
// divided by.
func divisorOf(o *incentives.Settlement, newcomers bool, fullScore uint64) divisorReport {
	r := divisorReport{Sum: new(big.Int), FullSum: new(big.Int)}
	for i := range o.Deltas {
		if d := &o.Deltas[i]; d.Newcomer == newcomers && d.Counts && !d.Copy {
			r.Sum.Add(r.Sum, product(payWeight(d), d.Score))
			r.FullSum.Add(r.FullSum, product(payWeight(d), fullScore))
		}
	}
	if r.Divisor = r.Sum; r.Sum.Cmp(r.FullSum) < 0 {
		r.Divisor = r.FullSum
	}
	return r
}

func product(a, b uint64) *big.Int {
	x := new(big.Int).SetUint64(a)
	return x.Mul(x, new(big.Int).SetUint64(b))
}
