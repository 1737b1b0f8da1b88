// Package live shows on standard error how a check is going: on a terminal a
// small region that is repainted in place and removed at the end, elsewhere
// plain lines. It reads no keys and handles no signals.
package live

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/sanitize"
)

// Progress listens to a session and shows it.
type Progress interface {
	// Listen takes an event; it is what checker.Options.Listen wants.
	Listen(checker.Event)
	// Close ends the showing and, on a terminal, removes the region.
	Close()
}

// Options of New.
type Options struct {
	// Context is the run's: once it ends, clean-up is what goes on.
	Context context.Context
	IO      *iostreams.IOStreams
	Tr      *i18n.Translator
	// Title stands on top of the region.
	Title string
	// Checks are the IDs of the checks in their order.
	Checks []string
	// Verbose shows BuildKit's own steps and the facts too.
	Verbose bool
}

// New begins to show progress.
func New(o Options) Progress {
	if o.IO.Repaints() {
		return newRegion(o)
	}
	p := &plain{o: o, told: make(map[string]bool)}
	p.stop = context.AfterFunc(o.Context, func() { p.line("%s", o.Tr.T("live.stopping")) })
	return p
}

// plain writes a line for everything that has ended.
type plain struct {
	o    Options
	told map[string]bool // steps
	stop func() bool

	mu sync.Mutex
}

func (p *plain) line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.o.IO.Err, format+"\n", args...)
}

// Listen implements Progress.
func (p *plain) Listen(e checker.Event) {
	tr := p.o.Tr
	switch e.Kind {
	case checker.StepChanged:
		s := e.Step
		key := s.Build + "\x00" + s.ID
		if s.State == checker.StepRunning || p.told[key] || internal(s) && !p.o.Verbose {
			return
		}
		p.told[key] = true
		p.line("%s %s: %s %s", tr.T("live.build"), buildName(tr, s.Build), stepName(tr, s.Name), stepState(tr, s))
	case checker.CheckDone:
		if e.Result == nil || e.Result.Status == checker.Skipped {
			return
		}
		p.line("%s %s: %s", tr.T("live.check"), e.Name, tr.T("status."+string(e.Result.Status)))
	case checker.FactDone:
		if p.o.Verbose {
			p.line("%s: %s", sanitize.Line(e.Name), tr.Seconds(e.Elapsed))
		}
	case checker.Problem:
		if e.Err != nil {
			p.line("%s: %s", sanitize.Line(e.Name), sanitize.Line(e.Err.Error()))
		}
	}
}

// Close implements Progress.
func (p *plain) Close() { p.stop() }

// internal tells BuildKit's own steps from those of the Dockerfile.
func internal(s checker.Step) bool {
	return strings.HasPrefix(s.Name, "[internal]") || !strings.HasPrefix(s.Name, "[")
}

// edited matches the name of a build over sources that tutor has changed.
var edited = regexp.MustCompile(`^(.*) \(edit of (.*)\)$`)

// buildName is the name of a build in words.
func buildName(tr *i18n.Translator, name string) string {
	if m := edited.FindStringSubmatch(name); m != nil {
		return tr.T("live.edited", i18n.Vars{"Build": sanitize.Line(m[1]), "File": sanitize.Line(m[2])})
	}
	return sanitize.Line(name)
}

// stepName is the name of a step: BuildKit's own long ones in words, those of
// a Dockerfile as they are.
func stepName(tr *i18n.Translator, name string) string {
	if name == "exporting to image" {
		return tr.T("live.exporting")
	}
	if image, ok := strings.CutPrefix(name, "[internal] load metadata for "); ok {
		return tr.T("live.metadata", i18n.Vars{"Image": sanitize.Line(image)})
	}
	return sanitize.Line(name)
}

// stepState says how a step ended: "cached", "failed", how long it took.
func stepState(tr *i18n.Translator, s checker.Step) string {
	switch s.State {
	case checker.StepCached:
		return tr.T("live.cached")
	case checker.StepFailed:
		return tr.T("live.failed")
	}
	return tr.Seconds(s.Elapsed)
}

// interval is the time between two pictures of the region.
const interval = 100 * time.Millisecond

// region repaints the last lines of the terminal.
type region struct {
	o     Options
	start time.Time

	mu      sync.Mutex
	state   *state
	painted []int // widths of the lines that stand on the screen
	ticks   int
	closed  bool
	done    chan struct{}
	stopped chan struct{}
}

func newRegion(o Options) *region {
	r := &region{o: o, start: time.Now(), state: newState(o.Checks), done: make(chan struct{}), stopped: make(chan struct{})}
	go r.loop()
	return r
}

// Listen implements Progress.
func (r *region) Listen(e checker.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.apply(e, time.Now())
}

func (r *region) loop() {
	defer close(r.stopped)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	r.paint()
	for {
		select {
		case <-r.done:
			return
		case <-ticker.C:
			r.paint()
		}
	}
}

// Close implements Progress.
func (r *region) Close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.closed = true
	r.mu.Unlock()
	close(r.done)
	<-r.stopped
	width, _ := r.o.IO.Size()
	io.WriteString(r.o.IO.Err, erase(r.painted, width))
}

// paint replaces the region's picture by the present one, in one write so
// that terminals do not show half of it.
func (r *region) paint() {
	r.mu.Lock()
	defer r.mu.Unlock()
	width, height := r.o.IO.Size()
	v := view{
		tr: r.o.Tr, style: r.o.IO.ErrStyle(), title: r.o.Title, width: width, height: height,
		now: time.Now(), start: r.start, tick: r.ticks, verbose: r.o.Verbose, stopping: r.o.Context.Err() != nil,
	}
	r.ticks++
	lines := v.lines(r.state)
	var b strings.Builder
	b.WriteString(erase(r.painted, width))
	r.painted = r.painted[:0]
	for _, l := range lines {
		b.WriteString(l + "\n")
		r.painted = append(r.painted, visible(l))
	}
	io.WriteString(r.o.IO.Err, b.String())
}
