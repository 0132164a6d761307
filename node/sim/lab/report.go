package lab

import (
	"fmt"
	"math"
	"strconv"

	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// Figures say how good the models of the last round are, and what they took.
type Figures struct {
	Accuracy *Spread `json:"accuracy"` // on the test rows, mean over the peers' models
	Balanced *Spread `json:"balanced_accuracy"`
	AUC      *Spread `json:"auc"` // null unless there are two classes
	// Worst is the accuracy of the worst peer: of its model on the test rows or, if
	// rows have owners, on its own.
	Worst    *Spread         `json:"worst_peer"`
	Bytes    Bytes           `json:"bytes_per_peer"`
	RoundsTo map[string]*int `json:"rounds_to"` // first round in which the mean accuracy reaches a goal; null: none
}

// Bytes have reached a peer, in the mean: of deltas or models, each counted once,
// and of all that a network sends, estimated.
type Bytes struct {
	Payload float64  `json:"payload"`
	All     *float64 `json:"all"`
}

// Report is what an experiment found.
type Report struct {
	Figures
	RewardShare    map[adversary.Kind]*float64 `json:"reward_share"`    // of all pay for training, to attackers of a kind
	RejectedHonest *float64                    `json:"rejected_honest"` // share of the honest deltas that counted
	Backdoor       *Spread                     `json:"backdoor"`        // its rate of success; null unless somebody made one
	Baselines      map[string]*Baseline        `json:"baselines"`
	Seeds          int                         `json:"seeds"` // that came as far as a first round
	Seconds        float64                     `json:"seconds"`
	Curves         []Curve                     `json:"-"`
	BytesTo        map[string]*float64         `json:"-"` // payload by then
	AllTo          map[string]*float64         `json:"-"` // all bytes by then
}

// Baseline is how a baseline did, and how the protocol did against it.
type Baseline struct {
	Figures
	BytesTo map[string]*float64 `json:"bytes_to"`   // payload by then
	Rate    *float32            `json:"rate"`       // of Central: the best of Rates
	Rates   map[string]*Spread  `json:"rates"`      // of Central: accuracy by rate
	Paired  *Paired             `json:"paired"`     // on the test rows
	OnOwn   *Paired             `json:"paired_own"` // on the test rows of each peer's owner; null if rows have none
}

// Paired compares the protocol with a baseline seed by seed, by balanced accuracy
// in the mean over the peers' models.
type Paired struct {
	Ours   *Spread `json:"ours"`
	Theirs *Spread `json:"theirs"`
	Wins   int     `json:"wins"`
	Losses int     `json:"losses"`
	P      float64 `json:"p"` // two-sided sign test
}

// Curve is the mean over seeds, by round.
type Curve struct {
	Name      string
	Accuracy  []float64
	Low, High []float64 // over seeds
	Payload   []float64 // bytes per peer
	All       []float64 // bytes per peer; nil for baselines
}

func newReport(c *Config, worlds []*world) *Report {
	var ours []*result
	var done []*world
	for _, w := range worlds {
		if w != nil && len(w.result.curve) > 0 {
			done, ours = append(done, w), append(ours, &w.result)
		}
	}
	if len(ours) == 0 {
		return nil
	}
	mean := curve("grapevine", ours)
	r := &Report{
		Figures: figures(c, ours), RewardShare: rewardShares(c, ours), Baselines: map[string]*Baseline{},
		Seeds: len(ours), BytesTo: bytesTo(c, mean, mean.Payload), AllTo: bytesTo(c, mean, mean.All), Curves: []Curve{mean},
	}
	r.Bytes.All = new(average(ours, func(r *result) float64 { return r.all[len(r.all)-1] }))
	r.RejectedHonest = rejected(ours)
	if c.Attack[adversary.Backdoor] > 0 {
		r.Backdoor = spread(each(ours, func(r *result) float64 { return r.backdoor }))
	}
	for _, name := range c.Baselines {
		if b, curve := compared(c, name, done); b != nil {
			r.Baselines[name], r.Curves = b, append(r.Curves, curve)
		}
	}
	return r
}

func figures(c *Config, rs []*result) Figures {
	of := func(get func(r *result) float64) *Spread { return spread(each(rs, get)) }
	return Figures{
		Accuracy: of(func(r *result) float64 { return r.final.Accuracy }),
		Balanced: of(func(r *result) float64 { return r.final.BalancedAccuracy }),
		AUC:      of(func(r *result) float64 { return r.final.AUC }),
		Worst:    of((*result).worstPeer),
		Bytes:    Bytes{Payload: average(rs, func(r *result) float64 { return r.payload[len(r.payload)-1] })},
		RoundsTo: roundsTo(c, rs),
	}
}

func (r *result) worstPeer() float64 {
	if len(r.peers) < 2 {
		return r.worst
	}
	worst := math.Inf(1)
	for _, p := range r.peers {
		worst = min(worst, p.Accuracy) // NaN for who has no row counts as NaN
	}
	return worst
}

func each(rs []*result, get func(r *result) float64) (out []float64) {
	for _, r := range rs {
		out = append(out, get(r))
	}
	return out
}

func average(rs []*result, get func(r *result) float64) float64 { return mean(each(rs, get)) }

// goalName writes an accuracy as JSON's keys and people have it.
func goalName(goal float64) string { return strconv.FormatFloat(goal, 'g', -1, 64) }

func roundsTo(c *Config, rs []*result) map[string]*int {
	out, mean := map[string]*int{}, curve("", rs)
	for _, goal := range c.Goals {
		out[goalName(goal)] = mean.reaches(goal)
	}
	return out
}

// bytesTo tells how many of bytes, which are by round, each goal took.
func bytesTo(c *Config, mean Curve, bytes []float64) map[string]*float64 {
	out := map[string]*float64{}
	for _, goal := range c.Goals {
		out[goalName(goal)] = nil
		if n := mean.reaches(goal); n != nil {
			out[goalName(goal)] = &bytes[*n-1]
		}
	}
	return out
}

// reaches returns the first round, from 1, whose accuracy is a goal's or more.
func (c Curve) reaches(goal float64) *int {
	for i, a := range c.Accuracy {
		if a >= goal {
			return new(i + 1)
		}
	}
	return nil
}

// curve is the mean of curves as far as all go.
func curve(name string, rs []*result) Curve {
	c, rounds := Curve{Name: name}, len(rs[0].curve)
	for _, r := range rs {
		rounds = min(rounds, len(r.curve))
	}
	for i := range rounds {
		s := spread(each(rs, func(r *result) float64 { return r.curve[i] }))
		c.Accuracy, c.Low, c.High = append(c.Accuracy, s.Mean), append(c.Low, s.Min), append(c.High, s.Max)
		c.Payload = append(c.Payload, average(rs, func(r *result) float64 { return r.payload[i] }))
		if rs[0].all != nil {
			c.All = append(c.All, average(rs, func(r *result) float64 { return r.all[i] }))
		}
	}
	return c
}

func rewardShares(c *Config, rs []*result) map[adversary.Kind]*float64 {
	out := map[adversary.Kind]*float64{}
	for kind, n := range c.Attack {
		if n > 0 {
			out[kind] = number(average(rs, func(r *result) float64 { return r.share(kind) }))
		}
	}
	return out
}

func (r *result) share(kind adversary.Kind) float64 {
	var total uint64
	for _, paid := range r.paid {
		total += paid
	}
	return float64(r.paid[kind]) / float64(total)
}

func rejected(rs []*result) *float64 {
	return number(average(rs, func(r *result) float64 { return float64(r.rejected) / float64(r.honest) }))
}

// number is nil if x is none.
func number(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

// compared reports on a baseline, over the seeds for which it is done.
func compared(c *Config, name string, worlds []*world) (*Baseline, Curve) {
	b := new(Baseline)
	rate := 0
	if name == Central {
		rate = bestRate(b, worlds)
	}
	var ours, theirs []*result
	for _, w := range worlds {
		r := w.others[name]
		if name == Central && rate < len(w.rates) {
			r = w.rates[rate]
		}
		if r != nil && len(r.curve) > 0 {
			ours, theirs = append(ours, &w.result), append(theirs, r)
		}
	}
	if len(theirs) == 0 {
		return nil, Curve{}
	}
	mean := curve(name, theirs)
	b.Figures, b.BytesTo = figures(c, theirs), bytesTo(c, mean, mean.Payload)
	b.Paired = paired(ours, theirs, func(r *result) float64 { return r.final.BalancedAccuracy })
	if worlds[0].data.Own != nil {
		b.OnOwn = paired(ours, theirs, (*result).peerMean)
	}
	return b, mean
}

// bestRate is the place in Rates of the one that was best in the mean.
func bestRate(b *Baseline, worlds []*world) (best int) {
	b.Rates = map[string]*Spread{}
	top := math.Inf(-1)
	for i, rate := range Rates {
		var values []float64
		for _, w := range worlds {
			if i < len(w.rates) && w.rates[i] != nil {
				values = append(values, w.rates[i].final.Accuracy)
			}
		}
		s := spread(values)
		b.Rates[fmt.Sprint(rate)] = s
		if s != nil && s.Mean > top {
			top, best, b.Rate = s.Mean, i, &rate
		}
	}
	return best
}

func paired(ours, theirs []*result, get func(r *result) float64) *Paired {
	p := &Paired{Ours: spread(each(ours, get)), Theirs: spread(each(theirs, get))}
	for i := range ours {
		switch a, b := get(ours[i]), get(theirs[i]); {
		case a > b:
			p.Wins++
		case a < b:
			p.Losses++
		}
	}
	p.P = signTest(p.Wins, p.Losses)
	return p
}

// peerMean is the mean over peers of balanced accuracy; who has no test row of
// its own is left out.
func (r *result) peerMean() float64 {
	var values []float64
	for _, p := range r.peers {
		if !math.IsNaN(p.BalancedAccuracy) {
			values = append(values, p.BalancedAccuracy)
		}
	}
	return mean(values)
}
