package demo

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/tutor/checker"
	"example.com/tutor/cmd/internal/fake"
	"example.com/tutor/cmd/internal/golden"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/trouble"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/submission"
	"example.com/tutor/exercises/workspace"
)

func TestNewCmdDemo(t *testing.T) {
	for _, tc := range []struct {
		args, dir string
		keep      bool
		err       string
	}{
		{"", "", false, ""},
		{"--dir x --keep", "x", true, ""},
		{"x", "", false, "One argument too many: `x`. / How to use the command: `demo --help`"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			io, _, _ := iostreams.Test()
			f := fake.Factory(io, "en")
			var got DemoOptions
			if err := fake.Execute(f, NewCmdDemo(f, func(o *DemoOptions) error { got = *o; return nil }), tc.args); err != tc.err {
				t.Fatalf("error is %q, want %q", err, tc.err)
			}
			if got.Dir != tc.dir || got.Keep != tc.keep {
				t.Errorf("got %q %v", got.Dir, got.Keep)
			}
		})
	}
}

// stage is a demo over fakes: checks return the given results one after the
// other, and files are really written.
func stage(t *testing.T, lang string, acts ...[]checker.Result) (o *DemoOptions, dir string, out, errs func() string) {
	t.Helper()
	io, outB, errB := iostreams.Test()
	f := fake.Factory(io, lang)
	dir = filepath.Join(t.TempDir(), "demo")
	o = &DemoOptions{
		IO: io, Tr: f.Tr, Trouble: f.Trouble, Reports: f.Reports(), Course: f.Course, Engine: f.Engine,
		Write: workspace.Write, Dir: dir,
		Start: func(ex *exercises.Exercise, o workspace.Options) (*workspace.Workspace, bool, error) {
			tree, err := ex.Starter()
			if err != nil {
				return nil, false, err
			}
			return &workspace.Workspace{Dir: o.Dir}, false, errors.Join(os.MkdirAll(o.Dir, 0o755), workspace.Write(tree, o.Dir))
		},
		Submit: func(_ context.Context, _ *exercises.Exercise, so submission.Options) ([]checker.Result, error) {
			text, err := os.ReadFile(filepath.Join(so.Dir, "Dockerfile"))
			if err != nil {
				t.Error(err)
			}
			if want := map[int]string{2: "FROM golang:1.26\n", 1: "FROM scratch\n"}[len(acts)]; len(acts) <= 2 && string(text) != want {
				t.Errorf("checks %q, want %q", text, want)
			}
			results := acts[0]
			acts = acts[1:]
			return results, nil
		},
	}
	hide := func(s string) string { return strings.ReplaceAll(s, dir, "/tmp/demo") }
	return o, dir, func() string { return hide(outB.String()) }, func() string { return hide(errB.String()) }
}

func TestDemoRun(t *testing.T) {
	for _, lang := range checker.Languages {
		t.Run(lang, func(t *testing.T) {
			o, dir, out, _ := stage(t, lang, fake.Starter(), fake.AllPassed())
			o.IO.SetTerminal(100, 40, false)
			if err := demoRun(context.Background(), o); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(dir, "Dockerfile")); err != nil {
				t.Errorf("the folder with --dir must stay: %v", err)
			}
			for _, id := range []string{"demo.intro", "demo.failed", "demo.end"} {
				if text := strings.Fields(o.Tr.T(id)); !strings.Contains(strings.Join(strings.Fields(out()), " "), strings.Join(text, " ")) {
					t.Errorf("does not say %s", id)
				}
			}
		})
	}
}

func TestDemoRunOutcomes(t *testing.T) {
	for _, tc := range []struct {
		name string
		acts [][]checker.Result
		want error
	}{
		{"the starter passes", [][]checker.Result{fake.AllPassed()}, trouble.ErrFailed},
		{"the solution fails", [][]checker.Result{fake.Starter(), fake.Starter()}, trouble.ErrFailed},
		{"no engine", [][]checker.Result{fake.NoEngine()}, trouble.ErrUnchecked},
		{"the engine goes away", [][]checker.Result{fake.Starter(), fake.NoEngine()}, trouble.ErrUnchecked},
	} {
		t.Run(tc.name, func(t *testing.T) {
			acts := slices.Clone(tc.acts)
			for len(acts) < 2 {
				acts = append(acts, nil)
			}
			o, _, _, _ := stage(t, "en", acts...)
			if err := demoRun(context.Background(), o); !errors.Is(err, tc.want) {
				t.Errorf("error is %v, want %v", err, tc.want)
			}
		})
	}
}

// TestDemoRunTidies: without a folder of the user's nothing is left.
func TestDemoRunTidies(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	for _, keep := range []bool{false, true} {
		o, _, out, _ := stage(t, "en", fake.Starter(), fake.AllPassed())
		o.Dir, o.Keep = "", keep
		if err := demoRun(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		left := make(map[string]bool)
		entries, err := os.ReadDir(tmp)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			left[e.Name()] = true
		}
		if (len(left) > 0) != keep || strings.Contains(out(), "still there") != keep {
			t.Errorf("keep is %v, left are %v", keep, slices.Collect(maps.Keys(left)))
		}
	}
}

func TestDemoGolden(t *testing.T) {
	for _, lang := range checker.Languages {
		// The path is part of the wrapped text, so it must not change.
		o, _, out, errs := stage(t, lang, fake.Starter(), fake.AllPassed())
		start := o.Start
		o.Start = func(ex *exercises.Exercise, so workspace.Options) (*workspace.Workspace, bool, error) {
			w, repo, err := start(ex, so)
			if err == nil {
				t.Chdir(w.Dir)
				w.Dir = "."
			}
			return w, repo, err
		}
		if err := demoRun(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		golden.Equal(t, lang+".stdout", out())
		golden.Equal(t, lang+".stderr", errs())
	}
}
