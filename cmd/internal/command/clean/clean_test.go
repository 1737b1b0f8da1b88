package clean

import (
	"context"
	"errors"
	"testing"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/cmd/internal/fake"
	"example.com/tutor/cmd/internal/golden"
	"example.com/tutor/cmd/internal/iostreams"
)

func TestNewCmdClean(t *testing.T) {
	for _, tc := range []struct {
		args     string
		all, dry bool
		err      string
	}{
		{"", false, false, ""},
		{"--all --dry-run", true, true, ""},
		{"x", false, false, "One argument too many: `x`. / How to use the command: `clean --help`"},
		{"--dryrun", false, false, "Unknown flag `--dryrun`. / Did you mean `--dry-run`?"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			io, _, _ := iostreams.Test()
			f := fake.Factory(io, "en")
			var got CleanOptions
			if err := fake.Execute(f, NewCmdClean(f, func(o *CleanOptions) error { got = *o; return nil }), tc.args); err != tc.err {
				t.Fatalf("error is %q, want %q", err, tc.err)
			}
			if got.All != tc.all || got.DryRun != tc.dry {
				t.Errorf("got %v %v", got.All, got.DryRun)
			}
		})
	}
}

func left() []engine.Leftover {
	return []engine.Leftover{
		{Kind: engine.KindContainer, ID: "c1", Name: "quirky_turing", Session: "0123456789abcdef", Owner: engine.Dead},
		{Kind: engine.KindContainer, ID: "c2", Name: "busy_curie", Session: "fedcba9876543210", Owner: engine.Alive},
		{Kind: engine.KindNetwork, ID: "n1", Name: "tutor-0123456789abcdef", Session: "0123456789abcdef", Owner: engine.Dead},
		{Kind: engine.KindImage, ID: "i1", Name: "tutor-session/aaaa:x", Session: "aaaa", Owner: engine.Unknown},
		{Kind: engine.KindVolume, ID: "v1", Name: "data\x1b[31m", Session: "aaaa", Owner: engine.Unknown},
	}
}

func TestCleanRun(t *testing.T) {
	broken := errors.New("removing network n1: in use")
	for _, tc := range []struct {
		name    string
		found   []engine.Leftover
		all     bool
		dry     bool
		err     error
		removed int
	}{
		{"nothing", nil, false, false, nil, 0},
		{"dead", left(), false, false, nil, 2},
		{"dry", left(), false, true, nil, 0},
		{"all", left(), true, false, nil, 4},
		{"failed", left()[:3], false, false, broken, 2},
	} {
		for _, lang := range checker.Languages {
			name := tc.name + "." + lang + ".txt"
			t.Run(name, func(t *testing.T) {
				io, out, _ := iostreams.Test()
				f := fake.Factory(io, lang)
				removed := 0
				err := cleanRun(context.Background(), &CleanOptions{
					IO: io, Tr: f.Tr, All: tc.all, DryRun: tc.dry,
					Engine:    func(context.Context) (*engine.Engine, error) { return new(engine.Engine), nil },
					Leftovers: func(context.Context, *engine.Engine) ([]engine.Leftover, error) { return tc.found, nil },
					Clean: func(_ context.Context, _ *engine.Engine, chosen []engine.Leftover, each func(engine.Leftover, error)) error {
						for _, l := range chosen {
							if l.Owner == engine.Alive {
								t.Errorf("removes %s, which is in use", l.Name)
							}
							removed++
							if l.Kind == engine.KindNetwork {
								each(l, tc.err)
							} else {
								each(l, nil)
							}
						}
						return tc.err
					},
				})
				if !errors.Is(err, tc.err) || removed != tc.removed {
					t.Errorf("error is %v, %d removed; want %v, %d", err, removed, tc.err, tc.removed)
				}
				golden.Equal(t, name, out.String())
			})
		}
	}
}

func TestCleanRunNoEngine(t *testing.T) {
	io, out, _ := iostreams.Test()
	f := fake.Factory(io, "en")
	var problem *engine.Problem
	if err := cleanRun(context.Background(), &CleanOptions{IO: io, Tr: f.Tr, Engine: f.Engine}); !errors.As(err, &problem) || out.Len() > 0 {
		t.Errorf("error is %v, output %q", err, out)
	}
}
