package node_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// This file is how deps_test.go is checked.

func ruleOf(pkg string) (rule, bool) {
	i := slices.IndexFunc(rules, func(r rule) bool { return matches(r.pkg, pkg) })
	if i < 0 {
		return rule{}, false
	}
	return rules[i], true
}

// matches tells whether one of the patterns is about a package.
func matches(patterns, pkg string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool {
		root, below := strings.CutSuffix(p, "...")
		return p == pkg || below && strings.HasPrefix(pkg+"/", root)
	})
}

// listed is what the go command says about a package.
type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// graph has every package that this module needs, by name.
type graph map[string]listed

const module = "github.com/grapevine-network/grapevine/"

func load(t *testing.T, platform string) graph {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Standard", module+"...")
	cmd.Env = append(os.Environ(), "GOOS="+platform, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	g := graph{}
	for d := json.NewDecoder(bytes.NewReader(bytes.ReplaceAll(out, []byte(module), nil))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return g
		} else if err != nil {
			t.Fatal(err)
		}
		g[p.ImportPath] = p
	}
}

// own are the packages of this module.
func (g graph) own() (out []string) {
	for name := range g {
		if matches(ours, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (g graph) violations(pkg string, r rule) (out []string) {
	for _, q := range g[pkg].Imports {
		switch {
		case matches(r.never, q):
			out = append(out, fmt.Sprintf("%s imports %s, which it never may", pkg, q))
		case !g[q].Standard && !matches(r.may, q):
			out = append(out, fmt.Sprintf("%s imports %s, which is not on its list", pkg, q))
		}
	}
	for _, path := range g.paths(pkg) {
		if q := path[len(path)-1]; len(path) > 2 && matches(r.never, q) {
			out = append(out, fmt.Sprintf("%s never may have %s, and has: %s", pkg, q, strings.Join(path, " > ")))
		}
	}
	return out
}

// paths has a way to each package outside the standard library that a package
// needs, itself included.
func (g graph) paths(from string) [][]string {
	paths, seen := [][]string{{from}}, map[string]bool{from: true}
	for i := 0; i < len(paths); i++ {
		path := paths[i]
		last := path[len(path)-1]
		if matches(door, last) {
			continue
		}
		for _, q := range g[last].Imports {
			if !seen[q] && !g[q].Standard {
				seen[q] = true
				paths = append(paths, append(slices.Clip(path), q))
			}
		}
	}
	return paths
}
