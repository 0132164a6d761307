// Package store keeps the ledger's bytes: an append-only log of checked records
// in segment files, and a small head file. It knows no entry and no block.
//
//	l, err := store.Open(dir)
//	at, err := l.Append(kind, data) // written
//	err = l.Sync()                  // durable: only now tell anybody
//	for r, err := range l.Records() { … }
//
// # Promises
//
//   - What Sync acknowledged is there after a crash or a power cut, and so is
//     what Open showed. What is there is a prefix of what was appended.
//   - A changed, missing or misplaced byte is found: checksums are CRC-32C over
//     the data, its length, its kind, its position and the log's random id. The
//     exceptions are losses that look like a crash: see Open.
//   - A full disk is survived: the append is undone and may be tried again. Any
//     other failed write, and any failed sync, ends the log until it is opened
//     again, because a second fsync may lie (Rebello et al., "Can Applications
//     Recover from fsync Failures?", USENIX ATC 2020).
//   - A Log may be used by many goroutines; concurrent Syncs share one fsync.
//     One process at a time may Open a directory (the caller holds a lock);
//     View and Check only read and need none.
//
// # Files
//
// 000001.log, 000002.log, … each begin with a header of 32 bytes:
//
//	"gvlog\x00\x00" | version 1 | log id (8) | number (4) | size of the file before (8) | crc (4)
//
// and hold records:
//
//	length (4) | kind (1) | crc of the header and its position (4) | crc of that and the data (4) | data
//
// Integers are big-endian. A record of kind 0 ends every segment but the last:
// it says that a next one exists, so deleting the newest segment is found too.
package store
