// Package report tells the results of a check: as text for people and as JSON
// for programs. Both say the same, made from one [Report], in which every text
// that came from the submission is clean already.
package report

import (
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/explain"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/sanitize"
	"example.com/tutor/cmd/internal/trouble"
)

// Schema names the shape of the JSON. A field may be added to it; whatever
// else changes makes a new version.
const Schema = "tutor.check/v1"

// maxDetail is how many lines of detail a finding keeps.
const maxDetail = 100

// Report is one run of checks in words.
type Report struct {
	Schema    string           `json:"schema"`
	Exercise  string           `json:"exercise,omitempty"`
	Title     string           `json:"title,omitempty"`
	Dir       string           `json:"dir,omitempty"`
	Status    checker.Status   `json:"status"`
	Checks    []Check          `json:"checks"`
	Engine    *Engine          `json:"engine,omitempty"`
	Error     *trouble.Trouble `json:"error,omitempty"`
	ElapsedMS int64            `json:"elapsed_ms"`
}

// Check is the outcome of one check.
type Check struct {
	Name       string           `json:"name"` // with its label
	Title      string           `json:"title"`
	Status     checker.Status   `json:"status"`
	Findings   []Finding        `json:"findings"`
	BlockedBy  string           `json:"blocked_by,omitempty"`
	Error      *trouble.Trouble `json:"error,omitempty"`
	DurationMS int64            `json:"duration_ms"`
}

// Finding is what a check has against the submission, and what to do about it.
type Finding struct {
	Code    string        `json:"code"`
	Level   checker.Level `json:"level"`
	File    string        `json:"file,omitempty"`
	Line    int           `json:"line,omitempty"`
	Source  string        `json:"source,omitempty"`
	Got     string        `json:"got,omitempty"`
	Want    string        `json:"want,omitempty"`
	Message string        `json:"message"`
	Why     string        `json:"why"`
	Next    string        `json:"next"`
	Detail  []string      `json:"detail,omitempty"`
}

// Engine says where the checks ran.
type Engine struct {
	Host       string `json:"host"`
	Source     string `json:"source"`
	Context    string `json:"context,omitempty"`
	Version    string `json:"version"`
	API        string `json:"api"`
	OS         string `json:"os"`
	Arch       string `json:"arch"`
	Store      string `json:"store"`
	Containerd bool   `json:"containerd"`
	Rootless   bool   `json:"rootless"`
}

// Render puts a finding into the sentences of its check's explanation.
type Render func(checker.Doc, checker.Finding) (explain.Sentences, error)

// Maker makes reports in one language.
type Maker struct {
	Tr      *i18n.Translator
	Trouble *trouble.Describer
	Render  Render
}

// Make reports results.
func (m *Maker) Make(exercise, title, dir string, results []checker.Result, elapsed time.Duration) *Report {
	r := &Report{
		Schema: Schema, Exercise: sanitize.Line(exercise), Title: sanitize.Line(title), Dir: sanitize.Line(dir),
		Status: checker.Overall(results), Checks: []Check{}, ElapsedMS: elapsed.Milliseconds(),
	}
	for _, res := range results {
		r.Checks = append(r.Checks, m.check(res))
	}
	if t, ok := r.oneTrouble(); ok {
		r.Error = &t
	}
	return r
}

// Failure reports that nothing could be checked at all.
func (m *Maker) Failure(err error) *Report {
	t := m.Trouble.Describe(err)
	return &Report{Schema: Schema, Status: checker.Errored, Checks: []Check{}, Error: &t}
}

// NewEngine reports where the checks ran.
func NewEngine(i engine.Info) *Engine {
	return &Engine{
		Host: sanitize.Line(i.At.Host), Source: i.At.Source, Context: sanitize.Line(i.At.Context),
		Version: sanitize.Line(i.Version), API: i.API, OS: sanitize.Line(i.OS), Arch: i.Arch, Store: i.Store,
		Containerd: i.Containerd, Rootless: i.Rootless,
	}
}

func (m *Maker) check(res checker.Result) Check {
	c := Check{
		Name: res.Check.ID(), Title: res.Check.ID(), Status: res.Status, BlockedBy: res.BlockedBy,
		Findings: []Finding{}, DurationMS: res.Duration.Milliseconds(),
	}
	var doc checker.Doc
	if res.Check.Doc != nil {
		if d, err := res.Check.Doc(m.Tr.Lang()); err == nil {
			doc, c.Title = d, d.Title
		}
	}
	for _, f := range res.Findings {
		c.Findings = append(c.Findings, m.finding(doc, f))
	}
	if res.Status == checker.Errored && res.Err != nil {
		t := m.Trouble.Describe(res.Err)
		c.Error = &t
	}
	return c
}

func (m *Maker) finding(doc checker.Doc, f checker.Finding) Finding {
	out := Finding{
		Code: f.Code, Level: f.Level, File: sanitize.Line(f.Place.File), Line: f.Place.Line,
		Got: sanitize.Line(f.Got), Want: sanitize.Line(f.Want),
	}
	if out.Level == "" {
		out.Level = checker.Fault
	}
	if lines := sanitize.Lines(f.Source); len(lines) > 0 {
		out.Source = lines[0]
	}
	for _, d := range f.Detail {
		out.Detail = append(out.Detail, sanitize.Lines(d)...)
	}
	if over := len(out.Detail) - maxDetail; over > 0 {
		out.Detail = append(out.Detail[:maxDetail], m.Tr.N("report.more-lines", over))
	}
	says, err := m.Render(doc, f)
	if err != nil {
		// A template that does not fit its data is our fault; what was found
		// must be told all the same.
		says = explain.Sentences{Message: f.Code + ": " + err.Error()}
	}
	out.Message, out.Why, out.Next = sanitize.Line(says.Message), sanitize.Line(says.Why), sanitize.Line(says.Next)
	return out
}

// oneTrouble returns the trouble that stopped every check that errored, when
// it was the same for all.
func (r *Report) oneTrouble() (trouble.Trouble, bool) {
	groups := r.troubles()
	if len(groups) != 1 {
		return trouble.Trouble{}, false
	}
	return groups[0].trouble, true
}

// stopped are checks that one trouble stopped.
type stopped struct {
	trouble trouble.Trouble
	checks  []string
}

// troubles groups the checks that errored by what stopped them: an engine that
// is away is one trouble, not seven.
func (r *Report) troubles() []stopped {
	var groups []stopped
next:
	for _, c := range r.Checks {
		if c.Error == nil {
			continue
		}
		for i, g := range groups {
			if g.trouble.Kind == c.Error.Kind && g.trouble.Message == c.Error.Message {
				groups[i].checks = append(g.checks, c.Name)
				continue next
			}
		}
		groups = append(groups, stopped{*c.Error, []string{c.Name}})
	}
	return groups
}

// count returns how many checks ended so.
func (r *Report) count(s checker.Status) int {
	n := 0
	for _, c := range r.Checks {
		if c.Status == s {
			n++
		}
	}
	return n
}

// first returns the check to begin with: the one that holds others up, else
// the first that failed.
func (r *Report) first() (Check, bool) {
	byName := make(map[string]Check)
	for _, c := range r.Checks {
		byName[c.Name] = c
	}
	for _, c := range r.Checks {
		if owner, ok := byName[c.BlockedBy]; ok && c.Status == checker.Blocked && owner.Status == checker.Failed {
			return owner, true
		}
	}
	for _, c := range r.Checks {
		if c.Status == checker.Failed {
			return c, true
		}
	}
	return Check{}, false
}
