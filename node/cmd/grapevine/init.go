package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// initReport is the data of `init -o json`.
type initReport struct {
	Home      string   `json:"home"`
	Peer      string   `json:"peer"`
	Alias     string   `json:"alias"`
	Encrypted bool     `json:"encrypted"`
	Created   bool     `json:"created"`
	Listen    []string `json:"listen"`
}

func initCommand(p *printer, g *globals) *cobra.Command {
	var encrypt bool
	var file string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a home: identity and configuration",
		Long: `Makes the directory of a peer, with its identity and a commented config.toml, and
prints its peer ID: what others need to make it a member of a topic. "up" does the
same if it has to. A home that is there already stays as it is.

With --encrypt the key is stored encrypted (age, scrypt). The passphrase is asked
for, or read from the file that ` + passphraseVariable + ` names.`,
		Example: `  grapevine init
  grapevine init --home ./peer-2 --encrypt`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := g.dir()
			if err != nil {
				return err
			}
			r, err := runInit(p, dir, encrypt, file)
			if err != nil {
				return err
			}
			return p.answer(r, r.print)
		},
	}
	cmd.Flags().BoolVar(&encrypt, "encrypt", false, "encrypt the key with a passphrase")
	passphraseFlag(cmd, &file)
	return cmd
}

func passphraseFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "passphrase-file", "", "file with the passphrase of the key (default: $"+passphraseVariable+", or a prompt)")
}

func runInit(p *printer, dir string, encrypt bool, file string) (*initReport, error) {
	if file != "" && !encrypt && !encrypted(dir) {
		return nil, usage("--passphrase-file is of a key that is encrypted", "add --encrypt")
	}
	created, err := makeHome(p, dir, encrypt, file)
	if err != nil {
		return nil, err
	}
	if !created && encrypt && !encrypted(dir) {
		return nil, &failure{code: codeFailed, err: fmt.Errorf("%s has a key already, which is not encrypted", dir), hint: "choose another --home"}
	}
	c, err := loadConfig(dir, nil)
	if err != nil {
		return nil, err
	}
	if _, err := readPublic(dir); err != nil { // a home of a demo, or of a program
		if _, err := openKey(dir, func() ([]byte, error) { return askPassphrase(p, file, false) }); err != nil {
			return nil, err
		}
	}
	author, err := readPublic(dir)
	if err != nil {
		return nil, fault(codeFailed, "read peer ID", err)
	}
	return &initReport{Home: dir, Peer: author.String(), Alias: node.Alias(author), Encrypted: encrypted(dir), Created: created, Listen: c.Listen}, nil
}

// makeHome makes what is missing of a home.
func makeHome(p *printer, dir string, encrypt bool, file string) (created bool, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, &failure{code: codeFailed, err: err, hint: "choose another --home"}
	}
	if _, err := os.Stat(keyPath(dir)); err == nil {
		return false, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, fault(codeFailed, "look for the key", err)
	}
	if encrypt {
		passphrase, err := askPassphrase(p, file, true)
		if err == nil {
			err = encryptKey(dir, passphrase)
		}
		if err != nil {
			return false, err
		}
	} else if _, err := openKey(dir, nil); err != nil {
		return false, err
	}
	author, err := readPublic(dir)
	if err != nil {
		return false, fault(codeFailed, "read peer ID", err)
	}
	return true, writeConfig(dir, author)
}

// writeConfig gives a home that was just made its whole configuration.
func writeConfig(dir string, author ledger.Author) error {
	listen := freePort(author)
	if err := replaceFile(configPath(dir), []byte(newConfig(listen))); err != nil {
		return fault(codeFailed, "write configuration", err)
	}
	return nil
}

// freePort draws a port from the peer ID, so that homes on one computer differ
// and an invitation is good after a restart, too.
func freePort(author ledger.Author) []string {
	sum := sha256.Sum256(author[:])
	port := 10_000 + int(binary.BigEndian.Uint16(sum[:]))%20_000
	for range 100 {
		if portFree("tcp", port) && portFree("udp", port) {
			break
		}
		port++
	}
	return []string{fmt.Sprintf("/ip4/0.0.0.0/tcp/%d", port), fmt.Sprintf("/ip4/0.0.0.0/udp/%d/quic-v1", port)}
}

func portFree(network string, port int) bool {
	var c io.Closer
	var err error
	if network == "tcp" {
		c, err = net.Listen(network, fmt.Sprintf(":%d", port))
	} else {
		c, err = net.ListenPacket(network, fmt.Sprintf(":%d", port))
	}
	if err != nil {
		return false
	}
	return c.Close() == nil
}

func (r *initReport) print(w io.Writer) {
	what := "has a peer already"
	if r.Created {
		what = "is the home of a new peer"
	}
	fmt.Fprintf(w, "%s %s\n\n", r.Home, what)
	fmt.Fprintf(w, "  peer      %s\n", r.Peer)
	fmt.Fprintf(w, "  alias     %s\n", r.Alias)
	key := filepath.Join(r.Home, "identity.key")
	if r.Encrypted {
		key += ", encrypted"
	}
	fmt.Fprintf(w, "  key       %s: keep it secret, and keep a copy\n", key)
	fmt.Fprintf(w, "  settings  %s\n", configPath(r.Home))
	if r.Created {
		fmt.Fprintf(w, "\nnext: grapevine topic create, or grapevine join INVITE\n")
	}
}
