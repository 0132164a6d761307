// Hello is two peers in one program that learn one model and are both paid.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/node"
)

func main() {
	time.AfterFunc(30*time.Second, func() { log.Fatalln("hello: no model after 30 seconds") })
	ctx, dir, here := context.Background(), must(os.MkdirTemp("", "hello")), []string{"/ip4/127.0.0.1/tcp/0"}
	defer os.RemoveAll(dir)
	train, test, err := dataset.MNIST()
	half := must(dataset.Partition("iid", must(train, err).Y, nil, 2, 1))
	must(node.FoundHere(node.Founding{Name: "hello", Schema: dataset.Images(10, 28, 28)}, dir+"/alice", dir+"/bob"))
	alice := must(node.Open(ctx, node.Config{Dir: dir + "/alice", Data: train.Subset(half[0]), Listen: here}))
	defer alice.Close()
	bob := must(node.Open(ctx, node.Config{Dir: dir + "/bob", Data: train.Subset(half[1]), Listen: here, Peers: alice.Addrs()}))
	defer bob.Close()
	go func() { must(0, alice.Run(ctx)) }()
	go func() { must(0, bob.Run(ctx)) }()
	round := must(alice.Await(ctx, 7))
	must(bob.Await(ctx, 7))
	fmt.Printf("after %d rounds both peers hold model %v, accuracy %.2f; alice earned %d tokens, bob %d\n", round.Round+1, round.Anchor,
		must(bob.Evaluate(round.Anchor, test)).Accuracy, alice.Status().Account.Balance/1e6, bob.Status().Account.Balance/1e6)
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatalln("hello:", err)
	}
	return v
}
