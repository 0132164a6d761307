package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// outcome is what a command said and how it ended.
type outcome struct {
	code     int
	out, err string
}

// grapevine runs a command.
func grapevine(args ...string) outcome {
	var out, err bytes.Buffer
	code := run(context.Background(), args, printer{out: &out, err: &err})
	return outcome{code, out.String(), err.String()}
}

// demoHome is the first home of a small demo, as files, and the demo's report.
type demoHome struct {
	files  map[string][]byte
	out    string // the line that the demo printed
	report demoReport
}

// played runs the demo once for all tests.
var played = sync.OnceValues(func() (*demoHome, error) {
	dir, err := os.MkdirTemp("", "grapevine-read-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	data := filepath.Join(dir, "bells.csv")
	if err := os.WriteFile(data, []byte(bells(300)), 0o600); err != nil {
		return nil, err
	}
	o := grapevine("demo", "--peers", "3", "--rounds", "3", "--seconds", "30", "--data", "csv:"+data, "--label", "side",
		"--partition", "iid", "--home", filepath.Join(dir, "demo"), "-o", "json")
	if o.code != codeOK {
		return nil, fmt.Errorf("demo: %s", o.err)
	}
	h := &demoHome{files: map[string][]byte{}, out: o.out}
	if err := json.Unmarshal([]byte(o.out), &struct{ Data *demoReport }{&h.report}); err != nil {
		return nil, err
	}
	root := os.DirFS(filepath.Join(dir, "demo", "peer-01"))
	return h, fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			h.files[path], err = fs.ReadFile(root, path)
		}
		return err
	})
})

// bells is a table of points around one centre for each side.
func bells(n int) string {
	rng := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString("x,y,side\n")
	for i := range n {
		side := i % 2
		fmt.Fprintf(&b, "%.3f,%.3f,%s\n", float64(2*side-1)+rng.NormFloat64(), rng.NormFloat64()-float64(side), []string{"left", "right"}[side])
	}
	return b.String()
}

