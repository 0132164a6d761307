package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// fake is a daemon of one topic and three events.
type fake struct {
	stopped atomic.Bool
	joined  client.Join
	streams atomic.Int64 // opened so far
	cut     bool         // the first stream ends after one event
}

var errNoTopic = &client.Problem{Status: 422, Title: "usage", Code: "usage", Detail: `no topic is called "x"`, Hint: "topics here: a"}

func (f *fake) Node(context.Context) (client.Node, error) {
	return client.Node{Peer: "12D3", Topics: []client.Topic{{ID: "bafy", Name: "a"}}}, nil
}
func (f *fake) Shutdown() { f.stopped.Store(true) }
func (f *fake) Peers(context.Context) ([]client.Peer, error) {
	return nil, errors.New("out of order")
}
func (f *fake) Topics(context.Context) ([]client.Topic, error) {
	return []client.Topic{{ID: "bafy", Name: "a"}}, nil
}
func (f *fake) Topic(_ context.Context, name string) (client.Topic, error) {
	if name != "a" && name != "bafy" {
		return client.Topic{}, errNoTopic
	}
	return client.Topic{ID: "bafy", Name: "a"}, nil
}
func (f *fake) Join(_ context.Context, j client.Join) (client.Topic, error) {
	f.joined = j
	return client.Topic{Name: "a"}, nil
}
func (f *fake) Leave(_ context.Context, name string) error {
	_, err := f.Topic(context.Background(), name)
	return err
}
func (f *fake) Invite(context.Context, string) (client.Invite, error) {
	return client.Invite{Invite: "grapevine://bafy?addr=1&addr=2"}, nil
}
func (f *fake) Submit(_ context.Context, topic string, o client.Order) (client.Submission, error) {
	return client.Submission{Topic: topic, Kind: o.Kind, Peer: o.Peer, Seq: o.Amount}, nil
}
func (f *fake) Wallet(_ context.Context, topic string) (client.Wallet, error) {
	return client.Wallet{Topic: topic, Account: client.Account{Balance: 1 << 53}}, nil
}
func (f *fake) History(context.Context, string) ([]client.Payment, error) {
	return []client.Payment{{Kind: "training", Amount: -5}}, nil
}
func (f *fake) Head(context.Context, string) (client.Head, error) {
	return client.Head{Height: 7}, nil
}
func (f *fake) Events(ctx context.Context, since uint64) iter.Seq[client.Event] {
	first := f.streams.Add(1) == 1
	return func(yield func(client.Event) bool) {
		for id := since + 1; id <= 3; id++ {
			e := client.Event{ID: id, Kind: "model.updated", Topic: map[bool]string{true: "bafy", false: "other"}[id != 2], Data: json.RawMessage(`{"round":1}`)}
			if !yield(e) || f.cut && first {
				return
			}
		}
		<-ctx.Done()
	}
}

var _ Backend = (*fake)(nil)

// serve is a client of a fake, over a socket.
func serve(t *testing.T, f *fake) (*client.Client, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: Handler(f, "test")}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	c := client.Unix(path)
	t.Cleanup(func() { c.Close(); _ = server.Close(); <-done })
	return c, path
}

