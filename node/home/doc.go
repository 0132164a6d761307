// Package home is one peer's directory: who it is, which topic it belongs to,
// what it remembers.
//
//	h, err := home.Open(dir) // one process at a time
//	defer h.Close()
//	key, created, err := h.Identity()
//	at, err := h.Log().Append(kind, data)
//	c, err := h.Blobs().Put(model)
//
// The directory:
//
//	LOCK           held while a grapevine owns the home; names its process
//	config.toml    begins with the version of this layout; the rest is the user's
//	identity.key   the peer's Ed25519 seed, readable by its owner only
//	manifest.cbor  the topic
//	ledger/        the log of package store, and its head
//	blobs/         models and deltas, by CID
//	cache/         may be deleted at any time
//
// # Promises
//
//   - A file is replaced whole or not at all, and is durable when the call returns.
//   - A blob's bytes are checked against its CID whenever they are read.
//   - Errors name the path and, where a person can do something, say what.
//   - Homes and their parts may be used by many goroutines. Nothing is started:
//     no goroutine, no timer.
package home
