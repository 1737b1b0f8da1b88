package live

import (
	"fmt"
	"slices"
	"time"

	"github.com/charmbracelet/x/ansi"

	"example.com/tutor/checker"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
)

// state is what the events have told so far.
type state struct {
	checks []string
	status map[string]checker.Status // of checks that have ended
	begun  map[string]time.Time      // of checks that go on
	builds []*buildState
}

type buildState struct {
	name  string
	steps []*stepInfo
}

func (b *buildState) running() bool {
	return slices.ContainsFunc(b.steps, func(s *stepInfo) bool { return s.State == checker.StepRunning })
}

type stepInfo struct {
	checker.Step
	seen time.Time // when it was last heard of
}

func newState(checks []string) *state {
	return &state{checks: checks, status: make(map[string]checker.Status), begun: make(map[string]time.Time)}
}

func (s *state) apply(e checker.Event, now time.Time) {
	switch e.Kind {
	case checker.CheckStarted:
		s.begun[e.Name] = now
	case checker.CheckDone:
		if e.Result != nil {
			s.status[e.Name] = e.Result.Status
		}
	case checker.StepChanged:
		s.step(e.Step, now)
	}
}

func (s *state) step(step checker.Step, now time.Time) {
	i := slices.IndexFunc(s.builds, func(b *buildState) bool { return b.name == step.Build })
	if i < 0 {
		s.builds = append(s.builds, &buildState{name: step.Build})
		i = len(s.builds) - 1
	}
	b := s.builds[i]
	for _, known := range b.steps {
		if known.ID == step.ID {
			known.Step, known.seen = step, now
			return
		}
	}
	b.steps = append(b.steps, &stepInfo{step, now})
}

// view paints a state.
type view struct {
	tr            *i18n.Translator
	style         iostreams.Style
	title         string
	width, height int
	now, start    time.Time
	tick          int
	verbose       bool
	stopping      bool
}

// lines returns the picture: it fits the terminal, with a line to spare for
// the cursor, and no line wraps.
func (v view) lines(s *state) []string {
	room := max(v.height-1, 1)
	lines := []string{v.header()}
	lines = append(lines, v.checks(s)...)
	if len(lines) > room {
		lines = append(lines[:1], v.summary(s))
	}
	// Where there is no room for all builds, those that have ended give way.
	var blocks [][]string
	var quiet []int
	need := 0
	for _, b := range s.builds {
		block := v.build(b, room-len(lines))
		blocks = append(blocks, block)
		need += len(block)
		if !b.running() {
			quiet = append(quiet, len(blocks)-1)
		}
	}
	for _, i := range quiet {
		if len(lines)+need > room {
			need -= len(blocks[i])
			blocks[i] = nil
		}
	}
	for _, block := range blocks {
		lines = append(lines, block...)
	}
	lines = lines[:min(len(lines), room)]
	for i, l := range lines {
		lines[i] = layout.Cut(v.style, l, v.width-1)
	}
	return lines
}

func (v view) header() string {
	if v.stopping {
		return v.style.Bold(v.tr.T("live.stopping"))
	}
	elapsed := v.now.Sub(v.start).Truncate(time.Second)
	return v.style.Bold(v.title) + " " + v.style.Dot() + " " + v.tr.Seconds(elapsed) +
		v.style.Dim(" "+v.style.Dot()+" "+v.tr.T("live.stop"))
}

func (v view) checks(s *state) []string {
	names := 0
	for _, c := range s.checks {
		names = max(names, layout.Width(c))
	}
	var lines []string
	for _, c := range s.checks {
		name := layout.Pad(c, names) + "  "
		status, ended := s.status[c]
		_, begun := s.begun[c]
		switch {
		case ended:
			lines = append(lines, "  "+v.style.Mark(status)+" "+name+v.style.Status(status, v.tr.T("status."+string(status))))
		case begun:
			lines = append(lines, "  "+v.style.Spinner(v.tick)+" "+name+v.tr.T("live.running"))
		default:
			lines = append(lines, "  "+v.style.Dim(v.style.Dot()+" "+name+v.tr.T("live.waiting")))
		}
	}
	return lines
}

// summary stands for the checks where the terminal is too low for a line each.
func (v view) summary(s *state) string {
	return "  " + v.tr.T("live.ended", i18n.Vars{"Ended": len(s.status), "All": len(s.checks)})
}

// build shows the steps of one build in at most room lines: how many came
// from the cache, what ended last, what goes on.
func (v view) build(b *buildState, room int) []string {
	var cached int
	var shown []*stepInfo
	for _, s := range b.steps {
		switch {
		case internal(s.Step) && !v.verbose && s.State != checker.StepRunning:
		case s.State == checker.StepCached:
			cached++
		default:
			shown = append(shown, s)
		}
	}
	if len(shown) == 0 && cached == 0 || room < 2 {
		return nil
	}
	title := v.tr.T("live.build") + " " + buildName(v.tr, b.name)
	if cached > 0 {
		title += v.style.Dim(" " + v.style.Dot() + " " + v.tr.N("live.from-cache", cached))
	}
	lines := []string{v.style.Bold(title)}
	if over := len(shown) - (room - 1); over > 0 {
		// What goes on is worth more than what has ended, and news than
		// old.
		slices.SortStableFunc(shown, func(a, b *stepInfo) int {
			if ra, rb := a.State == checker.StepRunning, b.State == checker.StepRunning; ra != rb {
				if rb {
					return -1
				}
				return 1
			}
			return a.seen.Compare(b.seen)
		})
		shown = shown[over:]
	}
	for _, s := range shown {
		lines = append(lines, v.step(s, edited.MatchString(b.name)))
	}
	return lines
}

// step shows a step. One that fails after tutor has changed the sources is
// often meant to, so it is no cause for alarm.
func (v view) step(s *stepInfo, meant bool) string {
	mark := v.style.Mark(checker.Passed)
	took := stepState(v.tr, s.Step)
	switch s.State {
	case checker.StepRunning:
		mark = v.style.Spinner(v.tick)
		took = v.tr.Seconds((s.Elapsed + v.now.Sub(s.seen)).Truncate(time.Second))
	case checker.StepFailed:
		if meant {
			mark = v.style.Dim(v.style.Dot())
			break
		}
		mark, took = v.style.Mark(checker.Failed), v.style.Red(took)
	}
	room := v.width - 1 - 4 - 2 - layout.Width(took)
	name := layout.Cut(v.style, stepName(v.tr, s.Name), room)
	return fmt.Sprintf("  %s %s  %s", mark, layout.Pad(name, room), took)
}

// visible is how many columns a line takes.
func visible(line string) int { return ansi.StringWidth(line) }

// erase returns what removes lines of these widths above the cursor from a
// terminal of that width: one that was made narrower has wrapped them.
func erase(widths []int, width int) string {
	up := 0
	for _, w := range widths {
		up += max(1, (w+width-1)/max(width, 1))
	}
	if up == 0 {
		return ""
	}
	return ansi.CursorUp(up) + "\r" + ansi.EraseScreenBelow
}
