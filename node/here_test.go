package node_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/node"
)

var loopback = []string{"/ip4/127.0.0.1/tcp/0"}

// points are samples of two classes that lie on two sides of a plane.
func points(n int, seed uint64) learning.Samples {
	rng := rand.New(rand.NewPCG(seed, 0))
	s := learning.Samples{Inputs: 4, Classes: 2}
	for range n {
		x := [4]float32{}
		for i := range x {
			x[i] = rng.Float32()
		}
		y := int32(0)
		if x[0]+x[1] > x[2]+x[3] {
			y = 1
		}
		s.X, s.Y = append(s.X, x[:]...), append(s.Y, y)
	}
	return s
}

// found makes a topic of the homes of the named peers in a directory.
func found(t *testing.T, dir string, names ...string) {
	t.Helper()
	homes := make([]string, len(names))
	for i, name := range names {
		homes[i] = filepath.Join(dir, name)
	}
	if _, err := node.FoundHere(node.Founding{Name: "test", Schema: dataset.Images(2, 2, 2)}, homes...); err != nil {
		t.Fatal(err)
	}
}

// open opens a node that is closed with the test.
func open(t *testing.T, c node.Config) *node.Node {
	t.Helper()
	c.Listen = loopback
	n, err := node.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return n
}

func TestPeersFoundedHereLearnOnTheirOwnData(t *testing.T) {
	dir, test := t.TempDir(), points(1000, 9)
	found(t, dir, "a", "b")
	a := open(t, node.Config{Dir: filepath.Join(dir, "a"), Data: points(500, 1)})
	b := open(t, node.Config{Dir: filepath.Join(dir, "b"), Data: points(500, 2), Peers: a.Addrs()})
	before, err := a.Evaluate(a.Manifest().Learning.Anchor, test)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, n := range []*node.Node{a, b} {
		go func() { _ = n.Run(ctx) }()
	}
	// A round may merge nothing: how many it takes is a matter of luck.
	for _, n := range []*node.Node{a, b} {
		for round := uint64(5); ; round++ {
			o, err := n.Await(ctx, round)
			if err != nil {
				t.Fatalf("the loss was %.3f at first, and has not fallen by a tenth: %v", before.Loss, err)
			}
			after, err := n.Evaluate(o.Anchor, test)
			if err != nil {
				t.Fatal(err)
			}
			if after.Loss < before.Loss*0.9 {
				break
			}
		}
	}
}

func TestTheIdentityOfAHomeStays(t *testing.T) {
	dir := t.TempDir()
	first, err := node.Identity(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := node.Identity(dir)
	if err != nil || first != second {
		t.Errorf("got %v, then %v (%v)", first, second, err)
	}
	found(t, filepath.Dir(dir), filepath.Base(dir))
	if n := open(t, node.Config{Dir: dir}); n.Author() != first {
		t.Errorf("the node is %v, its home's identity %v", n.Author(), first)
	}
}

func TestAHomeBelongsToOneTopic(t *testing.T) {
	dir := t.TempDir()
	found(t, dir, "a")
	_, err := node.FoundHere(node.Founding{Name: "other", Schema: dataset.Images(2, 2, 2)}, filepath.Join(dir, "a"))
	if err == nil || !strings.Contains(err.Error(), "another topic") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestCloseEndsRunAndRunAfterItDoesNothing(t *testing.T) {
	dir := t.TempDir()
	found(t, dir, "a")
	n, err := node.Open(t.Context(), node.Config{Dir: filepath.Join(dir, "a"), Listen: loopback})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- n.Run(context.Background()) }()
	if err := n.Connect(t.Context(), "not an address"); err == nil {
		t.Error("connected to nowhere")
	}
	if err := n.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if err := n.Run(context.Background()); err != nil {
		t.Errorf("run after close: %v", err)
	}
	if _, err := n.Await(context.Background(), 0); err == nil {
		t.Error("a closed node promises a round")
	}
}

func TestOpenRefusesDataThatDoNotFit(t *testing.T) {
	dir := t.TempDir()
	found(t, dir, "a")
	short := points(10, 1)
	short.X = short.X[1:]
	cases := map[string]node.Config{
		"no directory":     {},
		"data and trainer": {Data: points(10, 1), Trainer: &model.SGD{}, Dir: filepath.Join(dir, "a")},
		"a class more":     {Data: learning.Samples{X: make([]float32, 4), Y: []int32{2}, Inputs: 4, Classes: 3}, Dir: filepath.Join(dir, "a")},
		"an input fewer":   {Data: learning.Samples{X: make([]float32, 3), Y: []int32{1}, Inputs: 3, Classes: 2}, Dir: filepath.Join(dir, "a")},
		"a value too few":  {Data: short, Dir: filepath.Join(dir, "a")},
	}
	for name, c := range cases {
		c.Listen = loopback
		if n, err := node.Open(t.Context(), c); err == nil {
			t.Errorf("%s: opened", name)
			_ = n.Close()
		}
	}
}
