package node

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/home"
)

// left is what a small network left: the files of its first peer's home, and
// how that peer saw itself.
type left struct {
	files  map[string][]byte // by path from the home
	status Status
	author ledger.Author
	during error // of verifying while the peer worked
}

// remains runs a network of three peers once for all tests.
var remains = sync.OnceValues(func() (*left, error) {
	dir, err := os.MkdirTemp("", "grapevine-verify-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return play(dir, 3, 5)
})

// play runs a network until its first peer has settled some rounds.
func play(dir string, peers, rounds int) (l *left, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	nodes, err := openAll(ctx, dir, peers)
	if err != nil {
		return nil, err
	}
	var running sync.WaitGroup
	for i, n := range nodes {
		for _, other := range nodes[:i] {
			if err := n.Connect(ctx, other.Addrs()[0]); err != nil {
				return nil, err
			}
		}
		running.Go(func() { _ = n.Run(ctx) })
	}
	l = &left{author: nodes[0].Author()}
	for r := range nodes[0].Events(ctx, 0) {
		if _, is := r.Event.(Settled); is {
			rounds--
			_, verr := Verify(filepath.Join(dir, "0"))
			l.during = errors.Join(l.during, verr)
		}
		if rounds == 0 {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cancel()
	running.Wait()
	l.status = nodes[0].Status()
	for _, n := range nodes {
		err = errors.Join(err, n.Close())
	}
	if err != nil {
		return nil, err
	}
	l.files, err = readTree(filepath.Join(dir, "0"))
	return l, err
}

// openAll founds a topic and opens its peers, each with two bells of points.
func openAll(ctx context.Context, dir string, peers int) (nodes []*Node, err error) {
	var members []ledger.Member
	for i := range peers {
		author, err := makeIdentity(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return nil, err
		}
		members = append(members, ledger.Member{Author: author, Bond: 1e9, Stake: 1e9})
	}
	manifest, anchor, err := Found(Founding{
		Name: "bells", Members: members, Schema: dataset.Images(2, 2, 2), Seed: 1,
		Rules: func(m *ledger.Manifest) {
			m.Rounds = ledger.Rounds{Commit: 5, Reveal: 5, Seal: 5, Open: 5, Pace: 200, Propose: 200, Delta: 100}
			m.Learning.Keep = 1024
		},
	})
	if err != nil {
		return nil, err
	}
	m, _, err := ledger.DecodeManifest(manifest)
	if err != nil {
		return nil, err
	}
	for i := range peers {
		trainer, err := TrainerOf(m, bells(uint64(i), 200), bells(uint64(i)+100, 100))
		if err != nil {
			return nil, err
		}
		n, err := Open(ctx, Config{
			Dir: filepath.Join(dir, fmt.Sprint(i)), Manifest: manifest, Anchor: anchor, Trainer: trainer, Listen: []string{"/ip4/127.0.0.1/tcp/0"},
		})
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func makeIdentity(dir string) (ledger.Author, error) {
	h, err := home.Open(dir)
	if err != nil {
		return ledger.Author{}, err
	}
	key, _, err := h.Identity()
	if err != nil {
		return ledger.Author{}, errors.Join(err, h.Close())
	}
	return ledger.Author(key.Public().(ed25519.PublicKey)), h.Close()
}

// bells are points around one centre for each of two classes.
func bells(seed uint64, n int) learning.Samples {
	rng := rand.New(rand.NewPCG(seed, 7))
	s := learning.Samples{Inputs: 4, Classes: 2}
	for i := range n {
		y := int32(i % 2)
		for k := range s.Inputs {
			s.X = append(s.X, float32(float64(y)*float64(1-2*(k%2))+rng.NormFloat64()))
		}
		s.Y = append(s.Y, y)
	}
	return s
}

func readTree(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	return files, err
}

// aHome writes the home that the network left into a new directory.
func aHome(t testing.TB) (dir string, l *left) {
	t.Helper()
	l, err := remains()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for name, data := range l.files {
		put(t, filepath.Join(dir, name), data)
	}
	return dir, l
}

func put(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}
