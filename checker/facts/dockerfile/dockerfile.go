// Package dockerfile is the fact of a submission's Dockerfile: its text, its
// stages and instructions with their lines.
package dockerfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"example.com/tutor/checker"
	"example.com/tutor/checker/facts/sources"
)

// Default is the name of a Dockerfile that is not named.
const Default = "Dockerfile"

// maxBytes bounds a Dockerfile; real ones have some hundred lines.
const maxBytes = 512 << 10

// File is a parsed Dockerfile.
type File struct {
	Name string
	Text []byte
	// Ignore is the text of the ignore file of this Dockerfile alone, nil for
	// none (https://docs.docker.com/build/concepts/context/#filename-and-location).
	Ignore []byte
	Stages []instructions.Stage
	// Args are the ARG instructions before the first FROM.
	Args []instructions.ArgCommand

	lines []string
}

// Fact reads and parses the Dockerfile of that name. What is wrong with the
// file itself is a LearnerError of the check "builds".
var Fact = &checker.Fact[string, *File]{
	Name:     "dockerfile",
	Requires: func(string) []checker.Need { return []checker.Need{sources.Fact.For(checker.None{})} },
	Compute:  compute,
}

func compute(ctx context.Context, sc *checker.Scope, name string) (*File, error) {
	src, err := sources.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return nil, err
	}
	text, err := src.ReadFile(name, maxBytes)
	if name == Default && errors.Is(err, fs.ErrNotExist) {
		// BuildKit takes the lower-case name too when the other is not there.
		if lower, lerr := src.ReadFile(strings.ToLower(name), maxBytes); lerr == nil {
			name, text, err = strings.ToLower(name), lower, nil
		}
	}
	if err != nil {
		return nil, fault(name, unreadable(src, name, err))
	}
	if line := notText(text); line > 0 {
		f := checker.Finding{Code: "unreadable", Got: "not UTF-8 text", Want: "a text file"}
		f.Place.Line = line
		return nil, fault(name, f)
	}
	f, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	f.Ignore, err = src.ReadFile(name+".dockerignore", maxBytes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault(name+".dockerignore", unreadable(src, name+".dockerignore", err))
	}
	return f, nil
}

func fault(name string, f checker.Finding) error {
	f.Place.File = name
	return &checker.LearnerError{Owner: "builds", Finding: f}
}

// unreadable says what stands where the Dockerfile should be.
func unreadable(src *sources.Sources, name string, err error) checker.Finding {
	f := checker.Finding{Code: "unreadable", Want: "a text file"}
	var pathErr *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f = checker.Finding{Code: "missing", Got: "no such file", Want: name}
		for _, other := range src.Names() {
			if strings.EqualFold(other, name) || strings.EqualFold(strings.TrimSuffix(other, ".txt"), name) {
				f.Got = other // nearly right: the name is easily mistyped
			}
		}
	case errors.Is(err, sources.ErrOutside):
		f.Got = "a link out of the folder"
	case errors.Is(err, sources.ErrTooLong):
		f.Got = fmt.Sprintf("> %d KB", maxBytes>>10)
	case errors.As(err, &pathErr):
		f.Got = pathErr.Err.Error()
	default:
		f.Got = err.Error()
	}
	return f
}

// notText returns the first line with bytes that no text has, 0 for text.
func notText(text []byte) int {
	for i, line := range bytes.Split(text, []byte("\n")) {
		if bytes.IndexByte(line, 0) >= 0 || !utf8.Valid(line) {
			return i + 1
		}
	}
	return 0
}

// Parse parses a Dockerfile's text. A fault of it is a LearnerError.
func Parse(name string, text []byte) (*File, error) {
	f := &File{Name: name, Text: text, lines: strings.Split(string(text), "\n")}
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, f.syntax(err)
	}
	f.Stages, f.Args, err = instructions.Parse(result.AST, nil)
	if err != nil {
		return nil, f.syntax(err)
	}
	if len(f.Stages) == 0 {
		return nil, f.syntax(errors.New("no FROM: it has no build stage"))
	}
	return f, nil
}

func (f *File) syntax(err error) error {
	found := checker.Finding{Code: "syntax", Want: "a valid Dockerfile"}
	var located *parser.LocationError
	if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
		found.Place.Line = located.Locations[0][0].Start.Line
	}
	found.Source = f.Line(found.Place.Line)
	// The parser repeats the line in its text: "dockerfile parse error on line 3: …".
	found.Got = err.Error()
	if _, rest, ok := strings.Cut(found.Got, "dockerfile parse error on line "); ok {
		if _, what, ok := strings.Cut(rest, ": "); ok {
			found.Got = what
		}
	}
	return fault(f.Name, found)
}

// Line returns the text of a line, counted from 1; "" past the file.
func (f *File) Line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	return strings.TrimRight(f.lines[n-1], "\r")
}

// At returns the place of a command or stage.
func (f *File) At(ranges []parser.Range) checker.Place {
	p := checker.Place{File: f.Name}
	if len(ranges) > 0 {
		p.Line = ranges[0].Start.Line
	}
	return p
}

// Mark puts the place and its source line into a finding.
func (f *File) Mark(found checker.Finding, ranges []parser.Range) checker.Finding {
	found.Place = f.At(ranges)
	found.Source = f.Line(found.Place.Line)
	return found
}

// Location is where an instruction stands.
type Location = []parser.Range
