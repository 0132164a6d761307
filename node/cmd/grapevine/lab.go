package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
	"github.com/grapevine-network/grapevine/node/sim/lab"
)

// labFlags are the flags of `grapevine lab`: the data's as for the demo.
type labFlags struct {
	demoFlags
	lab       lab.Config
	baselines []string
	held      float64
	public    int
	learning  ledger.Learning
	rate      float64
	momentum  float64
	shrink    float64
	decay     float64
	alpha     float64
	plot      string
}

func labCommand(p *printer) *cobra.Command {
	var f labFlags
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Measure how well a network learns: many peers and rounds, fast, several seeds",
		Long: `Runs the learning and the money of a topic in this process, without a network and
without consensus, but with the same trainer, codec, settlement and rewards as a
real peer. The run is repeated with several seeds; with baselines, the same data
and the same work are given to other ways to learn.

All accuracies are on the test part, on which nobody trains or scores.`,
		Example: `  grapevine lab --seeds 1 --rounds 50
  grapevine lab --baseline central,gossip --plot ./plots
  grapevine lab --data csv:heart.csv --partition column:site --drop num --peers 4 --baseline alone --seeds 10`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLab(cmd.Context(), p, f) },
	}
	f.register(cmd)
	return cmd
}

func (f *labFlags) register(cmd *cobra.Command) {
	flags, rules := cmd.Flags(), node.Defaults().Learning
	flags.IntVar(&f.peers, "peers", 20, "peers (2 to 1024)")
	flags.IntVar(&f.lab.Rounds, "rounds", 100, "rounds")
	flags.StringVar(&f.data, "data", "mnist", sources)
	flags.StringVar(&f.label, "label", "label", labelHelp)
	flags.StringArrayVar(&f.drop, "drop", nil, dropHelp)
	flags.IntVar(&f.context, "context", 16, contextHelp)
	flags.StringVar(&f.model, "model", "", modelHelp)
	flags.StringVar(&f.partition, "partition", "dirichlet:1", partitionHelp)
	flags.Float64Var(&f.lab.Churn, "churn", 0, "share of the peers that are offline in a round; who has a stake goes on scoring")
	flags.Float64Var(&f.lab.Stale, "stale", 0, "share of the deltas that are committed 1 to 3 rounds late")
	flags.StringArrayVar(&f.attacks, "attack", nil, "KIND=N makes N peers misbehave; may be repeated. Kinds: "+named(labKinds()))
	flags.IntVar(&f.lab.Seeds, "seeds", 3, "runs, each with another seed")
	flags.Uint64Var(&f.seed, "seed", 1, "of the first run: of data, first model, and all that is drawn")
	flags.StringSliceVar(&f.baselines, "baseline", nil, "what to compare with: "+strings.Join(lab.Baselines, ", "))
	flags.BoolVar(&f.lab.Full, "full", false, "every peer checks, decodes and settles everything itself")
	flags.StringVar(&f.plot, "plot", "", "directory for plots, as PNG and SVG")
	flags.Float64SliceVar(&f.lab.Goals, "goal", []float64{0.8, 0.85, 0.88, 0.9}, "accuracies of which rounds and bytes are told")
	flags.IntVar(&f.lab.Scorers, "scorers", 0, "peers with a stake, who score all deltas (default all, at most 20)")
	flags.Float64Var(&f.held, "held", 0.2, "share of its data that each peer holds back to score with")
	flags.IntVar(&f.public, "public", 0, "score with so many rows that all know, instead of own ones")
	flags.Uint64Var(&f.learning.Keep, "keep", 0, "values sent of every 1,024 (default 32, or all in 8 bits each of tiny models)")
	flags.Float64Var(&f.alpha, "alpha", real(rules.Alpha), "step from model to model, in means of the deltas")
	flags.Uint64Var(&f.learning.Steps, "steps", 10, "local steps in a round")
	flags.Uint64Var(&f.learning.Batch, "batch", rules.Batch, "samples in a step")
	flags.Float64Var(&f.rate, "rate", real(rules.Rate), "learning rate of a step")
	flags.Float64Var(&f.momentum, "momentum", real(rules.Momentum), "of the steps, kept from round to round")
	flags.Float64Var(&f.shrink, "weight-decay", real(rules.Shrink), "of the steps")
	flags.Float64Var(&f.decay, "decay", real(rules.Decay), "of what the codec left out, a round")
}

// real is a number of the manifest, as people write it.
func real(q16 uint64) float64 { return math.Round(1e4*float64(q16)/ledger.One) / 1e4 }

func (f *labFlags) validate() error {
	for _, share := range []struct {
		name  string
		value float64
	}{{"rate", f.rate}, {"momentum", f.momentum}, {"weight-decay", f.shrink}, {"decay", f.decay}, {"alpha", f.alpha}} {
		if !(share.value >= 0 && share.value <= 100) {
			return usage(fmt.Sprintf("--%s %v: want 0 or more", share.name, share.value), "")
		}
	}
	if !(f.held >= 0 && f.held < 1) || f.public < 0 || f.public == 1 {
		return usage(fmt.Sprintf("--held %v, --public %d: want a share below 1, and rows", f.held, f.public), "")
	}
	f.lab.Peers, f.lab.Seed, f.lab.Baselines = f.peers, f.seed, f.baselines
	attack, err := f.attackCounts()
	if err != nil {
		return err
	}
	f.lab.Attack = attack
	if err := f.lab.Validate(); err != nil {
		return usage("--"+err.Error(), "grapevine lab --help lists the flags")
	}
	return nil
}

// labKinds are the attacks that need no network.
func labKinds() []adversary.Kind {
	return slices.DeleteFunc(slices.Clone(adversary.Kinds), func(k adversary.Kind) bool { return !k.Learns() })
}

func (f *labFlags) attackCounts() (map[adversary.Kind]int, error) {
	attack := map[adversary.Kind]int{}
	for _, s := range f.attacks {
		name, count, ok := strings.Cut(s, "=")
		n, err := strconv.Atoi(count)
		if !ok || err != nil || n < 0 {
			return nil, usage(fmt.Sprintf("--attack %q: want KIND=N", s), "for example --attack signflip=4")
		}
		kind, err := adversary.Parse(name)
		if err != nil {
			return nil, usage("--attack: "+err.Error(), "")
		}
		attack[kind] += n
	}
	return attack, nil
}

func runLab(ctx context.Context, p *printer, f labFlags) error {
	if err := f.validate(); err != nil {
		return err
	}
	f.lab.Load, f.lab.Found, f.lab.Trainer = f.shards, f.found, node.TrainerOf
	f.lab.Progress = f.progress(p)
	report, err := lab.Run(ctx, f.lab)
	if err != nil && (report == nil || !errors.Is(err, context.Canceled)) {
		return err
	}
	if f.plot != "" {
		if err := f.draw(report); err != nil {
			return fault(codeFailed, "draw", err)
		}
	}
	if err != nil {
		if !p.json() {
			f.print(p.out, report)
		}
		return &failure{code: codeInterrupted, err: errors.New("interrupted: the figures are those of the rounds that were over"), data: report}
	}
	return p.answer(report, f.printTo(report))
}

// progress tells of a run now and then.
func (f *labFlags) progress(p *printer) func(seed uint64, round int, accuracy float64) {
	var last time.Time
	return func(seed uint64, round int, accuracy float64) {
		if time.Since(last) > 2*time.Second || round == f.lab.Rounds {
			last = time.Now()
			p.say("seed %d  round %d of %d  accuracy %.3f", seed, round, f.lab.Rounds, accuracy)
		}
	}
}
