package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/cmd/internal/fake"
	"example.com/tutor/cmd/internal/golden"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/trouble"
)

func TestNewCmdDoctor(t *testing.T) {
	for _, tc := range []struct{ args, format, err string }{
		{"", "text", ""},
		{"--format json", "json", ""},
		{"x", "", "One argument too many: `x`. / How to use the command: `doctor --help`"},
		{"--format xml", "", "Flag `--format` does not take the value `xml`. / There are: text, json."},
	} {
		t.Run(tc.args, func(t *testing.T) {
			io, _, _ := iostreams.Test()
			f := fake.Factory(io, "en")
			var got DoctorOptions
			if err := fake.Execute(f, NewCmdDoctor(f, func(o *DoctorOptions) error { got = *o; return nil }), tc.args); err != tc.err {
				t.Fatalf("error is %q, want %q", err, tc.err)
			}
			if got.Format != tc.format {
				t.Errorf("format is %q", got.Format)
			}
		})
	}
}

func well(io *iostreams.IOStreams, lang string) *DoctorOptions {
	f := fake.Factory(io, lang)
	return &DoctorOptions{
		IO: io, Tr: f.Tr, Trouble: f.Trouble, Images: BaseImages, Format: "text",
		Engine:   func(context.Context) (*engine.Engine, error) { return new(engine.Engine), nil },
		Info:     func(context.Context, *engine.Engine) (engine.Info, error) { return fake.Info(), nil },
		HasImage: func(context.Context, *engine.Engine, string) (bool, error) { return true, nil },
		Git:      func(context.Context) (string, error) { return "git version 2.47.0", nil },
		FreeDisk: func(string) (uint64, error) { return 67_300_000_000, nil },
		Getenv:   func(string) string { return "xterm-256color" },
		TempDir:  func() string { return "/tmp" },
	}
}

func TestDoctorRun(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*DoctorOptions)
		want error
	}{
		{"well", func(*DoctorOptions) {}, nil},
		{"no-engine", func(o *DoctorOptions) {
			o.Engine = func(context.Context) (*engine.Engine, error) { return nil, fake.NotRunning() }
		}, trouble.ErrUnchecked},
		{"denied", func(o *DoctorOptions) {
			p := fake.NotRunning()
			p.Kind, p.At.Source, p.At.Context = engine.Permission, "config", "colima"
			o.Engine = func(context.Context) (*engine.Engine, error) { return nil, p }
		}, trouble.ErrUnchecked},
		{"warnings", func(o *DoctorOptions) {
			o.IO.Unicode = false
			o.Info = func(context.Context, *engine.Engine) (engine.Info, error) {
				i := fake.Info()
				i.MemoryBytes, i.Containerd, i.Rootless, i.At.Source = 1_000_000_000, true, true, "DOCKER_HOST"
				return i, nil
			}
			o.HasImage = func(context.Context, *engine.Engine, string) (bool, error) { return false, nil }
			o.Git = func(context.Context) (string, error) { return "", errors.New("not found") }
			o.FreeDisk = func(string) (uint64, error) { return 1_500_000_000, nil }
		}, nil},
		{"full-disk", func(o *DoctorOptions) {
			o.FreeDisk = func(string) (uint64, error) { return 1_000_000, nil }
		}, trouble.ErrUnchecked},
		{"unknown-disk", func(o *DoctorOptions) {
			o.FreeDisk = func(string) (uint64, error) { return 0, errors.New("no such folder") }
		}, nil},
		{"lost", func(o *DoctorOptions) {
			o.HasImage = func(context.Context, *engine.Engine, string) (bool, error) {
				return false, &engine.Problem{Kind: engine.Lost, Err: errors.New("EOF")}
			}
		}, trouble.ErrUnchecked},
	} {
		for _, lang := range checker.Languages {
			name := tc.name + "." + lang + ".txt"
			t.Run(name, func(t *testing.T) {
				io, out, _ := iostreams.Test()
				o := well(io, lang)
				tc.edit(o)
				if err := doctorRun(context.Background(), o); !errors.Is(err, tc.want) {
					t.Errorf("error is %v, want %v", err, tc.want)
				}
				golden.Equal(t, name, out.String())
			})
		}
		t.Run(tc.name+".json", func(t *testing.T) {
			io, out, _ := iostreams.Test()
			o := well(io, "en")
			tc.edit(o)
			o.Format = "json"
			if err := doctorRun(context.Background(), o); !errors.Is(err, tc.want) {
				t.Errorf("error is %v, want %v", err, tc.want)
			}
			golden.Equal(t, tc.name+".json", out.String())
		})
	}
}

// TestOneNextStep: whatever is not well comes with one next step.
func TestOneNextStep(t *testing.T) {
	io, _, _ := iostreams.Test()
	io.Unicode = false
	o := well(io, "en")
	o.Git = func(context.Context) (string, error) { return "", errors.New("not found") }
	o.FreeDisk = func(string) (uint64, error) { return 1, nil }
	for _, i := range []item{git(context.Background(), o), terminal(o), disk(o)} {
		if i.Status == ok || i.Next == "" || strings.Count(i.Next, "\n") > 0 {
			t.Errorf("%s is %s, next step %q", i.Name, i.Status, i.Next)
		}
	}
}

func TestFreeDisk(t *testing.T) {
	if free, err := freeDisk(t.TempDir()); err != nil || free == 0 {
		t.Errorf("got %d, %v", free, err)
	}
}