// aHome writes the home into a new directory.
func aHome(t *testing.T) (dir string, h *demoHome) {
	t.Helper()
	h, err := played()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for name, data := range h.files {
		put(t, filepath.Join(dir, name), data)
	}
	return dir, h
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// answer runs a command with -o json and reads the data of its one line.
func answer[T any](t *testing.T, args ...string) (data T) {
	t.Helper()
	o := grapevine(append(args, "-o", "json")...)
	var e struct {
		Schema int
		Status string
		Data   *T
	}
	if err := json.Unmarshal([]byte(o.out), &e); err != nil || o.code != codeOK || e.Schema != 1 || e.Status != "ok" || e.Data == nil {
		t.Fatalf("%v: exit %d, %q, %q, %v", args, o.code, o.out, o.err, err)
	}
	if strings.Count(o.out, "\n") != 1 {
		t.Errorf("%v: more than one line on standard output: %q", args, o.out)
	}
	return *e.Data
}

// refused runs a command with -o json that must fail, and returns the error.
func refused(t *testing.T, code int, args ...string) fail {
	t.Helper()
	o := grapevine(append(args, "-o", "json")...)
	var e envelope
	if err := json.Unmarshal([]byte(o.out), &e); err != nil || e.Error == nil || e.Status != "error" || e.Schema != 1 {
		t.Fatalf("%v: got %q, %v, want one error", args, o.out, err)
	}
	if o.code != code || e.Error.Code != codeNames[code] || e.Error.Message == "" {
		t.Errorf("%v: exit %d, %+v, want exit %d", args, o.code, *e.Error, code)
	}
	if strings.Count(o.out, "\n") != 1 || !strings.HasPrefix(o.out, `{"schema":1,"status":"error","data":`) {
		t.Errorf("%v: %q is not one line of the contract", args, o.out)
	}
	if !strings.Contains(o.err, e.Error.Message) {
		t.Errorf("%v: people are not told %q", args, e.Error.Message)
	}
	return *e.Error
}

// fieldsOf lists the names of an object and of the objects in it; a list stands for
// its first element.
func fieldsOf(v any) (names []string) {
	if list, is := v.([]any); is && len(list) > 0 {
		return fieldsOf(list[0])
	}
	object, _ := v.(map[string]any)
	for name, value := range object {
		names = append(names, name)
		for _, inner := range fieldsOf(value) {
			names = append(names, name+"."+inner)
		}
	}
	slices.Sort(names)
	return names
}

// Other programs read these fields: none may be missing, whatever is not known.
func TestADemoReportsAllThatWasPromised(t *testing.T) {
	_, h := aHome(t)
	var e struct {
		Schema int
		Status string
		Data   map[string]any
	}
	if err := json.Unmarshal([]byte(h.out), &e); err != nil || e.Schema != 1 || e.Status != "ok" || strings.Count(h.out, "\n") != 1 {
		t.Fatalf("got %q, %v, want one line", h.out, err)
	}
	want := strings.Fields(`accuracy agreement alone alone.best alone.mean alone.worst anchor auc balanced_accuracy bits_per_character
		cpu_seconds height loss network network.bytes_received network.bytes_sent network.delta_bytes_mean network.dense_bytes
		network.messages peers rewards rewards.alias rewards.attack rewards.balance rewards.bond rewards.earned_training
		rewards.earned_validating rewards.peer rewards.role rewards.stake rounds seconds seconds.to_target seconds.total
		seconds.train supply supply.balances supply.bonds supply.burnt supply.cap supply.remaining supply.stakes topic`)
	for _, r := range []any{e.Data, plain(t, demoReport{Rewards: []rewardLine{{}}})} { // this one, and one of which nothing is known
		if got := fieldsOf(r); !slices.Equal(got, want) {
			t.Errorf("got the fields %v, want %v", got, want)
		}
	}
	s := h.report.Supply
	if sum := s.Remaining + s.Balances + s.Bonds + s.Stakes + s.Burnt; sum != s.Cap || s.Cap == 0 {
		t.Errorf("the supply %+v adds up to %d", s, sum)
	}
	if !h.report.Agreement || len(h.report.Rewards) != h.report.Peers {
		t.Errorf("got %+v, want agreement and a line for each peer", h.report)
	}
}

// plain is a value as a program reads it.
func plain(t *testing.T, v any) (out any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err := errors.Join(err, json.Unmarshal(b, &out)); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestADemosHomeVerifies(t *testing.T) {
	dir, h := aHome(t)
	v := answer[verifyReport](t, "ledger", "verify", "--home", dir)
	if !v.OK || v.From != 0 || v.Height < h.report.Height || v.Blocks != v.Height || v.Authors != 3 || v.Rounds < 3 || v.StateRoot == nil || len(*v.StateRoot) != 64 {
		t.Errorf("got %+v, want what the demo reported: %+v", v, h.report)
	}
	s := v.Supply
	if sum := s.Remaining + s.Balances + s.Bonds + s.Stakes + s.Burnt; sum != s.Cap || s.Cap == 0 {
		t.Errorf("the supply %+v adds up to %d", s, sum)
	}
	if o := grapevine("ledger", "verify", "--home", dir); o.code != codeOK || !strings.Contains(o.out, "verifies") || o.err != "" {
		t.Errorf("as text: %+v", o)
	}
}

func TestADamagedHomeEndsWithExit7AndThePlace(t *testing.T) {
	dir, h := aHome(t)
	names := slices.Sorted(maps.Keys(h.files))
	blob := names[slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(n, "blobs/") })]
	for _, name := range []string{"ledger/000001.log", "ledger/head", blob} {
		data := bytes.Clone(h.files[name])
		data[len(data)/2] ^= 4
		put(t, filepath.Join(dir, name), data)
		if f := refused(t, codeVerify, "ledger", "verify", "--home", dir); !strings.HasPrefix(f.Where, name) || f.Hint == "" {
			t.Errorf("%s: got %+v, want the place", name, f)
		}
		if o := grapevine("ledger", "verify", "--home", dir); o.code != codeVerify || !strings.Contains(o.err, "at: "+name) || o.out != "" {
			t.Errorf("%s, as text: %+v", name, o)
		}
		put(t, filepath.Join(dir, name), h.files[name])
	}
	put(t, filepath.Join(dir, "ledger", "000001.log"), h.files["ledger/000001.log"][:5000])
	f := refused(t, codeVerify, "ledger", "verify", "--home", dir)
	if !strings.HasPrefix(f.Where, "ledger/") {
		t.Errorf("the end cut off: got %+v, want the place", f)
	}
	refused(t, codeVerify, "ledger", "head", "--home", dir) // what is read is not believed either
}

