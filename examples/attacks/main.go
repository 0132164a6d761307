// Attacks runs what a hostile stranger could try against a topic's money and its
// ledger, and prints what it came to beside what it may come to.
//
//	go run ./examples/attacks --peers 32 --rounds 50 --seeds 10
//	go run ./examples/attacks --only newcomers
//	go run ./examples/attacks --likeness      # what copies look like, and honest deltas
//
// Nothing here knows a rule: training, scores, settlement, payment, the ledger and
// consensus are those of a node. Income is measured in the laboratory, where peers
// learn the embedded digits; what needs a network runs in the simulator; what is
// exact is asked of the state itself. The exit code is 1 if a threshold is missed.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

// size is how large the battery is.
type size struct {
	peers, rounds, seeds int
	only                 string // experiments with this in their names
}

// An experiment measures one thing or several.
type experiment struct {
	name string
	run  func(ctx context.Context, s size) ([]finding, error)
}

var experiments = []experiment{
	{"free riders and copies", income},
	{"one round, settled otherwise", choices},
	{"data split among identities", splits},
	{"outliers that move the centre", outliers},
	{"harmful deltas", harm},
	{"newcomers", newcomers},
	{"what is said out of turn", outOfTurn},
	{"the network", network},
}

func main() {
	var s size
	flag.IntVar(&s.peers, "peers", 32, "honest peers (8 to 64)")
	flag.IntVar(&s.rounds, "rounds", 20, "rounds of each world (3 or more)")
	flag.IntVar(&s.seeds, "seeds", 2, "worlds of each kind")
	flag.StringVar(&s.only, "only", "", "run only what has this in its name, for example newcomers")
	likeness := flag.Bool("likeness", false, "print how alike honest deltas and copies are, and stop")
	output := flag.String("o", "text", "text or json")
	flag.Parse()
	if s.peers < 8 || s.peers > 64 || s.rounds < 3 || s.seeds < 1 || flag.NArg() > 0 || *output != "text" && *output != "json" {
		fmt.Fprintln(os.Stderr, "attacks: want 8 to 64 peers, 3 rounds or more, a seed or more, and -o text or json")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := battery
	if *likeness {
		run = alike
	}
	ok, err := run(ctx, s, *output == "json", os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "attacks:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// battery runs all experiments and prints what they found. It tells whether all
// thresholds were kept.
func battery(ctx context.Context, s size, asJSON bool, out, progress io.Writer) (ok bool, err error) {
	start := time.Now()
	var all []finding
	for _, e := range experiments {
		if !strings.Contains(e.name, s.only) {
			continue
		}
		began := time.Now()
		found, err := e.run(ctx, s)
		if err != nil {
			return false, fmt.Errorf("%s: %w", e.name, err)
		}
		all = append(all, found...)
		fmt.Fprintf(progress, "%s: %.0f s\n", e.name, time.Since(began).Seconds())
	}
	ok = true
	for _, f := range all {
		ok = ok && f.Pass
	}
	if asJSON {
		return ok, answer(out, map[string]any{
			"peers": s.peers, "rounds": s.rounds, "seeds": s.seeds, "pass": ok, "findings": all, "not_applicable": notApplicable,
			"seconds": time.Since(start).Seconds(),
		})
	}
	fmt.Fprintf(out, "%d honest peers, %d rounds, %d seeds\n\n", s.peers, s.rounds, s.seeds)
	table(out, all)
	return ok, nil
}

// answer prints the one line that programs read.
func answer(out io.Writer, data any) error {
	return json.NewEncoder(out).Encode(map[string]any{"schema": 1, "status": "ok", "data": data})
}
