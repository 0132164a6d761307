package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/home"
)

// createFlags are the flags of `topic create`.
type createFlags struct {
	name, model, schema, label string
	drop, members              []string
	me, open                   bool
	context                    int
	seed                       uint64
	steps, batch, keep         uint64
	rate, momentum, alpha      float64
	shrink                     float64
	blocks, work, unbonding    uint64
	pace, delta, propose       time.Duration
	supply, reward             float64
	successorOf                string
	legacy                     *node.Legacy // of that topic
}

// createReport is the data of `topic create -o json`.
type createReport struct {
	Topic   string   `json:"topic"`
	Name    string   `json:"name"`
	Dir     string   `json:"dir"`
	Model   string   `json:"model"`
	Params  uint64   `json:"params"`
	Classes []string `json:"classes"`
	Columns []string `json:"columns"`
	Members int      `json:"members"`
	Open    bool     `json:"open"`
	Solo    bool     `json:"solo"` // one validator decides alone
}

func topicCreateCommand(p *printer, g *globals) *cobra.Command {
	var f createFlags
	cmd := &cobra.Command{
		Use:   "create --name NAME --schema-from DATA --label COLUMN",
		Short: "Found a topic: what is learnt, by which rules, by whom",
		Long: `Founds a topic and puts its manifest and first model into this home. The manifest
never changes, and its CID is the topic's name.

--schema-from names data like those that peers will bring, or a sample: its columns,
categories, classes, means and deviations become the topic's, and nothing else of
it. --member names a validator and trainer by its peer ID ("grapevine init" prints
it); stakes are votes, and bonds are what trainers have to lose. Without --member
this peer is the only one, which is insecure: it decides alone.

A topic is invite-only: members weigh the same, and admit and remove others by two
thirds ("grapevine topic admit"). With --open, whoever has a bond may train, and
weighs as much as it; and peers without one: for work, in a few slots.`,
		Example: `  grapevine topic create --name patients --schema-from csv:patients.csv --label outcome
  grapevine topic create --name digits --model mlp:64 --schema-from mnist --me \
      --member 12D3KooW…:stake=1000,bond=1000 --member 12D3KooW… --open`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := g.dir()
			if err != nil {
				return err
			}
			r, err := f.run(p, dir)
			if err != nil {
				return err
			}
			return p.answer(r, r.print)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *createFlags) register(cmd *cobra.Command) {
	d, flags := node.Defaults(), cmd.Flags()
	q := func(v uint64) float64 { return math.Round(1e4*float64(v)/ledger.One) / 1e4 }
	flags.StringVar(&f.name, "name", "", "for people, 1 to 64 bytes")
	flags.StringVar(&f.model, "model", "", modelHelp)
	flags.StringVar(&f.schema, "schema-from", "", "sample data: "+sources)
	flags.IntVar(&f.context, "context", 16, contextHelp)
	flags.StringVar(&f.label, "label", "label", labelHelp)
	flags.StringArrayVar(&f.drop, "drop", nil, dropHelp)
	flags.StringArrayVar(&f.members, "member", nil, "PEERID[:stake=N,bond=N], in tokens (default 1000 each); may be repeated")
	flags.BoolVar(&f.me, "me", false, "this peer is a member, too")
	flags.BoolVar(&f.open, "open", false, "peers without a bond may train, for work")
	flags.Uint64Var(&f.seed, "seed", 1, "of the first model")
	flags.Uint64Var(&f.steps, "steps", d.Learning.Steps, "local steps a round")
	flags.Uint64Var(&f.batch, "batch", d.Learning.Batch, "samples a step")
	flags.Uint64Var(&f.keep, "keep", 0, "values sent of every 1,024 (default 128; all, in 8 bits each, of models below 4,096 parameters)")
	flags.Float64Var(&f.rate, "rate", q(d.Learning.Rate), "learning rate of local steps")
	flags.Float64Var(&f.momentum, "momentum", q(d.Learning.Momentum), "momentum of local steps")
	flags.Float64Var(&f.shrink, "weight-decay", q(d.Learning.Shrink), "weight decay of local steps")
	flags.Float64Var(&f.alpha, "alpha", q(d.Learning.Alpha), "step from model to model (1 to 2)")
	flags.Uint64Var(&f.blocks, "phase-blocks", d.Rounds.Commit, "most blocks that each phase of a round may take (3 or more)")
	flags.DurationVar(&f.pace, "pace", 500*time.Millisecond, "least time between blocks")
	flags.DurationVar(&f.propose, "propose", time.Second, "how long validators wait for a proposal")
	flags.DurationVar(&f.delta, "delta", 300*time.Millisecond, "how long a message may take between validators; grows when it does")
	flags.Uint64Var(&f.work, "work", 18, "with --open: leading zero bits of a newcomer's proof of work (0 to 40)")
	flags.StringVar(&f.successorOf, "successor-of", "", "a closed topic of this home, by name or CID: all accounts are taken over and, without --schema-from, the model")
	flags.Uint64Var(&f.unbonding, "unbonding", d.Economy.Unbonding, "heights until bond and stake that are taken back are paid out (128 or more)")
	flags.Float64Var(&f.supply, "supply", float64(d.Economy.Cap)/1e6, "all tokens that will ever be")
	flags.Float64Var(&f.reward, "reward", 0.001, "share of the remaining supply minted a round")
}

func (f *createFlags) run(p *printer, dir string) (*createReport, error) {
	if f.successorOf != "" {
		if err := f.inherit(dir); err != nil {
			return nil, err
		}
	}
	if f.name == "" {
		return nil, usage("a topic needs a name", "--name patients")
	}
	schema, err := f.inferSchema()
	if err != nil {
		return nil, err
	}
	if _, err := makeHome(p, dir, false, ""); err != nil {
		return nil, err
	}
	members, err := f.genesis(dir)
	if err != nil {
		return nil, err
	}
	if f.model == "" {
		f.model = defaultModel(schema)
	}
	founding := node.Founding{Name: f.name, Model: f.model, Schema: schema, Seed: f.seed, Members: members, Rules: f.rules}
	if f.legacy != nil && f.schema == "" {
		founding.Anchor = f.legacy.Anchor
	}
	manifest, anchor, err := node.Found(founding)
	if err != nil {
		return nil, &failure{code: codeFailed, err: err}
	}
	m, id, err := ledger.DecodeManifest(manifest)
	if err != nil {
		return nil, &failure{code: codeFailed, err: fmt.Errorf("found topic: %w", err)}
	}
	if _, _, err := node.ModelOf(m); err != nil {
		return nil, &failure{code: codeFailed, err: err}
	}
	if err := checkParent(dir, m, id); err != nil {
		return nil, err
	}
	at, err := keepTopic(dir, id, manifest, anchor)
	if err != nil {
		return nil, err
	}
	return f.report(p, dir, at, m, id, schema)
}

func (f *createFlags) report(p *printer, dir, at string, m *ledger.Manifest, id ledger.CID, schema dataset.Schema) (*createReport, error) {
	c, err := loadConfig(dir, nil)
	if err != nil {
		return nil, err
	}
	name, err := c.note(dir, "", f.name, topicConfig{CID: id.String()})
	if err != nil {
		return nil, err
	}
	r := &createReport{
		Topic: id.String(), Name: name, Dir: at, Model: f.model, Params: m.Learning.Params(), Classes: schema.Classes,
		Members: len(m.Genesis), Open: f.open, Solo: len(m.Committee()) == 1,
	}
	for _, col := range schema.Columns {
		r.Columns = append(r.Columns, col.Name)
	}
	if r.Solo {
		p.say("note: one validator decides alone: solo, insecure; name others with --member")
	} else if len(m.Committee()) == 2 {
		p.say("note: with two validators both are needed for every block; three or more go on without one")
	}
	return r, nil
}

func (f *createFlags) inferSchema() (dataset.Schema, error) {
	if f.legacy != nil && f.schema == "" {
		return dataset.ParseSchema([]byte(f.legacy.Manifest.Learning.Schema))
	}
	from, err := parseSource("--schema-from", f.schema)
	if err != nil {
		return dataset.Schema{}, err
	}
	if from.isImages() {
		schema, _, _, err := from.images()
		return schema, dataFailure(err)
	}
	t, err := from.table()
	if err != nil {
		return dataset.Schema{}, dataFailure(err)
	}
	if t, _, _, err = parts(t, dataset.Schema{Label: f.label}); err != nil {
		return dataset.Schema{}, dataFailure(err)
	}
	schema, err := from.infer(t, f.label, f.drop, f.context)
	return schema, dataFailure(err)
}

func dataFailure(err error) error {
	if err == nil {
		return nil
	}
	return &failure{code: codeFailed, err: err}
}

// genesis are the members from the start.
func (f *createFlags) genesis(dir string) ([]ledger.Member, error) {
	var out []ledger.Member
	for _, text := range f.members {
		m, err := parseMember(text)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	if f.me || len(out) == 0 {
		self, err := readPublic(dir)
		if err != nil {
			return nil, fault(codeFailed, "read this home's peer ID", err)
		}
		if !slices.ContainsFunc(out, func(m ledger.Member) bool { return m.Author == self }) {
			out = append([]ledger.Member{{Author: self, Bond: thousandTokens, Stake: thousandTokens}}, out...)
		}
	}
	return out, nil
}

const thousandTokens = 1_000_000_000

func parseMember(text string) (ledger.Member, error) {
	id, rest, _ := strings.Cut(text, ":")
	m := ledger.Member{Stake: thousandTokens, Bond: thousandTokens}
	var err error
	if m.Author, err = ledger.ParseAuthor(id); err != nil {
		return m, usage(fmt.Sprintf("--member: %v", err), "grapevine init prints a peer's ID")
	}
	for part := range strings.SplitSeq(rest, ",") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		n, err := strconv.ParseFloat(value, 64)
		field := map[string]*uint64{"stake": &m.Stake, "bond": &m.Bond, "balance": &m.Balance}[key]
		if field == nil || err != nil || !(n >= 0) || n > ledger.MaxAmount/1e6 {
			return m, usage(fmt.Sprintf("--member %s: %q is not stake=N, bond=N or balance=N", id, part), "N is in tokens, such as stake=1000")
		}
		*field = uint64(math.Round(n * 1e6))
	}
	return m, nil
}

// rules are what the flags say.
func (f *createFlags) rules(m *ledger.Manifest) {
	q := func(v float64) uint64 { return uint64(math.Round(max(0, min(v, 1e6)) * ledger.One)) }
	l := &m.Learning
	l.Steps, l.Batch, l.Rate, l.Momentum, l.Shrink, l.Alpha = f.steps, f.batch, q(f.rate), q(f.momentum), q(f.shrink), q(f.alpha)
	if f.keep > 0 || !l.Dense {
		l.Keep, l.Dense = cmp.Or(f.keep, 128), false
	}
	ms := func(d time.Duration) uint64 { return uint64(max(0, d.Milliseconds())) }
	m.Rounds = ledger.Rounds{
		Commit: f.blocks, Reveal: f.blocks, Seal: f.blocks, Open: f.blocks, Pace: ms(f.pace), Propose: ms(f.propose), Delta: ms(f.delta),
	}
	m.Economy.Cap = uint64(math.Round(max(0, min(f.supply, ledger.MaxAmount/1e6)) * 1e6))
	m.Economy.Rate = uint64(math.Round(max(0, min(f.reward, 1)) * (1 << 32)))
	defer func() {
		if f.legacy != nil {
			f.legacy.Bequeath(m)
		}
	}()
	m.Economy.Unbonding = f.unbonding
	m.Economy.Slots, m.Economy.Work, m.Economy.Invite = 0, 0, !f.open
	if f.open {
		m.Economy.Slots, m.Economy.Work = 16, f.work
	}
}

// keepTopic puts a topic into a home and returns where.
func keepTopic(dir string, id ledger.CID, manifest, anchor []byte) (string, error) {
	at, _, err := topicDir(dir, id)
	if err != nil {
		return "", err
	}
	h, err := home.Open(at)
	if err != nil {
		return "", openFailure(dir, err)
	}
	_, err = h.Blobs().Put(anchor)
	if err == nil {
		err = h.SetManifest(manifest)
	}
	if err = errors.Join(err, h.Close()); err != nil {
		return "", fault(codeFailed, "keep topic", err)
	}
	return at, nil
}

func (r *createReport) print(w io.Writer) {
	fmt.Fprintf(w, "topic %s  %s\n\n", r.Name, r.Topic)
	fmt.Fprintf(w, "  model     %s, %d parameters\n", r.Model, r.Params)
	fmt.Fprintf(w, "  classes   %s\n", strings.Join(r.Classes, ", "))
	if len(r.Columns) > 0 {
		fmt.Fprintf(w, "  columns   %s\n", strings.Join(r.Columns, ", "))
	}
	who := "invite-only"
	if r.Open {
		who = "open: others may train for work"
	}
	fmt.Fprintf(w, "  members   %d, %s\n", r.Members, who)
	fmt.Fprintf(w, "\nnext: grapevine up --topic %s --data …, and grapevine invite for the others\n", r.Name)
}
