package iostreams

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"example.com/tutor/checker"
)

// Style decorates text. It uses the sixteen colours that every terminal theme
// defines for its own background, so nothing has to be known of it. Colour
// never says anything that words do not.
type Style struct {
	Color   bool
	Unicode bool
}

// paint puts text between on and off, which ends nothing but on: styles nest.
func (s Style) paint(text string, on, off ansi.Attr) string {
	if !s.Color || text == "" {
		return text
	}
	return ansi.SGR(on) + text + ansi.SGR(off)
}

func (s Style) foreground(text string, color ansi.Attr) string {
	return s.paint(text, color, ansi.AttrDefaultForegroundColor)
}

// Bold returns text in bold.
func (s Style) Bold(text string) string {
	return s.paint(text, ansi.AttrBold, ansi.AttrNormalIntensity)
}

// Italic returns text that is stressed.
func (s Style) Italic(text string) string { return s.paint(text, ansi.AttrItalic, ansi.AttrNoItalic) }

// Dim returns text that is less important.
func (s Style) Dim(text string) string {
	return s.paint(text, ansi.AttrFaint, ansi.AttrNormalIntensity)
}

// Green returns text in the colour of what is well.
func (s Style) Green(text string) string { return s.foreground(text, ansi.AttrGreenForegroundColor) }

// Red returns text in the colour of faults.
func (s Style) Red(text string) string { return s.foreground(text, ansi.AttrRedForegroundColor) }

// Yellow returns text in the colour of what could not be done.
func (s Style) Yellow(text string) string { return s.foreground(text, ansi.AttrYellowForegroundColor) }

// Code returns text that is typed: a command, a name, a value. Without
// colours it stays between backquotes.
func (s Style) Code(text string) string {
	if !s.Color {
		return "`" + text + "`"
	}
	return s.foreground(text, ansi.AttrCyanForegroundColor)
}

// Command returns a command on a line of its own, ready to be copied.
func (s Style) Command(text string) string { return s.foreground(text, ansi.AttrCyanForegroundColor) }

// Status decorates text in the colour of an outcome.
func (s Style) Status(status checker.Status, text string) string {
	switch status {
	case checker.Passed:
		return s.Green(text)
	case checker.Failed:
		return s.Red(text)
	case checker.Errored:
		return s.Yellow(text)
	}
	return s.Dim(text)
}

// Mark returns the sign of an outcome.
func (s Style) Mark(status checker.Status) string {
	sign := map[checker.Status][2]string{
		checker.Passed:  {"✓", "+"},
		checker.Failed:  {"✗", "x"},
		checker.Errored: {"!", "!"},
		checker.Blocked: {"…", "~"},
		checker.Skipped: {"–", "-"},
	}[status]
	return s.Status(status, s.pick(sign[0], sign[1]))
}

// Signs that stand in texts.

// Dot parts things on a line.
func (s Style) Dot() string { return s.pick("·", "-") }

// Bar is the edge of quoted lines.
func (s Style) Bar() string { return s.pick("│", "|") }

// Bullet begins an item of a list.
func (s Style) Bullet() string { return s.pick("•", "*") }

// Arrow points to what to do.
func (s Style) Arrow() string { return s.pick("→", ">") }

// Ellipsis ends what was cut.
func (s Style) Ellipsis() string { return s.pick("…", "...") }

// Rule returns a line of that width.
func (s Style) Rule(width int) string { return strings.Repeat(s.pick("─", "-"), max(width, 0)) }

// Branch begins an entry of a tree of files, the last one or another.
func (s Style) Branch(last bool) string {
	if last {
		return s.pick("└── ", "`-- ")
	}
	return s.pick("├── ", "|-- ")
}

// Trunk stands before what is below an entry of a tree of files.
func (s Style) Trunk(last bool) string {
	if last {
		return "    "
	}
	return s.pick("│   ", "|   ")
}

// Spinner returns the picture of something that goes on, the nth of them.
func (s Style) Spinner(n int) string {
	frames := []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}
	if !s.Unicode {
		frames = []string{"|", "/", "-", `\`}
	}
	return frames[n%len(frames)]
}

func (s Style) pick(unicode, ascii string) string {
	if s.Unicode {
		return unicode
	}
	return ascii
}