func TestMistakesAreAnsweredInJSONToo(t *testing.T) {
	dir, _ := aHome(t)
	none := filepath.Join(dir, "none")
	tests := []struct {
		code int
		args string
	}{
		{codeUsage, "ledger"}, {codeUsage, "ledger nothing"}, {codeUsage, "wallet"}, {codeUsage, "model"},
		{codeUsage, "ledger verify --bogus"}, {codeUsage, "ledger verify more"}, {codeUsage, "ledger show"}, {codeUsage, "ledger show x"},
		{codeUsage, "ledger show 0"}, {codeUsage, "ledger show 1 2"}, {codeUsage, "ledger show bafyreia bafyreib"},
		{codeUsage, "ledger log --kind NONE"}, {codeUsage, "ledger log --limit -1"}, {codeUsage, "ledger log --limit x"}, {codeUsage, "ledger log --author nobody"},
		{codeUsage, "explain x"}, {codeUsage, "explain -- -1"}, {codeUsage, "explain 1 2"}, {codeUsage, "wallet balance nobody"}, {codeUsage, "wallet balance a b"},
		{codeUsage, "model eval"}, {codeUsage, "model eval --data x"}, {codeUsage, "model eval --data csv:"},
		{codeFailed, "ledger show 9999"}, {codeFailed, "ledger show bafyreiaaaaaaaaaaaa"}, {codeFailed, "explain 9999"},
		{codeFailed, "wallet balance 12D3KooWSyfdcHNgFE8DtH9vQZvw3T2Wd6acYLdPfeecEBm58rTZ"},
		{codeFailed, "model eval --data mnist"}, {codeFailed, "model eval --data csv:" + none},
		{codeFailed, "ledger verify --home " + none}, {codeFailed, "ledger head --home " + none}, {codeFailed, "explain --home " + none},
	}
	t.Setenv("GRAPEVINE_HOME", dir)
	for _, test := range tests {
		args := strings.Fields(test.args)
		o := grapevine(args...)
		if o.code != test.code || o.out != "" || o.err == "" {
			t.Errorf("%s: got %+v, want exit %d", test.args, o, test.code)
		}
		refused(t, test.code, append([]string{"-o", "json"}, args...)...)
	}
}

func TestHelpIsForPeopleAndAnsweredInJSONToo(t *testing.T) {
	for args, want := range map[string]string{"": "Usage:", "demo --help": "--attack", "help ledger": "verify", "completion bash": "complete -o", "__complete de": "demo\t"} {
		if o := grapevine(strings.Fields(args)...); o.code != codeOK || !strings.Contains(o.out, want) {
			t.Errorf("%q: got %+v, want %q on standard output", args, o, want)
		}
		o := grapevine(append([]string{"-o", "json"}, strings.Fields(args)...)...)
		if o.code != codeOK || o.out != `{"schema":1,"status":"ok","data":null}`+"\n" || !strings.Contains(o.err, want) {
			t.Errorf("-o json %q: got %+v, want one line without data, and %q for people", args, o, want)
		}
	}
}

