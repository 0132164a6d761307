package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// place is where reading commands look: a home, and one of its topics.
type place struct{ home, topic string }

// register adds --home and --topic to a command and those below it.
func (w *place) register(cmd *cobra.Command) {
	homeFlag(cmd, &w.home)
	topicFlag(cmd, &w.topic)
}

// topicFlag registers --topic with a command that is about one topic.
func topicFlag(cmd *cobra.Command, topic *string) {
	cmd.PersistentFlags().StringVar(topic, "topic", "", "name, CID or the end of a CID; default: the first topic")
}

// dir is the directory that has the topic's ledger.
func (w *place) dir() (string, error) {
	dir, err := homeDir(w.home)
	if err != nil || w.topic == "" {
		return dir, err
	}
	c, err := loadConfig(dir, nil)
	if err != nil {
		return "", err
	}
	list, err := topicsHere(dir, c)
	if err != nil {
		return "", err
	}
	t, err := pick(list, w.topic)
	return t.Dir, err
}

// topicsHere are the topics that have a directory in a home, without what their
// ledgers say.
func topicsHere(dir string, c *config) ([]client.Topic, error) {
	self, _ := readPublic(dir) // zero: then it is nobody's
	list := []client.Topic{}
	for _, at := range topicsIn(dir) {
		m, id, err := manifestIn(at)
		if err != nil {
			return nil, err
		}
		name, t := c.section(id.String())
		if name == "" {
			name = freshName(c, m.Name, id)
		}
		v := topicView(name, at, id, m, t, self)
		v.Reason = "no daemon is running"
		list = append(list, v)
	}
	return list, nil
}

// topicName is what a topic may be called by.
type topicName struct{ name, title, id string }

// meant is which topic a text means, by name, title, CID or, if it is of one only,
// the end of that; "" is the first. It is -1 if there is none.
func meant(text string, topics []topicName) int {
	var ends []int
	for i, t := range topics {
		if text == "" || text == t.name || text == t.id || text == t.title {
			return i
		}
		if len(text) >= 6 && strings.HasSuffix(t.id, text) {
			ends = append(ends, i)
		}
	}
	if len(ends) == 1 {
		return ends[0]
	}
	return -1
}

// noTopic is the answer of a home to whoever asks for its first topic.
func noTopic() *failure {
	return usage("this home has no topic yet", "grapevine topic create makes one, grapevine join INVITE joins one")
}

// hasNoTopic tells a peer's home that has no topic yet from one that lost its files,
// and from a directory that is none.
func hasNoTopic(dir string) bool {
	_, err := os.Stat(keyPath(dir))
	_, lost := os.Stat(filepath.Join(dir, "ledger"))
	return err == nil && errors.Is(lost, fs.ErrNotExist) && len(topicsIn(dir)) == 0
}
