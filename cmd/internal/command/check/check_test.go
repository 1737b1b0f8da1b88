package check

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/cmd/internal/fake"
	"example.com/tutor/cmd/internal/golden"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/trouble"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/submission"
	"example.com/tutor/exercises/workspace"
)

func TestNewCmdCheck(t *testing.T) {
	defaults := func(edit func(*CheckOptions)) CheckOptions {
		o := CheckOptions{Format: "text", Timeout: submission.DefaultTimeout}
		if edit != nil {
			edit(&o)
		}
		return o
	}
	for _, tc := range []struct {
		args string
		want CheckOptions
		err  string
	}{
		{"", defaults(nil), ""},
		{"exercise-3", defaults(func(o *CheckOptions) { o.Exercise = "exercise-3" }), ""},
		{"--dir x --only a,b --only c", defaults(func(o *CheckOptions) { o.Dir, o.Only = "x", []string{"a", "b", "c"} }), ""},
		{"--format json -v --no-cache", defaults(func(o *CheckOptions) { o.Format, o.Verbose, o.NoCache = "json", true, true }), ""},
		{"--build-arg A=1 --build-arg B==", defaults(func(o *CheckOptions) { o.BuildArgs = map[string]string{"A": "1", "B": "="} }), ""},
		{"--timeout 90s", defaults(func(o *CheckOptions) { o.Timeout = 90 * time.Second }), ""},
		{"a b", CheckOptions{}, "One argument too many: `b`. / How to use the command: `check --help`"},
		{"--format jsn", CheckOptions{}, "Flag `--format` does not take the value `jsn`. / Did you mean `json`? There are: text, json."},
		{"--format", CheckOptions{}, "Flag `--format` needs a value. / How to use the command: `check --help`"},
		{"--foramt json", CheckOptions{}, "Unknown flag `--foramt`. / Did you mean `--format`?"},
		{"-z", CheckOptions{}, "Unknown flag `-z`. / How to use the command: `check --help`"},
		{"--build-arg A", CheckOptions{}, "Flag `--build-arg` does not take the value `A`. / Give a name and a value with an equals sign: `--build-arg VERSION=1.2`."},
		{"--timeout 10", CheckOptions{}, "Flag `--timeout` does not take the value `10`. / Give a duration, such as `--timeout 90s` or `--timeout 10m`."},
		{"--timeout -1s", CheckOptions{}, "Flag `--timeout` does not take the value `-1s`. / Give a duration, such as `--timeout 90s` or `--timeout 10m`."},
	} {
		t.Run(tc.args, func(t *testing.T) {
			io, _, _ := iostreams.Test()
			f := fake.Factory(io, "en")
			var got CheckOptions
			err := fake.Execute(f, NewCmdCheck(f, func(_ context.Context, o *CheckOptions) error { got = *o; return nil }), tc.args)
			if err != tc.err {
				t.Fatalf("error is\n%q, want\n%q", err, tc.err)
			}
			if err != "" {
				return
			}
			got = CheckOptions{
				Exercise: got.Exercise, Dir: got.Dir, Only: got.Only, Format: got.Format, BuildArgs: got.BuildArgs,
				NoCache: got.NoCache, Timeout: got.Timeout, Verbose: got.Verbose,
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got\n%+v, want\n%+v", got, tc.want)
			}
		})
	}
}

var elapsed = regexp.MustCompile(`"elapsed_ms": \d+`)

// run runs the command over fakes.
type run struct {
	o         CheckOptions
	submitted submission.Options
	exercise  string
}

func newRun(t *testing.T, lang string, results []checker.Result, submitErr error) (r *run, out, errs func() string) {
	t.Helper()
	io, o, e := iostreams.Test()
	f := fake.Factory(io, lang)
	r = new(run)
	r.o = CheckOptions{
		IO: io, Tr: f.Tr, Trouble: f.Trouble, Reports: f.Reports(), Course: f.Course,
		Engine: func(context.Context) (*engine.Engine, error) { return new(engine.Engine), nil },
		Info:   func(context.Context, *engine.Engine) (engine.Info, error) { return fake.Info(), nil },
		Find: func(dir string) (*workspace.Workspace, error) {
			return &workspace.Workspace{Dir: dir, Exercise: "exercise-3"}, nil
		},
		Submit: func(ctx context.Context, ex *exercises.Exercise, so submission.Options) ([]checker.Result, error) {
			r.submitted, r.exercise = so, ex.Name
			if _, err := so.Engine(ctx); err != nil {
				t.Error(err)
			}
			for i := range results {
				so.Listen(checker.Event{Kind: checker.CheckDone, Name: results[i].Check.ID(), Result: &results[i]})
			}
			return results, submitErr
		},
		Format: "text",
	}
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	hide := func(s string) string { return strings.ReplaceAll(s, here, "/home/ann/exercise-3") }
	return r, func() string { return hide(o.String()) }, func() string { return hide(e.String()) }
}

