package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// module is prefixed to the folders in the rules.
const module = "example.com/tutor/"

// top are the folders that may stand at the top of the tree; the content is in
// them and nowhere else.
var top = []string{"checker", "cmd", "content", "exercises", "lessons"}

// rule says that no chain of imports leads from one set of packages to
// another, unless it passes through a third. A path in it is a package, with
// /... a folder and all below it; without a dot in its first part it is of
// this module.
type rule struct {
	from, to, via []string
	why           string
}

// thirdParty stands in a rule for all that is neither ours nor the standard
// library's.
const thirdParty = "(third party)"

var rules = []rule{
	{
		from: []string{"checker", "content/..."},
		to:   []string{thirdParty, "checker/...", "cmd/...", "content/...", "exercises/...", "lessons/..."},
		why:  "the core and the content need nothing but the standard library",
	},
	{
		from: []string{"checker/..."},
		to:   []string{"cmd/...", "content/...", "exercises/...", "lessons/..."},
		why:  "checks know nothing of courses and commands",
	},
	{
		from: []string{"exercises/..."},
		to:   []string{"cmd/...", "lessons/..."},
		why:  "exercises need checker and content",
	},
	{
		from: []string{"lessons/..."},
		to:   []string{"cmd/...", "checker/...", "exercises/..."},
		why:  "lessons need content",
	},
	{
		from: []string{"checker/engine/..."},
		to:   []string{"checker/facts/...", "checker/checks/...", "checker/suite/...", "checker/audit/..."},
		why:  "checks → facts → engine",
	},
	{
		from: []string{"checker/facts/..."},
		to:   []string{"checker/checks/...", "checker/suite/...", "checker/audit/..."},
		why:  "checks → facts → engine",
	},
	{
		from: []string{"checker/checks/..."},
		to:   []string{"checker/checks/...", "checker/suite/..."},
		why:  "a check is one folder and knows no other",
	},
	{
		from: []string{"checker/checks/..."},
		to:   []string{"checker/facts/daemon"},
		via:  []string{"checker/facts/..."},
		why:  "a check never builds, runs or reads the engine by itself: it names facts",
	},
	{
		from: []string{"checker/...", "cmd/...", "exercises/...", "lessons/..."},
		to: []string{
			"github.com/docker/docker/client/...",
			"github.com/moby/moby/client/...",
			"github.com/moby/buildkit/client/...",
			"github.com/moby/buildkit/session/...",
			"github.com/docker/cli/...",
			"github.com/docker/compose/...",
		},
		via: []string{"checker/engine/..."},
		why: "only checker/engine talks to engines",
	},
}

func TestArrows(t *testing.T) {
	g := listed(t)
	for _, r := range rules {
		if chain := r.broken(g); chain != nil {
			t.Errorf("%s:\n\t%s", r.why, strings.Join(chain, "\n\t→ "))
		}
	}
}

func TestTop(t *testing.T) {
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(top, e.Name()) {
			t.Errorf("folder %s stands at the top; only %s may", e.Name(), strings.Join(top, ", "))
		}
	}
}

// graph has the imports of each package outside the standard library.
type graph map[string][]string

// listed asks the go command for the packages of the module and all that they
// import.
func listed(t *testing.T) graph {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Dir = "../.."
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing packages: %v\n%s", err, &errOut)
	}
	g := make(graph)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
			Standard   bool
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("decoding packages: %v", err)
		}
		if !p.Standard {
			g[p.ImportPath] = p.Imports
		}
	}
	if len(g) == 0 {
		t.Fatal("no packages are listed")
	}
	// What is not listed outside the standard library is in it.
	for p, imports := range g {
		g[p] = slices.DeleteFunc(imports, func(i string) bool { _, ok := g[i]; return !ok })
	}
	return g
}

// broken returns the shortest chain of imports that breaks r, nil for none.
func (r rule) broken(g graph) []string {
	var chains [][]string
	for _, p := range slices.Sorted(maps.Keys(g)) {
		if matches(r.from, p) && !matches(r.via, p) {
			chains = append(chains, []string{p})
		}
	}
	seen := make(map[string]bool)
	for len(chains) > 0 { // breadth first, so the first chain found is the shortest
		chain := chains[0]
		chains = chains[1:]
		for _, p := range slices.Sorted(slices.Values(g[chain[len(chain)-1]])) {
			next := append(slices.Clone(chain), p)
			if matches(r.to, p) {
				return next
			}
			if !seen[p] && !matches(r.via, p) {
				seen[p] = true
				chains = append(chains, next)
			}
		}
	}
	return nil
}

