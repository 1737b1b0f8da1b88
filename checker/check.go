package checker

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Check judges one property of a submission.
type Check struct {
	// Name is lower case and stable for ever: output, grades, flags and
	// explanations go by it.
	Name string
	// Label tells two uses of one check in an exercise apart ("app",
	// "migrate"); empty when there is one.
	Label string
	// Codes are the codes of all findings that Run may report.
	Codes []string
	// Doc returns the explanation in a language ("ru", "en").
	Doc func(lang string) (Doc, error)
	// Requires are the facts that Run asks for. Asking for another panics.
	Requires []Need
	// Run reports what it finds to the pass. An error says that the check
	// could not decide; it is never the learner's failure, except for a
	// [LearnerError] handed up from a fact, which makes the result blocked, or
	// failed where the check is the error's owner.
	Run func(context.Context, *Pass) error
}

// ID returns the name, with the label behind a slash where there is one.
func (c Check) ID() string {
	if c.Label == "" {
		return c.Name
	}
	return c.Name + "/" + c.Label
}

// Doc is a check's explanation in one language.
type Doc struct {
	// Title says in at most 60 letters what the check asks for.
	Title string
	// Why, Fix are Markdown: why it matters, how to get there.
	Why, Fix string
	// Before and After are the files of two whole examples by name: the
	// first has the fault, the second does not.
	Before, After map[string]string
	// Want are the codes that Before must be found guilty of.
	Want []string
	// Exercise names the exercise over whose solution Before and After are
	// laid to prove that they do what they say.
	Exercise string
	// Markdown is the explanation as written, with its headings.
	Markdown string
	// Findings has the sentences of each code.
	Findings map[string]FindingDoc
}

// FindingDoc holds the sentences about one finding: templates over the
// finding's Got, Want and Data.
type FindingDoc struct {
	// Message says what is wrong.
	Message string
	// Why says in one sentence why it matters.
	Why string
	// Next says in one sentence what to try.
	Next string
}

// Level tells a fault, which fails the check, from advice, which never does.
type Level string

// The two levels.
const (
	Fault  Level = "fault"
	Advice Level = "advice"
)

// Place is where in the submission a finding is. Line counts from 1; 0 means
// the file as a whole, an empty File the submission as a whole.
type Place struct {
	File string
	Line int
}

// String returns "Dockerfile:7", "Dockerfile" or "".
func (p Place) String() string {
	if p.File == "" || p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Finding is what a check has against a submission: a code and data. The
// sentences about it live in the check's [Doc].
type Finding struct {
	Code  string
	Level Level // empty means Fault
	Place Place
	// Source is the offending line of the file at Place, without its end.
	Source string
	// Got and Want are values, the same in every language.
	Got, Want string
	// Detail are further lines to show: the decisive lines of a log, the
	// largest files of a layer.
	Detail []string
	// Data are further values for the templates of the sentences.
	Data map[string]string
}

// Status is the outcome of a check.
type Status string

// The five outcomes, never mixed.
const (
	// Passed: nothing against the submission but advice.
	Passed Status = "passed"
	// Failed: the learner's work has a fault.
	Failed Status = "failed"
	// Blocked: a fact stopped on the learner's fault, which another check owns.
	Blocked Status = "blocked"
	// Errored: the machine, the network or tutor itself; never costs a grade.
	Errored Status = "errored"
	// Skipped: not chosen.
	Skipped Status = "skipped"
)

// Result is the outcome of one check.
type Result struct {
	Check    Check
	Status   Status
	Findings []Finding
	// BlockedBy names the check that owns the fault when Status is Blocked.
	BlockedBy string
	// Err says what stopped the check when Status is Blocked or Errored.
	Err error
	// Duration is how long the check took, with its waiting for facts.
	Duration time.Duration
}

// Overall sums up results: Errored if one errored (nobody can say that the
// submission passed or that this is all it lacks), else Failed if one failed
// or is blocked, else Passed.
func Overall(results []Result) Status {
	has := func(s Status) bool {
		return slices.ContainsFunc(results, func(r Result) bool { return r.Status == s })
	}
	switch {
	case has(Errored):
		return Errored
	case has(Failed), has(Blocked):
		return Failed
	}
	return Passed
}

// LearnerError stops a fact on a fault of the submission. The check Owner,
// when it is handed the error, fails with the finding; every other check that
// needs the fact is blocked.
type LearnerError struct {
	Owner   string // name of the check that reports the finding
	Finding Finding
}

// Error implements error.
func (e *LearnerError) Error() string {
	s := e.Owner + ":" + e.Finding.Code
	if p := e.Finding.Place.String(); p != "" {
		s = p + ": " + s
	}
	if e.Finding.Got != "" {
		s += ": " + e.Finding.Got
	}
	return s
}

// Pass is one run of one check: it hands out the declared facts and takes the
// findings.
type Pass struct {
	*Scope
	codes    []string
	findings []Finding
}

// Report adds a finding. A check reports all it finds and does not stop at
// the first. It panics on a code that the check has not declared: there are
// no sentences for it.
func (p *Pass) Report(f Finding) {
	if !slices.Contains(p.codes, f.Code) {
		panic(fmt.Sprintf("%s reports undeclared code %q", p.asker, f.Code))
	}
	if f.Level == "" {
		f.Level = Fault
	}
	p.findings = append(p.findings, f)
}

// Faulty tells whether a fault has been reported.
func (p *Pass) Faulty() bool {
	return slices.ContainsFunc(p.findings, func(f Finding) bool { return f.Level == Fault })
}
