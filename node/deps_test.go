// This file is policy: who may import whom. It is what lets each package be read,
// tested and replaced alone, and what keeps floats, clocks and the network away
// from what decides about money. Don't relax it to make a build pass: move the
// code to where it belongs. A change here is a change of design, made on purpose,
// in a commit of its own that says why.
package node_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rule is about one package of this module. Both lists hold patterns as the go
// command knows them, ours without the module's name. The standard library may
// always be imported, except for what is in never.
type rule struct {
	pkg   string
	may   string // what it may import itself
	never string // what it never may: itself if of the standard library, through others too if not
}

const (
	world  = " os/... net/... time log/..."
	libp2p = " github.com/libp2p/..."
	goF3   = " github.com/filecoin-project/go-f3/..."
	ours   = " learning/... ledger/... incentives/... p2p/... node/... examples/..."
	ids    = " github.com/ipfs/go-cid github.com/multiformats/go-multihash"
)

// rules has one for each package, the first that matches. Those of packages that
// are still to come wait for them.
var rules = []rule{
	{"learning", "", world + libp2p},
	{"learning/model", "learning learning/kernel gonum.org/v1/gonum/... golang.org/x/sys/cpu", world + libp2p},
	{"learning/kernel", "learning gonum.org/v1/gonum/... golang.org/x/sys/cpu", world + libp2p},
	{"learning/dataset", "learning", " net/... time log/..." + libp2p},
	{"learning/dataset/parquet", "learning/dataset github.com/parquet-go/parquet-go/...", " net/... log/..." + libp2p},
	{"learning/format", "learning", " net/... time log/..." + libp2p},
	{"learning/delta", "", world},
	{"learning/settle", "learning/delta", world},

	{"ledger", "github.com/fxamacker/cbor/v2" + ids, "learning/... os/... net/... time" + libp2p + goF3},
	{"ledger/finality", "ledger github.com/filecoin-project/go-state-types/big github.com/filecoin-project/go-bitfield" + goF3, "p2p/... node/..." + libp2p},
	{"ledger/store", "go.etcd.io/bbolt", "net/... log/..." + ours + libp2p},
	{"incentives", "ledger", "learning/... p2p/... math/rand/..." + world + libp2p + goF3},
	{"p2p", "github.com/multiformats/..." + libp2p + ids, ours + goF3},

	{"node/audit", "ledger incentives learning/delta learning/settle", "p2p/... ledger/store ledger/finality os/..." + libp2p + goF3},
	{"node/engine", "ledger incentives learning/delta learning/settle node/audit ledger/finality",
		"p2p/... node sync/... math/rand/..." + world + libp2p},
	{"node/sim", "ledger incentives learning/... ledger/finality node/audit node/engine node/sim/adversary", "p2p/... node math/rand" + libp2p},
	{"node/sim/lab", "ledger incentives learning/... node/audit node/engine node/sim/adversary", "p2p/... node math/rand os/... net/..." + libp2p},
	{"node/sim/adversary", "ledger learning learning/delta node/engine", "p2p/... node math/rand" + world + libp2p},
	{"node/home", "ledger/store github.com/gofrs/flock" + ids, "net/... log/... node p2p/..." + libp2p + goF3},
	{"node", "ledger/... incentives learning/... p2p node/audit node/engine node/home github.com/libp2p/go-libp2p/core/...",
		"node/api/... node/cmd/... node/sim/... examples/..." + heavy},
	{"node/api", "node node/api/client ledger incentives github.com/danielgtaylor/huma/v2/...", ""},
	{"node/api/client", "", ours + heavy + libp2p + goF3}, // what talks to a daemon is not one

	{"node/cmd/...", "...", "examples/..."},
	{"examples/attacks", "node learning/... ledger incentives node/audit node/sim/...", ""}, // runs the simulator and the laboratory
	{"examples/...", "node learning/... ledger incentives", ""},
}

// heavy is what only the command links: a program that embeds a node has none of
// it.
const heavy = ` github.com/spf13/... github.com/knadh/... github.com/vbauerster/... charm.land/... github.com/charmbracelet/...
	github.com/danielgtaylor/... github.com/parquet-go/... github.com/sbinet/... gonum.org/v1/plot/... filippo.io/age/...
	github.com/ipfs/boxo/bitswap/... text/template/... html/template/...`

