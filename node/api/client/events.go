package client

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Events returns the events with an ID above since, those to come included, until
// ctx ends or the daemon stops, which is no error. A connection that breaks while
// the daemon works is made again, and nothing is lost or told twice.
func (c *Client) Events(ctx context.Context, since uint64, topic string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for ctx.Err() == nil {
			again, err := c.follow(ctx, &since, topic, yield)
			if err != nil && ctx.Err() == nil {
				yield(Event{}, err)
			}
			if !again || err != nil {
				return
			}
			if c.call(ctx, "GET", "/healthz", nil, nil) != nil {
				return // stopped
			}
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	}
}

// follow reads one connection to its end; again tells whether the reader wants
// more.
func (c *Client) follow(ctx context.Context, since *uint64, topic string, yield func(Event, error) bool) (again bool, err error) {
	header := http.Header{"Last-Event-ID": {strconv.FormatUint(*since, 10)}, "Accept": {"text/event-stream"}}
	resp, err := c.send(ctx, "GET", "/v1/events?topic="+url.QueryEscape(topic), nil, header)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	for data, err := range frames(resp.Body) {
		if err != nil {
			return true, nil // the connection broke
		}
		var e Event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return false, fmt.Errorf("read event: %w", err)
		}
		*since = e.ID
		if !yield(e, nil) {
			return false, nil
		}
	}
	return true, nil
}

// frames returns the data of each server-sent event.
func frames(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 4<<20)
		var data strings.Builder
		for lines.Scan() {
			line := lines.Text()
			if text, is := strings.CutPrefix(line, "data: "); is {
				data.WriteString(text)
			}
			if line == "" && data.Len() > 0 {
				if !yield(data.String(), nil) {
					return
				}
				data.Reset()
			}
		}
		if err := lines.Err(); err != nil {
			yield("", err)
		}
	}
}
