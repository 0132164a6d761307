package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Exit codes, the same for all commands.
const (
	codeOK          = 0
	codeFailed      = 1
	codeUsage       = 2
	codeUnreachable = 3 // the daemon is not reachable
	codeForbidden   = 4 // not permitted, or a key is locked
	codeTimeout     = 5
	codeTrainer     = 6 // the trainer failed
	codeVerify      = 7 // verification failed
	codeNoPeers     = 8
	codeInterrupted = 130
)

var codeNames = map[int]string{
	codeFailed: "failed", codeUsage: "usage", codeUnreachable: "unreachable", codeForbidden: "forbidden",
	codeTimeout: "timeout", codeTrainer: "trainer", codeVerify: "verification", codeNoPeers: "no-peers",
	codeInterrupted: "interrupted",
}

// failure is an error with an exit code and, where there is one, the way out.
type failure struct {
	code  int
	err   error
	hint  string // what to do
	where string // file and line, record or height
	data  any    // what is known all the same
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func fault(code int, message string, err error) *failure {
	if err == nil {
		return &failure{code: code, err: errors.New(message)}
	}
	return &failure{code: code, err: fmt.Errorf("%s: %w", message, err)}
}

func usage(message, hint string) *failure {
	return &failure{code: codeUsage, err: errors.New(message), hint: hint}
}

// errDone says that the answer was printed although the context has ended.
var errDone = errors.New("done")

// format is the value of the flag --output.
type format string

func (f *format) String() string {
	if *f == "" {
		return "text"
	}
	return string(*f)
}

func (f *format) Type() string { return "text|json" }

func (f *format) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("choose text or json")
	}
	*f = format(s)
	return nil
}

// printer keeps the output contract: with -o json, standard output carries
// exactly one line; everything for people goes to standard error.
type printer struct {
	out, err io.Writer
	format   format
	answered bool
}

// foresee reads --output before all other flags: a mistake in those too is
// answered in the form that was asked for.
func (p *printer) foresee(args []string) {
	for i, a := range args {
		if a == "--" {
			return
		}
		for _, name := range []string{"-o", "--output"} {
			value, is := strings.CutPrefix(a, name)
			if value = strings.TrimPrefix(value, "="); is && value == "" && i+1 < len(args) {
				value = args[i+1]
			}
			if is && value == "json" {
				p.format = "json"
			}
		}
	}
}

func (p *printer) json() bool { return p.format == "json" }

// people is where help goes, and what a shell reads to complete commands.
func (p *printer) people() io.Writer {
	if p.json() {
		return p.err
	}
	return p.out
}

// say prints a line of progress.
func (p *printer) say(format string, args ...any) { fmt.Fprintf(p.err, format+"\n", args...) }

// envelope is the one line of an answer in JSON.
type envelope struct {
	Schema int    `json:"schema"`
	Status string `json:"status"`
	Data   any    `json:"data"`
	Error  *fail  `json:"error,omitempty"`
}

type fail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
	Where   string `json:"where"`
}

// answer prints the result of a command: data as JSON, or text written by text.
func (p *printer) answer(data any, text func(w io.Writer)) error {
	p.answered = true
	if !p.json() {
		text(p.out)
		return nil
	}
	return p.line(envelope{Schema: 1, Status: "ok", Data: data})
}

func (p *printer) line(e envelope) error {
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	_, err = fmt.Fprintf(p.out, "%s\n", b)
	return err
}

// finish reports how a command ended and returns the exit code.
func (p *printer) finish(err error) int {
	silent := p.json() && !p.answered
	if err == nil || errors.Is(err, errDone) {
		if silent {
			_ = p.line(envelope{Schema: 1, Status: "ok"}) // help has no data
		}
		return codeOK
	}
	f := asFailure(err)
	if silent {
		_ = p.line(envelope{Schema: 1, Status: "error", Data: f.data, Error: &fail{codeNames[f.code], f.Error(), f.hint, f.where}})
	}
	fmt.Fprintf(p.err, "grapevine: %v\n", f)
	if f.where != "" && !strings.Contains(f.Error(), f.where) {
		fmt.Fprintf(p.err, "  at: %s\n", f.where)
	}
	if f.hint != "" {
		fmt.Fprintf(p.err, "  hint: %s\n", f.hint)
	}
	return f.code
}

func asFailure(err error) *failure {
	if f, is := errors.AsType[*failure](err); is {
		return f
	}
	if strings.HasPrefix(err.Error(), "unknown command") || strings.Contains(err.Error(), "arg(s)") {
		return usage(err.Error(), "grapevine --help lists commands and flags")
	}
	return &failure{code: codeFailed, err: err}
}
