package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
)

// outFlag registers --out, without which a command has nothing to do.
func outFlag(cmd *cobra.Command, out *string) {
	cmd.Flags().StringVar(out, "out", "", "the file to write (required)")
}

func checkOut(out string) error {
	if out == "" {
		return usage("--out is missing", "name the file to write: --out FILE")
	}
	return nil
}

// writeOut writes the file that a user named, for all to read.
func writeOut(path string, write func(w io.Writer) error) error {
	err := replaceWith(path, 0o644, write)
	if _, known := errors.AsType[*failure](err); err == nil || known {
		return err
	}
	if p, is := errors.AsType[*fs.PathError](err); is {
		err = p.Err // its path is that of the temporary file
	}
	return &failure{code: codeFailed, err: fmt.Errorf("write %s: %w", path, err), hint: "choose another --out"}
}

// writePacked writes what others verify, and returns its size.
func writePacked(path, domain string, v any) (int, error) {
	data, err := ledger.Pack(domain, v)
	if err != nil {
		return 0, err
	}
	return len(data), writeOut(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// counting counts the bytes that are written to it.
type counting int64

func (c *counting) Write(b []byte) (int, error) {
	*c += counting(len(b))
	return len(b), nil
}
