// Package tests is the check that a Dockerfile for tests really tests: it
// builds as it is, and it no longer builds when the code under test is broken.
package tests

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"example.com/tutor/checker"
	"example.com/tutor/checker/explain"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/sources"
	"example.com/tutor/checker/logtail"
)

//go:embed doc.*.md
var docs embed.FS

// Name is the check's name.
const Name = "tests"

// Doc explains the check.
var Doc = explain.FS(docs)

// Codes are the codes of its findings.
var Codes = []string{"missing", "failing", "none", "swallowed", "weak"}

// Params are what an exercise says.
type Params struct {
	// File is the Dockerfile that runs the tests.
	File string `yaml:"file"`
	// Breaks are changes of the code that its tests must notice.
	Breaks []Break `yaml:"breaks"`
}

// Break is a change of one line of the code under test.
type Break struct {
	File    string `yaml:"file"`
	Find    string `yaml:"find"`
	Replace string `yaml:"replace"`
}

// Validate refuses parameters that make no sense.
func (p Params) Validate() error {
	if p.File == "" {
		return errors.New("file must name the Dockerfile that runs the tests")
	}
	if len(p.Breaks) == 0 {
		return errors.New("breaks must have at least one change: a check that breaks nothing cannot fail")
	}
	for _, b := range p.Breaks {
		if path.Ext(b.File) != ".go" || b.Find == "" || b.Find == b.Replace {
			return fmt.Errorf("break of %q must name a Go file, a text to find and another to replace it", b.File)
		}
	}
	return nil
}

// New returns the check.
func New(p Params) checker.Check {
	whole := build.Spec{File: p.File}
	needs := []checker.Need{build.Fact.For(whole)}
	var broken []build.Spec
	for _, b := range p.Breaks {
		spec := build.Spec{File: p.File, Edit: sources.Edit(b), Record: true}
		broken = append(broken, spec)
		needs = append(needs, build.Fact.For(spec))
	}
	return checker.Check{
		Name: Name, Codes: Codes, Doc: Doc, Requires: needs,
		Run: func(ctx context.Context, pass *checker.Pass) error {
			b, err := build.Fact.Of(ctx, pass, whole)
			if err != nil {
				return own(err, p.File)
			}
			if b.Failure != nil {
				pass.Report(failing(b))
				return nil
			}
			for _, spec := range broken {
				b, err := build.Fact.Of(ctx, pass, spec)
				if err != nil {
					return err
				}
				if b.Failure == nil {
					pass.Report(unnoticed(b))
					return nil // the next edit would say the same
				}
			}
			return nil
		},
	}
}

// own makes a fault of the test's Dockerfile this check's: "builds" speaks of
// the production one.
func own(err error, file string) error {
	var learner *checker.LearnerError
	if !errors.As(err, &learner) || learner.Finding.Place.File != file {
		return err
	}
	f := learner.Finding
	if f.Code != "missing" {
		f.Code = "failing"
	}
	return &checker.LearnerError{Owner: Name, Finding: f}
}

// logLines is how many lines of a failed step's log are shown.
const logLines = 12

func failing(b *build.Build) checker.Finding {
	f := checker.Finding{Code: "failing", Got: b.Failure.Message, Want: "tests that pass", Place: checker.Place{File: b.File.Name}}
	if s := b.Failure.Step; s != nil {
		f.Got = s.Error
		f.Detail = logtail.Decisive(s.Log, logLines)
		if at, ok := b.File.Step(s.Name); ok {
			f = b.File.Mark(f, at)
		}
	}
	return f
}

var (
	// failLine matches what "go test" prints of a failure, as text or JSON.
	failLine = regexp.MustCompile(`(?m)^\s*--- FAIL|^FAIL\b|"Action":"fail"|^panic: `)
	// ranLine matches what it prints of a test or a package with tests that ran.
	ranLine = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP)|^=== RUN|^ok\s+\S+\s+(\d|\(cached\))|"Action":"(run|pass)"`)
	// emptyLine matches a package in which no test ran.
	emptyLine = regexp.MustCompile(`\[no test files\]|\[no tests to run\]`)
)

// unnoticed judges a build that passed although the code is broken.
func unnoticed(b *build.Build) checker.Finding {
	var log strings.Builder
	for _, s := range b.Steps {
		log.WriteString(s.Log)
	}
	f := checker.Finding{Got: "the build passes", Want: "the build fails", Data: map[string]string{"edit": b.Spec.Edit.File}}
	text := log.String()
	ran := false
	for line := range strings.Lines(text) {
		ran = ran || ranLine.MatchString(line) && !emptyLine.MatchString(line)
	}
	switch {
	case failLine.MatchString(text):
		f.Code = "swallowed"
		f.Detail = logtail.Decisive(text, logLines)
	case !ran:
		f.Code = "none"
	default:
		f.Code = "weak"
		f.Detail = []string{"- " + b.Spec.Edit.Find, "+ " + b.Spec.Edit.Replace}
	}
	return b.File.Mark(f, testStep(b.File))
}

// testStep finds the instruction that runs the tests, else the last RUN.
func testStep(df *dockerfile.File) (at dockerfile.Location) {
	for _, st := range df.Stages {
		for _, cmd := range st.Commands {
			r, ok := cmd.(*instructions.RunCommand)
			if !ok {
				continue
			}
			at = r.Location()
			if strings.Contains(fmt.Sprint(r.CmdLine, r.Files), "test") {
				return at
			}
		}
	}
	if at == nil {
		at = df.Stages[len(df.Stages)-1].Location
	}
	return at
}
