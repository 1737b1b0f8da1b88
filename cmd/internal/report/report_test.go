package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"example.com/tutor/checker"
	"example.com/tutor/checker/explain"
	"example.com/tutor/cmd/internal/fake"
	"example.com/tutor/cmd/internal/golden"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
	"example.com/tutor/cmd/internal/report"
)

var cases = []struct {
	name    string
	results func() []checker.Result
}{
	{"mixed", fake.Mixed},
	{"starter", fake.Starter},
	{"passed", fake.AllPassed},
	{"no-engine", fake.NoEngine},
}

func newReport(lang string, results []checker.Result) *report.Report {
	f := fake.Factory(nil, lang)
	titles := map[string]string{"ru": "Образ для продакшена", "en": "An image for production"}
	r := f.Reports().Make("exercise-3", titles[lang], "/home/ann/exercise-3", results, 3400*time.Millisecond)
	if r.Error == nil || r.Error.Kind != "not-running" {
		r.Engine = report.NewEngine(fake.Info())
	}
	return r
}

func text(lang string, width int, style iostreams.Style, r *report.Report, edit func(*report.Text)) string {
	titles := map[string]string{"ru": "Кэш слоёв", "en": "The layer cache"}
	t := &report.Text{
		Tr: fake.Factory(nil, lang).Tr, Style: style, Width: width, Again: "tutor check", Next: "exercise-4", NextTitle: titles[lang],
	}
	if edit != nil {
		edit(t)
	}
	var b bytes.Buffer
	if err := t.Write(&b, r); err != nil {
		panic(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	for _, tc := range cases {
		for _, lang := range checker.Languages {
			for _, width := range []int{80, 120} {
				name := fmt.Sprintf("%s.%s.%d.txt", tc.name, lang, width)
				t.Run(name, func(t *testing.T) {
					io, _, _ := iostreams.Test()
					io.SetTerminal(width, 40, false)
					got := text(lang, io.Width(), iostreams.Style{Unicode: true}, newReport(lang, tc.results()), nil)
					clean(t, got)
					golden.Equal(t, name, got)
				})
			}
		}
	}
}

// clean fails when text has what must never reach a terminal.
func clean(t *testing.T, text string) {
	t.Helper()
	for i, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			t.Errorf("has %U at %d", r, i)
		}
	}
}

// TestNarrow holds prose to the width; values and code may be wider.
func TestNarrow(t *testing.T) {
	for _, lang := range checker.Languages {
		for _, width := range []int{40, 60, 80, 100} {
			for line := range strings.Lines(text(lang, width, iostreams.Style{Unicode: true}, newReport(lang, fake.NoEngine()), nil)) {
				if strings.Contains(line, "unix://") || strings.Contains(line, "`") {
					continue
				}
				if w := layout.Width(strings.TrimSuffix(line, "\n")); w > width {
					t.Errorf("%s: %d columns at width %d: %q", lang, w, width, line)
				}
			}
		}
	}
}

func TestStyles(t *testing.T) {
	r := newReport("en", fake.Mixed())
	t.Run("ASCII", func(t *testing.T) {
		got := text("en", 80, iostreams.Style{}, r, nil)
		// The exercise's own values may have other letters.
		for i, c := range strings.ReplaceAll(got, "≤", "") {
			if c > unicode.MaxASCII {
				t.Errorf("has %q at %d", c, i)
			}
		}
		golden.Equal(t, "mixed.en.ascii.txt", got)
	})
	t.Run("colour", func(t *testing.T) {
		got := text("en", 80, iostreams.Style{Unicode: true, Color: true}, r, func(x *report.Text) {
			x.Verbose, x.Note = true, "This folder holds exercise-2."
		})
		golden.Equal(t, "mixed.en.colour.txt", strings.ReplaceAll(got, "\x1b", "ESC"))
	})
	t.Run("words say what colours say", func(t *testing.T) {
		got := text("en", 80, iostreams.Style{}, r, nil)
		for _, word := range []string{"passed", "failed", "waits", "no result", "skipped"} {
			if !strings.Contains(got, word) {
				t.Errorf("lacks %q", word)
			}
		}
	})
}

func TestEndings(t *testing.T) {
	last := func(results []checker.Result, edit func(*report.Text)) string {
		lines := strings.Split(strings.TrimSpace(text("en", 80, iostreams.Style{}, newReport("en", results), edit)), "\n")
		return lines[len(lines)-1]
	}
	skipped := append(fake.AllPassed()[:2], checker.Result{Check: fake.Checks()[2], Status: checker.Skipped})
	for _, tc := range []struct {
		name    string
		results []checker.Result
		edit    func(*report.Text)
		want    string
	}{
		{"what holds others up comes first", fake.Mixed(), nil, "Next: fix builds (Dockerfile:7), then run `tutor check` again."},
		{"the first that failed", fake.Starter(), nil, "Next: fix size (Dockerfile:3), then run `tutor check` again."},
		{"a finding without a place", fake.Starter()[2:], nil, "Next: fix nonroot, then run `tutor check` again."},
		{"errored", fake.NoEngine(), nil, "Next: do what is said above, then run `tutor check` again."},
		{"some were skipped", skipped, nil, "Next: run all checks: `tutor check`."},
		{"passed", fake.AllPassed(), nil, "Next: `tutor start exercise-4` - The layer cache."},
		{"passed the last one", fake.AllPassed(), func(x *report.Text) { x.Next = "" }, "That was the last exercise of the course. Congratulations!"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := last(tc.results, tc.edit); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := report.JSON(&b, newReport("en", tc.results())); err != nil {
				t.Fatal(err)
			}
			clean(t, b.String())
			golden.Equal(t, tc.name+".json", b.String())
		})
	}
	t.Run("failure", func(t *testing.T) {
		var b bytes.Buffer
		if err := report.JSON(&b, fake.Factory(nil, "en").Reports().Failure(fake.NotRunning())); err != nil {
			t.Fatal(err)
		}
		golden.Equal(t, "failure.json", b.String())
	})
	// Whoever reads the JSON may rely on lists being lists.
	var shape struct {
		Checks []struct{ Findings []any }
	}
	var b bytes.Buffer
	_ = report.JSON(&b, newReport("en", fake.AllPassed()))
	if err := json.Unmarshal(b.Bytes(), &shape); err != nil || shape.Checks[0].Findings == nil {
		t.Errorf("findings are null: %v", err)
	}
}

// TestRenderFails: a finding is told even when its sentences are broken.
func TestRenderFails(t *testing.T) {
	f := fake.Factory(nil, "en")
	f.Render = func(checker.Doc, checker.Finding) (explain.Sentences, error) {
		return explain.Sentences{}, errors.New("template: no such value")
	}
	r := f.Reports().Make("exercise-3", "", "/x", fake.Starter(), 0)
	if got := r.Checks[1].Findings[0].Message; got != "over: template: no such value" {
		t.Errorf("message is %q", got)
	}
}
