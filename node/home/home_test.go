package home

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/ledger/store"
)

func Example() {
	dir, _ := os.MkdirTemp("", "home")
	defer os.RemoveAll(dir)
	h, err := Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	_, created, _ := h.Identity()
	fmt.Println("new peer:", created)
	c, _ := h.Blobs().Put([]byte("a model"))
	model, _ := h.Blobs().Get(c)
	fmt.Printf("%s: %s\n", c, model)
	// Output:
	// new peer: true
	// bafkreiex76fdkvcnz5ak3baeob2ehhowvi5axzdj5jlyugy4af6zhhwgdq: a model
}

func opened(t testing.TB, dir string) *Home {
	t.Helper()
	h, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// says checks that an error's text holds all the words.
func says(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("got %v, want an error with %q", err, w)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestANewHomeIsClosedToOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "home")
	h := opened(t, dir)
	if _, _, err := h.Identity(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.SetManifest([]byte("m")), h.SetHead(store.Head{Height: 1, Block: "b"})); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Blobs().Put([]byte("x")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %04o, want %04o, %v", path, info.Mode().Perm(), want, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for _, name := range []string{"LOCK", "config.toml", "identity.key", "manifest.cbor", "ledger/000001.log", "ledger/head", "blobs", "cache"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	for _, err := range store.Check(filepath.Join(dir, "ledger")) {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestWhatWasWrittenLeavesNothingInTheCache(t *testing.T) {
	dir := t.TempDir()
	h := opened(t, dir)
	if _, err := h.Blobs().Put([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := h.SetManifest([]byte("m")); err != nil {
		t.Fatal(err)
	}
	// A directory in a blob's place can't be replaced by a file.
	c, err := sum([]byte("y"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(h.Blobs().path(c), "z"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Blobs().Put([]byte("y")); err == nil {
		t.Error("a file took the place of a directory")
	}
	left, err := os.ReadDir(filepath.Join(dir, "cache", "tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("left in cache/tmp: %v, %v", left, err)
	}
}

func TestAHomeRemembers(t *testing.T) {
	dir := t.TempDir()
	h := opened(t, dir)
	key, created, err := h.Identity()
	if err != nil || !created {
		t.Fatalf("the first identity: created %v, %v", created, err)
	}
	_, appended := h.Log().Append(1, []byte("entry"))
	head := store.Head{Height: 4, Block: "bafy"}
	if err := errors.Join(appended, h.SetManifest([]byte("rules")), h.SetHead(head), h.Close()); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func(string) (*Home, error){"View": View, "Open": Open} {
		h, err := open(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if again, created, err := h.Identity(); err != nil || created || !again.Equal(key) {
			t.Errorf("%s: another identity, created %v, %v", name, created, err)
		}
		if m, err := h.Manifest(); err != nil || string(m) != "rules" {
			t.Errorf("%s: manifest %q, %v", name, m, err)
		}
		head.End = h.Log().End() // SetHead notes it
		if got, err := h.Head(); err != nil || got != head {
			t.Errorf("%s: head %+v, %v", name, got, err)
		}
		for r, err := range h.Log().Records() {
			if err != nil || string(r.Data) != "entry" {
				t.Errorf("%s: record %q, %v", name, r.Data, err)
			}
		}
		if err := h.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
}

func TestAHomeHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	h := opened(t, dir)
	_, err := Open(dir)
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("a second Open: %v", err)
	}
	says(t, err, fmt.Sprintf("another grapevine (pid %d) owns %s; stop it or choose another --home", os.Getpid(), dir))
	if v, err := View(dir); err != nil || v.Close() != nil {
		t.Errorf("a View beside the owner: %v", err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("after a refused Open and a View the lock is gone: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	opened(t, dir)
}

const childEnv = "GRAPEVINE_HOME_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		_, err := Open(dir)
		fmt.Println(errors.Is(err, ErrLocked), err)
		select {} // until killed
	}
	os.Exit(m.Run())
}

func TestAKilledOwnerLeavesTheHomeFree(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil || !strings.HasPrefix(string(line[:n]), "false <nil>") {
		t.Fatalf("the child says %q, %v", line[:n], err)
	}
	_, err = Open(dir)
	if !errors.Is(err, ErrLocked) {
		t.Errorf("while the child has it: %v", err)
	}
	says(t, err, fmt.Sprintf("(pid %d)", cmd.Process.Pid))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	opened(t, dir)
}

func TestAViewOfNothingSaysSo(t *testing.T) {
	dir := t.TempDir()
	_, err := View(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	says(t, err, "is not a grapevine home")
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("View made %v", left)
	}
}

func TestAViewChangesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := opened(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	before := listing(t, dir)
	v, err := View(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, _, identity := v.Identity()
	if !errors.Is(identity, fs.ErrNotExist) {
		t.Errorf("Identity: %v", identity)
	}
	_, appended := v.Log().Append(1, nil)
	c, _ := sum([]byte("x"))
	_, put := v.Blobs().Put([]byte("x"))
	for name, err := range map[string]error{
		"SetManifest": v.SetManifest([]byte("m")), "SetHead": v.SetHead(store.Head{Block: "b"}),
		"Put": put, "Delete": v.Blobs().Delete(c),
	} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := v.Close(); err != nil || appended == nil {
		t.Errorf("Close: %v; Append: %v", err, appended)
	}
	if after := listing(t, dir); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var b bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		fmt.Fprintln(&b, path, info.Size(), info.ModTime())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAHomeBelongsToOneTopic(t *testing.T) {
	h := opened(t, t.TempDir())
	if _, err := h.Manifest(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no manifest yet: %v", err)
	}
	for _, m := range [][]byte{nil, make([]byte, maxFile+1)} {
		if h.SetManifest(m) == nil {
			t.Errorf("a manifest of %d bytes was accepted", len(m))
		}
	}
	if err := errors.Join(h.SetManifest([]byte("a")), h.SetManifest([]byte("a"))); err != nil {
		t.Fatal(err)
	}
	says(t, h.SetManifest([]byte("b")), "belongs to another topic", "--home")
	if m, err := h.Manifest(); err != nil || string(m) != "a" {
		t.Errorf("manifest %q, %v", m, err)
	}
}

func TestADamagedLedgerIsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	if err := opened(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ledger", "000001.log")
	write(t, path, "something else, and longer than a header is")
	_, err := Open(dir)
	if d, ok := errors.AsType[*store.Damage](err); !ok || d.File != path {
		t.Errorf("Open: %v", err)
	}
	if _, err := Open(dir); errors.Is(err, ErrLocked) {
		t.Error("a refused Open keeps the lock")
	}
}

func TestTheCacheMayBeDeleted(t *testing.T) {
	dir := t.TempDir()
	h := opened(t, dir)
	if err := os.RemoveAll(filepath.Join(dir, "cache")); err != nil {
		t.Fatal(err)
	}
	_, put := h.Blobs().Put([]byte("x"))
	if err := errors.Join(put, h.SetHead(store.Head{Block: "b"}), h.Close()); err != nil {
		t.Fatal(err)
	}
	unfinished := filepath.Join(dir, "cache", "tmp", ".bafk123")
	write(t, unfinished, "half a blo")
	opened(t, dir)
	if _, err := os.Stat(unfinished); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unfinished file is still there: %v", err)
	}
}