func TestTheLogListsWhatIsCertified(t *testing.T) {
	dir, _ := aHome(t)
	v := answer[verifyReport](t, "ledger", "verify", "--home", dir)
	all := answer[logReport](t, "ledger", "log", "--limit", "0", "--home", dir)
	if len(all.Entries) != v.Entries || all.Matched != v.Entries || all.Height != v.Height {
		t.Errorf("%d of %d entries at height %d, want %d at %d", len(all.Entries), all.Matched, all.Height, v.Entries, v.Height)
	}
	for _, l := range all.Entries {
		if l.Height == nil || l.Effect == nil || l.Round == nil || *l.Effect != (l.Reason == "") {
			t.Errorf("entry %+v lacks its place or effect", l)
		}
	}
	alias := all.Entries[0].Alias
	some := answer[logReport](t, "ledger", "log", "--author", alias, "--kind", "score", "--limit", "2", "--reverse", "--home", dir)
	if len(some.Entries) != 2 || some.Matched < 3 || *some.Entries[0].Height < *some.Entries[1].Height {
		t.Fatalf("got %+v, want the newest two SCOREs", some)
	}
	for _, l := range some.Entries {
		if l.Alias != alias || l.Kind != "SCORE" {
			t.Errorf("entry %+v was not asked for", l)
		}
	}
	if byID := answer[logReport](t, "ledger", "log", "--author", all.Entries[0].Author, "--home", dir); byID.Matched == 0 || byID.Entries[0] == (entryLine{}) {
		t.Errorf("by peer ID: %+v", byID)
	}
}

func TestABlockAndAnEntryAreShownInFull(t *testing.T) {
	dir, _ := aHome(t)
	byHeight := answer[showReport](t, "ledger", "show", "5", "--home", dir)
	b := byHeight.Block
	if b == nil || byHeight.Entry != nil || b.Height != 5 || len(b.Entries) == 0 || len(b.Cuts) != len(b.Entries) {
		t.Fatalf("got %+v, want block 5", byHeight)
	}
	if c := b.Certificate; 3*c.Power < 2*c.Total || len(c.Signers)+len(c.Absent) != 3 {
		t.Errorf("certificate %+v is none of a quorum", c)
	}
	if byCID := answer[showReport](t, "ledger", "show", b.CID, "--home", dir); byCID.Block == nil || byCID.Block.Height != 5 {
		t.Errorf("by CID: %+v", byCID)
	}
	want := b.Entries[0]
	e := answer[showReport](t, "ledger", "show", want.CID[:shortCID], "--home", dir).Entry
	if e == nil || e.CID != want.CID || *e.Height != 5 || e.Body["round"] == nil || len(e.Sig) != 128 || e.Prev == "" {
		t.Fatalf("got %+v, want %+v", e, want)
	}
	for _, id := range []string{"5", want.CID} {
		o := grapevine("ledger", "show", id, "--home", dir)
		if o.code != codeOK || !strings.Contains(o.out, want.CID[:shortCID]) {
			t.Errorf("show %s, as text: %+v", id, o)
		}
	}
}

func TestTheHeadIsTheVerifiedOne(t *testing.T) {
	dir, _ := aHome(t)
	v := answer[verifyReport](t, "ledger", "verify", "--home", dir)
	h := answer[headReport](t, "ledger", "head", "--home", dir)
	if h.Height != v.Height || h.Block != v.Block || *h.StateRoot != *v.StateRoot || h.Anchor != v.Anchor || h.Round != v.Rounds || h.Topic != v.Topic {
		t.Errorf("got %+v, want %+v", h, v)
	}
	if o := grapevine("ledger", "head", "--home", dir); !strings.Contains(o.out, v.Block) {
		t.Errorf("as text: %+v", o)
	}
}

func TestReadingNeedsNoKeyAndChangesNothing(t *testing.T) {
	dir, h := aHome(t)
	if err := os.Remove(filepath.Join(dir, "identity.key")); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"ledger verify", "ledger log", "ledger head", "ledger show 1", "explain", "wallet balance"} {
		if o := grapevine(append(strings.Fields(args), "--home", dir)...); o.code != codeOK {
			t.Errorf("%s: %+v", args, o)
		}
	}
	for name, want := range h.files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); name != "identity.key" && !bytes.Equal(got, want) {
			t.Errorf("%s has changed: %v", name, err)
		}
	}
}

func TestADirectoryOfHomesIsNoHomeButHelps(t *testing.T) {
	dir, _ := aHome(t)
	f := refused(t, codeFailed, "ledger", "verify", "--home", filepath.Dir(dir))
	if !strings.Contains(f.Hint, dir) {
		t.Errorf("got %+v, want the hint to choose %s", f, dir)
	}
}
