package start

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/tutor/checker"
	"example.com/tutor/cmd/internal/fake"
	"example.com/tutor/cmd/internal/golden"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/workspace"
)

func TestNewCmdStart(t *testing.T) {
	for _, tc := range []struct{ args, exercise, dir, err string }{
		{"exercise-3", "exercise-3", "", ""},
		{"exercise-3 x", "exercise-3", "x", ""},
		{"", "", "", "Which exercise? / How to use the command: `start --help`"},
		{"a b c", "", "", "One argument too many: `c`. / How to use the command: `start --help`"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			io, _, _ := iostreams.Test()
			f := fake.Factory(io, "en")
			var got StartOptions
			if err := fake.Execute(f, NewCmdStart(f, func(o *StartOptions) error { got = *o; return nil }), tc.args); err != tc.err {
				t.Fatalf("error is %q, want %q", err, tc.err)
			}
			if got.Exercise != tc.exercise || got.Dir != tc.dir {
				t.Errorf("got %q %q", got.Exercise, got.Dir)
			}
		})
	}
}

func TestStartRun(t *testing.T) {
	for _, lang := range checker.Languages {
		for _, repo := range []bool{true, false} {
			name := lang + map[bool]string{true: ".txt", false: ".no-git.txt"}[repo]
			t.Run(name, func(t *testing.T) {
				t.Chdir(t.TempDir())
				here, err := os.Getwd()
				if err != nil {
					t.Fatal(err)
				}
				io, out, _ := iostreams.Test()
				f := fake.Factory(io, lang)
				var got workspace.Options
				err = startRun(&StartOptions{
					IO: io, Tr: f.Tr, Course: f.Course, Exercise: "exercise-3", Dir: "my work",
					Start: func(ex *exercises.Exercise, o workspace.Options) (*workspace.Workspace, bool, error) {
						got = o
						return &workspace.Workspace{Dir: filepath.Join(here, o.Dir), Exercise: ex.Name}, repo, nil
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				if got.Dir != "my work" || got.Lang != lang {
					t.Errorf("started with %+v", got)
				}
				golden.Equal(t, name, strings.ReplaceAll(out.String(), here, "/home/ann"))
			})
		}
	}
}

func TestStartRunErrors(t *testing.T) {
	io, out, _ := iostreams.Test()
	f := fake.Factory(io, "en")
	o := &StartOptions{IO: io, Tr: f.Tr, Course: f.Course, Exercise: "exercise-33"}
	var unknown *exercises.NotFoundError
	if err := startRun(o); !errors.As(err, &unknown) || unknown.Nearest != "exercise-3" {
		t.Errorf("error is %v", err)
	}
	full := &workspace.NotEmptyError{Dir: "/x", First: "a"}
	o.Exercise = "exercise-3"
	o.Start = func(*exercises.Exercise, workspace.Options) (*workspace.Workspace, bool, error) {
		return nil, false, full
	}
	if err := startRun(o); !errors.Is(err, full) || out.Len() > 0 {
		t.Errorf("error is %v, output %q", err, out)
	}
}

func TestTree(t *testing.T) {
	got := Tree(iostreams.Style{}, "x", []string{
		"go.mod", "Dockerfile", "cmd/app/main.go", "internal/a/b/one.go", "internal/a/b/two.go", "internal/a/c.go", "README.md",
	}, map[string]string{"README.md": "the task"})
	want := `  x/
  |-- Dockerfile
  |-- README.md  the task
  |-- cmd/app/
  |   ` + "`-- main.go" + `
  |-- go.mod
  ` + "`-- internal/a/" + `
      |-- b/
      |   |-- one.go
      |   ` + "`-- two.go" + `
      ` + "`-- c.go" + `
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
