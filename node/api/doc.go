// Package api serves a daemon over HTTP: its topics, peers and tokens, and its
// events as a stream.
//
//	server := &http.Server{Handler: api.Handler(backend, version)}
//	err := server.Serve(socket)
//
// The routes are described in OpenAPI 3.1 at /openapi.json. Answers are JSON,
// errors are problems (RFC 9457) with a code that does not change; their types
// are those of package client. A [Backend] does the work: the daemon in
// node/cmd/grapevine is one.
//
// Whoever can reach the handler may do everything. It is meant for a Unix socket
// that only its owner can open.
package api
