package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/grapevine-network/grapevine/node/api/client"
)

const someTopic = "bafyreiehggysspuli3uz2eijnt5s6siasoeptihtkiip2rdolffkr27gu4"

func writeHome(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(configPath(dir), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFlagsComeBeforeTheEnvironmentAndThatBeforeTheFile(t *testing.T) {
	dir := writeHome(t, newConfig([]string{"/ip4/0.0.0.0/tcp/1"}))
	load := func(args ...string) *config {
		flags := pflag.NewFlagSet("up", pflag.ContinueOnError)
		flags.StringSlice("listen", nil, "")
		flags.StringSlice("peer", nil, "")
		flags.Bool("mdns", true, "")
		if err := flags.Parse(args); err != nil {
			t.Fatal(err)
		}
		c, err := loadConfig(dir, flags)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := load(); c.Listen[0] != "/ip4/0.0.0.0/tcp/1" || !c.MDNS || c.API.Socket != "run/api.sock" {
		t.Errorf("file: got %+v", c)
	}
	t.Setenv("GRAPEVINE_LISTEN", "/ip4/0.0.0.0/tcp/2,/ip4/0.0.0.0/tcp/3")
	t.Setenv("GRAPEVINE_MDNS", "false")
	t.Setenv("GRAPEVINE_API_SOCKET", "/tmp/s")
	if c := load(); len(c.Listen) != 2 || c.Listen[1] != "/ip4/0.0.0.0/tcp/3" || c.MDNS || c.API.Socket != "/tmp/s" {
		t.Errorf("environment: got %+v", c)
	}
	if c := load("--listen=/ip4/0.0.0.0/tcp/4", "--mdns", "--peer=/ip4/1.2.3.4/tcp/5/p2p/x"); len(c.Listen) != 1 || c.Listen[0] != "/ip4/0.0.0.0/tcp/4" || !c.MDNS || len(c.Peers) != 1 {
		t.Errorf("flags: got %+v", c)
	}
}

func TestAnUnknownKeyIsNamedWithTheOneThatIsMeant(t *testing.T) {
	for text, want := range map[string]string{
		"version = 1\nlisen = []\n":           `did you mean "listen"?`,
		"version = 1\n[api]\nsockt = \"x\"\n": `did you mean "api.socket"?`,
		"version = 1\n[topics.a]\ncid = \"" + someTopic + "\"\nrole = \"x\"\nlable=\"\"\n": `did you mean "topics.a.label"?`,
		"version = 1\nwhatever = 1\n": "known keys: ",
		"version = 1\nlisten = [\n":   "correct the line",
	} {
		_, err := loadConfig(writeHome(t, text), nil)
		if err == nil || !strings.HasPrefix(asFailure(err).hint, want) {
			t.Errorf("%q: got %v, want the hint %q", text, err, want)
		}
	}
}

func TestASectionIsReplacedAndTheRestOfTheFileStays(t *testing.T) {
	dir := writeHome(t, newConfig(nil)+"\n[topics.a]\ncid = \"x\"\n\n[topics.b] # mine\ncid = \"y\"\n")
	for _, data := range []string{"csv:/a b.csv", `csv:/q"uoted`} {
		if err := setTopic(dir, "a", topicConfig{CID: someTopic, Data: data, Addrs: []string{"/ip4/1.2.3.4/tcp/5"}, Role: roleTrainer, Drop: []string{"id"}}); err != nil {
			t.Fatal(err)
		}
		c, err := loadConfig(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := c.Topics["a"]; a.Data != data || a.CID != someTopic || len(a.Addrs) != 1 || a.Role != roleTrainer || a.Drop[0] != "id" {
			t.Errorf("got %+v", a)
		}
		if c.Topics["b"].CID != "y" {
			t.Errorf("the other section is gone: %+v", c.Topics)
		}
	}
	text, _ := os.ReadFile(configPath(dir))
	if !strings.HasPrefix(string(text), newConfig(nil)) {
		t.Errorf("comments are gone:\n%s", text)
	}
}

func TestAnInvitationIsReadBack(t *testing.T) {
	text := "grapevine://" + someTopic + "?addr=/ip4/1.2.3.4/udp/5/quic-v1/p2p/12D3KooWQanNhXnEsMXTApKMxxKvXvbCHgd4naK7u74XaM8GNuHB&addr=/dns/a.org/tcp/1&checkpoint=64." + someTopic + "." + someTopic
	i, err := parseInvitation(" " + text + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if i.String() != text || len(i.addrs) != 2 {
		t.Errorf("got  %v\nwant %v", i, text)
	}
	c, err := parseCheckpoint(i.checkpoint)
	if err != nil || c.Height != 64 || checkpointText(*c) != i.checkpoint {
		t.Errorf("checkpoint: got %v, %v", c, err)
	}
}

func TestWhatIsNoInvitationIsRefused(t *testing.T) {
	for _, text := range []string{"", "grapevine://", "http://" + someTopic, "grapevine://" + someTopic[:40], "grapevine://" + someTopic + "?checkpoint=1.2", "grapevine://" + someTopic + "?%zz"} {
		if _, err := parseInvitation(text); codeOf(err) != codeUsage {
			t.Errorf("%q: got %v, want an error of usage", text, err)
		}
	}
}

func codeOf(err error) int {
	if err == nil {
		return codeOK
	}
	return asFailure(err).code
}

func FuzzInvitation(f *testing.F) {
	f.Add("grapevine://" + someTopic + "?addr=/ip4/1.2.3.4/tcp/5&checkpoint=64." + someTopic + "." + someTopic)
	f.Fuzz(func(t *testing.T, text string) {
		i, err := parseInvitation(text)
		if err != nil {
			return
		}
		if _, err := parseInvitation("grapevine://" + i.topic.String()); err != nil {
			t.Errorf("%v: %v", i.topic, err)
		}
	})
}

func TestAPeerWithoutDataFollows(t *testing.T) {
	c := &config{Topics: map[string]topicConfig{"a": {CID: someTopic, Data: "csv:/x", Role: roleLeft}}}
	for _, x := range []struct {
		wish client.Join
		want string
	}{
		{client.Join{Topic: "grapevine://bafyreieod3au6jrq24tjqzavajukjukubjo2ob3f5q3xdsy7dmhovzz62a"}, roleFollower},
		{client.Join{Topic: "a"}, roleTrainer}, // with what it had
		{client.Join{Topic: someTopic, Follow: true}, roleFollower},
		{client.Join{Topic: "a", Data: "csv:/y"}, roleTrainer},
	} {
		_, got, err := c.plan(t.TempDir(), x.wish)
		if err != nil || got.Role != x.want {
			t.Errorf("%+v: got %+v, %v, want the role %s", x.wish, got, err, x.want)
		}
	}
	if _, _, err := c.plan(t.TempDir(), client.Join{Topic: "b"}); codeOf(err) != codeUsage {
		t.Errorf("an unknown topic: got %v", err)
	}
}

func TestASocketWithALongPathIsElsewhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.MkdirAll(filepath.Join(dir, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds what the first has left, as if killed
		l, path, _, err := listenSocket(dir, "run/api.sock")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if got, err := socketOf(dir); err != nil || got != path || len(path) > maxSocket {
			t.Errorf("got %q, %v, want %q", got, err, path)
		}
	}
	l, path, end, err := listenSocket(dir, "run/api.sock")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	end()
	if _, err := os.Stat(filepath.Dir(path)); err == nil {
		t.Errorf("%s stays", filepath.Dir(path))
	}
}
