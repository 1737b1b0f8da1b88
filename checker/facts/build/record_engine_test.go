package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/dockerfile"
)

// TestRecordOf changes one thing at a time of what a build is made from: each
// makes another record, and none makes the same.
func TestRecordOf(t *testing.T) {
	e, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker Engine: %v", err)
	}
	defer e.Close()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	// of returns the record's file for a submission that is changed first.
	of := func(change func(dir string, o *engine.BuildOptions)) string {
		t.Helper()
		dir := t.TempDir()
		write := func(name, text string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("a.go", "package a")
		write(".dockerignore", "ignored\n")
		write("ignored", "1")
		if err := os.Symlink("a.go", filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		o := engine.BuildOptions{File: "t.dockerfile", Dockerfile: []byte("FROM golang:1.26 AS build\nFROM scratch\nCOPY a.go /\n"), Args: map[string]string{"A": "1"}}
		change(dir, &o)
		overlay := o.Context.Overlay
		if o.Context, err = engine.OpenContext(dir); err != nil {
			t.Fatal(err)
		}
		defer o.Context.Root.Close()
		o.Context.Overlay = overlay
		df, err := dockerfile.Parse(o.File, o.Dockerfile)
		if err != nil {
			t.Fatal(err)
		}
		r, err := recordOf(t.Context(), e, df, o)
		if err != nil {
			t.Fatal(err)
		}
		return r.file
	}
	write := func(name, text string) func(string, *engine.BuildOptions) {
		return func(dir string, _ *engine.BuildOptions) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	plain := of(func(string, *engine.BuildOptions) {})
	if !strings.HasSuffix(plain, ".json") {
		t.Fatalf("the record is %q", plain)
	}
	for name, change := range map[string]func(string, *engine.BuildOptions){
		"nothing": func(string, *engine.BuildOptions) {}, "what is ignored": write("ignored", "2"),
		"the time of a file": func(dir string, _ *engine.BuildOptions) {
			if err := os.Chtimes(filepath.Join(dir, "a.go"), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		},
		"the name of the image": func(_ string, o *engine.BuildOptions) { o.Tag, o.Key = "x", "y" },
	} {
		if got := of(change); got != plain {
			t.Errorf("%s: the record is another", name)
		}
	}
	seen := map[string]string{plain: "nothing"}
	for name, change := range map[string]func(string, *engine.BuildOptions){
		"a file":          write("a.go", "package b"),
		"one file more":   write("b.go", ""),
		"the ignore file": write(".dockerignore", "ignored\nother\n"),
		"an edit": func(_ string, o *engine.BuildOptions) {
			o.Context.Overlay = map[string][]byte{"a.go": []byte("package c")}
		},
		"an added file":   func(_ string, o *engine.BuildOptions) { o.Context.Overlay = map[string][]byte{"d/c.go": nil} },
		"another target":  func(_ string, o *engine.BuildOptions) { o.Target = "build" },
		"an argument":     func(_ string, o *engine.BuildOptions) { o.Args = map[string]string{"A": "2"} },
		"no argument":     func(_ string, o *engine.BuildOptions) { o.Args = nil },
		"the Dockerfile":  func(_ string, o *engine.BuildOptions) { o.Dockerfile = append(o.Dockerfile, "COPY b.go /\n"...) },
		"its name":        func(_ string, o *engine.BuildOptions) { o.File = "u.dockerfile" },
		"its ignore file": func(_ string, o *engine.BuildOptions) { o.Ignore = []byte("ignored\n.dockerignore\n") },
		"a mode": func(dir string, _ *engine.BuildOptions) {
			if err := os.Chmod(filepath.Join(dir, "a.go"), 0o755); err != nil {
				t.Fatal(err)
			}
		},
		"a link": func(dir string, _ *engine.BuildOptions) {
			if err := os.Remove(filepath.Join(dir, "link")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("ignored", filepath.Join(dir, "link")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		got := of(change)
		if other, ok := seen[got]; ok {
			t.Errorf("%s: the record is that of %s", name, other)
		}
		seen[got] = name
	}
	// Nobody knows what a base is that is not on the engine.
	if got := of(func(_ string, o *engine.BuildOptions) {
		o.Dockerfile = []byte("FROM registry.invalid/x:1\nCOPY a.go /\n")
	}); got != "" {
		t.Errorf("with a base that is not there: %s", got)
	}
}
