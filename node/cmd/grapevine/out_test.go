package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// What a user names with --out is there whole, or stays as it was.
func TestWriteOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, _ = io.WriteString(w, text)
			return err
		}
	}
	if err := writeOut(path, write("old", nil)); err != nil {
		t.Fatal(err)
	}
	if err := writeOut(path, write("half", errors.New("no more"))); err == nil {
		t.Fatal("a failed write is not told")
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("after a failed write: %q", got)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files, want 1", len(left))
	}
	err := writeOut(filepath.Join(path, "below"), write("", nil))
	if f := asFailure(err); f.code != codeFailed || f.hint == "" {
		t.Errorf("%v", f)
	}
}

// A link stays one, and leads to what was written, also if nothing was there.
func TestWriteOutThroughLink(t *testing.T) {
	dir := t.TempDir()
	link, file := filepath.Join(dir, "link"), filepath.Join(dir, "file")
	if err := os.Symlink("file", link); err != nil {
		t.Skip(err)
	}
	for _, text := range []string{"new", "again"} {
		if err := writeOut(link, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(file); string(got) != text {
			t.Errorf("the file has %q, want %q", got, text)
		}
	}
	if to, err := os.Readlink(link); to != "file" {
		t.Errorf("the link was replaced: %v", err)
	}
}

// What is no file, such as /dev/stdout, is not replaced by one.
func TestWriteOutToPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	link := filepath.Join(t.TempDir(), "pipe")
	if err := os.Symlink(filepath.Join("/dev/fd", strconv.FormatUint(uint64(w.Fd()), 10)), link); err != nil {
		t.Skip(err)
	}
	if _, err := os.Stat(link); err != nil {
		t.Skip("no /dev/fd here")
	}
	err = writeOut(link, func(w io.Writer) error { _, err := io.WriteString(w, "proof"); return err })
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(r); string(got) != "proof" {
		t.Errorf("the pipe has %q", got)
	}
}
