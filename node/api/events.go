package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// keepAlive is how often a stream without events says that it is there.
const keepAlive = 15 * time.Second

type eventsInput struct {
	Topic string `query:"topic" doc:"only events of this topic"`
	Since uint64 `query:"since" doc:"only events with a larger ID; Last-Event-ID comes first"`
	Last  uint64 `header:"Last-Event-ID"`
}

// registerEvents serves the timeline as server-sent events.
func (r routes) registerEvents(a huma.API) {
	op := huma.Operation{OperationID: "events", Method: "GET", Path: "/v1/events", Summary: "Events, from those that are remembered on (text/event-stream)"}
	huma.Register(a, op, func(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
		topic := ""
		if in.Topic != "" {
			t, err := r.b.Topic(ctx, in.Topic)
			if err != nil {
				return nil, problem(err)
			}
			topic = t.ID
		}
		since := max(in.Since, in.Last)
		return &huma.StreamResponse{Body: func(c huma.Context) { r.stream(c, since, topic) }}, nil
	})
}

// stream writes until the reader goes. One goroutine writes; another brings the
// events, and ends with it.
func (r routes) stream(c huma.Context, since uint64, topic string) {
	ctx, cancel := context.WithCancel(c.Context())
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	c.SetHeader("Content-Type", "text/event-stream")
	c.SetHeader("Cache-Control", "no-store")
	c.SetStatus(http.StatusOK)
	_, w := humago.Unwrap(c)
	flush := http.NewResponseController(w)
	if flush.Flush() != nil {
		return
	}
	events := make(chan client.Event)
	work.Go(func() {
		defer close(events)
		for e := range r.b.Events(ctx, since) {
			if topic != "" && e.Topic != topic {
				continue
			}
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	})
	for alive := time.NewTicker(keepAlive); ; {
		select {
		case e, ok := <-events:
			if !ok || write(w, e) != nil || flush.Flush() != nil {
				return
			}
		case <-alive.C:
			if _, err := io.WriteString(w, ": \n\n"); err != nil || flush.Flush() != nil {
				return
			}
		}
	}
}

func write(w io.Writer, e client.Event) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", e.ID, e.Kind, b)
	return err
}
