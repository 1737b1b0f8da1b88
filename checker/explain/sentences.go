package explain

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"example.com/tutor/checker"
)

// Sentences say in one language what a finding means.
type Sentences struct {
	Message string // what is wrong
	Why     string // why it matters
	Next    string // what to try
}

// values are what the templates of sentences see of a finding.
type values struct {
	Got, Want string
	File      string
	Line      int
	Data      map[string]string
}

// Render makes the sentences about f. An error says that doc has none for its
// code or that they ask for data that f does not have. What comes from the
// submission stays as it is and is not fit for a terminal before it is cleaned.
func Render(doc checker.Doc, f checker.Finding) (Sentences, error) {
	templates, ok := doc.Findings[f.Code]
	if !ok {
		return Sentences{}, fmt.Errorf("no sentences for finding %q", f.Code)
	}
	s, err := render(templates, values{Got: f.Got, Want: f.Want, File: f.Place.File, Line: f.Place.Line, Data: f.Data}, "error")
	if err != nil {
		return Sentences{}, fmt.Errorf("rendering finding %q: %w", f.Code, err)
	}
	return s, nil
}

// render executes the three templates; missing is the option for data that is
// not there (https://pkg.go.dev/text/template#Template.Option).
func render(d checker.FindingDoc, v values, missing string) (s Sentences, err error) {
	var errs []error
	execute := func(name, text string) string {
		t, err := template.New(name).Option("missingkey=" + missing).Parse(text)
		if err != nil {
			errs = append(errs, err)
			return ""
		}
		var b strings.Builder
		if err := t.Execute(&b, v); err != nil {
			errs = append(errs, err)
		}
		return strings.TrimSpace(b.String())
	}
	s = Sentences{Message: execute("message", d.Message), Why: execute("why", d.Why), Next: execute("next", d.Next)}
	return s, errors.Join(errs...)
}

// Validate refuses what [checker.Validate] cannot see in the explanations of
// c: a template that does not parse or asks for a field that no finding has,
// examples that name no exercise, are the same or prove nothing, and examples
// that differ between languages. It joins all it finds.
func Validate(c checker.Check) error {
	var errs []error
	bad := func(lang, format string, args ...any) {
		errs = append(errs, fmt.Errorf("check %q, explanation %q: %w", c.Name, lang, fmt.Errorf(format, args...)))
	}
	if c.Doc == nil {
		return fmt.Errorf("check %q is undocumented", c.Name)
	}
	var source *checker.Doc // in the first language
	for _, lang := range checker.Languages {
		doc, err := c.Doc(lang)
		if err != nil {
			bad(lang, "%w", err)
			continue
		}
		for _, code := range slices.Sorted(maps.Keys(doc.Findings)) {
			// Which data a finding has is known when it is reported; until
			// then any will do.
			if _, err := render(doc.Findings[code], values{}, "zero"); err != nil {
				bad(lang, "finding %q: %w", code, err)
			}
		}
		if doc.Exercise == "" {
			bad(lang, "names no exercise for its examples")
		}
		if len(doc.Want) == 0 {
			bad(lang, "wants no finding against Before")
		}
		if maps.Equal(doc.Before, doc.After) {
			bad(lang, "Before and After are the same")
		}
		if source == nil {
			source = &doc
		} else if err := Same(*source, doc); err != nil {
			bad(lang, "differs from %q: %w", checker.Languages[0], err)
		}
	}
	return errors.Join(errs...)
}

// Same tells in which way the examples of two languages differ: they are
// executed, so only the prose around them is translated.
func Same(a, b checker.Doc) error {
	var errs []error
	if a.Exercise != b.Exercise {
		errs = append(errs, fmt.Errorf("exercise is %q and %q", a.Exercise, b.Exercise))
	}
	if !slices.Equal(a.Want, b.Want) {
		errs = append(errs, fmt.Errorf("want is %q and %q", a.Want, b.Want))
	}
	errs = append(errs, sameFiles("Before", a.Before, b.Before), sameFiles("After", a.After, b.After))
	return errors.Join(errs...)
}

func sameFiles(what string, a, b map[string]string) error {
	names, others := slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))
	if !slices.Equal(names, others) {
		return fmt.Errorf("files of %s are %q and %q", what, names, others)
	}
	for _, name := range names {
		if a[name] == b[name] {
			continue
		}
		as, bs := strings.Split(a[name], "\n"), strings.Split(b[name], "\n")
		for i := range min(len(as), len(bs)) {
			if as[i] != bs[i] {
				return fmt.Errorf("%s of %s, line %d is %q and %q", name, what, i+1, as[i], bs[i])
			}
		}
		return fmt.Errorf("%s of %s has %d and %d lines", name, what, len(as)-1, len(bs)-1)
	}
	return nil
}
