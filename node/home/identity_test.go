package home

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnIdentityIsItsSeed(t *testing.T) {
	dir := t.TempDir()
	h := opened(t, dir)
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = 7
	text := "# old\r\n\r\n  " + base64.StdEncoding.EncodeToString(seed) + "  \r\n# end"
	write(t, filepath.Join(dir, "identity.key"), text)
	key, created, err := h.Identity()
	if err != nil || created || !key.Equal(ed25519.NewKeyFromSeed(seed)) {
		t.Errorf("created %v, %v", created, err)
	}
}

func TestTwoHomesAreTwoPeers(t *testing.T) {
	a, _, errA := opened(t, t.TempDir()).Identity()
	b, _, errB := opened(t, t.TempDir()).Identity()
	if err := errors.Join(errA, errB); err != nil || a.Equal(b) {
		t.Errorf("the same key twice, %v", err)
	}
}

func TestAGarbledIdentityIsNeverReplaced(t *testing.T) {
	seed := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for name, text := range map[string]string{
		"empty":     "",
		"a comment": identityHeader,
		"short":     seed[4:],
		"long":      "AAAA" + seed,
		"two":       seed + "\n" + seed + "\n",
		"no base64": strings.Repeat("!", 44),
		"loose":     seed[:42] + "B=", // bits beyond the 32 bytes
		"zeroes":    strings.Repeat("\x00", 44),
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "identity.key")
		write(t, path, text)
		_, _, err := opened(t, dir).Identity()
		says(t, err, path, "holds no key", "move it away")
		if after, err := os.ReadFile(path); err != nil || string(after) != text {
			t.Errorf("%s: the file is now %q, %v", name, after, err)
		}
	}
}

func TestAnIdentityThatOthersCanReadIsRefused(t *testing.T) {
	dir := t.TempDir()
	h := opened(t, dir)
	if _, _, err := h.Identity(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "identity.key")
	for _, mode := range []fs.FileMode{0o644, 0o640, 0o604, 0o620} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, _, err := h.Identity()
		says(t, err, "chmod 600 "+path)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Identity(); err != nil {
		t.Errorf("mode 0400: %v", err)
	}
}

func FuzzAnIdentityFile(f *testing.F) {
	f.Add(identityHeader + base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if key, ok := parseIdentity(text); ok && len(key) != ed25519.PrivateKeySize {
			t.Errorf("%q gives a key of %d bytes", text, len(key))
		}
	})
}

func FuzzAConfigVersion(f *testing.F) {
	f.Add(newConfig)
	f.Add("# x\nversion = 2 # y\n")
	f.Fuzz(func(t *testing.T, text string) {
		if v, ok := parseVersion(text); v < 0 || !ok && v != 0 {
			t.Errorf("%q has version %d", text, v)
		}
	})
}
