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
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
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
	cmd.Flags().StringVar(&f.data, "data", "", "the table: csv:PATH (required)")
	cmd.Flags().StringVar(&f.passphrase, "passphrase-file", "", "the file with the passphrase of identity.key")
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
		return nil, ledger.RowKey{}, usage("--data: want csv:PATH", "rows of tables can be committed to, not images")
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
	cmd.Flags().StringVar(&f.passphrase, "passphrase-file", "", "the file with the passphrase of identity.key")
	cmd.Flags().StringVar(&f.order.topic, "topic", "", "name, CID or the end of a CID; default: the first topic")
	return cmd
}

// rowReport is the data of `data prove -o json`.
type rowReport struct {
	File  string `json:"file"`
	Bytes int    `json:"bytes"`
	Row   string `json:"row"`
	In    bool   `json:"in"`    // the set
	Entry string `json:"entry"` // the DATA
}

func dataProveCommand(p *printer, g *globals) *cobra.Command {
	var f dataFlags
	var out string
	cmd := &cobra.Command{
		Use:   "prove ROW --data csv:FILE --out PROOF",
		Short: "Prove that a row was declared or, to an auditor, that it was not",
		Long: `Writes a file that proves that a row is in the set that a DATA entry of this peer
committed to. ROW is its number in the file, 1 for the first after the header, or the
row itself, as a line of CSV. "grapevine verify PROOF" checks it anywhere. The file
shows this row, and nothing of the others.

If the row is not in the set the file proves that, to whoever has the key: it holds
the hashes of all rows, and is checked with verify --key. See data key.

A proof is about what was declared, not what was trained on.`,
		Example: `  grapevine data prove 17 --data csv:patients.csv --out row.proof
  grapevine verify row.proof`,
		Args: oneArg("a row"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return usage("--out is missing", "name the file to write: --out FILE")
			}
			set, _, err := f.set(cmd.Context(), p, g)
			if err != nil {
				return err
			}
			row, err := set.row(args[0])
			if err != nil {
				return err
			}
			return set.prove(p, row, out)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&out, "out", "", "the file to write (required)")
	cmd.Flags().StringVar(&f.order.topic, "topic", "", "name, CID or the end of a CID; default: the first topic")
	return cmd
}

// row is the one of a number, or the one that text is.
func (s *ownRows) row(text string) ([]byte, error) {
	if n, err := strconv.Atoi(text); err == nil {
		if n < 1 || n > len(s.table.Rows) {
			return nil, usage(fmt.Sprintf("row %d: the file has rows 1 to %d", n, len(s.table.Rows)), "")
		}
		return rowBytes(s.table.Rows[n-1]), nil
	}
	cells, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil || len(cells) != len(s.table.Header) {
		return nil, usage(fmt.Sprintf("%.80q is no row of %d cells", text, len(s.table.Header)), "give its number, or a line of the file, in quotes")
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return rowBytes(cells), nil
}

func (s *ownRows) prove(p *printer, row []byte, out string) error {
	id, err := s.declared()
	if err != nil {
		return err
	}
	entry, err := node.ProveEntry(s.dir, id.String(), nil)
	if err != nil {
		return readFailure(s.dir, err)
	}
	proof := s.rows.Prove(*entry, row)
	data, err := ledger.Pack(ledger.RowDomain, proof)
	if err != nil {
		return err
	}
	if len(data) > ledger.MaxProof {
		return &failure{code: codeFailed, err: fmt.Errorf("the proof takes %d bytes, at most %d", len(data), ledger.MaxProof), hint: "there are too many rows to show that one is missing"}
	}
	if err := os.WriteFile(out, data, 0o644); err != nil {
		return &failure{code: codeFailed, err: err, hint: "choose another --out"}
	}
	r := rowReport{out, len(data), string(row), proof.Salt != nil, id.String()}
	return p.answer(r, func(w io.Writer) {
		what := "is in the declared set"
		if !r.In {
			what = "is not in the declared set; only who has the key can check it: grapevine verify --key"
		}
		fmt.Fprintf(w, "%s: %d bytes; the row %s\n", out, r.Bytes, what)
	})
}

// declared finds this peer's newest DATA entry that commits to the set.
func (s *ownRows) declared() (found ledger.CID, err error) {
	want := s.rows.Commit(s.columns)
	_, err = node.Replay(s.dir, func(h *node.Height) error {
		for _, e := range h.Entries {
			if d, is := e.Body.(*ledger.Data); is && e.Author == s.self && *d == *want {
				found = e.CID()
			}
		}
		return nil
	})
	if err == nil && !found.Defined() {
		return found, &failure{code: codeFailed, err: fmt.Errorf("no certified DATA entry of %v commits to these %d rows", s.self, want.Count), hint: "grapevine data commit signs one"}
	}
	return found, readFailure(s.dir, err)
}
