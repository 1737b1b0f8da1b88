package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
)

// Text writes a report for people.
type Text struct {
	Tr      *i18n.Translator
	Style   iostreams.Style
	Width   int
	Verbose bool
	// Again is the command that checks once more.
	Again string
	// Note is a remark below the header, "" for none.
	Note string
	// Next and NextTitle name the exercise to go on with, "" after the last.
	Next, NextTitle string
	// NoEnding leaves out the last lines, for callers with an ending of
	// their own.
	NoEnding bool
}

// margin is where the body of a block begins.
const margin = "  "

// Write writes the report to w.
func (t *Text) Write(w io.Writer, r *Report) error {
	var b strings.Builder
	t.header(&b, r)
	t.list(&b, r)
	t.findings(&b, r, checker.Fault)
	t.stopped(&b, r)
	t.findings(&b, r, checker.Advice)
	if !t.NoEnding {
		t.ending(&b, r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Text) header(b *strings.Builder, r *Report) {
	title := r.Exercise
	if r.Title != "" {
		title += ": " + r.Title
	}
	fmt.Fprintln(b, t.Style.Bold(title))
	dot := " " + t.Style.Dot() + " "
	where := r.Dir
	if e := r.Engine; e != nil {
		engine := "Docker " + e.Version + dot + "linux/" + e.Arch + dot + e.Host
		if layout.Width(where+dot+engine) > t.Width {
			where += "\n" + engine
		} else {
			where += dot + engine
		}
	}
	for line := range strings.SplitSeq(where, "\n") {
		fmt.Fprintln(b, t.Style.Dim(line))
	}
	if t.Note != "" {
		b.WriteString(layout.Prose(t.Style, t.Note, t.Width, t.Style.Yellow("!")+" ", margin))
	}
	fmt.Fprintln(b)
}

// list tells every check in a line.
func (t *Text) list(b *strings.Builder, r *Report) {
	words, names := 0, 0
	for _, c := range r.Checks {
		words = max(words, layout.Width(t.word(c.Status)))
		names = max(names, layout.Width(c.Name))
	}
	for _, c := range r.Checks {
		first := margin + t.Style.Mark(c.Status) + " " +
			t.Style.Status(c.Status, layout.Pad(t.word(c.Status), words)) + margin +
			layout.Pad(c.Name, names) + margin
		text := c.Title
		if c.Status == checker.Blocked {
			text += " — " + t.Tr.T("report.blocked", i18n.Vars{"Owner": c.BlockedBy})
		}
		if t.Verbose && c.Status != checker.Skipped {
			text += " (" + t.seconds(c.DurationMS) + ")"
		}
		b.WriteString(layout.Prose(t.Style, text, t.Width, first, strings.Repeat(" ", layout.Width(first))))
	}
	if len(r.Checks) > 0 {
		fmt.Fprintln(b)
	}
}

func (t *Text) word(s checker.Status) string { return t.Tr.T("status." + string(s)) }

func (t *Text) seconds(ms int64) string {
	return t.Tr.Seconds(time.Duration(ms) * time.Millisecond)
}

// findings tells all findings of a level, each as a block.
func (t *Text) findings(b *strings.Builder, r *Report, level checker.Level) {
	n := 0
	for _, c := range r.Checks {
		for _, f := range c.Findings {
			if f.Level != level {
				continue
			}
			if n++; n == 1 {
				t.section(b, "report.section."+string(level))
			}
			t.block(b, c, f)
		}
	}
}

func (t *Text) section(b *strings.Builder, id string) {
	title := t.Tr.T(id)
	fmt.Fprintf(b, "%s %s\n\n", t.Style.Bold(title), t.Style.Dim(t.Style.Rule(t.Width-layout.Width(title)-1)))
}

// block tells one finding: where, what, got and want, why, what to do.
func (t *Text) block(b *strings.Builder, c Check, f Finding) {
	mark, name := t.Style.Mark(checker.Failed), t.Style.Red(c.Name)
	if f.Level == checker.Advice {
		mark, name = t.Style.Bullet(), c.Name
	}
	fmt.Fprint(b, mark, " ", t.Style.Bold(name))
	if place := (checker.Place{File: f.File, Line: f.Line}).String(); place != "" {
		fmt.Fprint(b, " ", t.Style.Dot(), " ", t.Style.Bold(place))
	}
	fmt.Fprintln(b)
	b.WriteString(layout.Prose(t.Style, f.Message, t.Width, margin, margin))
	if f.Source != "" {
		number := ""
		if f.Line > 0 {
			number = strconv.Itoa(f.Line)
		}
		fmt.Fprintf(b, "\n%s%s %s %s\n\n", margin, t.Style.Dim(fmt.Sprintf("%3s", number)), t.Style.Dim(t.Style.Bar()), f.Source)
	}
	t.pairs(b,
		pair{"report.got", f.Got, false}, pair{"report.want", f.Want, false},
		pair{"report.why", f.Why, true}, pair{"report.next", f.Next, true})
	if len(f.Detail) > 0 {
		fmt.Fprintf(b, "%s%s\n", margin, t.Style.Dim(t.Tr.T("report.detail")))
		for _, d := range f.Detail {
			fmt.Fprintf(b, "%s%s %s\n", margin, t.Style.Dim(t.Style.Bar()), d)
		}
	}
	fmt.Fprintln(b)
}

type pair struct {
	id, text string
	prose    bool
}

// pairs writes labels with their texts in two columns; values stay unwrapped.
func (t *Text) pairs(b *strings.Builder, pairs ...pair) {
	wide := 0
	for _, p := range pairs {
		if p.text != "" {
			wide = max(wide, layout.Width(t.Tr.T(p.id)))
		}
	}
	for _, p := range pairs {
		if p.text == "" {
			continue
		}
		label := margin + t.Style.Dim(layout.Pad(t.Tr.T(p.id), wide)) + margin
		if p.prose {
			b.WriteString(layout.Prose(t.Style, p.text, t.Width, label, strings.Repeat(" ", layout.Width(label))))
		} else {
			fmt.Fprintln(b, label+p.text)
		}
	}
}

// stopped tells what kept checks from deciding, once for all checks that one
// trouble stopped.
func (t *Text) stopped(b *strings.Builder, r *Report) {
	groups := r.troubles()
	if len(groups) == 0 {
		return
	}
	t.section(b, "report.section.errored")
	for _, g := range groups {
		fmt.Fprintln(b, t.Style.Mark(checker.Errored), t.Style.Bold(strings.Join(g.checks, ", ")))
		b.WriteString(layout.Prose(t.Style, g.trouble.Message, t.Width, margin, margin))
		t.pairs(b, pair{"report.next", g.trouble.Next, true})
		if t.Verbose && g.trouble.Cause != "" {
			t.pairs(b, pair{"report.cause", g.trouble.Cause, false})
		}
		fmt.Fprintln(b)
	}
}

// ending sums up in words and says how to go on.
func (t *Text) ending(b *strings.Builder, r *Report) {
	if r.Status == checker.Passed && r.count(checker.Skipped) == 0 {
		t.success(b, r)
		return
	}
	fmt.Fprintln(b, t.Style.Dim(t.Style.Rule(t.Width)))
	sum := t.Tr.N("report.sum.passed", len(r.Checks), i18n.Vars{"Passed": r.count(checker.Passed)})
	for _, s := range []checker.Status{checker.Failed, checker.Blocked, checker.Errored, checker.Skipped} {
		if n := r.count(s); n > 0 {
			// No number is parted from its word.
			sum += ", " + strings.ReplaceAll(t.Tr.N("report.sum."+string(s), n), " ", "\u00a0")
		}
	}
	b.WriteString(layout.Prose(t.Style, sum+".", t.Width, "", ""))
	if next := t.whatNext(r); next != "" {
		b.WriteString(layout.Prose(t.Style, t.Style.Bold(t.Tr.T("report.then"))+" "+next, t.Width, "", ""))
	}
}

func (t *Text) whatNext(r *Report) string {
	again := i18n.Vars{"Again": t.Again}
	if c, ok := r.first(); ok {
		fault := c.Findings[0]
		for _, f := range c.Findings {
			if f.Level == checker.Fault {
				fault = f
				break
			}
		}
		again["Check"], again["Place"] = c.Name, checker.Place{File: fault.File, Line: fault.Line}.String()
		if again["Place"] != "" {
			return t.Tr.T("report.then-fix-place", again)
		}
		return t.Tr.T("report.then-fix", again)
	}
	switch {
	case r.count(checker.Errored) > 0:
		return t.Tr.T("report.then-repeat", again)
	case r.count(checker.Skipped) > 0:
		return t.Tr.T("report.then-rest", again)
	}
	return ""
}

// success is the loud finish.
func (t *Text) success(b *strings.Builder, r *Report) {
	rule := strings.Repeat("=", t.Width)
	if t.Style.Unicode {
		rule = strings.Repeat("═", t.Width)
	}
	fmt.Fprintln(b, t.Style.Green(rule))
	fmt.Fprintln(b, t.Style.Mark(checker.Passed), t.Style.Bold(t.Style.Green(t.Tr.N("report.success", len(r.Checks), i18n.Vars{
		"Exercise": r.Exercise,
	}))))
	fmt.Fprintln(b, t.Style.Green(rule))
	switch {
	case t.Next != "" && t.NextTitle != "":
		b.WriteString(layout.Prose(t.Style, t.Style.Bold(t.Tr.T("report.then"))+" "+
			t.Tr.T("report.then-start-title", i18n.Vars{"Next": t.Next, "Title": t.NextTitle}), t.Width, "", ""))
	case t.Next != "":
		b.WriteString(layout.Prose(t.Style, t.Style.Bold(t.Tr.T("report.then"))+" "+
			t.Tr.T("report.then-start", i18n.Vars{"Next": t.Next}), t.Width, "", ""))
	default:
		b.WriteString(layout.Prose(t.Style, t.Tr.T("report.last"), t.Width, "", ""))
	}
}
