package tests

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/sources"
)

func parse(t *testing.T, text string) *dockerfile.File {
	t.Helper()
	f, err := dockerfile.Parse("testing.dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestUnnoticed judges what "go test" (Go 1.26) and gotestsum (1.13) print; the
// logs are real ones of a package whose test fails or not, beside a command
// without tests and a package with an empty test file.
func TestUnnoticed(t *testing.T) {
	for code, logs := range map[string][]string{
		"swallowed": {
			"fail", "fail-v", "fail-json", "fail-cover", "panic", "panic-json", "buildfail", "buildfail-json",
			"gotestsum-standard-quiet-fail", "gotestsum-standard-verbose-fail", "gotestsum-testname-fail",
		},
		"weak": {"pass", "pass-v", "pass-json", "pass-cached", "pass-cover", "gotestsum-standard-quiet-pass", "gotestsum-standard-verbose-pass"},
		"none": {"norun", "norun-v", "nofiles", "build", ""},
	} {
		for _, name := range logs {
			t.Run(code+" "+name, func(t *testing.T) {
				var log []byte
				if name != "" {
					var err error
					if log, err = os.ReadFile(filepath.Join("testdata", "logs", name+".txt")); err != nil {
						t.Fatal(err)
					}
				}
				b := &build.Build{
					Spec: build.Spec{File: "testing.dockerfile", Edit: sources.Edit{File: "a.go", Find: "+", Replace: "-"}},
					File: parse(t, "FROM golang:1.26\nRUN go build\nRUN go test ./... || true\nRUN echo done\n"),
					Build: &engine.Build{Steps: []engine.Step{
						{Name: "[1/4] FROM golang:1.26"},
						{Name: "[2/4] RUN go build", Log: "go: downloading x v1.0.0\n"},
						{Name: "[3/4] RUN go test", Log: string(log)},
						{Name: "[4/4] RUN echo done", Log: "done\n"},
					}},
				}
				f := unnoticed(b)
				if f.Code != code || f.Place.String() != "testing.dockerfile:3" || f.Source != "RUN go test ./... || true" || f.Data["edit"] != "a.go" {
					t.Errorf("got %+v, want %s in line 3", f, code)
				}
				switch {
				case code == "weak" && !slices.Equal(f.Detail, []string{"- +", "+ -"}):
					t.Errorf("does not show the edit: %q", f.Detail)
				case code == "swallowed" && !slices.ContainsFunc(f.Detail, func(l string) bool { return strings.Contains(l, "FAIL") || strings.Contains(l, "fail") }):
					t.Errorf("does not show the failure: %q", f.Detail)
				case code == "none" && f.Detail != nil:
					t.Errorf("shows %q", f.Detail)
				}
			})
		}
	}
}

func TestTestStep(t *testing.T) {
	for text, want := range map[string]int{
		"FROM a\nRUN go build\nRUN go test ./...\nRUN x\n":          3,
		"FROM a AS b\nRUN [\"go\", \"test\"]\nFROM b\nRUN test\n":   2, // the first
		"FROM a\nRUN make\nRUN make check\n":                        3, // else the last RUN
		"FROM a\nRUN <<EOF\ngo vet\ngo test ./...\nEOF\nCOPY x /\n": 2,
		"FROM a AS b\nFROM scratch\nCOPY x /\n":                     2, // else the last stage
		"FROM a\nCMD go test ./...\n":                               1, // which runs nothing
	} {
		f := parse(t, text)
		if got := f.At(testStep(f)).Line; got != want {
			t.Errorf("%q: line %d, want %d", text, got, want)
		}
	}
}

func TestFailing(t *testing.T) {
	file := parse(t, "FROM golang:1.26\nRUN go test ./...\n")
	step := &engine.Step{Name: "[2/2] RUN go test ./...", Error: "exit code: 1", Log: "--- FAIL: TestX\n"}
	f := failing(&build.Build{File: file, Build: &engine.Build{Failure: &engine.Failure{Message: "failed to solve: exit code: 1", Step: step}}})
	if f.Code != "failing" || f.Place.String() != "testing.dockerfile:2" || f.Got != "exit code: 1" || !slices.Equal(f.Detail, []string{"--- FAIL: TestX"}) {
		t.Errorf("got %+v", f)
	}
	f = failing(&build.Build{File: file, Build: &engine.Build{Failure: &engine.Failure{Message: "target stage could not be found"}}})
	if f.Place.String() != "testing.dockerfile" || f.Got != "target stage could not be found" || f.Detail != nil {
		t.Errorf("without a step: %+v", f)
	}
}

func TestOwn(t *testing.T) {
	other := errors.New("the engine is away")
	if err := own(other, "testing.dockerfile"); !errors.Is(err, other) {
		t.Errorf("got %v", err)
	}
	for _, tt := range []struct{ file, code, owner, want string }{
		{"testing.dockerfile", "missing", "tests", "missing"},
		{"testing.dockerfile", "syntax", "tests", "failing"},
		{"testing.dockerfile", "unreadable", "tests", "failing"},
		{"Dockerfile", "syntax", "builds", "syntax"}, // stays whose it is
	} {
		err := own(&checker.LearnerError{Owner: "builds", Finding: checker.Finding{Code: tt.code, Place: checker.Place{File: tt.file, Line: 3}}}, "testing.dockerfile")
		var learner *checker.LearnerError
		if !errors.As(err, &learner) || learner.Owner != tt.owner || learner.Finding.Code != tt.want || learner.Finding.Place.Line != 3 {
			t.Errorf("%s of %s became %v, want %s of %s", tt.code, tt.file, err, tt.want, tt.owner)
		}
	}
}

func TestParams(t *testing.T) {
	sound := Break{File: "a/a.go", Find: "+", Replace: "-"}
	for name, tt := range map[string]struct {
		p    Params
		want string // part of the error; "" for none
	}{
		"sound":          {Params{File: "t.dockerfile", Breaks: []Break{sound}}, ""},
		"deletes":        {Params{File: "t.dockerfile", Breaks: []Break{{File: "a.go", Find: "x"}}}, ""},
		"no file":        {Params{Breaks: []Break{sound}}, "file must name"},
		"breaks nothing": {Params{File: "t.dockerfile"}, "at least one"},
		"no Go":          {Params{File: "t.dockerfile", Breaks: []Break{sound, {File: "a.txt", Find: "x"}}}, `"a.txt"`},
		"finds nothing":  {Params{File: "t.dockerfile", Breaks: []Break{{File: "a.go", Replace: "x"}}}, `"a.go"`},
		"is no change":   {Params{File: "t.dockerfile", Breaks: []Break{{File: "a.go", Find: "x", Replace: "x"}}}, `"a.go"`},
	} {
		err := tt.p.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}
