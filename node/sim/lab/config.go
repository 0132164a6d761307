package lab

import (
	"fmt"
	"math"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// Config describes an experiment. Load, Found and Trainer must be given.
type Config struct {
	Peers     int                    // at least 2
	Rounds    int                    // at least 1
	Scorers   int                    // peers with a stake, drawn by seed, who score every delta but their own; 0: all, at most 20
	Churn     float64                // share of the peers that are offline in a round; scorers go on scoring
	Stale     float64                // share of the deltas that are committed 1 to 3 rounds late
	Attack    map[adversary.Kind]int // how many peers of each kind
	Seeds     int                    // at least 1: runs with Seed, Seed+1, …
	Seed      uint64
	Baselines []string  // of Baselines
	Full      bool      // every peer computes everything
	Goals     []float64 // accuracies of which the first round is reported

	// Load returns the data of a run, divided among the peers.
	Load func(seed uint64) (*Data, error)
	// Found returns the manifest of a run's topic and its first model.
	Found func(seed uint64, data *Data, members []ledger.Member) (manifest, anchor []byte, err error)
	// Trainer returns the trainer of a manifest for a peer's data.
	Trainer func(m *ledger.Manifest, train, held learning.Samples) (*model.SGD, error)
	// Progress, if not nil, is told of each round. It is called by one goroutine
	// at a time.
	Progress func(seed uint64, round int, accuracy float64)
	// Ended, if not nil, is told of each round that was settled, by one goroutine
	// at a time.
	Ended func(e Ended)
}

// Ended is a round that was settled, and what it was settled from.
type Ended struct {
	Seed    uint64
	Peers   []ledger.Author   // in order of their numbers; those that attack are the last
	Before  *incentives.State // as it was when the round was over; the receiver's own
	Outcome *audit.Outcome
	Blob    func(id ledger.CID) []byte // of a delta revealed in the round, only during the call
}

// Data is a data set divided among peers. Nobody trains or scores with a test row.
type Data struct {
	Schema      dataset.Schema
	Train, Held []learning.Samples // by peer; Held is what it scores with
	Test        learning.Samples
	Own         []learning.Samples // the test rows of each peer's owner; nil if rows have no owners
}

// Validate names the first field that makes no sense.
func (c *Config) Validate() error {
	attackers := 0
	for kind, n := range c.Attack {
		if !kind.Learns() || n < 0 {
			return fmt.Errorf("attack: %d of %q, which is no attack on learning", n, kind)
		}
		attackers += n
	}
	for _, b := range c.Baselines {
		if !slices.Contains(Baselines, b) {
			return fmt.Errorf("baseline: unknown %q: choose from %v", b, Baselines)
		}
	}
	switch {
	case c.Peers < 2 || c.Peers > ledger.MaxScores:
		return fmt.Errorf("peers: %d, want 2 to %d", c.Peers, ledger.MaxScores)
	case c.Rounds < 1:
		return fmt.Errorf("rounds: %d, want at least 1", c.Rounds)
	case c.Seeds < 1:
		return fmt.Errorf("seeds: %d, want at least 1", c.Seeds)
	case c.Scorers < 0 || c.Scorers == 1 || c.Scorers > min(c.Peers, ledger.MaxCommittee):
		return fmt.Errorf("scorers: %d, want 2 to %d", c.Scorers, min(c.Peers, ledger.MaxCommittee))
	case !(c.Churn >= 0 && c.Churn < 1):
		return fmt.Errorf("churn: %v, want 0 to below 1", c.Churn)
	case !(c.Stale >= 0 && c.Stale <= 1):
		return fmt.Errorf("stale: %v, want 0 to 1", c.Stale)
	case slices.ContainsFunc(c.Goals, func(goal float64) bool { return !(goal > 0 && goal <= 1) }):
		return fmt.Errorf("goal: %v, want each above 0 to 1", c.Goals)
	case attackers >= c.Peers:
		return fmt.Errorf("attack: %d attackers of %d peers: one at least must be honest", attackers, c.Peers)
	}
	return nil
}

func (c *Config) scorers() int {
	if c.Scorers > 0 {
		return c.Scorers
	}
	return min(c.Peers, 20)
}

// online is how many peers take part in a round.
func (c *Config) online() int {
	return max(1, c.Peers-int(math.Round(c.Churn*float64(c.Peers))))
}
