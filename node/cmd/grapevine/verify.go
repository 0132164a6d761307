package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
)

// verifyFlags say what the reader of a file believes in.
type verifyFlags struct {
	topic, checkpoint, key string
}

func verifyCommand(p *printer) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a file that proves something, with nothing else at hand",
		Long: `Checks a file that "wallet proof", "ledger show --proof", "ledger checkpoint",
"ledger export", "model lineage" or "data prove" wrote, on any computer: without a
home, a daemon or the network. A history is audited as by "ledger verify": all is
computed again.

Without --topic and --checkpoint it believes the topic's rules that the file
carries: then the file is consistent in itself, but somebody may have made up all of
it, and "trusted" is false. With --topic the rules must be those of that topic. With
--checkpoint they are not needed: the validators are those of the checkpoint. A
checkpoint, and a history that begins at one, is trusted only by --checkpoint: the
topic's rules do not tell who votes then.

If anything in the file is wrong, the exit code is 7.`,
		Example: `  grapevine verify alice.proof --topic bafyreigy…
  grapevine verify alice.proof --checkpoint topic.checkpoint -o json`,
		Args: oneArg("a file"),
		RunE: func(_ *cobra.Command, args []string) error { return runVerify(p, args[0], f) },
	}
	cmd.Flags().StringVar(&f.topic, "topic", "", "the topic that it must be of: its CID")
	cmd.Flags().StringVar(&f.key, "key", "", "of a row that was not declared: what the owner's \"data key\" printed")
	cmd.Flags().StringVar(&f.checkpoint, "checkpoint", "", "a checkpoint to believe in: a file of \"ledger checkpoint\"")
	return cmd
}

func runVerify(p *printer, path string, f verifyFlags) error {
	believed, err := f.parse()
	if err != nil {
		return err
	}
	report, err := believed.checkFile(path)
	if err != nil {
		return err
	}
	if !report.Trusted {
		p.say("trusted: false. %s", believed.doubt())
	}
	return p.answer(report, report.print)
}

// belief is what a file is checked against.
type belief struct {
	topic ledger.CID // undefined if any will do
	trust *ledger.Trust
	key   *ledger.RowKey
}

func (f verifyFlags) parse() (b belief, err error) {
	if f.topic != "" {
		if b.topic, err = ledger.ParseCID(f.topic); err != nil {
			return b, usage("--topic: "+err.Error(), "grapevine ledger head shows a topic's CID")
		}
	}
	if f.checkpoint != "" {
		b.trust, err = readTrust(f.checkpoint)
	}
	if f.key != "" && err == nil {
		key, bad := hex.DecodeString(f.key)
		if bad != nil || len(key) != len(ledger.RowKey{}) {
			return b, usage("--key: want 64 hexadecimal digits", "the owner's grapevine data key prints them")
		}
		b.key = (*ledger.RowKey)(key)
	}
	return b, err
}

// doubt is what is left to believe of a file that is not trusted.
func (b belief) doubt() string {
	if b.topic.Defined() || b.trust != nil {
		return "The file is of this topic; that its checkpoint is a true one, only a --checkpoint of the same height can tell"
	}
	return "The file is consistent in itself; that its topic is the right one, only --topic or --checkpoint can tell"
}

// checkFile tells what a file proves.
func (b belief) checkFile(path string) (*provenReport, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &failure{code: codeFailed, err: err, hint: "is the name of the file right?"}
	}
	defer f.Close()
	r, err := b.check(bufio.NewReader(f))
	if err == nil && b.topic.Defined() && r.Topic != b.topic.String() {
		other := notVerified(path, fmt.Errorf("it is of topic %s, not of %v", r.Topic, b.topic))
		other.hint = "is it the right file, and the right --topic?"
		return nil, other
	}
	if f, is := errors.AsType[*failure](err); is {
		return nil, f
	}
	if unread, is := errors.AsType[*fs.PathError](err); is {
		return nil, &failure{code: codeFailed, err: unread, hint: "is the name of the file right?"}
	}
	if err != nil {
		return nil, notVerified(path, err)
	}
	return r, nil
}

// check tells by its beginning what kind of file it is.
func (b belief) check(f *bufio.Reader) (r *provenReport, err error) {
	begins := func(domain string) bool {
		head, _ := f.Peek(len(domain))
		return string(head) == domain
	}
	proof, checkpoint, row := begins(ledger.ProofDomain), begins(ledger.TrustDomain), begins(ledger.RowDomain)
	if !proof && !checkpoint && !row {
		return b.archive(f)
	}
	data, err := io.ReadAll(io.LimitReader(f, ledger.MaxProof+1))
	if err != nil {
		return nil, err
	}
	switch {
	case checkpoint:
		return b.checkpoint(data)
	case proof:
		r, err = b.proof(data)
	default:
		r, err = b.row(data)
	}
	if err == nil {
		r.Trusted = b.topic.Defined() || b.trust != nil
	}
	return r, err
}

func (b belief) proof(data []byte) (*provenReport, error) {
	proof := new(ledger.Proof)
	if err := ledger.Unpack(ledger.ProofDomain, data, proof); err != nil {
		return nil, err
	}
	if err := proof.Verify(b.trust, ledger.Ed25519); err != nil {
		return nil, err
	}
	return provenBy(proof)
}

// row checks that a row was declared, or was not.
func (b belief) row(data []byte) (*provenReport, error) {
	x := new(ledger.RowProof)
	if err := ledger.Unpack(ledger.RowDomain, data, x); err != nil {
		return nil, err
	}
	in, err := x.Verify(b.trust, b.key, ledger.Ed25519)
	if errors.Is(err, ledger.ErrKey) {
		return nil, &failure{code: codeForbidden, err: err, hint: "ask the owner for it: grapevine verify FILE --key KEY"}
	}
	if err != nil {
		return nil, err
	}
	r, err := provenBy(&x.Entry)
	if err != nil {
		return nil, err
	}
	r.Kind, r.Row, r.In = "row", string(x.Row), &in
	return r, nil
}

// checkpoint shows a checkpoint, which proves nothing by itself, nor by its topic:
// anybody can name a topic and make up who votes.
func (b belief) checkpoint(data []byte) (*provenReport, error) {
	t := new(ledger.Trust)
	if err := ledger.Unpack(ledger.TrustDomain, data, t); err != nil {
		return nil, err
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if b.trust != nil && (b.trust.Topic != t.Topic || b.trust.Height == t.Height && b.trust.Checkpoint() != t.Checkpoint()) {
		return nil, fmt.Errorf("it contradicts checkpoint %d, %v", b.trust.Height, b.trust.Block)
	}
	r := &provenReport{OK: true, Kind: "checkpoint", Topic: t.Topic.String(), Height: t.Height, Block: t.Block.String()}
	r.Trusted = reflect.DeepEqual(t, b.trust)
	for _, s := range t.Committee {
		r.lines = append(r.lines, field{"validator", fmt.Sprintf("%v  stake %s", s.Author, tokens(s.Stake))})
	}
	return r, nil
}
