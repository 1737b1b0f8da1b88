package trouble

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/suite"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/submission"
	"example.com/tutor/exercises/workspace"
)

func describer(system string, others ...string) *Describer {
	return &Describer{Tr: i18n.New("en"), OS: system, Others: func(string) []string { return others }}
}

// TestEveryProblem holds every kind to a sentence and one next step, in every
// language, on every system, whoever chose the engine.
func TestEveryProblem(t *testing.T) {
	for _, lang := range checker.Languages {
		tr := i18n.New(lang)
		for _, system := range []string{"linux", "darwin", "windows", "freebsd"} {
			for _, source := range []string{"default", "DOCKER_HOST", "DOCKER_CONTEXT", "config"} {
				for _, kind := range Kinds {
					d := &Describer{Tr: tr, OS: system, Others: func(string) []string { return nil }}
					p := &engine.Problem{
						Kind: kind, At: engine.Endpoint{Host: "unix:///x.sock", Source: source, Context: "c"}, Image: "golang:1.26", Err: errors.New("why"),
					}
					got := d.Describe(fmt.Errorf("building: %w", p))
					where := fmt.Sprintf("%s, %s, %s, %s", lang, system, source, kind)
					if got.Kind != string(kind) {
						t.Errorf("%s: kind is %q", where, got.Kind)
					}
					for _, text := range []string{got.Message, got.Next} {
						if text == "" || strings.HasPrefix(text, "engine.") || strings.Contains(text, "<no value>") {
							t.Errorf("%s: says %q", where, text)
						}
					}
				}
			}
		}
	}
}

func TestNextStepFitsTheCause(t *testing.T) {
	at := func(source string) *engine.Problem {
		return &engine.Problem{Kind: engine.NotRunning, At: engine.Endpoint{Host: "unix:///x.sock", Source: source, Context: "colima"}}
	}
	for _, tc := range []struct {
		name string
		d    *Describer
		err  error
		want string
	}{
		{"Linux", describer("linux"), at("default"), "Start it: `sudo systemctl start docker`"},
		{"macOS", describer("darwin"), at("default"), "Start Docker Desktop (or `colima start`), then repeat the command."},
		{
			"another engine is there", describer("linux", "unix:///run/user/1000/docker.sock"), at("default"),
			"Another Docker seems to be running. Choose it: `export DOCKER_HOST=unix:///run/user/1000/docker.sock`",
		},
		{
			"a wrong DOCKER_HOST comes before another engine", describer("linux", "unix:///var/run/docker.sock"), at("DOCKER_HOST"),
			"The address comes from the variable DOCKER_HOST. Correct it or remove it: `unset DOCKER_HOST`",
		},
		{
			"context", describer("linux"), at("config"),
			"The address comes from the docker context colima. Start that Docker or go back to the usual one: `docker context use default`",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.d.Describe(tc.err).Next; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	d := describer("linux")
	for _, tc := range []struct {
		err                 error
		kind, message, next string
	}{
		{&UsageError{"m", "n"}, "usage", "m", "n"},
		{
			&exercises.NotFoundError{Name: "exercise-33", Known: []string{"exercise-3", "exercise-4"}},
			"unknown-exercise", "There is no exercise `exercise-33`.", "Did you mean `exercise-3`? There are: exercise-3, exercise-4.",
		},
		{
			&exercises.NotFoundError{Name: "zzz", Known: []string{"exercise-3"}},
			"unknown-exercise", "There is no exercise `zzz`.", "There are: exercise-3.",
		},
		{
			&suite.UnknownError{Name: "nonrot", Known: []string{"size", "nonroot"}},
			"unknown-check", "There is no check `nonrot`.", "Did you mean `nonroot`? There are: size, nonroot.",
		},
		{
			&submission.UnknownCheckError{Name: "siz", Known: []string{"size"}},
			"unknown-check", "This exercise has no check `siz`.", "Did you mean `size`? There are: size.",
		},
		{&i18n.LangError{Value: "russian"}, "usage", "There is no language `russian`.", "Did you mean `ru`? There are: ru, en."},
		{
			&workspace.NotEmptyError{Dir: "/x", First: "a"},
			"not-empty", "The folder /x is not empty: it has a. Nothing was changed.", "Name a new folder: `tutor start <exercise> <folder>`",
		},
		{&NoFolderError{"/x"}, "no-folder", "There is no folder /x.", "Check the path. To get an exercise: `tutor start <exercise>`"},
		{
			&NoExerciseError{"/x"}, "no-exercise", "It is not clear what to check: there is no exercise in /x or above it.",
			"Go to the folder of an exercise or name it: `tutor check <exercise> --dir <folder>`",
		},
		{
			&submission.TimeoutError{After: 90 * time.Second}, "timeout", "The check did not end within 1 min 30 s.",
			"Give it more time, such as `--timeout 30m`: the first build downloads base images.",
		},
		{
			fmt.Errorf("reading: %w", &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrPermission}),
			"file", "Could not read or write /x: no permission.", "See whether that file or folder is there and open to you.",
		},
		{ErrInterrupted, "interrupted", "Interrupted; everything temporary has been removed.", ""},
		{
			errors.Join(ErrInterrupted, &submission.CleanupError{Err: errors.New("x")}),
			"interrupted", "Interrupted, but not everything temporary could be removed from Docker.", "Remove what is left: `tutor clean`",
		},
		{
			errors.New("boom\nstack\x1b[31m"), "internal", "Internal error of tutor: boom stack",
			"Run the command again. If it happens again, report it with the output of `tutor version` and `tutor doctor`.",
		},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			got := d.Describe(tc.err)
			if got.Kind != tc.kind || got.Message != tc.message || got.Next != tc.next {
				t.Errorf("got %q %q %q", got.Kind, got.Message, got.Next)
			}
		})
	}
}
