// Package client talks to a running grapevine daemon: what a peer is doing, its
// topics, its tokens, and its events as they happen.
//
//	c := client.Unix("/home/me/.grapevine/run/api.sock")
//	n, err := c.Node(ctx)
//	for e, err := range c.Events(ctx, 0) { … }
//
// It needs nothing but the standard library. The types are those of the HTTP API
// (package node/api): fields may be added, none change their meaning. Amounts are
// base units; a token is a million of them.
package client
