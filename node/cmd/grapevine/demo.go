package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// demoFlags are the flags of `grapevine demo`.
type demoFlags struct {
	peers     int
	rounds    uint64
	seconds   float64
	target    float64
	data      string
	label     string
	drop      []string
	context   int
	model     string
	partition string
	seed      uint64
	home      string
	attacks   []string
	processes bool
	overlap   bool
	slow      time.Duration
}

func demoCommand(p *printer) *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a whole network on this computer: learning curve, rewards, audit",
		Long: `Starts peers that are real in all but distance: each has its own identity, home
and ledger, listens on the loopback interface, trains on its own part of the
data, and votes on blocks. Nobody coordinates them.

At the end a table says how good their model is, how good each would have become
alone with the same work, and who earned what. With --home the homes stay, and
"grapevine ledger verify --home DIR/peer-01" checks every byte of one.`,
		Example: `  grapevine demo
  grapevine demo --attack signflip=2
  grapevine demo --data csv:patients.csv --label outcome --partition column:hospital --peers 4
  grapevine demo --home ./demo && grapevine ledger verify --home ./demo/peer-01`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), p, f) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.peers, "peers", 8, "peers, each of which trains and validates (2 to 64)")
	flags.Uint64Var(&f.rounds, "rounds", 24, "rounds to settle")
	flags.Float64Var(&f.seconds, "seconds", 60, "time for the whole command")
	flags.Float64Var(&f.target, "target-accuracy", 0, "stop at the first round, from the 8th on, that reaches this test accuracy (0 to 1)")
	flags.StringVar(&f.data, "data", "mnist", sources)
	flags.StringVar(&f.label, "label", "label", labelHelp)
	flags.StringArrayVar(&f.drop, "drop", nil, dropHelp)
	flags.IntVar(&f.context, "context", 16, contextHelp)
	flags.StringVar(&f.model, "model", "", modelHelp)
	flags.StringVar(&f.partition, "partition", "dirichlet:0.5", partitionHelp)
	flags.Uint64Var(&f.seed, "seed", 1, "of partition, first model and attacks")
	flags.StringVar(&f.home, "home", "", "directory to keep the peers' homes in (default: a temporary one, removed)")
	flags.StringArrayVar(&f.attacks, "attack", nil, "KIND=N makes N peers misbehave; may be repeated. Kinds: "+named(demoKinds))
	flags.BoolVar(&f.overlap, "overlap", true, "train for the next round while the scores of this one settle")
	flags.DurationVar(&f.slow, "slow", 0, "what each training takes longer than it does, as a larger model's would on an idle computer")
	flags.BoolVar(&f.processes, "processes", false, "each peer is a process of its own, which runs grapevine up")
	return cmd
}

// demoKinds are the attacks that make sense to watch.
var demoKinds = []adversary.Kind{
	adversary.SignFlip, adversary.Noise, adversary.LabelFlip, adversary.Copy, adversary.FreeRide, adversary.Equivocate, adversary.Silent,
}

func named(kinds []adversary.Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// attackers reads KIND=N flags and returns the attack of each peer; the last
// peers are the ones that attack.
func (f demoFlags) attackers() ([]adversary.Kind, error) {
	attack := make([]adversary.Kind, f.peers)
	next := f.peers - 1
	for _, s := range f.attacks {
		name, count, ok := strings.Cut(s, "=")
		n, err := strconv.Atoi(count)
		if !ok || err != nil || n < 0 {
			return nil, usage(fmt.Sprintf("--attack %q: want KIND=N", s), "for example --attack signflip=2")
		}
		kind, err := adversary.Parse(name)
		if err != nil {
			return nil, usage("--attack: "+err.Error(), "")
		}
		for range n {
			if next < 1 {
				return nil, usage(fmt.Sprintf("--attack: %d peers are too few for so many attackers", f.peers), "at least one peer must be honest; add --peers")
			}
			attack[next] = kind
			next--
		}
	}
	return attack, nil
}

func (f demoFlags) validate() error {
	switch {
	case f.peers < 2 || f.peers > 64:
		return usage(fmt.Sprintf("--peers %d: want 2 to 64", f.peers), "two peers are the fewest that can score each other")
	case f.rounds < 1:
		return usage("--rounds 0: want at least 1", "")
	case f.seconds < 5 || f.seconds > 86_400:
		return usage(fmt.Sprintf("--seconds %v: want 5 to 86400", f.seconds), "")
	case f.target < 0 || f.target > 1:
		return usage(fmt.Sprintf("--target-accuracy %v: want 0 to 1", f.target), "0.9 is ninety percent")
	}
	return nil
}

func runDemo(ctx context.Context, p *printer, f demoFlags) (err error) {
	start := time.Now()
	if err := f.validate(); err != nil {
		return err
	}
	attack, err := f.attackers()
	if err != nil {
		return err
	}
	dir := f.home
	if dir == "" {
		if dir, err = os.MkdirTemp("", "grapevine-demo-"); err != nil {
			return fault(codeFailed, "make a temporary directory", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	shards, err := f.load()
	if err != nil {
		return err
	}
	d := &demo{demoFlags: f, printer: p, start: start, dir: dir, attack: attack, shards: shards, earned: earnings{}}
	if f.processes {
		return runProcesses(ctx, p, d)
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.open(ctx); err != nil {
		return err
	}
	if err := d.play(ctx); err != nil {
		return err
	}
	report, err := d.report(ctx)
	if err != nil {
		return err
	}
	return p.answer(report, report.print)
}
