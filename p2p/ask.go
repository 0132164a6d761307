package p2p

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Limits of direct queries.
const (
	MaxQuery  = 64 << 10      // bytes
	MaxAnswer = 4<<20 + 4<<10 // bytes: four MiB and what is said about them

	maxAsks     = 32 // answered at a time
	maxPeerAsks = 4  // for one peer
	askTimeout  = 30 * time.Second
)

// Serve answers the queries of others with answer, which runs for several at a
// time; its ctx ends after 30 seconds and with the topic. An error or an answer
// above MaxAnswer is not told to the asker but as the end of the stream. A nil
// answer ends serving; a second Serve replaces the first.
func (t *Topic) Serve(answer func(ctx context.Context, from peer.ID, query []byte) ([]byte, error)) {
	if answer == nil {
		t.h.host.RemoveStreamHandler(t.askProtocol())
		return
	}
	t.h.host.SetStreamHandler(t.askProtocol(), t.handler(t.asks, func(ctx context.Context, s network.Stream) error {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		if err := s.SetDeadline(time.Now().Add(askTimeout)); err != nil {
			return err
		}
		query, err := readFrame(s, MaxQuery)
		if err != nil {
			return fmt.Errorf("query: %w", err)
		}
		b, err := answer(ctx, s.Conn().RemotePeer(), query)
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		if len(b) > MaxAnswer {
			return fmt.Errorf("answer of %d bytes: %w", len(b), ErrTooLarge)
		}
		return writeFrame(s, b)
	}))
}

// Ask sends one query to a peer on the topic and returns its answer. It waits as
// long as ctx allows, 30 seconds if that sets no deadline. ErrTooLarge is the
// error of a query above MaxQuery and of an answer above MaxAnswer.
func (t *Topic) Ask(ctx context.Context, to peer.ID, query []byte) (answer []byte, err error) {
	if len(query) > MaxQuery {
		return nil, fmt.Errorf("ask %s: query of %d bytes: %w", to, len(query), ErrTooLarge)
	}
	ctx, leave, err := t.life.enter(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", to, err)
	}
	defer leave()
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, askTimeout)
		defer cancel()
	}
	err = t.converse(ctx, to, t.askProtocol(), func(s network.Stream) error {
		if err := writeFrame(s, query); err != nil {
			return fmt.Errorf("write query: %w", err)
		}
		if err := s.CloseWrite(); err != nil {
			return fmt.Errorf("write query: %w", err)
		}
		answer, err = readFrame(s, MaxAnswer)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", to, err)
	}
	return answer, nil
}
