package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/api/client"
	"github.com/grapevine-network/grapevine/node/home"
)

// setReport is the data of `data commit -o json`.
type setReport struct {
	Root    string             `json:"root"`
	Count   uint64             `json:"count"`   // rows, each once
	Columns string             `json:"columns"` // SHA-256 of the topic's schema
	Entry   *client.Submission `json:"entry"`   // the DATA; null with --dry-run
}

func dataCommand(p *printer, g *globals) *cobra.Command {
	cmd := group("data", "Commit to the rows that this peer trains on, and prove what was declared")
	cmd.AddCommand(dataCommitCommand(p, g), dataProveCommand(p, g), dataKeyCommand(p, g))
	return cmd
}

// dataFlags name a peer's set of rows.
type dataFlags struct {
	data, passphrase string
	order            orderFlags
}

func (f *dataFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.data, "data", "", "the table: csv:FILE (required)")
	passphraseFlag(cmd, &f.passphrase)
}

func dataCommitCommand(p *printer, g *globals) *cobra.Command {
	var f dataFlags
	dry := false
	cmd := &cobra.Command{
		Use:   "commit --data csv:FILE",
		Short: "Sign a commitment to a table, without showing it",
		Long: `Puts a DATA entry on the ledger: the Merkle root over salted hashes of the rows. Who
lacks the key, which only the owner of identity.key can make, can't guess rows from
it. The owner can show later that a row was in the set: data prove.

It proves what was declared, not what was trained on: nothing keeps a peer from
training on other rows, or from declaring rows that it never used.

The daemon must be running. With --dry-run the root is only printed.`,
		Example: `  grapevine data commit --data csv:patients.csv`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, _, err := f.set(cmd.Context(), p, g)
			if err != nil {
				return err
			}
			return f.commit(cmd.Context(), p, g, set, dry)
		},
	}
	f.register(cmd)
	f.order.register(cmd)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "sign nothing")
	return cmd
}

// ownRows is a table as a set of rows, in the topic of a home.
type ownRows struct {
	dir     string
	table   dataset.Table
	rows    *ledger.Rows
	columns ledger.Hash
	self    ledger.Author
}

// set reads the table and makes the set, with the key of the home.
func (f *dataFlags) set(ctx context.Context, p *printer, g *globals) (*ownRows, ledger.RowKey, error) {
	path, is := strings.CutPrefix(f.data, "csv:")
	if !is {
		return nil, ledger.RowKey{}, usage("--data: want csv:FILE", "rows of tables can be committed to, not images")
	}
	dir, err := f.topicDir(ctx, g)
	if err != nil {
		return nil, ledger.RowKey{}, err
	}
	m, topic, err := manifestIn(dir)
	if err != nil {
		return nil, ledger.RowKey{}, readFailure(dir, err)
	}
	key, self, err := rowKey(p, g, topic, f.passphrase)
	if err != nil {
		return nil, key, err
	}
	table, err := dataset.ReadCSV(path)
	if err != nil {
		return nil, key, &failure{code: codeFailed, err: err, hint: "correct the file, or name another"}
	}
	rows := ledger.NewRows(key, func(yield func([]byte) bool) {
		for _, cells := range table.Rows {
			if !yield(rowBytes(cells)) {
				return
			}
		}
	})
	return &ownRows{dir, table, rows, sha256.Sum256([]byte(m.Learning.Schema)), self}, key, nil
}

func (f *dataFlags) topicDir(ctx context.Context, g *globals) (string, error) {
	list, err := g.topics(ctx)
	if err != nil {
		return "", err
	}
	t, err := pick(list, f.order.topic)
	if err != nil {
		return "", err
	}
	if t.Dir == "" {
		return "", &failure{code: codeFailed, err: fmt.Errorf("topic %s is not here yet", t.Name), hint: "grapevine up gets it from its peers"}
	}
	return t.Dir, nil
}

// rowBytes is a row as a line of CSV (RFC 4180), in the order of the file's
// columns, quoted only where it must be, without the end of the line.
func rowBytes(cells []string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(cells) // a buffer takes all
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// rowKey is the key of a peer's sets in a topic: HMAC-SHA256 of the identity's
// seed over "grapevine/data/1" and the topic. Whoever gets it learns nothing of
// the identity.
func rowKey(p *printer, g *globals, topic ledger.CID, passphrase string) (k ledger.RowKey, self ledger.Author, err error) {
	dir, err := g.dir()
	if err != nil {
		return k, self, err
	}
	key, err := readKey(p, dir, passphrase)
	if err != nil {
		return k, self, err
	}
	mac := hmac.New(sha256.New, key.Seed())
	mac.Write([]byte("grapevine/data/1"))
	mac.Write(topic.Bytes())
	return ledger.RowKey(mac.Sum(nil)), ledger.Author(key.Public().(ed25519.PublicKey)), nil
}

// readKey reads the key of a home, whoever else has it.
func readKey(p *printer, dir, file string) (ed25519.PrivateKey, error) {
	if encrypted(dir) {
		passphrase, err := askPassphrase(p, file, false)
		if err != nil {
			return nil, err
		}
		return decryptKey(keyPath(dir), passphrase)
	}
	h, err := home.View(dir)
	if err != nil {
		return nil, readFailure(dir, err)
	}
	defer h.Close()
	key, _, err := h.Identity()
	if err != nil {
		return nil, readFailure(dir, err)
	}
	return key, nil
}

func (f *dataFlags) commit(ctx context.Context, p *printer, g *globals, set *ownRows, dry bool) error {
	d := set.rows.Commit(set.columns)
	r := setReport{Root: hex.EncodeToString(d.Root[:]), Count: d.Count, Columns: hex.EncodeToString(d.Columns[:])}
	if !dry {
		s, err := f.order.send(ctx, g, client.Order{Kind: "data", Root: r.Root, Count: r.Count, Columns: r.Columns})
		if err != nil {
			return err
		}
		r.Entry = &s
	}
	return p.answer(r, func(w io.Writer) {
		fmt.Fprintf(w, "%d rows, root %s\n", r.Count, r.Root)
		if r.Entry != nil {
			printSubmission(w, *r.Entry)
		}
		fmt.Fprintf(w, "it says what was declared, not what was trained on\n")
	})
}

func dataKeyCommand(p *printer, g *globals) *cobra.Command {
	var f dataFlags
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Print the key of this peer's rows, for an auditor in confidence",
		Long: `Prints the key that salts this peer's rows in the topic. Whoever has it and the
ledger can check any row that they can think of: give it to an auditor in confidence,
to show that a row was not declared, and to nobody else. It can't sign or spend.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := f.topicDir(cmd.Context(), g)
			if err != nil {
				return err
			}
			_, topic, err := manifestIn(dir)
			if err != nil {
				return readFailure(dir, err)
			}
			key, _, err := rowKey(p, g, topic, f.passphrase)
			if err != nil {
				return err
			}
			text := hex.EncodeToString(key[:])
			return p.answer(map[string]string{"topic": topic.String(), "key": text}, func(w io.Writer) { fmt.Fprintln(w, text) })
		},
	}
	passphraseFlag(cmd, &f.passphrase)
	topicFlag(cmd, &f.order.topic)
	return cmd
}
