package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

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
			if err := checkOut(out); err != nil {
				return err
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
	outFlag(cmd, &out)
	topicFlag(cmd, &f.order.topic)
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
	if len(proof.Hashes) > ledger.MaxHashes {
		return &failure{code: codeFailed, err: fmt.Errorf("the row is not among the %d that were declared, and that can be proved of at most %d", len(proof.Hashes), ledger.MaxHashes), hint: "is it written as in the file?"}
	}
	size, err := writePacked(out, ledger.RowDomain, proof)
	if err != nil {
		return err
	}
	r := rowReport{out, size, string(row), proof.Salt != nil, id.String()}
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
