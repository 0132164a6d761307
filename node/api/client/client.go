package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Client asks one daemon. It may be used by several goroutines.
type Client struct {
	http *http.Client
	base string
}

// Unix is a client of the daemon that listens on a Unix socket.
func Unix(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", path)
	}
	return &Client{&http.Client{Transport: &http.Transport{DialContext: dial, DisableCompression: true}}, "http://grapevine"}
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Node returns what the daemon says of itself.
func (c *Client) Node(ctx context.Context) (n Node, err error) {
	return n, c.call(ctx, "GET", "/v1/node", nil, &n)
}

// Shutdown asks the daemon to stop. It has not when this returns.
func (c *Client) Shutdown(ctx context.Context) error {
	return c.call(ctx, "POST", "/v1/node/shutdown", nil, nil)
}

// Peers returns who is connected.
func (c *Client) Peers(ctx context.Context) (list []Peer, err error) {
	return list, c.call(ctx, "GET", "/v1/peers", nil, &list)
}

// Topics returns all topics of the daemon.
func (c *Client) Topics(ctx context.Context) (list []Topic, err error) {
	return list, c.call(ctx, "GET", "/v1/topics", nil, &list)
}

// Topic returns one, by its name, its CID or the end of that.
func (c *Client) Topic(ctx context.Context, name string) (t Topic, err error) {
	return t, c.call(ctx, "GET", "/v1/topics/"+url.PathEscape(name), nil, &t)
}

// Join makes the daemon take part in a topic.
func (c *Client) Join(ctx context.Context, j Join) (t Topic, err error) {
	return t, c.call(ctx, "POST", "/v1/topics", j, &t)
}

// Leave ends the part that the daemon takes in a topic. Its ledger stays.
func (c *Client) Leave(ctx context.Context, name string) error {
	return c.call(ctx, "DELETE", "/v1/topics/"+url.PathEscape(name), nil, nil)
}

// Invite returns an invitation to a topic.
func (c *Client) Invite(ctx context.Context, name string) (i Invite, err error) {
	return i, c.call(ctx, "POST", "/v1/topics/"+url.PathEscape(name)+"/invite", nil, &i)
}

// Wallet returns what the peer holds in a topic; "" is the first.
func (c *Client) Wallet(ctx context.Context, topic string) (w Wallet, err error) {
	return w, c.call(ctx, "GET", "/v1/wallet?topic="+url.QueryEscape(topic), nil, &w)
}

// History returns how that came about, the oldest change first.
func (c *Client) History(ctx context.Context, topic string) (list []Payment, err error) {
	return list, c.call(ctx, "GET", "/v1/wallet/history?topic="+url.QueryEscape(topic), nil, &list)
}

// Submit makes the daemon's peer sign an entry.
func (c *Client) Submit(ctx context.Context, topic string, o Order) (s Submission, err error) {
	return s, c.call(ctx, "POST", "/v1/topics/"+url.PathEscape(topic)+"/entries", o, &s)
}

// Head returns the newest certified height of a topic; "" is the first.
func (c *Client) Head(ctx context.Context, topic string) (h Head, err error) {
	return h, c.call(ctx, "GET", "/v1/ledger/head?topic="+url.QueryEscape(topic), nil, &h)
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.send(ctx, method, path, in, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("%s %s: read answer: %w", method, path, err)
	}
	return nil
}

// maxAnswer bounds what an answer may take, in bytes.
const maxAnswer = 64 << 20

// send returns a successful response, whose body is the caller's to close.
func (c *Client) send(ctx context.Context, method, path string, in any, header http.Header) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if resp.StatusCode >= 400 {
		defer resp.Body.Close()
		return nil, problem(resp)
	}
	return resp, nil
}

// unreachable tells a daemon that does not run from one that does not answer.
func unreachable(ctx context.Context, err error) error {
	p := &Problem{Status: http.StatusServiceUnavailable, Title: "Unreachable", Code: "unreachable", Detail: "the daemon does not answer: " + err.Error()}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		p.Status, p.Title, p.Code, p.Detail = http.StatusGatewayTimeout, "Timeout", "timeout", "the daemon did not answer in time"
	}
	return p
}

func problem(resp *http.Response) error {
	p := &Problem{Status: resp.StatusCode, Title: resp.Status, Code: "failed"}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(p); err != nil || p.Detail == "" {
		p.Detail = "the daemon answers " + resp.Status
	}
	return p
}
