package dockerfile

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// stepCases returns the folders of testdata/steps: a Dockerfile each, and what
// its steps are called by a front end, "LINE<tab>NAME".
func stepCases(t testing.TB) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata", "steps", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("found no cases: %v", err)
	}
	return dirs
}

// instruction matches the instruction in a step's name.
var instruction = regexp.MustCompile(`\] (?i:([A-Z]+) (.*))`)

// TestStep finds the lines of recorded steps. step_engine_test.go makes sure
// that engines call them so.
func TestStep(t *testing.T) {
	for _, dir := range stepCases(t) {
		text, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse("Dockerfile", text)
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		recorded, err := filepath.Glob(filepath.Join(dir, "*.txt"))
		if err != nil || len(recorded) == 0 {
			t.Fatalf("%s: nothing recorded, %v", dir, err)
		}
		for _, file := range recorded {
			t.Run(file, func(t *testing.T) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				seen := make(map[string]string)
				for row := range strings.Lines(string(text)) {
					want, name, _ := strings.Cut(strings.TrimSuffix(row, "\n"), "\t")
					line := ""
					if at, ok := f.Step(name); ok {
						line = fmt.Sprint(f.At(at).Line)
					}
					if line != want {
						t.Errorf("%q is line %s, want %s", name, line, want)
						continue
					}
					if other, twice := seen[line]; twice {
						t.Errorf("line %s is both %q and %q", line, other, name)
					}
					seen[line] = name
					// The record itself: the line begins with the same instruction.
					at, _ := f.Step(name)
					word := instruction.FindStringSubmatch(name)[1]
					if got, _, _ := strings.Cut(f.Line(f.At(at).Line), " "); !strings.EqualFold(got, word) {
						t.Errorf("%q is recorded as line %s, which is %q", name, want, f.Line(f.At(at).Line))
					}
				}
			})
		}
	}
}