func TestEveryRouteBringsTheBackendsAnswer(t *testing.T) {
	f := &fake{}
	c, _ := serve(t, f)
	ctx := t.Context()
	check := func(what string, ok bool, err error) {
		t.Helper()
		if err != nil || !ok {
			t.Errorf("%s: %v, %v", what, ok, err)
		}
	}
	n, err := c.Node(ctx)
	check("node", n.Peer == "12D3" && len(n.Topics) == 1, err)
	topics, err := c.Topics(ctx)
	check("topics", len(topics) == 1, err)
	topic, err := c.Topic(ctx, "a")
	check("topic", topic.ID == "bafy", err)
	joined, err := c.Join(ctx, client.Join{Topic: "grapevine://x?a=1&b=2", Data: "csv:/a b", Drop: []string{"id"}})
	check("join", joined.Name == "a" && f.joined.Topic == "grapevine://x?a=1&b=2" && f.joined.Data == "csv:/a b", err)
	check("leave", true, c.Leave(ctx, "a"))
	i, err := c.Invite(ctx, "a")
	check("invite", i.Invite == "grapevine://bafy?addr=1&addr=2", err)
	s, err := c.Submit(ctx, "a b", client.Order{Kind: "transfer", Peer: "12D4", Amount: 1 << 53, Wait: 3})
	check("submit", s.Topic == "a b" && s.Kind == "transfer" && s.Peer == "12D4" && s.Seq == 1<<53, err)
	w, err := c.Wallet(ctx, "a b")
	check("wallet", w.Topic == "a b" && w.Balance == 1<<53, err)
	h, err := c.History(ctx, "")
	check("history", len(h) == 1 && h[0].Amount == -5, err)
	head, err := c.Head(ctx, "")
	check("head", head.Height == 7, err)
	check("shutdown", true, c.Shutdown(ctx))
	check("stopped", f.stopped.Load(), nil)
}

func TestAProblemKeepsItsCodeAndHint(t *testing.T) {
	c, _ := serve(t, &fake{})
	_, err := c.Topic(t.Context(), "x")
	p, is := errors.AsType[*client.Problem](err)
	if !is || p.Code != "usage" || p.Hint != errNoTopic.Hint || p.Status != 422 || p.Detail != errNoTopic.Detail {
		t.Errorf("got %+v", err)
	}
	_, err = c.Peers(t.Context())
	if p, is := errors.AsType[*client.Problem](err); !is || p.Code != "failed" || p.Detail != "out of order" {
		t.Errorf("got %+v", err)
	}
}

func TestNobodyAnsweringIsUnreachableAndSlownessATimeout(t *testing.T) {
	code := func(err error) string {
		p, _ := errors.AsType[*client.Problem](err)
		if p == nil {
			return ""
		}
		return p.Code
	}
	nobody := client.Unix(filepath.Join(t.TempDir(), "none"))
	if _, err := nobody.Node(t.Context()); code(err) != "unreachable" {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path) // and nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Unix(path).Node(ctx); code(err) != "timeout" {
		t.Errorf("got %v", err)
	}
}

func TestEventsGoOnWhereAStreamBroke(t *testing.T) {
	c, _ := serve(t, &fake{cut: true})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var ids []uint64
	for e, err := range c.Events(ctx, 0, "") {
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, e.ID); len(ids) == 3 {
			break
		}
	}
	if len(ids) != 3 || ids[0] != 1 || ids[1] != 2 || ids[2] != 3 {
		t.Errorf("got %v, want 1, 2, 3", ids)
	}
}

func TestEventsOfOneTopicOnly(t *testing.T) {
	c, _ := serve(t, &fake{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var ids []uint64
	for e, err := range c.Events(ctx, 0, "a") {
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, e.ID); len(ids) == 2 {
			break
		}
	}
	if len(ids) != 2 || ids[1] != 3 {
		t.Errorf("got %v, want 1 and 3", ids)
	}
	for _, err := range c.Events(ctx, 0, "x") {
		if p, is := errors.AsType[*client.Problem](err); !is || p.Code != "usage" {
			t.Errorf("unknown topic: got %v", err)
		}
	}
}

func TestTheDescriptionNamesEveryRoute(t *testing.T) {
	_, path := serve(t, &fake{})
	plain := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	defer plain.CloseIdleConnections()
	resp, err := plain.Get("http://grapevine/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	for _, route := range []string{"/v1/node", "/v1/node/shutdown", "/v1/peers", "/v1/topics/{topic}", "/v1/wallet/history", "/v1/ledger/head", "/v1/events", "/healthz"} {
		if !strings.Contains(string(b), `"`+route+`"`) {
			t.Errorf("%s is missing", route)
		}
	}
	for body, want := range map[string]int{`{"topic":`: 400, `{"topic":"a","nonsense":1}`: 422, `{}`: 422} {
		resp, err := plain.Post("http://grapevine/v1/topics", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("POST %s: got %d, want %d", body, resp.StatusCode, want)
		}
	}
}
