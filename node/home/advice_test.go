package home

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAHomeOfAnotherFormatIsRefused(t *testing.T) {
	tests := map[string]struct {
		config string
		want   string // "" is no error
	}{
		"ours":                    {"version = 1\nother = 2\n", ""},
		"ours with comments":      {"\n# mine\n  version=1   # one\n[peer]\nname = \"x\"\n", ""},
		"newer":                   {"version = 2\n", "written by a newer grapevine (format 2); update this one"},
		"older than any":          {"version = 0\n", "format 0"},
		"without":                 {"", "does not begin with its version"},
		"not first":               {"name = \"x\"\nversion = 1\n", "does not begin with its version"},
		"in a table":              {"[a]\nversion = 1\n", "does not begin with its version"},
		"a string":                {"version = \"1\"\n", "does not begin with its version"},
		"absurd":                  {"version = 99999999999999999999\n", "does not begin with its version"},
		"another key":             {"versions = 1\n", "does not begin with its version"},
		"two on a line":           {"version = 1 x = 2\n", "does not begin with its version"},
		"bytes that mean nothing": {"\x00\xff\x00", "does not begin with its version"},
	}
	for name, test := range tests {
		dir := t.TempDir()
		if err := opened(t, dir).Close(); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "config.toml"), test.config)
		for which, open := range map[string]func(string) (*Home, error){"Open": Open, "View": View} {
			h, err := open(dir)
			if err == nil {
				h.Close()
			}
			if test.want == "" && err != nil {
				t.Errorf("%s: %s: %v", name, which, err)
			}
			if test.want != "" {
				says(t, err, test.want, dir)
			}
		}
	}
}

func TestThingsInTheWrongPlaceAreNamed(t *testing.T) {
	for _, name := range []string{"config.toml", "ledger", "blobs", "cache", "LOCK", "identity.key", "manifest.cbor", "ledger/000001.log", "ledger/head"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if isDir := name == "ledger" || name == "blobs" || name == "cache"; isDir {
			write(t, path, "a file")
		} else if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		h, err := Open(dir)
		if err == nil { // those that Open does not need
			_, _, identity := h.Identity()
			_, manifest := h.Manifest()
			_, head := h.Head()
			for _, e := range []error{identity, manifest, head} {
				if e != nil && strings.Contains(e.Error(), path) {
					err = e
				}
			}
			h.Close()
		}
		says(t, err, path)
		if name != "ledger/head" && name != "ledger/000001.log" {
			says(t, err, "move it away")
		}
	}
}

func TestNoPermissionSaysWhatToDo(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may do everything")
	}
	dir := t.TempDir()
	for _, name := range []string{"config.toml", "LOCK", "ledger/000001.log", "ledger", "cache"} {
		home := filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		if err := opened(t, home).Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(home, name)
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		_, err := Open(home)
		says(t, err, path, "run as the owner")
		if err := os.Chmod(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}
