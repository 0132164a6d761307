//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A daemon whose log and first model were damaged while it was down gets from peers
// what it lost, says so, and its home verifies again.
func TestADaemonMendsADamagedHome(t *testing.T) {
	t.Parallel()
	peers, _ := founded(t, 3, topicConfig{Role: roleTrainer, Rest: "50ms"}, quick)
	for _, p := range peers {
		p.up(t)
	}
	hurt := peers[2]
	hurt.reaches(t, 8)
	hurt.end(t, syscall.SIGINT)
	m, _, err := manifestIn(hurt.home)
	if err != nil {
		t.Fatal(err)
	}
	anchor := m.Learning.Anchor.String()
	for _, name := range []string{"ledger/000001.log", filepath.Join("blobs", anchor[len(anchor)-2:], anchor)} {
		path := filepath.Join(hurt.home, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		put(t, path, data)
		refused(t, codeVerify, "ledger", "verify", "--home", hurt.home)
	}
	hurt.up(t)
	hurt.reaches(t, peers[0].head(t).Height+4)
	said := ""
	for e, err := range hurt.Events(t.Context(), 0, "") {
		if err != nil {
			t.Fatal(err)
		}
		if said += string(e.Data); strings.Contains(said, anchor+" is repaired") && strings.Contains(said, "the damaged log is kept in") {
			break
		}
	}
	hurt.end(t, syscall.SIGINT)
	answer[verifyReport](t, "ledger", "verify", "--home", hurt.home)
}
