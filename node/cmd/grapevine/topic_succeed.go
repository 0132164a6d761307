package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// inherit reads the topic that this one goes on from.
func (f *createFlags) inherit(dir string) error {
	if len(f.members) > 0 || f.me {
		return usage("--successor-of takes all accounts over: --member and --me have no place beside it", "send tokens, stake and admit members once the new topic runs")
	}
	c, err := loadConfig(dir, nil)
	if err != nil {
		return err
	}
	_, t, err := c.named(dir, f.successorOf)
	if err != nil {
		return err
	}
	id, err := ledger.ParseCID(t.CID)
	if err != nil {
		return usage(err.Error(), "grapevine topic ls lists the topics of this home")
	}
	at, here, err := topicDir(dir, id)
	if err != nil {
		return err
	}
	if !here {
		return usage("topic "+f.successorOf+" is not in this home", "grapevine topic ls lists those that are")
	}
	if f.legacy, err = node.Inherit(at); errors.Is(err, node.ErrOpen) {
		return &failure{code: codeFailed, err: err, hint: "two thirds close it: grapevine topic end"}
	} else if err != nil {
		return readFailure(at, err)
	}
	f.name = cmp.Or(f.name, f.legacy.Manifest.Name)
	if f.schema == "" {
		f.model = f.legacy.Manifest.Learning.Model
	}
	return nil
}

// checkParent checks a successor against its parent's ledger, if that is in this
// home.
func checkParent(dir string, m *ledger.Manifest, id ledger.CID) error {
	if m.Parent == nil {
		return nil
	}
	at, here, err := topicDir(dir, m.Parent.Topic)
	if err != nil || !here {
		return err
	}
	if err := node.CheckSuccession(at, m, id); err != nil {
		return &failure{code: codeVerify, err: err, hint: fmt.Sprintf("do not join this topic: it is not what %v left", m.Parent.Topic)}
	}
	return nil
}
