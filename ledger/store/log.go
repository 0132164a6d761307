package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

// Log is an append-only sequence of records in a directory. Open makes one.
type Log struct {
	fsys     filesystem
	dir      string
	id       logID
	limit    int64
	readOnly bool
	torn     *Damage

	mu      sync.Mutex // serialises those who write, fsync included
	tail    file       // the newest segment
	next    file       // the one after it, made but not in use yet
	durable Position   // everything before it is on the disk
	buf     []byte

	// Readers never wait for the disk: writers hold both locks to change these.
	shown  sync.RWMutex
	ends   []int64 // where the records of each segment end
	broken error   // returned by everything once set
}

// Torn is what Open cut off the end of the log, or nil: a write that a crash
// left unfinished and that Sync never acknowledged.
func (l *Log) Torn() *Damage { return l.torn }

// Append writes a record at the end of the log. It is readable at once, and
// durable after the next Sync. Kind 0 and more than MaxData bytes are refused.
//
// On a full disk the error wraps [syscall.ENOSPC], nothing is appended, and the
// log goes on: it can be read, and Append may succeed later. Any other failed
// write ends the log: every later call returns that error.
func (l *Log) Append(k Kind, data []byte) (Position, error) {
	if k == rolled || len(data) > MaxData {
		return Position{}, fmt.Errorf("append to log %s: kind %d with %d bytes: kinds are 1 to 255, data at most %d bytes", l.dir, k, len(data), MaxData)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at, err := l.append(k, data)
	if err != nil {
		return Position{}, fmt.Errorf("append to log %s: %w", l.dir, err)
	}
	return at, nil
}

func (l *Log) append(k Kind, data []byte) (Position, error) {
	if err := l.writable(); err != nil {
		return Position{}, err
	}
	size := int64(recordHeader + len(data))
	if l.outgrown(size) {
		if err := l.roll(); err != nil {
			return Position{}, err
		}
	}
	at := l.end()
	if err := l.write(k, data); err != nil {
		return Position{}, err
	}
	l.shown.Lock()
	defer l.shown.Unlock()
	l.ends[at.Segment-1] += size
	return at, nil
}

// Sync makes every record appended before the call durable. If it cannot, it
// ends the log: what was not durable is lost, every later call returns the error.
func (l *Log) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.writable()
	if err == nil && l.durable != l.end() {
		err = l.flush()
	}
	if err != nil {
		return fmt.Errorf("sync log %s: %w", l.dir, err)
	}
	return nil
}

// Close makes the log durable and releases it. Later calls return an error that
// wraps [os.ErrClosed].
func (l *Log) Close() error {
	var err error
	if !l.readOnly {
		err = l.Sync()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range []file{l.tail, l.next} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	l.tail, l.next = nil, nil
	l.shut(os.ErrClosed)
	return err
}

func (l *Log) writable() error {
	if l.broken == nil && l.readOnly {
		return ErrReadOnly
	}
	return l.broken
}

// End is where the next record goes; in a View, where the log ended then.
func (l *Log) End() Position {
	l.shown.RLock()
	defer l.shown.RUnlock()
	if len(l.ends) == 0 {
		return Position{} // the View of an empty directory
	}
	return l.end()
}

// end is where the next record goes.
func (l *Log) end() Position {
	return Position{Segment: uint32(len(l.ends)), Offset: l.ends[len(l.ends)-1]}
}

// outgrown reports whether a record of size bytes belongs in the next segment.
// Once that one is made, nothing but the closing record may enter this one.
func (l *Log) outgrown(size int64) bool {
	end := l.end().Offset
	return l.next != nil || end > segmentHeader && end+size+recordHeader > l.limit
}

// write puts a record at the end of the tail, or leaves the tail as it was, or
// ends the log.
func (l *Log) write(k Kind, data []byte) error {
	at := l.end()
	l.buf = appendRecord(l.buf[:0], l.id, at, k, data)
	err := writeFull(l.tail, l.buf, at.Offset)
	if cap(l.buf) > 1<<20 {
		l.buf = nil
	}
	if err == nil {
		return nil
	}
	if !full(err) {
		return l.abandon(err)
	}
	if undo := l.tail.Truncate(at.Offset); undo != nil {
		return l.abandon(errors.Join(err, undo))
	}
	return err
}

// full reports whether a write failed for want of space.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, io.ErrShortWrite)
}

func (l *Log) flush() error {
	if err := l.tail.Sync(); err != nil {
		return l.abandon(err)
	}
	l.durable = l.end()
	return nil
}

// abandon ends the log. After a failed fsync the system may go on to show bytes
// that are not on the disk, so what is not durable is cut off, if that still works.
func (l *Log) abandon(err error) error {
	_ = l.tail.Truncate(l.durable.Offset) // durable is always in the tail
	err = fmt.Errorf("%w; the log must be opened again", err)
	l.shut(err)
	return err
}

// shut makes every later call return err.
func (l *Log) shut(err error) {
	l.shown.Lock()
	defer l.shown.Unlock()
	l.broken = err
}
