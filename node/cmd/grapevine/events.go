package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// event prints one line of a stream.
func (p *printer) event(e client.Event) error {
	if p.json() {
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "%s\n", b)
		return err
	}
	_, err := fmt.Fprintf(p.out, "%d  %s  %-16s %s\n", e.ID, e.Time.Format(time.TimeOnly), e.Kind, eventText(e))
	return err
}
