package p2p_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log"

	"github.com/grapevine-network/grapevine/p2p"
	"github.com/libp2p/go-libp2p/core/peer"
)

func Example() {
	ctx := context.Background()
	open := func(bootstrap ...string) (*p2p.Host, *p2p.Topic) {
		_, key, _ := ed25519.GenerateKey(nil)
		h, err := p2p.Open(ctx, p2p.Config{Key: key, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Bootstrap: bootstrap})
		if err != nil {
			log.Fatal(err)
		}
		t, err := h.Join(ctx, "weather", nil)
		if err != nil {
			log.Fatal(err)
		}
		return h, t
	}
	alice, a := open()
	defer alice.Close()
	bob, b := open()
	defer bob.Close()
	a.Serve(func(_ context.Context, _ peer.ID, query []byte) ([]byte, error) {
		return append([]byte("no idea what is "), query...), nil
	})

	if err := bob.Connect(ctx, alice.Addrs()[0]); err != nil {
		log.Fatal(err)
	}
	answer, err := b.Ask(ctx, alice.ID(), []byte("snow"))
	fmt.Printf("%s, %v\n", answer, err)
	// Output: no idea what is snow, <nil>
}
