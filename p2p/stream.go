package p2p

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// writeFrame writes the length of b in four bytes, big endian, and b.
func writeFrame(w io.Writer, b []byte) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(b)), uint32(len(b))), b...))
	return err
}

// readFrame reads what writeFrame wrote. A length above limit is ErrTooLarge;
// memory is taken as bytes arrive, not as a length promises them.
func readFrame(r io.Reader, limit int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("read length: %w", err)
	}
	size := int64(binary.BigEndian.Uint32(head[:]))
	if size > int64(limit) {
		return nil, fmt.Errorf("read %d bytes: %w", size, ErrTooLarge)
	}
	var b bytes.Buffer
	if n, err := io.CopyN(&b, r, size); err != nil {
		return nil, fmt.Errorf("read %d of %d bytes: %w", n, size, unexpected(err))
	}
	return b.Bytes(), nil
}

// unexpected turns an end between two bytes into the error it is.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// converse opens a stream and talks over it. The end of ctx ends the stream:
// its reads and writes know no context.
func (t *Topic) converse(ctx context.Context, to peer.ID, proto protocol.ID, talk func(network.Stream) error) error {
	if err := t.h.admit(to); err != nil {
		return err
	}
	s, err := t.h.host.NewStream(ctx, to, proto)
	if err != nil {
		return fmt.Errorf("open stream: %w", reason(ctx, err))
	}
	defer context.AfterFunc(ctx, func() { _ = s.Reset() })()
	return finish(s, reason(ctx, talk(s)))
}

// handler serves streams, as many as there are slots; others are reset at once.
func (t *Topic) handler(free *slots, serve func(context.Context, network.Stream) error) network.StreamHandler {
	return func(s network.Stream) {
		ctx, leave, err := t.life.enter(context.Background())
		if err != nil {
			_ = s.Reset()
			return
		}
		defer leave()
		from := s.Conn().RemotePeer()
		if !free.take(from) {
			_ = s.Reset()
			return
		}
		defer free.give(from)
		defer context.AfterFunc(ctx, func() { _ = s.Reset() })()
		if err := finish(s, serve(ctx, s)); err != nil {
			t.h.log.Debug("serve", "protocol", s.Protocol(), "peer", from.String(), "err", err)
		}
	}
}

// finish closes the stream, or resets it after an error. Never both: a reset
// after a close throws away what is in flight.
func finish(s network.Stream, err error) error {
	if err != nil {
		_ = s.Reset()
		return err
	}
	_ = s.Close()
	return nil
}
