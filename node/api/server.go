package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// Handler serves b. version is that of the program, for the description.
func Handler(b Backend, version string) http.Handler {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("grapevine", version)
	config.DocsPath, config.SchemasPath = "", "" // a page of somebody else's server; and nobody asks for them
	config.CreateHooks = nil                     // no $schema in answers
	routes{b}.register(humago.New(mux, config))
	return mux
}

// routes carry a request to the backend and its answer back.
type routes struct{ b Backend }

// topicPath names a topic in a path, topicQuery in a query.
type topicPath struct {
	Topic string `path:"topic" doc:"name, CID or the end of a CID"`
}

type topicQuery struct {
	Topic string `query:"topic" doc:"name, CID or the end of a CID; default: the first topic"`
}

type submitInput struct {
	Topic string `path:"topic" doc:"name, CID or the end of a CID"`
	Body  client.Order
}

// answer is a response with a body.
type answer[T any] struct{ Body T }

func (r routes) register(a huma.API) {
	get(a, "/v1/node", "node", "What the daemon is", func(ctx context.Context, _ *struct{}) (client.Node, error) { return r.b.Node(ctx) })
	get(a, "/v1/peers", "peers", "Who is connected", func(ctx context.Context, _ *struct{}) ([]client.Peer, error) { return r.b.Peers(ctx) })
	get(a, "/v1/topics", "topics", "All topics", func(ctx context.Context, _ *struct{}) ([]client.Topic, error) { return r.b.Topics(ctx) })
	get(a, "/v1/topics/{topic}", "topic", "One topic", func(ctx context.Context, in *topicPath) (client.Topic, error) { return r.b.Topic(ctx, in.Topic) })
	get(a, "/v1/wallet", "wallet", "What the peer holds", func(ctx context.Context, in *topicQuery) (client.Wallet, error) {
		return r.b.Wallet(ctx, in.Topic)
	})
	get(a, "/v1/wallet/history", "wallet-history", "How that came about", func(ctx context.Context, in *topicQuery) ([]client.Payment, error) {
		return r.b.History(ctx, in.Topic)
	})
	get(a, "/v1/ledger/head", "ledger-head", "The newest certified height", func(ctx context.Context, in *topicQuery) (client.Head, error) {
		return r.b.Head(ctx, in.Topic)
	})
	get(a, "/healthz", "health", "Whether the daemon answers", func(context.Context, *struct{}) (health, error) { return health{"ok"}, nil })
	r.registerChanges(a)
	r.registerEvents(a)
}

type health struct {
	Status string `json:"status"`
}

func (r routes) registerChanges(a huma.API) {
	does(a, "POST", "/v1/node/shutdown", "shutdown", "Stop the daemon", http.StatusAccepted, func(context.Context, *struct{}) (*struct{}, error) {
		r.b.Shutdown()
		return nil, nil
	})
	does(a, "POST", "/v1/topics", "join", "Take part in a topic", http.StatusCreated, func(ctx context.Context, in *struct{ Body client.Join }) (*answer[client.Topic], error) {
		t, err := r.b.Join(ctx, in.Body)
		return &answer[client.Topic]{t}, err
	})
	does(a, "DELETE", "/v1/topics/{topic}", "leave", "Take part no longer; the ledger stays", http.StatusNoContent, func(ctx context.Context, in *topicPath) (*struct{}, error) {
		return nil, r.b.Leave(ctx, in.Topic)
	})
	does(a, "POST", "/v1/topics/{topic}/entries", "submit", "Sign an entry of this peer: move tokens, vote on members or on the end", http.StatusOK, func(ctx context.Context, in *submitInput) (*answer[client.Submission], error) {
		s, err := r.b.Submit(ctx, in.Topic, in.Body)
		return &answer[client.Submission]{s}, err
	})
	does(a, "POST", "/v1/topics/{topic}/invite", "invite", "Make an invitation", http.StatusOK, func(ctx context.Context, in *topicPath) (*answer[client.Invite], error) {
		i, err := r.b.Invite(ctx, in.Topic)
		return &answer[client.Invite]{i}, err
	})
}

// get registers a route that changes nothing.
func get[I, O any](a huma.API, path, id, summary string, f func(context.Context, *I) (O, error)) {
	does(a, "GET", path, id, summary, http.StatusOK, func(ctx context.Context, in *I) (*answer[O], error) {
		out, err := f(ctx, in)
		return &answer[O]{out}, err
	})
}

func does[I, O any](a huma.API, method, path, id, summary string, status int, f func(context.Context, *I) (*O, error)) {
	op := huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status}
	huma.Register(a, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, problem(err)
		}
		return out, nil
	})
}

// problem keeps what a backend says of an error.
func problem(err error) error {
	if p, is := errors.AsType[*client.Problem](err); is {
		return p
	}
	return &client.Problem{Status: http.StatusInternalServerError, Title: "Failed", Code: "failed", Detail: err.Error()}
}
