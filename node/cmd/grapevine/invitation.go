package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

const invitationScheme = "grapevine"

// invitation is what a newcomer needs: which topic, who has it, and which
// committee to believe.
type invitation struct {
	topic      ledger.CID
	addrs      []string
	checkpoint string // HEIGHT.BLOCK.COMMITTEE, or empty
}

func (i invitation) String() string {
	var q []string
	for _, a := range i.addrs {
		q = append(q, "addr="+a) // of letters, digits, "/", "." and ":" only, which a query may hold as they are
	}
	if i.checkpoint != "" {
		q = append(q, "checkpoint="+i.checkpoint)
	}
	return invitationScheme + "://" + i.topic.String() + "?" + strings.Join(q, "&")
}

func parseInvitation(text string) (invitation, error) {
	var i invitation
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != invitationScheme {
		return i, badInvitation(text, fmt.Errorf("it does not begin with %s://", invitationScheme))
	}
	if i.topic, err = ledger.ParseCID(u.Host); err != nil {
		return i, badInvitation(text, err)
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return i, badInvitation(text, err)
	}
	i.addrs, i.checkpoint = q["addr"], q.Get("checkpoint")
	if _, err := parseCheckpoint(i.checkpoint); err != nil {
		return i, badInvitation(text, err)
	}
	return i, nil
}

func badInvitation(text string, err error) error {
	return usage(fmt.Sprintf("this is no invitation: %.120q: %v", text, err), `copy the whole line that "grapevine invite" prints, in quotes`)
}

func parseCheckpoint(text string) (*node.Checkpoint, error) {
	if text == "" {
		return nil, nil
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("checkpoint %.80q: want HEIGHT.BLOCK.COMMITTEE", text)
	}
	height, err1 := strconv.ParseUint(parts[0], 10, 64)
	block, err2 := ledger.ParseCID(parts[1])
	committee, err3 := ledger.ParseCID(parts[2])
	if err := cmp.Or(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	return &node.Checkpoint{Height: height, Block: block, Committee: committee}, nil
}

func checkpointText(c node.Checkpoint) string {
	return fmt.Sprintf("%d.%s.%s", c.Height, c.Block, c.Committee)
}
