package live

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/cmd/internal/golden"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
)

var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func step(build, id, name string, s checker.StepState, took time.Duration) checker.Event {
	return checker.Event{Kind: checker.StepChanged, Step: checker.Step{Build: build, ID: id, Name: name, State: s, Elapsed: took}}
}

func done(name string, s checker.Status) checker.Event {
	return checker.Event{Kind: checker.CheckDone, Name: name, Result: &checker.Result{Status: s}}
}

var checks = []string{"builds", "size", "scratch", "nonroot", "certs", "tests", "hardened"}

// script is a run as a session tells it.
func script() []checker.Event {
	broken := "testing.dockerfile (edit of internal/certs/status.go)"
	return []checker.Event{
		{Kind: checker.CheckStarted, Name: "builds"},
		{Kind: checker.CheckStarted, Name: "size"},
		{Kind: checker.CheckStarted, Name: "nonroot"},
		step("Dockerfile", "a", "[internal] load build definition from Dockerfile", checker.StepDone, 0),
		step("Dockerfile", "b", "[build 1/4] FROM docker.io/library/golang:1.26", checker.StepCached, 0),
		step("Dockerfile", "c", "[build 2/4] WORKDIR /src", checker.StepCached, 0),
		step("Dockerfile", "d", "[build 3/4] COPY . .", checker.StepDone, 100*time.Millisecond),
		step("Dockerfile", "e", "[build 4/4] RUN CGO_ENABLED=0 go build -trimpath -ldflags=\"-s -w\" -o /out/certwatch ./cmd/certwatch \x1b[31m&& echo\r\n\u202e", checker.StepRunning, 2*time.Second),
		step(broken, "b", "[1/4] FROM docker.io/library/golang:1.26", checker.StepCached, 0),
		step(broken, "f", "[4/4] RUN go test ./...", checker.StepFailed, 3*time.Second),
		step("testing.dockerfile", "f", "[4/4] RUN go test ./...", checker.StepFailed, 3*time.Second),
		done("builds", checker.Passed),
		done("size", checker.Failed),
	}
}

func picture(t *testing.T, lang string, width, height int, style iostreams.Style) []string {
	t.Helper()
	s := newState(checks)
	for _, e := range script() {
		s.apply(e, start.Add(3*time.Second))
	}
	v := view{
		tr: i18n.New(lang), style: style, title: "exercise-3: Образ для продакшена", width: width, height: height,
		start: start, now: start.Add(12 * time.Second), tick: 3,
	}
	lines := v.lines(s)
	if len(lines) >= height {
		t.Errorf("%d lines on a terminal of %d", len(lines), height)
	}
	for _, l := range lines {
		if w := layout.Width(l); w >= width {
			t.Errorf("%d columns on a terminal of %d: %q", w, width, l)
		}
	}
	return lines
}

func TestView(t *testing.T) {
	for _, lang := range checker.Languages {
		for _, size := range [][2]int{{80, 24}, {120, 40}, {40, 12}, {20, 4}} {
			name := fmt.Sprintf("view.%s.%dx%d.txt", lang, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				golden.Equal(t, name, strings.Join(picture(t, lang, size[0], size[1], iostreams.Style{Unicode: true}), "\n")+"\n")
			})
		}
	}
	t.Run("ASCII", func(t *testing.T) {
		golden.Equal(t, "view.en.ascii.txt", strings.Join(picture(t, "en", 80, 24, iostreams.Style{}), "\n")+"\n")
	})
	t.Run("colour", func(t *testing.T) { picture(t, "ru", 80, 24, iostreams.Style{Unicode: true, Color: true}) })
}

func TestPlain(t *testing.T) {
	for _, lang := range checker.Languages {
		t.Run(lang, func(t *testing.T) {
			io, out, errs := iostreams.Test()
			p := New(Options{Context: context.Background(), IO: io, Tr: i18n.New(lang), Checks: checks})
			for _, e := range script() {
				p.Listen(e)
				p.Listen(e) // BuildKit repeats itself
			}
			p.Close()
			if out.Len() > 0 {
				t.Errorf("standard output has %q", out)
			}
			golden.Equal(t, "plain."+lang+".txt", errs.String())
		})
	}
}

func TestPlainInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	io, _, errs := iostreams.Test()
	told := make(chan struct{})
	io.Err = writer(func(p []byte) { errs.Write(p); close(told) })
	p := New(Options{Context: ctx, IO: io, Tr: i18n.New("en")})
	cancel()
	<-told
	p.Close()
	if got, want := errs.String(), "Stopping and cleaning up. Ctrl-C again quits at once.\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// TestRegion plays a run on a pretended terminal: nothing of it may be left.
func TestRegion(t *testing.T) {
	io, out, errs := iostreams.Test()
	io.SetTerminal(80, 24, true)
	p := New(Options{Context: context.Background(), IO: io, Tr: i18n.New("ru"), Title: "exercise-3", Checks: checks})
	for _, e := range script() {
		p.Listen(e)
	}
	time.Sleep(3 * interval)
	p.Close()
	p.Close()
	if out.Len() > 0 {
		t.Errorf("standard output has %q", out)
	}
	if left := screen(errs.String()); left != "" {
		t.Errorf("left on the screen:\n%s", left)
	}
	if !strings.Contains(errs.String(), "CGO_ENABLED=0") {
		t.Error("the running step was never shown")
	}
}

// screen is what a terminal shows that knows the two sequences of erase.
func screen(written string) string {
	var lines []string
	for written != "" {
		if rest, ok := strings.CutPrefix(written, "\x1b["); ok {
			var up int
			if n, err := fmt.Sscanf(rest, "%dA\r\x1b[J", &up); n == 1 && err == nil {
				lines = lines[:len(lines)-up]
				written = rest[strings.Index(rest, "J")+1:]
				continue
			}
		}
		line, rest, _ := strings.Cut(written, "\n")
		lines, written = append(lines, line), rest
	}
	return strings.Join(lines, "\n")
}

func TestEraseCountsWrappedLines(t *testing.T) {
	if got, want := erase([]int{0, 79, 80, 81}, 40), "\x1b[8A\r\x1b[J"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := erase(nil, 80); got != "" {
		t.Errorf("nothing painted, got %q", got)
	}
}
