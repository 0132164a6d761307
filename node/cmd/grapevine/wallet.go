package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api/client"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/home"
)

// balanceReport is the data of `wallet balance -o json`. Amounts are base units.
type balanceReport struct {
	Peer       string `json:"peer"`
	Alias      string `json:"alias"`
	Own        bool   `json:"own"` // the peer whose home it is
	Height     uint64 `json:"height"`
	Balance    uint64 `json:"balance"`
	Bond       uint64 `json:"bond"`
	Stake      uint64 `json:"stake"`
	Training   uint64 `json:"earned_training"`
	Validating uint64 `json:"earned_validating"`
	Since      uint64 `json:"earned_since"` // height after which earnings are counted: 0, but for a late joiner's home
	Rank       int    `json:"rank"`         // by all that an account holds, the most first
	Accounts   int    `json:"accounts"`
	Entries    uint64 `json:"entries"` // certified, of its chain
	Forked     bool   `json:"forked"`  // its chain has ended
	Member     bool   `json:"member"`  // of an invite-only topic
	Payout     string `json:"payout"`  // who is paid should its chain end; "" if it named nobody

	Unbonding []client.Due  `json:"unbonding"` // what will be paid back, and at which height
	Pending   []pendingLine `json:"pending"`   // entries that are signed and not certified
}

// pendingLine is an entry that waits to be certified.
type pendingLine struct {
	Kind   string `json:"kind"`
	Seq    uint64 `json:"seq"`
	Amount uint64 `json:"amount"` // 0 if it moves no tokens
	Entry  string `json:"entry"`
}

// amountOf is how many base units an entry moves.
func amountOf(e *ledger.Entry) uint64 {
	switch b := e.Body.(type) {
	case *ledger.Transfer:
		return b.Amount
	case *ledger.Bond:
		return b.Amount
	case *ledger.Unbond:
		return b.Amount
	case *ledger.Stake:
		return b.Amount
	case *ledger.Unstake:
		return b.Amount
	}
	return 0
}

