package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/charmbracelet/x/term"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/home"
)

const passphraseVariable = "GRAPEVINE_PASSPHRASE_FILE"

func keyPath(dir string) string    { return filepath.Join(dir, "identity.key") }
func publicPath(dir string) string { return filepath.Join(dir, "identity.pub") }

// encrypted tells whether a home's key needs a passphrase.
func encrypted(dir string) bool {
	b, err := os.ReadFile(keyPath(dir))
	return err == nil && bytes.HasPrefix(b, []byte(armor.Header))
}

// openKey returns the key of the home in dir; the home makes one if there is
// none. ask brings the passphrase of one that is encrypted.
func openKey(dir string, ask func() ([]byte, error)) (ed25519.PrivateKey, error) {
	var key ed25519.PrivateKey
	if encrypted(dir) {
		passphrase, err := ask()
		if err != nil {
			return nil, err
		}
		if key, err = decryptKey(keyPath(dir), passphrase); err != nil {
			return nil, err
		}
	} else {
		var err error
		if key, err = home.Key(dir); err != nil {
			return nil, openFailure(dir, err)
		}
	}
	return key, writePublic(dir, ledger.Author(key.Public().(ed25519.PublicKey)))
}

// writePublic notes the peer ID, for whoever only reads the home.
func writePublic(dir string, author ledger.Author) error {
	if got, err := readPublic(dir); err == nil && got == author {
		return nil
	}
	if err := replaceFile(publicPath(dir), fmt.Appendln(nil, author)); err != nil {
		return fault(codeFailed, "note peer ID", err)
	}
	return nil
}

// readPublic returns the peer ID of a home, or of the one that a further topic's
// directory is in, without opening its key.
func readPublic(dir string) (ledger.Author, error) {
	b, err := os.ReadFile(publicPath(dir))
	if above := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && filepath.Base(above) == "topics" {
		b, err = os.ReadFile(publicPath(filepath.Dir(above)))
	}
	if err != nil {
		return ledger.Author{}, err
	}
	return ledger.ParseAuthor(strings.TrimSpace(string(b)))
}

// encryptKey makes a new key and stores it encrypted with age (scrypt, armored).
func encryptKey(dir string, passphrase []byte) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fault(codeFailed, "make key", err)
	}
	to, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return fault(codeFailed, "encrypt key", err)
	}
	var b bytes.Buffer
	armored := armor.NewWriter(&b)
	w, err := age.Encrypt(armored, to)
	if err != nil {
		return fault(codeFailed, "encrypt key", err)
	}
	_, err = fmt.Fprintln(w, base64.StdEncoding.EncodeToString(key.Seed()))
	if err = errors.Join(err, w.Close(), armored.Close()); err != nil {
		return fault(codeFailed, "encrypt key", err)
	}
	if err := replaceFile(keyPath(dir), b.Bytes()); err != nil {
		return fault(codeFailed, "store key", err)
	}
	return writePublic(dir, ledger.Author(key.Public().(ed25519.PublicKey)))
}

func decryptKey(path string, passphrase []byte) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault(codeFailed, "open key", err)
	}
	if others := info.Mode().Perm() & 0o077; others != 0 && runtime.GOOS != "windows" {
		return nil, &failure{code: codeForbidden, err: fmt.Errorf("%s is open to other users (mode %04o)", path, info.Mode().Perm()), hint: "chmod 600 " + path}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault(codeFailed, "open key", err)
	}
	defer f.Close()
	with, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, fault(codeForbidden, "open key", err)
	}
	r, err := age.Decrypt(armor.NewReader(f), with)
	if err != nil {
		return nil, &failure{code: codeForbidden, err: fmt.Errorf("open %s: the passphrase is wrong", path), hint: "try again; nobody can restore a lost passphrase"}
	}
	text, err := io.ReadAll(io.LimitReader(r, 1<<12))
	if err != nil {
		return nil, fault(codeFailed, "open key", err)
	}
	seed, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fault(codeFailed, path+" holds no key", err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// askPassphrase reads it from a file or, on a terminal, from a person; twice if
// it is new. It is never a flag: those can be seen by all users.
func askPassphrase(p *printer, file string, fresh bool) ([]byte, error) {
	if file == "" {
		file = os.Getenv(passphraseVariable)
	}
	if file != "" {
		return passphraseFrom(file)
	}
	if !term.IsTerminal(os.Stdin.Fd()) || p.json() {
		return nil, &failure{code: codeForbidden, err: errors.New("the key is encrypted, and there is no terminal to ask for the passphrase"),
			hint: "put it into a file that only you can read, and name that in " + passphraseVariable}
	}
	first, err := prompt(p, "passphrase: ")
	if err != nil || !fresh {
		return first, err
	}
	if len(first) == 0 {
		return nil, usage("the passphrase is empty", "without --encrypt the key is stored as it is")
	}
	again, err := prompt(p, "once more: ")
	if err == nil && !bytes.Equal(first, again) {
		return nil, usage("the passphrases differ", "")
	}
	return first, err
}

func prompt(p *printer, text string) ([]byte, error) {
	fmt.Fprint(p.err, text)
	b, err := term.ReadPassword(os.Stdin.Fd())
	fmt.Fprintln(p.err)
	if err != nil {
		return nil, fault(codeForbidden, "read passphrase", err)
	}
	return b, nil
}

func passphraseFrom(file string) ([]byte, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{code: codeForbidden, err: fmt.Errorf("the passphrase file %s is missing", file), hint: passphraseVariable + " or --passphrase-file names it"}
	}
	if err != nil {
		return nil, fault(codeForbidden, "read passphrase", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<12))
	if err != nil {
		return nil, fault(codeForbidden, "read passphrase", err)
	}
	b = bytes.TrimRight(b, "\r\n")
	if len(b) == 0 {
		return nil, &failure{code: codeForbidden, err: fmt.Errorf("the passphrase file %s is empty", file), hint: passphraseVariable + " or --passphrase-file names it"}
	}
	return b, nil
}

// openFailure says what a person can do about a home that does not open.
func openFailure(dir string, err error) error {
	f := &failure{code: codeFailed, err: err}
	if errors.Is(err, home.ErrLocked) {
		f.hint = "grapevine stop --home " + dir
	}
	if bad, is := errors.AsType[*node.Fault](err); is {
		f.code, f.where = codeVerify, bad.Where()
		f.hint = "start again when peers of the topic can be reached; else restore the home from a backup, or join the topic again with another --home"
	}
	return f
}
