// Package sanitize makes text that comes from a submission, its build or its
// container fit to be shown: no escape sequence, control character or hidden
// change of direction reaches a terminal or a reader of JSON. It is applied
// once, where results and progress turn into what the screen shows.
package sanitize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// MaxLine is how many letters of one line are kept.
const MaxLine = 400

// ellipsis marks the end of a line that was cut.
const ellipsis = " […]"

// tab stands for a tab: terminals place tabs by column, which breaks every
// indentation of a line that does not begin at the left edge.
const tab = "    "

// Line returns s as one clean line: lines are joined by spaces, and what is
// longer than [MaxLine] is cut.
func Line(s string) string {
	var kept []string
	for _, l := range split(s) {
		if l = clean(l); l != "" {
			kept = append(kept, l)
		}
	}
	return limit(strings.Join(kept, " "))
}

// Lines returns the clean lines of s, without empty ones at its end.
func Lines(s string) []string {
	var lines []string
	for _, l := range split(s) {
		lines = append(lines, limit(clean(l)))
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// split splits at ends of lines. A carriage return inside a line is how
// programs draw progress: only what was written last would be seen.
func split(s string) []string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		l = strings.TrimRight(l, "\r")
		lines[i] = l[strings.LastIndexByte(l, '\r')+1:]
	}
	return lines
}

// clean removes from one line what is not text.
func clean(s string) string {
	if plain(s) {
		return s
	}
	// First, so that a stray byte cannot hide the end of a sequence.
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	s = ansi.Strip(s)
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\t", tab)), " ")
}

// plain tells whether s is printable ASCII, as nearly every line is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return !strings.HasSuffix(s, " ")
}

// hidden tells whether r is not seen yet changes what is: control characters,
// separators of lines, marks that turn the direction of text, and characters
// of no width that can make two names look the same.
func hidden(r rune) bool {
	switch {
	case unicode.IsControl(r): // C0, DEL and C1
		return true
	case r == '\u200d': // joins emoji
		return false
	case unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
		return true
	}
	return false
}

func limit(s string) string {
	if len(s) <= MaxLine || utf8.RuneCountInString(s) <= MaxLine {
		return s
	}
	n := 0
	for i := range s {
		if n == MaxLine-utf8.RuneCountInString(ellipsis) {
			return s[:i] + ellipsis
		}
		n++
	}
	return s
}