// matches tells whether package p is in one of the sets.
func matches(sets []string, p string) bool {
	return slices.ContainsFunc(sets, func(set string) bool {
		if set == thirdParty {
			return !strings.HasPrefix(p+"/", module)
		}
		folder, all := strings.CutSuffix(full(set), "/...")
		return p == folder || all && strings.HasPrefix(p, folder+"/")
	})
}

// full returns the import path of a package in a rule.
func full(p string) string {
	if first, _, _ := strings.Cut(p, "/"); strings.Contains(first, ".") || p == thirdParty {
		return p
	}
	return module + p
}

// TestBroken proves that TestArrows can fail.
func TestBroken(t *testing.T) {
	g := make(graph)
	for _, line := range []string{
		"checker/checks/size → checker/facts/image checker/engine",
		"checker/checks/scratch → checker/checks/size",
		"checker/facts/image → checker/engine checker/facts/daemon github.com/google/ggcr",
		"checker/facts/daemon → checker/engine",
		"checker/engine → github.com/docker/docker/client checker",
		"checker → checker/helper",
		"checker/helper → github.com/google/ggcr github.com/pkg/errors",
		"cmd/tutor → lessons checker/engine",
		"lessons → lessons/render",
		"lessons/render → cmd/tutor lessons", // a cycle must not keep the search
		"github.com/google/ggcr → github.com/google/ggcr/daemon",
		"github.com/google/ggcr/daemon → github.com/docker/docker/client",
		"content → content",
	} {
		from, to, _ := strings.Cut(line, " → ")
		g[full(from)] = nil
		for p := range strings.FieldsSeq(to) {
			g[full(from)] = append(g[full(from)], full(p))
		}
	}
	for _, tt := range []struct {
		from, to, via string
		want          string
	}{
		{from: "lessons/...", to: "cmd/...", want: "lessons/render → cmd/tutor"},
		{from: "lessons", to: "cmd/...", want: "lessons → lessons/render → cmd/tutor"},
		{from: "lessons", to: "content/..."},
		{from: "checker", to: thirdParty, want: "checker → checker/helper → github.com/google/ggcr"},
		{from: "content/...", to: thirdParty},
		{from: "check/...", to: thirdParty},
		{from: "checker/checks/...", to: "checker/checks/...", want: "checker/checks/scratch → checker/checks/size"},
		{from: "checker/checks/...", to: "checker/facts/daemon", via: "checker/facts/..."},
		{from: "checker/checks/...", to: "checker/facts/daemon", want: "checker/checks/size → checker/facts/image → checker/facts/daemon"},
		{from: "checker/engine", to: "github.com/docker/docker/...", via: "checker/engine/..."},
		{
			from: "checker/checks/...", to: "github.com/docker/docker/client", via: "checker/engine/...",
			want: "checker/checks/size → checker/facts/image → github.com/google/ggcr → github.com/google/ggcr/daemon → github.com/docker/docker/client",
		},
		{from: "cmd/...", to: "github.com/docker/docker/client/...", via: "checker/engine/..."},
	} {
		r := rule{from: []string{tt.from}, to: []string{tt.to}}
		if tt.via != "" {
			r.via = []string{tt.via}
		}
		if got := strings.ReplaceAll(strings.Join(r.broken(g), " → "), module, ""); got != tt.want {
			t.Errorf("%s to %s but through %q: got %q, want %q", tt.from, tt.to, tt.via, got, tt.want)
		}
	}
	for _, r := range rules {
		for _, from := range r.from {
			for _, to := range r.to {
				from, to := full(strings.TrimSuffix(from, "/...")), full(strings.Replace(to, "/...", "/some", 1))
				if to == thirdParty {
					to = "github.com/pkg/errors"
				}
				if r.broken(graph{from: {to}, to: nil}) == nil {
					t.Errorf("%s: the rule lets %s import %s", r.why, from, to)
				}
			}
		}
	}
}
