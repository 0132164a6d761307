package api

import (
	"context"
	"iter"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// Backend is what the API serves. A topic is named by its name, its CID or the
// end of that; "" is the first. An error that is a *[client.Problem] is passed on
// as it is.
type Backend interface {
	Node(ctx context.Context) (client.Node, error)
	Shutdown() // returns at once
	Peers(ctx context.Context) ([]client.Peer, error)

	Topics(ctx context.Context) ([]client.Topic, error)
	Topic(ctx context.Context, name string) (client.Topic, error)
	Join(ctx context.Context, j client.Join) (client.Topic, error)
	Leave(ctx context.Context, name string) error
	Invite(ctx context.Context, name string) (client.Invite, error)

	Submit(ctx context.Context, topic string, o client.Order) (client.Submission, error)
	Wallet(ctx context.Context, topic string) (client.Wallet, error)
	History(ctx context.Context, topic string) ([]client.Payment, error)
	Head(ctx context.Context, topic string) (client.Head, error)

	// Events returns the events above since, those to come included, until ctx ends.
	Events(ctx context.Context, since uint64) iter.Seq[client.Event]
}
