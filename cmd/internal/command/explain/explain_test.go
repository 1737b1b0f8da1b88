package explain

import (
	"errors"
	"strings"
	"testing"

	"example.com/tutor/checker"
	"example.com/tutor/checker/suite"
	"example.com/tutor/cmd/internal/fake"
	"example.com/tutor/cmd/internal/golden"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
)

func TestNewCmdExplain(t *testing.T) {
	for _, tc := range []struct {
		args, check string
		plain       bool
		err         string
	}{
		{"", "", false, ""},
		{"size", "size", false, ""},
		{"size --plain", "size", true, ""},
		{"a b", "", false, "One argument too many: `b`. / How to use the command: `explain --help`"},
		{"--plian", "", false, "Unknown flag `--plian`. / Did you mean `--plain`?"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			io, _, _ := iostreams.Test()
			f := fake.Factory(io, "en")
			var got ExplainOptions
			if err := fake.Execute(f, NewCmdExplain(f, func(o *ExplainOptions) error { got = *o; return nil }), tc.args); err != tc.err {
				t.Fatalf("error is %q, want %q", err, tc.err)
			}
			if got.Check != tc.check || got.Plain != tc.plain {
				t.Errorf("got %q %v", got.Check, got.Plain)
			}
		})
	}
}

func TestExplainRun(t *testing.T) {
	for _, lang := range checker.Languages {
		for _, tc := range []struct {
			name, check string
			plain       bool
		}{{"all", "", false}, {"one", "nonroot", false}, {"label", "nonroot/app", false}, {"plain", "nonroot", true}} {
			name := tc.name + "." + lang + ".txt"
			t.Run(name, func(t *testing.T) {
				io, out, _ := iostreams.Test()
				f := fake.Factory(io, lang)
				if err := explainRun(&ExplainOptions{IO: io, Tr: f.Tr, Checks: f.Checks, Check: tc.check, Plain: tc.plain}); err != nil {
					t.Fatal(err)
				}
				golden.Equal(t, name, out.String())
			})
		}
	}
}

func TestExplainRunUnknown(t *testing.T) {
	io, _, _ := iostreams.Test()
	f := fake.Factory(io, "en")
	var unknown *suite.UnknownError
	err := explainRun(&ExplainOptions{IO: io, Tr: f.Tr, Checks: f.Checks, Check: "nonrot"})
	if !errors.As(err, &unknown) || strings.Join(unknown.Known, ",") != "builds,size,nonroot" {
		t.Errorf("error is %v", err)
	}
}

// TestEveryExplanation shows every real explanation: in both languages, at
// several widths, no line of prose is wider than the terminal.
func TestEveryExplanation(t *testing.T) {
	for _, c := range suite.Docs() {
		for _, lang := range checker.Languages {
			for _, width := range []int{60, 80, 100} {
				io, out, _ := iostreams.Test()
				io.SetTerminal(width, 24, false)
				f := fake.Factory(io, lang)
				if err := explainRun(&ExplainOptions{IO: io, Tr: f.Tr, Checks: suite.Docs, Check: c.Name}); err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(out.String()) {
					if strings.HasPrefix(strings.TrimLeft(line, " "), "http") || strings.HasPrefix(line, "    ") || strings.Contains(line, "`") || strings.Contains(line, "(http") {
						continue
					}
					if w := layout.Width(strings.TrimSuffix(line, "\n")); w > width {
						t.Errorf("%s, %s: %d columns at width %d: %q", c.Name, lang, w, width, line)
					}
				}
			}
		}
	}
}