func walletCommand(p *printer, g *globals) *cobra.Command {
	var at place
	cmd := group("wallet", "Show what peers hold and have earned, and move tokens")
	at.register(cmd)
	cmd.PersistentPreRun = func(*cobra.Command, []string) { g.home = at.home }
	cmd.AddCommand(&cobra.Command{
		Use:   "balance [PEER]",
		Short: "Show a peer's balance, bond, stake and earnings",
		Long: `Shows what a peer holds at the newest certified height, and what it has earned by
training and by validating since the topic began or, in the home of a peer that
joined late, since its ledger begins. PEER is a peer ID or an alias;
without it, the peer whose home it is.

Whose home it is, the votes in its log tell, or else identity.pub. Only if neither
does, identity.key is read.`,
		Example: `  grapevine wallet balance --home ./demo/peer-01
  grapevine wallet balance smart-cyan-adder -o json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(fmt.Sprintf("balance: want one peer, got %d arguments", len(args)), "")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runBalance(p, &at, args) },
	})
	cmd.AddCommand(walletHistoryCommand(p, &at), walletProofCommand(p, &at))
	cmd.AddCommand(walletSendCommand(p, g), walletRegisterCommand(p, g))
	cmd.AddCommand(walletLockCommands(p, g)...)
	return cmd
}

// earnings is what each author has been paid so far.
type earnings map[ledger.Author]*earning

func (e earnings) of(a ledger.Author) *earning {
	if e[a] == nil {
		e[a] = &earning{}
	}
	return e[a]
}

func (e earnings) visit(h *node.Height) error {
	if h.Outcome != nil {
		e.add(h.Outcome)
	}
	return nil
}

func (e earnings) add(o *audit.Outcome) {
	for _, d := range o.Deltas {
		e.of(d.Author).training += d.Paid
	}
	for _, v := range o.Validators {
		e.of(v.Author).validating += v.Paid
	}
}

func runBalance(p *printer, at *place, args []string) error {
	earned := earnings{}
	r, dir, err := replayHome(at, earned.visit)
	if err != nil {
		return err
	}
	self, err := ownAuthor(dir, r)
	if err != nil && len(args) == 0 {
		return err
	}
	peer := self
	if len(args) == 1 {
		if peer, err = authorNamed(r, args[0]); err != nil {
			return err
		}
	}
	s := r.Replica.State
	if s.Accounts[peer] == nil {
		return &failure{code: codeFailed, err: fmt.Errorf("%v has no account in this topic", peer), hint: "grapevine ledger log lists who takes part"}
	}
	a, paid := s.Account(peer), earned.of(peer)
	data := &balanceReport{
		Peer: peer.String(), Alias: node.Alias(peer), Own: peer == self, Height: s.Height,
		Balance: a.Balance, Bond: a.Bond, Stake: a.Stake, Training: paid.training, Validating: paid.validating, Since: r.From,
		Rank: rank(s, peer), Accounts: len(s.Accounts), Entries: a.Seq, Forked: a.Forked,
		Member: a.Member, Unbonding: []client.Due{}, Pending: []pendingLine{},
	}
	if a.Payout != nil {
		data.Payout = a.Payout.String()
	}
	for _, d := range s.Unbonding(peer) {
		data.Unbonding = append(data.Unbonding, client.Due{Amount: d.Amount, Height: d.Height})
	}
	for _, e := range r.Pending {
		if e.Author == peer {
			data.Pending = append(data.Pending, pendingLine{e.Kind.String(), e.Seq, amountOf(e), e.CID().String()})
		}
	}
	return p.answer(data, data.print)
}

// ownAuthor is whose home it is: as its votes tell, so that no key is needed, or
// else by its key.
func ownAuthor(dir string, r *node.Report) (ledger.Author, error) {
	if r.Self != (ledger.Author{}) {
		return r.Self, nil
	}
	if a, err := readPublic(dir); err == nil {
		return a, nil
	}
	h, err := home.View(dir)
	if err != nil {
		return ledger.Author{}, readFailure(dir, err)
	}
	defer h.Close()
	key, _, err := h.Identity()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ledger.Author{}, &failure{code: codeFailed, err: fmt.Errorf("%s has no votes and no identity.key that would tell whose home it is", dir), hint: "name a peer: grapevine wallet balance PEER"}
	case errors.Is(err, fs.ErrPermission):
		return ledger.Author{}, &failure{code: codeForbidden, err: err, hint: "name a peer: grapevine wallet balance PEER"}
	case err != nil:
		return ledger.Author{}, err
	}
	return ledger.Author(key.Public().(ed25519.PublicKey)), nil
}

// rank is 1 plus the number of accounts that hold more.
func rank(s *incentives.State, peer ledger.Author) int {
	held := func(a incentives.Account) uint64 { return a.Balance + a.Bond + a.Stake }
	n, own := 1, held(s.Account(peer))
	for _, a := range s.Accounts {
		if held(*a) > own {
			n++
		}
	}
	return n
}

func (b *balanceReport) print(w io.Writer) {
	fmt.Fprintf(w, "%s  %s\n\n", b.Alias, b.Peer)
	for _, line := range []struct {
		name, note string
		units      uint64
	}{
		{"balance", "not locked", b.Balance}, {"bond", "locked behind its contributions", b.Bond}, {"stake", "its weight in votes and scores", b.Stake},
		{"earned", "for training" + b.since(), b.Training}, {"", "for validating" + b.since(), b.Validating},
	} {
		fmt.Fprintf(w, "  %-8s%20s  %s\n", line.name, tokens(line.units), line.note)
	}
	for _, d := range b.Unbonding {
		fmt.Fprintf(w, "  %-9s%19s  paid back at height %d\n", "unbonding", tokens(d.Amount), d.Height)
	}
	for _, e := range b.Pending {
		amount := ""
		if e.Amount > 0 {
			amount = tokens(e.Amount)
		}
		fmt.Fprintf(w, "  %-9s%19s  %s, entry %d, waits to be certified\n", "pending", amount, e.Kind, e.Seq)
	}
	fmt.Fprintf(w, "\nrank %d of %d by all it holds, at height %d\n", b.Rank, b.Accounts, b.Height)
	if b.Forked {
		fmt.Fprintf(w, "its chain has ended: it signed two entries for one place, or two votes\n")
	}
}

// since says from when on earnings are known, if not from the beginning.
func (b *balanceReport) since() string {
	if b.Since == 0 {
		return ""
	}
	return fmt.Sprintf(" since height %d", b.Since)
}
