package dockerfile_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/dockerfile"
)

var update = flag.Bool("update", false, "record anew what the engine calls its steps")

// frontends are the two that read Dockerfiles here: the engine's own and, by
// a first line "# syntax=", BuildKit's newest.
var frontends = map[string]string{"engine.txt": "", "syntax.txt": "# syntax=docker/dockerfile:1\n"}

// TestStepNames builds the Dockerfiles of testdata/steps and compares what the
// steps are called with what is recorded. "go test -run StepNames -update"
// records anew; look at the lines then.
//
// FROM is left out: builds that run on the engine at the same time share steps
// and call them as the first of them does. The other steps are nobody else's:
// they use the context, or an unusual folder.
func TestStepNames(t *testing.T) {
	e, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker Engine: %v", err)
	}
	defer e.Close()
	dirs, err := filepath.Glob(filepath.Join("testdata", "steps", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("found no cases: %v", err)
	}
	for _, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
		if err != nil {
			t.Fatal(err)
		}
		for file, syntax := range frontends {
			if filepath.Base(dir) == "heredocs" && syntax == "" {
				continue // which engine 20.10 does not know
			}
			t.Run(filepath.Join(filepath.Base(dir), file), func(t *testing.T) {
				got := stepNames(t, e, []byte(syntax+string(text)))
				file := filepath.Join(dir, file)
				if *update {
					record(t, file, text, got)
				}
				recorded, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				var want []string
				for row := range strings.Lines(string(recorded)) {
					_, name, _ := strings.Cut(strings.TrimSuffix(row, "\n"), "\t")
					want = append(want, name)
				}
				slices.Sort(want)
				isFrom := func(name string) bool { return strings.Contains(name, "] FROM ") }
				got, want = slices.DeleteFunc(got, isFrom), slices.DeleteFunc(want, isFrom)
				if !slices.Equal(got, want) {
					t.Errorf("the engine says\n%s\nrecorded is\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			})
		}
	}
}

// stepNames builds a Dockerfile and returns what its steps are called, sorted.
func stepNames(t *testing.T, e *engine.Engine, text []byte) []string {
	t.Helper()
	var id [8]byte
	rand.Read(id[:])
	tag := engine.ImageName("test"+hex.EncodeToString(id[:]), "it")
	b, err := e.Build(t.Context(), engine.BuildOptions{
		Context: engine.Context{Overlay: map[string][]byte{"x": []byte("x"), "y": []byte("y")}},
		File:    "Dockerfile", Dockerfile: text, Tag: tag, Key: "tutor-test-steps",
	})
	if err != nil {
		t.Fatal(err)
	}
	if b.Failure != nil {
		t.Fatalf("%s\n%+v", b.Failure.Message, b.Failure.Step)
	}
	if err := e.RemoveImage(context.WithoutCancel(t.Context()), tag); err != nil {
		t.Error(err)
	}
	names := make(map[string]bool)
	for _, s := range b.Steps {
		if strings.HasPrefix(s.Name, "[") && !strings.HasPrefix(s.Name, "[internal] ") {
			names[s.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func record(t *testing.T, file string, text []byte, names []string) {
	t.Helper()
	f, err := dockerfile.Parse("Dockerfile", text)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, name := range names {
		line := 0
		if at, ok := f.Step(name); ok {
			line = f.At(at).Line
		}
		fmt.Fprintf(&out, "%d\t%s\n", line, name)
	}
	if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