func TestCheckRun(t *testing.T) {
	left := &submission.CleanupError{Err: errors.New("removing network x: in use")}
	for _, tc := range []struct {
		name    string
		lang    string
		results []checker.Result
		err     error
		edit    func(*CheckOptions)
		want    error
	}{
		{"failed", "ru", fake.Starter(), nil, nil, trouble.ErrFailed},
		{"passed", "en", fake.AllPassed(), nil, nil, nil},
		{"errored", "en", fake.NoEngine(), nil, nil, trouble.ErrUnchecked},
		{"left", "en", fake.AllPassed(), left, func(o *CheckOptions) { o.Verbose = true }, nil},
		{"other-exercise", "en", fake.Starter(), nil, func(o *CheckOptions) { o.Exercise, o.Dir = "exercise-4", "." }, trouble.ErrFailed},
		{"json", "en", fake.AllPassed()[:1], nil, func(o *CheckOptions) { o.Format = "json" }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, out, errs := newRun(t, tc.lang, tc.results, tc.err)
			if tc.edit != nil {
				tc.edit(&r.o)
			}
			if err := checkRun(context.Background(), &r.o); !errors.Is(err, tc.want) {
				t.Errorf("error is %v, want %v", err, tc.want)
			}
			stdout := out()
			if tc.name == "json" {
				stdout = elapsed.ReplaceAllString(stdout, `"elapsed_ms": 0`)
			}
			golden.Equal(t, tc.name+".stdout", stdout)
			golden.Equal(t, tc.name+".stderr", errs())
		})
	}
}

func TestCheckRunPasses(t *testing.T) {
	r, _, _ := newRun(t, "en", fake.AllPassed(), nil)
	r.o.Only, r.o.NoCache, r.o.Timeout, r.o.BuildArgs = []string{"size"}, true, time.Minute, map[string]string{"A": "1"}
	if err := checkRun(context.Background(), &r.o); err != nil {
		t.Fatal(err)
	}
	s := r.submitted
	if r.exercise != "exercise-3" || s.Dir == "" || !reflect.DeepEqual(s.Only, r.o.Only) || !s.NoCache || s.Timeout != time.Minute || s.BuildArgs["A"] != "1" {
		t.Errorf("submitted %s with %+v", r.exercise, s)
	}
}

func TestCheckRunErrors(t *testing.T) {
	none := func(string) (*workspace.Workspace, error) { return nil, workspace.ErrNone }
	broken := errors.New("exercise.yaml:3: no such check")
	for _, tc := range []struct {
		name string
		err  error
		edit func(*CheckOptions)
		want func(error) bool
	}{
		{"no folder", nil, func(o *CheckOptions) { o.Dir = filepath.Join(o.Dir, "x") }, is[*trouble.NoFolderError]},
		{"a file", nil, func(o *CheckOptions) {
			o.Dir = filepath.Join(o.Dir, "x")
			if err := os.WriteFile(o.Dir, nil, 0o644); err != nil {
				panic(err)
			}
		}, is[*trouble.NoFolderError]},
		{"no exercise", nil, func(o *CheckOptions) { o.Find = none }, is[*trouble.NoExerciseError]},
		{"unknown exercise", nil, func(o *CheckOptions) { o.Exercise = "exercise-33" }, is[*exercises.NotFoundError]},
		{"named without a marker", nil, func(o *CheckOptions) { o.Find, o.Exercise = none, "exercise-3" }, func(err error) bool { return err == nil }},
		{"broken course", broken, nil, func(err error) bool { return errors.Is(err, broken) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, out, _ := newRun(t, "en", fake.AllPassed(), tc.err)
			if tc.edit != nil {
				tc.edit(&r.o)
			}
			err := checkRun(context.Background(), &r.o)
			if !tc.want(err) {
				t.Errorf("error is %v", err)
			}
			if err != nil && out() != "" {
				t.Errorf("standard output has %q", out())
			}
		})
	}
}

func is[T error](err error) bool { var e T; return errors.As(err, &e) }

func TestCheckRunInterrupted(t *testing.T) {
	r, out, _ := newRun(t, "en", fake.NoEngine(), nil)
	ctx, cancel := context.WithCancelCause(context.Background())
	submit := r.o.Submit
	r.o.Submit = func(ctx context.Context, ex *exercises.Exercise, so submission.Options) ([]checker.Result, error) {
		cancel(trouble.ErrInterrupted)
		return submit(ctx, ex, so)
	}
	if err := checkRun(ctx, &r.o); !errors.Is(err, trouble.ErrInterrupted) || out() != "" {
		t.Errorf("error is %v, output %q", err, out())
	}
}

func TestCompletions(t *testing.T) {
	io, out, _ := iostreams.Test()
	f := fake.Factory(io, "ru")
	root := &cobra.Command{Use: "tutor"}
	root.AddCommand(NewCmdCheck(f, nil))
	for args, want := range map[string]string{
		"exercise-3 --only si":           "builds\nsize\nnonroot\n:6\n",
		"exercise-3 --only builds,size,": "builds,size,nonroot\n:6\n",
		"exercise-9 --only b":            ":6\n",
		"--format j":                     "text\njson\n:4\n",
		"--dir x":                        ":16\n",
		"exercise-3 x":                   ":4\n",
	} {
		out.Reset()
		if err := fake.Execute(f, root, "__completeNoDesc check "+args); err != "" {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			t.Errorf("%s: got %q, want %q", args, got, want)
		}
	}
	out.Reset()
	fake.Execute(f, root, "__complete check e")
	if got := out.String(); !strings.HasPrefix(got, "exercise-3\tОбраз для продакшена\n") {
		t.Errorf("exercises: got %q", got)
	}
}
