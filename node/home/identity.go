package home

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

const identityHeader = "# grapevine identity, keep secret: who has it is this peer\n"

// Identity returns the peer's key, from identity.key. If there is none, one is
// drawn from the system's randomness and stored first; created tells. A file
// that others may read is refused. In a View a missing key is an error that
// wraps fs.ErrNotExist.
//
// The file holds the 32-byte seed of RFC 8032 in base64; lines beginning with #
// are comments.
func (h *Home) Identity() (key ed25519.PrivateKey, created bool, err error) {
	path := h.path("identity.key")
	key, err = readIdentity(path)
	if errors.Is(err, fs.ErrNotExist) && !h.readOnly {
		key, err = h.makeIdentity(path)
		created = err == nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("identity: %w", err)
	}
	return key, created, nil
}

// Key returns the identity of the home in dir and makes what is missing. It leaves
// the ledger alone, which may be damaged. Errors are those of Open and Identity.
func Key(dir string) (key ed25519.PrivateKey, err error) {
	h := at(dir)
	if err = h.take(); err == nil {
		key, _, err = h.Identity()
	}
	if err = errors.Join(err, h.Close()); err != nil {
		return nil, fmt.Errorf("open home: %w", err)
	}
	return key, nil
}

func (h *Home) makeIdentity(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return key, h.replace(path, []byte(identityHeader+base64.StdEncoding.EncodeToString(key.Seed())+"\n"))
}

func readIdentity(path string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, advise(err)
	}
	if others := info.Mode().Perm() & 0o077; info.Mode().IsRegular() && others != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s is open to other users (mode %04o): run: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	b, err := read(path, maxFile)
	if err != nil {
		return nil, err
	}
	key, ok := parseIdentity(string(b))
	if !ok {
		return nil, fmt.Errorf("%s holds no key: want one line with 32 bytes in base64; restore it from a backup, or move it away to become a new peer", path)
	}
	return key, nil
}

func parseIdentity(text string) (ed25519.PrivateKey, bool) {
	seed := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if seed != "" {
			return nil, false
		}
		seed = line
	}
	b, err := base64.StdEncoding.Strict().DecodeString(seed)
	if err != nil || len(b) != ed25519.SeedSize {
		return nil, false
	}
	return ed25519.NewKeyFromSeed(b), true
}
