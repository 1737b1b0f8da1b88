// Package layout sets prose: it wraps by what is seen, keeps what is typed in
// one piece, and indents. Code, logs and source lines are never wrapped.
package layout

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"example.com/tutor/cmd/internal/iostreams"
)

// Width returns how many columns text takes.
func Width(text string) int { return ansi.StringWidth(text) }

// Pad fills text with spaces to width columns.
func Pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-Width(text), 0))
}

// Cut returns text cut to width columns.
func Cut(style iostreams.Style, text string, width int) string {
	return ansi.Truncate(text, width, style.Ellipsis())
}

// Prose wraps text at width columns; its first line begins with first, the
// others with rest. What stands between backquotes is typed by people: it is
// decorated by style and not broken.
func Prose(style iostreams.Style, text string, width int, first, rest string) string {
	var b strings.Builder
	if !style.Unicode {
		text = ascii.Replace(text)
	}
	indent := first
	for _, paragraph := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		line, empty := indent, true
		// A dash begins no line.
		for _, w := range words(strings.ReplaceAll(paragraph, " — ", "\u00a0— ")) {
			w = strings.ReplaceAll(w, "\u00a0", " ")
			shown := decorate(style, w)
			if !empty && Width(line)+1+Width(shown) > width {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				line, empty = rest, true
			}
			if !empty {
				line += " "
			}
			line += shown
			empty = false
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		indent = rest
	}
	return b.String()
}

// ascii writes the signs of prose without other letters than ASCII.
var ascii = strings.NewReplacer("—", "-", "–", "-", "“", `"`, "”", `"`, "«", `"`, "»", `"`, "…", "...", "×", "x")

// words splits at spaces that are not between backquotes.
func words(text string) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		if r == '`' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

// Inline decorates what stands between backquotes in text of one line.
func Inline(style iostreams.Style, text string) string { return decorate(style, text) }

func decorate(style iostreams.Style, text string) string {
	parts := strings.Split(text, "`")
	if len(parts)%2 == 0 { // a quote without an end is just a letter
		return text
	}
	for i := 1; i < len(parts); i += 2 {
		parts[i] = style.Code(parts[i])
	}
	return strings.Join(parts, "")
}

// Indent puts indent before every line of text that is not empty.
func Indent(text, indent string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = indent + l
		}
	}
	return strings.Join(lines, "\n")
}
