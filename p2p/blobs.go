package p2p

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	maxPulls      = 16       // blobs of a topic at a time
	maxServes     = 256      // streams; they share the bytes, so they cost little
	maxPeerServes = maxPulls // of one peer

	announceLead = time.Second      // by which a request may come before its flow
	stallTimeout = 5 * time.Second  // without a chunk from a source: try another
	writeTimeout = 20 * time.Second // of a chunk to a reader

	pullRounds = 4 // over all sources, before a pull is given up
	maxSources = 8 // of other peers on the topic, in each round
)

var (
	errChunk   = errors.New("chunk does not have its hash")
	errFalse   = errors.New("the chunks are as announced, but not the whole: the announcement is false")
	errUnknown = errors.New("unknown blob")
	errCycle   = errors.New("asked for a blob by the peer it comes from")
)

// Offer serves a blob to whoever heard its announcement; publish that after.
// Data must stay as they are. The newest 64 MiB of a topic's blobs are kept:
// those offered and those pulled.
func (t *Topic) Offer(a Announcement, data []byte) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("offer: %w", err)
	}
	if len(data) != a.Size || sha256.Sum256(data) != a.digest() {
		return fmt.Errorf("offer %s: data are not what is announced", a.CID)
	}
	t.shelf.put(sha256.Sum256(a.Bytes()), data)
	t.shelf.trim()
	return nil
}

// Pull fetches an announced blob, first from the peers given, in their order (who
// forwarded the announcement has it, or is about to), then from others on the
// topic. Every chunk is checked as it arrives and served on at once; a source
// that sends a wrong one is expelled. The bytes returned are shared with those
// being served: they are to be read only. Pull gives up after four rounds over
// all sources, or with ctx.
func (t *Topic) Pull(ctx context.Context, a Announcement, from ...peer.ID) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("pull: %w", err)
	}
	ctx, leave, err := t.life.enter(ctx)
	if err != nil {
		return nil, fmt.Errorf("pull %s: %w", a.CID, err)
	}
	defer leave()
	id := sha256.Sum256(a.Bytes())
	for {
		f, mine := t.shelf.open(id, a.Size)
		if !mine {
			b, err := f.whole(ctx)
			if err == nil {
				return b, nil
			}
			if ctx.Err() == nil {
				continue // another Pull of this blob failed; it is ours now
			}
			return nil, fmt.Errorf("pull %s: %w", a.CID, err)
		}
		if err := t.fill(ctx, a, id, f, from); err != nil {
			t.shelf.drop(id, f) // before fail, so that who waits opens a new one
			f.fail(err)
			return nil, fmt.Errorf("pull %s: %w", a.CID, err)
		}
		t.shelf.trim()
		return f.data, nil
	}
}

// fill tries sources until the flow is complete.
func (t *Topic) fill(ctx context.Context, a Announcement, id blobID, f *flow, from []peer.ID) error {
	select {
	case t.pulls <- struct{}{}:
		defer func() { <-t.pulls }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := errors.New("no peer to pull it from")
	for round := range pullRounds {
		for _, p := range t.sources(from, round) {
			if err = t.pull(ctx, p, a, id, f); err == nil || errors.Is(err, errFalse) || ctx.Err() != nil {
				return err
			}
			if errors.Is(err, errChunk) {
				t.h.expel(p, "a false chunk of "+a.CID.String())
			}
		}
		if round < pullRounds-1 {
			if err := sleep(ctx, time.Second/2<<round); err != nil {
				return err
			}
		}
	}
	return err
}

// sources are whom to ask in a round. From the second on it is others first: those
// named have failed once. They are asked in random order, so that peers whose
// common source failed find different ones.
func (t *Topic) sources(from []peer.ID, round int) []peer.ID {
	if round == 0 && len(from) > 0 {
		return from
	}
	others := slices.DeleteFunc(t.Peers(), func(p peer.ID) bool { return slices.Contains(from, p) })
	rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	return slices.Concat(others[:min(maxSources, len(others))], from)
}

func sleep(ctx context.Context, d time.Duration) error {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pull adds to f what it still lacks, from one source. A request is the blob's ID
// and the number of the first chunk wanted; the answer is the bytes from there.
func (t *Topic) pull(ctx context.Context, from peer.ID, a Announcement, id blobID, f *flow) error {
	f.comesFrom(from)
	first := chunks(f.arrived()) // whole chunks only are added
	return t.converse(ctx, from, t.blobProtocol(), func(s network.Stream) error {
		if err := s.SetDeadline(time.Now().Add(stallTimeout)); err != nil {
			return err
		}
		if _, err := s.Write(binary.BigEndian.AppendUint32(id[:], uint32(first))); err != nil {
			return fmt.Errorf("request: %w", err)
		}
		if err := s.CloseWrite(); err != nil {
			return fmt.Errorf("request: %w", err)
		}
		return receive(s, a, f, first)
	})
}

func receive(s network.Stream, a Announcement, f *flow, first int) error {
	buf := make([]byte, chunkSize)
	for i := first; i < chunks(a.Size); i++ {
		if err := s.SetReadDeadline(time.Now().Add(stallTimeout)); err != nil {
			return err
		}
		n, want := a.chunk(i)
		if _, err := io.ReadFull(s, buf[:n]); err != nil {
			return fmt.Errorf("chunk %d: %w", i, unexpected(err))
		}
		if sha256.Sum256(buf[:n]) != want {
			return fmt.Errorf("chunk %d: %w", i, errChunk)
		}
		f.add(buf[:n])
	}
	if len(a.Chunks) > 0 && sha256.Sum256(f.data) != a.digest() {
		return errFalse
	}
	return nil
}

// serveBlob answers one request, chunk by chunk as the blob arrives here.
func (t *Topic) serveBlob(ctx context.Context, s network.Stream) error {
	if err := s.SetReadDeadline(time.Now().Add(stallTimeout)); err != nil {
		return err
	}
	var request [sha256.Size + 4]byte
	if _, err := io.ReadFull(s, request[:]); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	lead, cancel := context.WithTimeout(ctx, announceLead)
	defer cancel()
	f := t.shelf.find(lead, blobID(request[:]))
	if f == nil {
		return errUnknown
	}
	if f.isFrom(s.Conn().RemotePeer()) {
		return errCycle
	}
	first := binary.BigEndian.Uint32(request[sha256.Size:])
	if int64(first) >= int64(chunks(f.size)) {
		return fmt.Errorf("request for chunk %d of %d", first, chunks(f.size))
	}
	return send(ctx, s, f, int(first)*chunkSize)
}

func send(ctx context.Context, s network.Stream, f *flow, offset int) error {
	for offset < f.size {
		wait, cancel := context.WithTimeout(ctx, stallTimeout)
		b, err := f.after(wait, offset)
		cancel()
		if err != nil {
			return err
		}
		for part := range slices.Chunk(b, chunkSize) {
			if err := s.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
				return err
			}
			n, err := s.Write(part)
			if offset += n; err != nil {
				return err
			}
		}
	}
	return nil
}
