// Package iostreams is the terminal as commands see it: three streams, their
// size, and whether colours, other than ASCII letters and repainting are
// welcome there.
package iostreams

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/muesli/termenv"
	"golang.org/x/term"
)

// Widths of prose. Terminals narrower than minWidth get minWidth, and the
// terminal wraps; longer lines than maxWidth are hard to read.
const (
	minWidth     = 40
	maxWidth     = 100
	defaultWidth = 80
)

// IOStreams are the streams of a command.
type IOStreams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	// Unicode tells whether other letters than ASCII are shown.
	Unicode bool

	outTTY, errTTY bool
	dumb           bool                       // terminals know no escape sequences
	color          bool                       // wanted on terminals
	size           func() (w, h int, ok bool) // of the terminal
	columns        int                        // from the environment, 0 for none
}

// System returns the streams of the process.
func System() *IOStreams {
	s := &IOStreams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		outTTY: term.IsTerminal(int(os.Stdout.Fd())),
		errTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
	s.fromEnv(os.Getenv, runtime.GOOS)
	s.size = func() (int, int, bool) {
		for _, f := range []*os.File{os.Stdout, os.Stderr} {
			if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
				return w, h, true
			}
		}
		return 0, 0, false
	}
	if !s.dumb && (s.outTTY || s.errTTY) {
		// Does nothing but on Windows, whose consoles must be asked to read
		// escape sequences; one that cannot is dumb.
		if _, err := termenv.EnableVirtualTerminalProcessing(termenv.NewOutput(os.Stdout)); err != nil {
			s.dumb, s.color = true, false
		}
	}
	return s
}

// fromEnv reads what the environment says of the terminal.
// See https://no-color.org and https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html.
func (s *IOStreams) fromEnv(getenv func(string) string, goos string) {
	t := getenv("TERM")
	s.dumb = t == "dumb" || t == "" && goos != "windows"
	s.color = getenv("NO_COLOR") == "" && !s.dumb
	s.Unicode = unicodeLocale(getenv, goos)
	s.columns, _ = strconv.Atoi(getenv("COLUMNS"))
}

// unicodeLocale tells whether the terminal shows UTF-8.
func unicodeLocale(getenv func(string) string, goos string) bool {
	if goos == "windows" { // Go writes UTF-16 to consoles
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return goos == "darwin" // whose terminals are UTF-8 whatever the locale
}

// Test returns streams without a terminal and the buffers behind Out and Err.
func Test() (s *IOStreams, out, err *bytes.Buffer) {
	out, err = new(bytes.Buffer), new(bytes.Buffer)
	return &IOStreams{In: strings.NewReader(""), Out: out, Err: err, Unicode: true}, out, err
}

// SetTerminal makes the streams of a test a terminal of that size, or none
// when width is 0.
func (s *IOStreams) SetTerminal(width, height int, color bool) {
	s.outTTY, s.errTTY, s.color = width > 0, width > 0, color
	s.size = func() (int, int, bool) { return width, height, width > 0 }
}

// OutTTY tells whether standard output is a terminal.
func (s *IOStreams) OutTTY() bool { return s.outTTY }

// Repaints tells whether progress can be repainted in place: standard error
// is a terminal that knows escape sequences.
func (s *IOStreams) Repaints() bool { return s.errTTY && !s.dumb }

// Size returns the size of the terminal, 80×24 where nobody tells.
func (s *IOStreams) Size() (width, height int) {
	if s.size != nil {
		if w, h, ok := s.size(); ok {
			return w, h
		}
	}
	return defaultWidth, 24
}

// Width returns the width that prose on standard output has.
func (s *IOStreams) Width() int {
	w := defaultWidth
	switch {
	case s.columns > 0:
		w = s.columns
	case s.outTTY:
		w, _ = s.Size()
	}
	return min(max(w, minWidth), maxWidth)
}

// OutStyle is the style of standard output.
func (s *IOStreams) OutStyle() Style { return Style{Color: s.color && s.outTTY, Unicode: s.Unicode} }

// ErrStyle is the style of standard error.
func (s *IOStreams) ErrStyle() Style { return Style{Color: s.color && s.errTTY, Unicode: s.Unicode} }
