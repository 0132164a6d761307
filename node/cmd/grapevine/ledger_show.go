package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// showReport is the data of `ledger show -o json`: a block or an entry; the
// other is null.
type showReport struct {
	Block *blockView `json:"block"`
	Entry *entryView `json:"entry"`
}

// entryView is an entry in full. What Body holds depends on the kind.
type entryView struct {
	entryLine
	Topic string         `json:"topic"`
	Prev  string         `json:"prev"`
	Body  map[string]any `json:"body"`
	Sig   string         `json:"sig"`
	Bytes int            `json:"bytes"`

	fields []field
}

func ledgerShowCommand(p *printer, at *place) *cobra.Command {
	var f proofFlags
	cmd := &cobra.Command{
		Use:   "show HEIGHT|CID",
		Short: "Show a block or an entry in full",
		Long: `Shows one block, by its height or CID, with its entries, their effect and the
signers of its certificate; or one entry, by its CID, with all its fields. The
first characters of a CID are enough if they are of one thing only.

With --proof it writes a file that proves to anybody that a quorum certified the
entry; "grapevine verify FILE" checks it.`,
		Example: `  grapevine ledger show 17 --home ./demo/peer-01
  grapevine ledger show bafyreigyi…`,
		Args: oneArg("a height or a CID"),
		RunE: func(_ *cobra.Command, args []string) error {
			s := &search{text: args[0]}
			if err := s.parse(); err != nil {
				return err
			}
			if f.out != "" {
				return runShowProof(p, at, s, f)
			}
			r, _, err := replayHome(at, s.visit)
			if err != nil {
				return err
			}
			data, err := s.result(r)
			if err != nil {
				return err
			}
			return p.answer(data, data.print)
		},
	}
	cmd.Flags().StringVar(&f.out, "proof", "", "a file to write: the proof that the entry is certified")
	cmd.Flags().StringVar(&f.checkpoint, "checkpoint", "", "with --proof, a file of \"ledger checkpoint\" that the reader has")
	return cmd
}

func runShowProof(p *printer, at *place, s *search, f proofFlags) error {
	dir, err := at.dir()
	if err != nil {
		return err
	}
	trust, err := f.trust()
	if err != nil {
		return err
	}
	if s.height > 0 {
		return usage("--proof is about an entry, not a height", "give the CID of an entry: grapevine ledger log lists them")
	}
	proof, err := node.ProveEntry(dir, s.text, trust)
	if err != nil {
		return readFailure(dir, err)
	}
	return writeProof(p, proof, f.out)
}

// search looks for one block or entry.
type search struct {
	text   string
	height uint64 // 0 if text is a CID
	found  []*showReport
}

// shortest is the least of a CID that can name one thing.
const shortest = 8

func (s *search) parse() error {
	if n, err := strconv.ParseUint(s.text, 10, 64); err == nil && n > 0 {
		s.height = n
		return nil
	}
	if len(s.text) < shortest || !strings.HasPrefix(s.text, "b") {
		return usage(fmt.Sprintf("%q is neither a height nor a CID", s.text),
			fmt.Sprintf("heights begin at 1; of a CID, at least the first %d characters are needed", shortest))
	}
	return nil
}

func (s *search) is(id ledger.CID) bool {
	return s.height == 0 && strings.HasPrefix(id.String(), s.text)
}

func (s *search) visit(h *node.Height) error {
	if h.Block.Header.Height == s.height || s.is(h.Block.CID()) {
		s.found = append(s.found, &showReport{Block: viewBlock(h)})
	}
	if s.height > 0 {
		return nil
	}
	var lines []entryLine
	for i, e := range h.Entries {
		if !s.is(e.CID()) {
			continue
		}
		if lines == nil {
			lines = linesOf(h)
		}
		s.found = append(s.found, &showReport{Entry: viewEntry(e, lines[i])})
	}
	return nil
}

func (s *search) result(r *node.Report) (*showReport, error) {
	for _, e := range r.Pending {
		if s.is(e.CID()) {
			s.found = append(s.found, &showReport{Entry: viewEntry(e, lineOf(e))})
		}
	}
	head := r.Replica.Head.Height
	switch {
	case len(s.found) == 1:
		return s.found[0], nil
	case len(s.found) > 1:
		return nil, usage(fmt.Sprintf("%q begins the CIDs of %d blocks and entries", s.text, len(s.found)), "give more of it")
	case s.height > 0 && s.height <= r.From:
		return nil, begunLater(fmt.Sprintf("height %d", s.height), r)
	case s.height > 0:
		return nil, &failure{code: codeFailed, err: fmt.Errorf("there is no height %d yet: the newest is %d", s.height, head)}
	}
	return nil, &failure{
		code: codeFailed, err: errors.New("no block and no entry has the CID " + s.text),
		hint: "grapevine ledger log lists entries; models and deltas are blobs, see grapevine explain",
	}
}

func viewEntry(e *ledger.Entry, line entryLine) *entryView {
	v := &entryView{
		entryLine: line, Topic: e.Topic.String(), Prev: e.Prev.String(), Body: map[string]any{},
		Sig: hex.EncodeToString(e.Sig[:]), Bytes: len(e.Bytes()), fields: bodyOf(e),
	}
	for _, f := range v.fields {
		v.Body[f.name] = f.value
	}
	return v
}

func (s *showReport) print(w io.Writer) {
	if s.Block != nil {
		s.Block.print(w)
		return
	}
	s.Entry.print(w)
}

func (v *entryView) print(w io.Writer) {
	fmt.Fprintf(w, "%s %d of %s\n\n", v.Kind, v.Seq, v.Alias)
	height := "not certified yet"
	if v.Height != nil {
		height = fmt.Sprint(*v.Height)
	}
	printFields(w, []field{
		{"cid", v.CID}, {"topic", v.Topic}, {"author", v.Author}, {"seq", v.Seq}, {"prev", v.Prev}, {"kind", v.Kind},
	})
	for _, f := range v.fields {
		if scores, is := f.value.([]scoreLine); is {
			for _, s := range scores {
				printFields(w, []field{{"  score", s}})
			}
			continue
		}
		printFields(w, []field{{"  " + f.name, f.value}})
	}
	printFields(w, []field{{"sig", v.Sig}, {"bytes", v.Bytes}, {"height", height}, {"effect", v.effect()}})
}

func printFields(w io.Writer, fields []field) {
	for _, f := range fields {
		fmt.Fprintf(w, "  %-12s %v\n", f.name, f.value)
	}
}
