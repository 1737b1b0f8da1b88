package exercises_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/tutor/checker"
	"example.com/tutor/content"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/workspace"
)

func TestNotFound(t *testing.T) {
	course := exercises.Open(content.FS())
	for name, nearest := range map[string]string{
		"exercise3":        "exercise-3",
		"Exercise-3":       "exercise-3",
		"exrcise-3":        "exercise-3",
		"nothing like it ": "",
		"../exercise-3":    "exercise-3",
		"":                 "",
	} {
		_, err := course.Exercise(name)
		var missing *exercises.NotFoundError
		if !errors.As(err, &missing) {
			t.Errorf("Exercise(%q): %v, want a NotFoundError", name, err)
			continue
		}
		if missing.Nearest != nearest {
			t.Errorf("Exercise(%q): nearest is %q, want %q", name, missing.Nearest, nearest)
		}
		if !slices.Contains(missing.Known, "exercise-3") {
			t.Errorf("Exercise(%q): known are %q", name, missing.Known)
		}
	}
}

func TestNamesInOrder(t *testing.T) {
	dirs := fstest.MapFS{}
	for _, n := range []string{"exercise-10", "exercise-2", "exercise-1"} {
		dirs["exercises/"+n+"/exercise.yaml"] = &fstest.MapFile{}
	}
	names, err := exercises.Open(dirs).Names()
	if want := []string{"exercise-1", "exercise-2", "exercise-10"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("Names() = %q, %v, want %q", names, err, want)
	}
}

// TestManifestFaults shows that a fault of exercise.yaml is told with its line.
func TestManifestFaults(t *testing.T) {
	const good = `name: e
title: {ru: р, en: e}
build: {file: Dockerfile}
service: {port: 8080, health: /healthz}
checks:
  - check: builds
  - check: size
    with: {max: 12MB}
`
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "title:", "titel:", `e/exercise.yaml:2: unknown field "titel"`},
		{"wrong type", "port: 8080", "port: many", `e/exercise.yaml:4: cannot unmarshal`},
		{"not YAML", "title: {", "title: {{{", `e/exercise.yaml:`},
		{"other name", "name: e", "name: f", `name is "f", its folder is "e"`},
		{"unknown check", "check: size", "check: syze", `no check "syze"; nearest is "size"`},
		{"unknown parameter", "max: 12MB", "maximum: 12MB", `e/exercise.yaml, check size:8: unknown field "maximum"`},
		{"parameter of a check without any", "check: builds", "check: builds\n    with: {a: 1}", `check builds:7: unknown field "a"`},
		{"bad size", "12MB", "12 parsecs", `"12 parsecs" is not a size such as 12MB`},
		{"no size", "12MB", "0MB", `max must be a size such as 12MB`},
		{"missing parameter", "    with: {max: 12MB}\n", "", `max must be a size such as 12MB`},
		{"check twice", "    with: {max: 12MB}\n", "    with: {max: 12MB}\n  - check: builds\n", "used twice without a label"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.new, 1)
			if text == good {
				t.Fatalf("%q is not in the text", c.old)
			}
			if err := checksOf(text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	if err := checksOf(good); err != nil {
		t.Errorf("the good text: %v", err)
	}
}

func checksOf(manifest string) error {
	course := exercises.Open(fstest.MapFS{"exercises/e/exercise.yaml": &fstest.MapFile{Data: []byte(manifest)}})
	ex, err := course.Exercise("e")
	if err != nil {
		return err
	}
	_, err = ex.Checks()
	return err
}

// all returns every exercise of the course.
func all(t *testing.T) []*exercises.Exercise {
	t.Helper()
	course := exercises.Open(content.FS())
	names, err := course.Names()
	if err != nil {
		t.Fatal(err)
	}
	var list []*exercises.Exercise
	for _, name := range names {
		ex, err := course.Exercise(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, ex)
	}
	if len(list) == 0 {
		t.Fatal("found no exercises")
	}
	return list
}

// TestComplete holds every exercise to what course.md promises: both
// languages, enough mistakes and other solutions, and no stray file.
func TestComplete(t *testing.T) {
	const mistakes, solutions = 8, 4
	for _, ex := range all(t) {
		t.Run(ex.Name, func(t *testing.T) {
			if _, err := ex.Checks(); err != nil {
				t.Error(err)
			}
			for _, lang := range checker.Languages {
				if ex.Titles[lang] == "" {
					t.Errorf("has no title in %q", lang)
				}
			}
			if n := len(ex.Mistakes); n < mistakes {
				t.Errorf("has %d mistakes, needs %d", n, mistakes)
			}
			if n := len(ex.Solutions); n < solutions {
				t.Errorf("has %d other solutions, needs %d", n, solutions)
			}
			listed(t, path(ex, "_solutions"), "", ex.Solutions)
			var names []string
			for _, m := range ex.Mistakes {
				names = append(names, m.Name)
				if len(m.Want) == 0 {
					t.Errorf("mistake %s wants no finding", m.Name)
				}
				if _, err := ex.Mistaken(m.Name); err != nil {
					t.Error(err)
				}
			}
			listed(t, path(ex, "_mistakes"), ".patch", names)
		})
	}
}

func path(ex *exercises.Exercise, folder string) string { return "exercises/" + ex.Name + "/" + folder }

// listed compares the entries of a folder with a list in exercise.yaml.
func listed(t *testing.T, dir, suffix string, names []string) {
	t.Helper()
	entries, err := fs.ReadDir(content.FS(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, strings.TrimSuffix(e.Name(), suffix))
	}
	slices.Sort(got)
	names = slices.Sorted(slices.Values(names))
	if !slices.Equal(got, names) {
		t.Errorf("%s differs from exercise.yaml\non disk %q\nlisted  %q", dir, got, names)
	}
}

var (
	heading = regexp.MustCompile(`(?m)^#+ `)
	fence   = regexp.MustCompile("(?s)```.*?```")
)

// TestTasksAgree compares the task in both languages: the same number of
// headings of each level and the same blocks of code.
func TestTasksAgree(t *testing.T) {
	for _, ex := range all(t) {
		ru, err := ex.Task("ru")
		if err != nil {
			t.Fatal(err)
		}
		en, err := ex.Task("en")
		if err != nil {
			t.Fatal(err)
		}
		strip := func(text []byte) string { return fence.ReplaceAllString(string(text), "") }
		if a, b := heading.FindAllString(strip(ru), -1), heading.FindAllString(strip(en), -1); !slices.Equal(a, b) {
			t.Errorf("%s: headings differ: ru %q, en %q", ex.Name, a, b)
		}
		if a, b := fence.FindAllString(string(ru), -1), fence.FindAllString(string(en), -1); !slices.Equal(a, b) {
			t.Errorf("%s: blocks differ:\nru %q\nen %q", ex.Name, a, b)
		}
	}
}

// TestApplications vets and tests what is handed out with the Go of this
// machine, so that a learner never starts from broken code.
func TestApplications(t *testing.T) {
	for _, ex := range all(t) {
		starter, err := ex.Starter()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := workspace.Write(starter, dir); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"vet", "./..."}, {"test", "./..."}} {
			cmd := exec.Command("go", args...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: go %s: %v\n%s", ex.Name, strings.Join(args, " "), err, out)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
			t.Error("go.mod.tmpl was not handed out as go.mod")
		}
	}
}
