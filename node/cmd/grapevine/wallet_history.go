package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api/client"
)

// historyReport is the data of `wallet history -o json`.
type historyReport struct {
	Peer     string           `json:"peer"`
	Alias    string           `json:"alias"`
	Payments []client.Payment `json:"payments"`
}

func walletHistoryCommand(p *printer, at *place) *cobra.Command {
	return &cobra.Command{
		Use:   "history [PEER]",
		Short: "Show how a peer came to what it holds",
		Long: `Lists every change of what a peer holds, balance, bond, stake and what is unbonding
together: what it had from the start, what rounds paid it, transfers, slashes. In the
home of a peer that joined late, what came before its ledger begins is "earlier".
PEER is a peer ID or an alias; without it, the peer whose home it is. It needs no
daemon and no key.

Rounds are numbered from 0: "grapevine explain ROUND" shows how one was paid.`,
		Args: optionalArg,
		RunE: func(_ *cobra.Command, args []string) error { return runHistory(p, at, first(args)) },
	}
}

func runHistory(p *printer, at *place, name string) error {
	dir, err := at.dir()
	if err != nil {
		return err
	}
	peer, err := readPublic(dir)
	if name != "" || err != nil {
		r, err := node.Replay(dir, nil)
		if err != nil {
			return readFailure(dir, err)
		}
		if name == "" {
			peer, err = ownAuthor(dir, r)
		} else {
			peer, err = authorNamed(r, name)
		}
		if err != nil {
			return err
		}
	}
	list, err := history(dir, peer)
	if err != nil {
		return err
	}
	r := historyReport{peer.String(), node.Alias(peer), list}
	return p.answer(r, r.print)
}

// history lists the changes of what a peer holds in the topic whose home is in
// dir.
func history(dir string, peer ledger.Author) ([]client.Payment, error) {
	h := &historian{peer: peer, out: []client.Payment{}}
	m, _, err := manifestIn(dir)
	if err != nil {
		return nil, readFailure(dir, err)
	}
	for _, g := range m.Genesis {
		if g.Author == peer {
			h.genesis = g.Balance + g.Bond + g.Stake
		}
	}
	r, err := node.Replay(dir, h.visit)
	if err != nil {
		return nil, readFailure(dir, err)
	}
	h.begin(r.From, h.holds(r.Replica.State)) // if there was no block
	return h.out, nil
}

// historian follows one account through the blocks.
type historian struct {
	peer    ledger.Author
	genesis uint64 // what it had when the topic began
	began   bool
	held    uint64
	out     []client.Payment
}

// begin notes what the account had before the first block: at the topic's beginning
// or, if the ledger begins after height from, held.
func (h *historian) begin(from, held uint64) {
	switch {
	case h.began:
	case from == 0:
		h.note(client.Payment{Kind: "genesis"}, h.genesis)
	default:
		h.note(client.Payment{Height: from, Kind: "earlier"}, held)
	}
	h.began = true
}

// note adds a change to held, if it is one.
func (h *historian) note(p client.Payment, held uint64) {
	if held == h.held {
		return
	}
	p.Amount, p.Balance = int64(held)-int64(h.held), held
	h.held = held
	h.out = append(h.out, p)
}

func (h *historian) visit(x *node.Height) error {
	after, height, cause := h.holds(x.Replica.State), x.Block.Header.Height, h.cause(x)
	var training, validating uint64
	if x.Outcome != nil {
		training, validating = earnedIn(x.Outcome, h.peer)
	}
	h.begin(height-1, after-training-validating)
	if x.Outcome != nil {
		h.note(client.Payment{Height: height, Round: x.Outcome.Round, Kind: cause}, after-training-validating) // before it was paid
		for _, d := range x.Outcome.Deltas {
			if d.Author == h.peer {
				h.note(client.Payment{Height: height, Round: x.Outcome.Round, Kind: "training", Delta: d.Delta.String()}, h.held+d.Paid)
			}
		}
		h.note(client.Payment{Height: height, Round: x.Outcome.Round, Kind: "validating"}, h.held+validating)
	}
	h.note(client.Payment{Height: height, Round: x.Round, Kind: cause}, after)
	return nil
}

// holds is all that an account has, what is unbonding included.
func (h *historian) holds(s *incentives.State) uint64 {
	a := s.Account(h.peer)
	sum := a.Balance + a.Bond + a.Stake
	for _, d := range s.Unbonding(h.peer) {
		sum += d.Amount
	}
	return sum
}

// cause is why a block changed what the peer holds, apart from pay.
func (h *historian) cause(x *node.Height) string {
	cause := "other"
	for _, e := range x.Entries {
		switch b := e.Body.(type) {
		case *ledger.Transfer:
			if e.Author == h.peer || b.To == h.peer {
				cause = "transfer"
			}
		case *ledger.Evidence:
			return "evidence"
		}
	}
	return cause
}

func (r historyReport) print(w io.Writer) {
	fmt.Fprintf(w, "%s  %s\n\n", r.Alias, r.Peer)
	if len(r.Payments) == 0 {
		fmt.Fprintln(w, "it has held nothing yet")
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "height\tround\tfor\tamount\tholds\t")
	for _, p := range r.Payments {
		sign, amount := "+", uint64(max(p.Amount, -p.Amount))
		if p.Amount < 0 {
			sign = "-"
		}
		round := fmt.Sprint(p.Round)
		if p.Kind == "genesis" || p.Kind == "earlier" {
			round = "-"
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s%s\t%s\t\n", p.Height, round, p.Kind, sign, tokens(amount), tokens(p.Balance))
	}
	t.Flush()
}