// door is the one way by which libp2p comes to whoever votes: rules do not look
// behind it, and only ledger/finality may open it.
const door = goF3

func TestEveryPackageImportsOnlyWhatItsRuleAllows(t *testing.T) {
	for _, platform := range []string{"linux", "darwin", "windows"} {
		g := load(t, platform)
		for _, pkg := range g.own() {
			r, is := ruleOf(pkg)
			if !is {
				t.Errorf("%s has no rule: say in this file what it may import", pkg)
			}
			for _, v := range g.violations(pkg, r) {
				t.Errorf("%s (%s)", v, platform)
			}
		}
	}
}

func TestABrokenRuleIsSeen(t *testing.T) {
	std := func(names ...string) listed { return listed{Imports: names, Standard: true} }
	g := graph{
		"os": std(), "fmt": std("os"), "p2p": {}, "github.com/libp2p/x": {}, "helper.org/x": {Imports: []string{"p2p", "os"}},
		"github.com/filecoin-project/go-f3/gpbft": {Imports: []string{"github.com/libp2p/x"}},
	}
	cases := []struct {
		imports string
		rule    rule
		want    string
	}{
		{"fmt", rule{never: "os/..."}, ""},
		{"os", rule{never: "os/..."}, "a imports os, which it never may"},
		{"p2p", rule{}, "a imports p2p, which is not on its list"},
		{"helper.org/x", rule{may: "helper.org/..."}, ""},
		{"helper.org/x", rule{may: "helper.org/...", never: "p2p"}, "a never may have p2p, and has: a > helper.org/x > p2p"},
		{"github.com/filecoin-project/go-f3/gpbft", rule{may: goF3, never: libp2p}, ""},
	}
	for _, c := range cases {
		g["a"] = listed{Imports: []string{c.imports}}
		if got := strings.Join(g.violations("a", c.rule), "; "); got != c.want {
			t.Errorf("%s under %+v: got %q, want %q", c.imports, c.rule, got, c.want)
		}
	}
}

// What is hashed or paid is an integer: floats differ from platform to platform.
func TestNoFloatsWhereItCounts(t *testing.T) {
	for _, pkg := range []string{"ledger", "incentives", "learning/settle", "node/audit", "node/engine"} {
		files, err := filepath.Glob(filepath.Join("..", pkg, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files (%v)", pkg, err)
		}
		for _, name := range files {
			if !strings.HasSuffix(name, "_test.go") {
				refuseFloats(t, name)
			}
		}
	}
}

func refuseFloats(t *testing.T, name string) {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if float(n) {
			t.Errorf("%v: a float", positions.Position(n.Pos()))
		}
		return true
	})
}

// float tells what can only be one: its types, a number with a point, a function
// of math. 1e6 may be an integer.
func float(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Ident:
		return n.Name == "float32" || n.Name == "float64"
	case *ast.BasicLit:
		return n.Kind == token.FLOAT && strings.Contains(n.Value, ".")
	case *ast.SelectorExpr:
		from, is := n.X.(*ast.Ident)
		limit := strings.HasPrefix(n.Sel.Name, "Max") || strings.HasPrefix(n.Sel.Name, "Min")
		return is && from.Name == "math" && !limit
	}
	return false
}

// A type lives with the verb that gives it meaning.
func TestNoPackageIsNamedForNothing(t *testing.T) {
	for _, pkg := range load(t, "").own() {
		for _, name := range []string{"types", "common", "util", "utils", "core", "pkg", "internal", "helpers", "misc"} {
			if slices.Contains(strings.Split(pkg, "/"), name) {
				t.Errorf("%s: %q says nothing", pkg, name)
			}
		}
	}
}

// It looks into every folder, so that the go command does not take the result of
// this package from its cache when another has changed.
func TestCodeLivesInSixFolders(t *testing.T) {
	code := []string{".go", ".py", ".js", ".ts", ".c", ".rs", ".s"}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == ".git" {
			return fs.SkipDir
		}
		if slices.Contains(code, filepath.Ext(path)) && !matches(ours, path) {
			t.Errorf("%s: code outside the six folders", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
