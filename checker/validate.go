package checker

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"
)

// Languages are the languages of every explanation: the source first.
var Languages = []string{"ru", "en"}

var nameRE = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// maxTitle is how many letters a title may have, so that a line of a result
// fits 80 columns.
const maxTitle = 60

// Validate refuses checks that must not run: a bad or repeated name, no Run,
// an explanation that is missing in a language or has no sentence for a code,
// facts that need each other. It joins all it finds.
func Validate(checks []Check) error {
	var errs []error
	seen := make(map[string]bool)
	for _, c := range checks {
		if !nameRE.MatchString(c.Name) {
			errs = append(errs, fmt.Errorf("check %q: name must match %s", c.Name, nameRE))
		}
		if seen[c.ID()] {
			errs = append(errs, fmt.Errorf("check %q: used twice without a label", c.ID()))
		}
		seen[c.ID()] = true
		if c.Run == nil {
			errs = append(errs, fmt.Errorf("check %q: has no Run", c.Name))
		}
		errs = append(errs, validateDocs(c)...)
		for _, n := range c.Requires {
			if err := acyclic(n, nil); err != nil {
				errs = append(errs, fmt.Errorf("check %q: %w", c.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func validateDocs(c Check) (errs []error) {
	if c.Doc == nil {
		return []error{fmt.Errorf("check %q is undocumented", c.Name)}
	}
	for _, lang := range Languages {
		d, err := c.Doc(lang)
		if err != nil {
			errs = append(errs, fmt.Errorf("check %q: %w", c.Name, err))
			continue
		}
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("check %q, explanation %q: %s", c.Name, lang, fmt.Sprintf(format, args...)))
		}
		if d.Title == "" || utf8.RuneCountInString(d.Title) > maxTitle {
			bad("title %q must have 1 to %d letters", d.Title, maxTitle)
		}
		if d.Why == "" || d.Fix == "" {
			bad("says nothing of why or how")
		}
		for _, code := range c.Codes {
			f, ok := d.Findings[code]
			if !ok || f.Message == "" || f.Why == "" || f.Next == "" {
				bad("finding %q needs message, why and next", code)
			}
		}
		for code := range d.Findings {
			if !slices.Contains(c.Codes, code) {
				bad("finding %q is not one of the check's codes", code)
			}
		}
		for _, code := range d.Want {
			if !slices.Contains(c.Codes, code) {
				bad("Before wants %q, which is not one of the check's codes", code)
			}
		}
	}
	return errs
}

// acyclic walks the needs below n; path is the way to it.
func acyclic(n Need, path []Need) error {
	for i, p := range path {
		if p.key == n.key {
			return fmt.Errorf("facts need each other: %v", append(path[i:], n))
		}
	}
	for _, need := range n.requires() {
		if err := acyclic(need, append(slices.Clone(path), n)); err != nil {
			return err
		}
	}
	return nil
}
