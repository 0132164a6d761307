package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// config is config.toml, with what the environment and flags say instead.
type config struct {
	Version int                    `koanf:"version"`
	Listen  []string               `koanf:"listen"`
	Peers   []string               `koanf:"peers"`
	MDNS    bool                   `koanf:"mdns"`
	API     apiConfig              `koanf:"api"`
	Topics  map[string]topicConfig `koanf:"topics"`
}

type apiConfig struct {
	Socket string `koanf:"socket"`
}

// topicConfig is the part that this peer takes in one topic.
type topicConfig struct {
	CID        string   `koanf:"cid"`
	Addrs      []string `koanf:"addrs"`      // of peers that have it
	Checkpoint string   `koanf:"checkpoint"` // of the invitation
	Data       string   `koanf:"data"`
	Label      string   `koanf:"label"`
	Drop       []string `koanf:"drop"`
	Role       string   `koanf:"role"`
	Rest       string   `koanf:"rest"`       // before each training, default 1s
	Sequential bool     `koanf:"sequential"` // see node.Config
	Archive    bool     `koanf:"archive"`    // keeps all, however large
}

// Roles of a peer in a topic.
const (
	roleTrainer  = "trainer"
	roleFollower = "follower"
	roleLeft     = "left" // its ledger is here, but it takes no part
)

const configTemplate = `version = 1 # the layout of this directory; grapevine keeps it

# A flag comes before the environment (named at each key), and that before this file.

# Where to listen. The ports were drawn from the peer ID when this home was made.
# GRAPEVINE_LISTEN, comma-separated
listen = [%s]

# Peers to begin with, each ending in /p2p/PEERID. GRAPEVINE_PEERS, comma-separated
peers = []

# Find peers on the local network, and be found there. GRAPEVINE_MDNS
mdns = true

[api]
# The Unix socket of the HTTP API, seen from this directory. GRAPEVINE_API_SOCKET
socket = "run/api.sock"

# A section for each topic follows; topic create, join, up and leave keep them:
#   cid = "bafy…"          the topic
#   data = "csv:FILE"      own data: mnist, digits8x8, wdbc, csv:FILE, parquet:FILE,
#                          text:FILE or idx:DIR
#   label = "outcome"      the column with the class, if not called as in the topic
#   role = "trainer"       or follower, or left
#   rest = "1s"            before each training: fewer rounds, a cooler computer
#   archive = true         keep the whole history: above 1 GiB a peer begins at its newest checkpoint when it starts
#   sequential = true      train only once a round is settled: slower rounds, less at once
`

// configPath is where a home has its configuration.
func configPath(dir string) string { return filepath.Join(dir, "config.toml") }

// loadConfig reads the configuration of the home in dir; flags may be nil.
func loadConfig(dir string, flags *pflag.FlagSet) (*config, error) {
	text, err := os.ReadFile(configPath(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault(codeFailed, "read configuration", err)
	}
	k := koanf.New(".")
	values, err := toml.Parser().Unmarshal(text)
	if err != nil {
		return nil, &failure{code: codeFailed, err: fmt.Errorf("%s: %w", configPath(dir), err), hint: "correct the line, or move the file away to get a new one"}
	}
	if err := checkKeys(configPath(dir), text, values); err != nil {
		return nil, err
	}
	if err := errors.Join(k.Load(raw(values), nil), k.Load(environment(), nil)); err != nil {
		return nil, fault(codeFailed, "read configuration", err)
	}
	if flags != nil {
		if err := k.Load(given(flags, k), nil); err != nil {
			return nil, fault(codeFailed, "read flags", err)
		}
	}
	c := &config{MDNS: true}
	if err := k.Unmarshal("", c); err != nil {
		return nil, &failure{code: codeFailed, err: fmt.Errorf("%s: %w", configPath(dir), err)}
	}
	c.API.Socket = cmp.Or(c.API.Socket, "run/api.sock")
	return c, nil
}

// raw hands values that were read to koanf.
type raw map[string]any

// Read implements koanf.Provider.
func (r raw) Read() (map[string]any, error) { return r, nil }

// ReadBytes implements koanf.Provider.
func (r raw) ReadBytes() ([]byte, error) { return nil, errors.New("values have no bytes") }

// environment reads the variables that stand for a key.
func environment() koanf.Provider {
	lists := map[string]string{"GRAPEVINE_LISTEN": "listen", "GRAPEVINE_PEERS": "peers"}
	plain := map[string]string{"GRAPEVINE_MDNS": "mdns", "GRAPEVINE_API_SOCKET": "api.socket"}
	return env.Provider(".", env.Opt{Prefix: "GRAPEVINE_", TransformFunc: func(name, value string) (string, any) {
		if key := lists[name]; key != "" {
			return key, strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
		}
		return plain[name], value
	}})
}

// given reads the flags that were set and stand for a key.
func given(flags *pflag.FlagSet, k *koanf.Koanf) koanf.Provider {
	keys := map[string]string{"listen": "listen", "peer": "peers", "mdns": "mdns"}
	return posflag.ProviderWithFlag(flags, ".", k, func(f *pflag.Flag) (string, any) {
		if !f.Changed {
			return "", nil
		}
		return keys[f.Name], posflag.FlagVal(flags, f)
	})
}

// newConfig is the text of a new home's configuration.
func newConfig(listen []string) string {
	quoted := make([]string, len(listen))
	for i, a := range listen {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	return fmt.Sprintf(configTemplate, strings.Join(quoted, ", "))
}

// setTopic writes the section of a topic, in the place of the one it has.
func setTopic(dir, name string, t topicConfig) error { return moveTopic(dir, name, name, t) }

// moveTopic writes the section of a topic in the place of another.
func moveTopic(dir, old, name string, t topicConfig) error {
	text, err := os.ReadFile(configPath(dir))
	if err != nil {
		return fault(codeFailed, "change configuration", err)
	}
	section, err := toml.Parser().Marshal(map[string]any{"topics": map[string]any{name: t.values()}})
	if err != nil {
		return fault(codeFailed, "change configuration", err)
	}
	section = bytes.TrimPrefix(section, []byte("[topics]\n"))
	out := append(withoutSection(withoutSection(text, "[topics."+old+"]"), "[topics."+name+"]"), section...)
	if err := replaceFile(configPath(dir), out); err != nil {
		return fault(codeFailed, "change configuration", err)
	}
	return nil
}

// values holds the fields that say something.
func (t topicConfig) values() map[string]any {
	v := map[string]any{"cid": t.CID}
	for key, text := range map[string]string{"checkpoint": t.Checkpoint, "data": t.Data, "label": t.Label, "role": t.Role, "rest": t.Rest} {
		if text != "" {
			v[key] = text
		}
	}
	if t.Archive {
		v["archive"] = true
	}
	if t.Sequential {
		v["sequential"] = true
	}
	for key, list := range map[string][]string{"addrs": t.Addrs, "drop": t.Drop} {
		if len(list) > 0 {
			v[key] = list
		}
	}
	return v
}

// withoutSection leaves out one section of a TOML file and ends it with an empty
// line.
func withoutSection(text []byte, header string) []byte {
	var out []string
	skip := false
	for line := range strings.Lines(string(text)) {
		if plain := strings.TrimSpace(line); strings.HasPrefix(plain, "[") {
			skip = plain == header
		}
		if !skip {
			out = append(out, strings.TrimRight(line, "\r\n"))
		}
	}
	for len(out) > 0 && strings.TrimSpace(out[len(out)-1]) == "" {
		out = out[:len(out)-1]
	}
	return []byte(strings.Join(slices.Concat(out, []string{"", ""}), "\n"))
}
