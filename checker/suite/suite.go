// Package suite lists all checks by name and makes them from what an exercise
// says of itself.
package suite

import (
	"fmt"
	"slices"

	"example.com/tutor/checker"
	"example.com/tutor/checker/checks/builds"
	"example.com/tutor/checker/checks/certs"
	"example.com/tutor/checker/checks/hardened"
	"example.com/tutor/checker/checks/nonroot"
	"example.com/tutor/checker/checks/scratch"
	"example.com/tutor/checker/checks/size"
	"example.com/tutor/checker/checks/tests"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/service"
)

// Spec is what an exercise says of itself to all its checks.
type Spec struct {
	Build   build.Spec
	Service service.Contract
}

func (s Spec) service() service.Spec { return service.Spec{Build: s.Build, Contract: s.Service} }

// entry is one check of the list.
type entry struct {
	name  string
	codes []string
	doc   func(lang string) (checker.Doc, error)
	make  func(Spec, Decode) (checker.Check, error)
}

// Decode fills a check's parameters from the exercise's text.
type Decode func(into any) error

// list has every check in the order in which a learner meets them.
var list = []entry{
	{builds.Name, builds.Codes, builds.Doc, plain(func(s Spec) checker.Check { return builds.New(s.Build) })},
	{size.Name, size.Codes, size.Doc, with(func(s Spec, p size.Params) checker.Check { return size.New(s.Build, p) })},
	{scratch.Name, scratch.Codes, scratch.Doc, plain(func(s Spec) checker.Check { return scratch.New(s.Build) })},
	{nonroot.Name, nonroot.Codes, nonroot.Doc, plain(func(s Spec) checker.Check { return nonroot.New(s.service()) })},
	{certs.Name, certs.Codes, certs.Doc, with(func(s Spec, p certs.Params) checker.Check { return certs.New(s.service(), p) })},
	{tests.Name, tests.Codes, tests.Doc, with(func(_ Spec, p tests.Params) checker.Check { return tests.New(p) })},
	{hardened.Name, hardened.Codes, hardened.Doc, plain(func(s Spec) checker.Check { return hardened.New(s.service()) })},
}

// plain makes a check without parameters.
func plain(makeCheck func(Spec) checker.Check) func(Spec, Decode) (checker.Check, error) {
	return with(func(s Spec, _ none) checker.Check { return makeCheck(s) })
}

// none are the parameters of a check that has none: any key is one too many.
type none struct{}

func (none) Validate() error { return nil }

// with makes a check with parameters of type P.
func with[P interface{ Validate() error }](makeCheck func(Spec, P) checker.Check) func(Spec, Decode) (checker.Check, error) {
	return func(s Spec, decode Decode) (checker.Check, error) {
		var p P
		if err := decode(&p); err != nil {
			return checker.Check{}, err
		}
		if err := p.Validate(); err != nil {
			return checker.Check{}, fmt.Errorf(": %w", err)
		}
		return makeCheck(s, p), nil
	}
}

// UnknownError says that there is no check of that name.
type UnknownError struct {
	Name  string
	Known []string
}

// Error implements error.
func (e *UnknownError) Error() string { return fmt.Sprintf("no check %q", e.Name) }

// Names returns the names of all checks.
func Names() []string {
	var names []string
	for _, e := range list {
		names = append(names, e.name)
	}
	return names
}

// New returns the check of that name for an exercise; decode fills its
// parameters. It returns an [*UnknownError] for a name that is none.
func New(name string, spec Spec, decode Decode) (checker.Check, error) {
	i := slices.IndexFunc(list, func(e entry) bool { return e.name == name })
	if i < 0 {
		return checker.Check{}, &UnknownError{Name: name, Known: Names()}
	}
	return list[i].make(spec, decode)
}

// Docs returns every check for the sake of its explanation: name, codes and
// Doc, and nothing to run.
func Docs() []checker.Check {
	var checks []checker.Check
	for _, e := range list {
		checks = append(checks, checker.Check{Name: e.name, Codes: e.codes, Doc: e.doc})
	}
	return checks
}
