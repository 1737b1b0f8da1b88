// Package markdown shows Markdown on a terminal: prose wrapped with hanging
// indents, code and addresses never broken. It uses the sixteen colours that
// every theme defines for its own background, and asks the terminal nothing.
//
// It walks goldmark's tree itself: glamour breaks addresses, loses the indent
// of lists, and costs every start of the program 20 ms of set-up for colours
// of code.
package markdown

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/layout"
)

// codeMargin is where lines of code begin.
const codeMargin = "    "

// Render lays source out for width columns.
func Render(source string, width int, style iostreams.Style) string {
	r := &renderer{source: []byte(source), width: width, style: style}
	doc := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(r.source))
	r.blocks(doc, "", "", false)
	return strings.Trim(r.b.String(), "\n") + "\n"
}

type renderer struct {
	source []byte
	width  int
	style  iostreams.Style
	b      strings.Builder
}

// blocks writes the blocks below n with empty lines between them. The very
// first line begins with first, all others with rest.
func (r *renderer) blocks(n ast.Node, first, rest string, tight bool) {
	written := false
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c.Kind() == ast.KindHTMLBlock { // comments for authors
			continue
		}
		if written && !tight {
			r.b.WriteString(strings.TrimRight(rest, " ") + "\n")
		}
		written = true
		r.block(c, first, rest)
		first = rest
	}
}

func (r *renderer) block(n ast.Node, first, rest string) {
	switch n := n.(type) {
	case *ast.Heading:
		r.heading(n, first, rest)
	case *ast.List:
		r.list(n, first, rest)
	case *ast.Blockquote:
		bar := r.style.Dim(r.style.Bar()) + " "
		r.blocks(n, first+bar, rest+bar, false)
	case *ast.FencedCodeBlock:
		r.code(n, string(n.Language(r.source)), fileOf(n, r.source), first, rest)
	case *ast.CodeBlock:
		r.code(n, "", "", first, rest)
	case *ast.ThematicBreak:
		fmt.Fprintln(&r.b, first+r.style.Dim(r.style.Rule(r.width-layout.Width(first))))
	case *extast.Table:
		r.table(n, first, rest)
	default:
		r.b.WriteString(layout.Prose(r.style, r.inline(n), r.width, first, rest))
	}
}

// heading writes a heading; without colours a line below tells it from prose.
func (r *renderer) heading(n *ast.Heading, first, rest string) {
	title := r.inline(n)
	lines := layout.Prose(r.style, title, r.width-layout.Width(rest), "", "")
	longest := 0
	for i, line := range strings.Split(strings.TrimSuffix(lines, "\n"), "\n") {
		longest = max(longest, layout.Width(line))
		if i > 0 {
			first = rest
		}
		fmt.Fprintln(&r.b, first+r.style.Bold(line))
	}
	if n.Level == 1 || !r.style.Color && n.Level == 2 {
		fmt.Fprintln(&r.b, rest+r.style.Dim(r.style.Rule(longest)))
	}
}

func (r *renderer) list(n *ast.List, first, rest string) {
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		sign := r.style.Bullet()
		if n.IsOrdered() {
			sign = strconv.Itoa(number) + "."
			number++
		}
		if item != n.FirstChild() && !n.IsTight {
			fmt.Fprintln(&r.b, strings.TrimRight(rest, " "))
		}
		r.blocks(item, first+sign+" ", rest+strings.Repeat(" ", layout.Width(sign)+1), n.IsTight)
		first = rest
	}
}

// fileOf returns the file that a block shows: "```dockerfile app.dockerfile".
func fileOf(n *ast.FencedCodeBlock, source []byte) string {
	if n.Info == nil {
		return ""
	}
	_, file, _ := strings.Cut(string(n.Info.Segment.Value(source)), " ")
	return strings.TrimSpace(file)
}

// code writes lines of code as they are.
func (r *renderer) code(n ast.Node, lang, file, first, rest string) {
	if file != "" {
		fmt.Fprintf(&r.b, "%s%s\n%s\n", first, r.style.Bold(file), strings.TrimRight(rest, " "))
		first = rest
	}
	lines := n.Lines()
	for i := range lines.Len() {
		segment := lines.At(i)
		line := strings.TrimRight(string(segment.Value(r.source)), "\r\n")
		fmt.Fprintln(&r.b, strings.TrimRight(first+codeMargin+r.highlight(lang, line), " "))
		first = rest
	}
}

// highlight sets comments back and, in Dockerfiles, instructions off.
func (r *renderer) highlight(lang, line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		return r.style.Dim(line)
	}
	if lang != "dockerfile" {
		return line
	}
	if m := instruction.FindString(line); m != "" {
		return r.style.Command(m) + line[len(m):]
	}
	return line
}

// instruction matches the first word of a line of a Dockerfile.
var instruction = regexp.MustCompile(`^[A-Z]+\b`)

// table writes columns side by side, or, where they do not fit, each row as
// the names of its columns with what they hold.
func (r *renderer) table(n *extast.Table, first, rest string) {
	var rows [][]string
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, layout.Inline(r.style, r.inline(cell)))
		}
		rows = append(rows, cells)
	}
	widths := make([]int, len(rows[0]))
	total := layout.Width(first) - 2
	for i := range widths {
		for _, row := range rows {
			widths[i] = max(widths[i], layout.Width(row[i]))
		}
		total += widths[i] + 2
	}
	if total > r.width {
		for i, row := range rows[1:] {
			if i > 0 {
				fmt.Fprintln(&r.b, strings.TrimRight(rest, " "))
			}
			for j, cell := range row {
				r.b.WriteString(layout.Prose(r.style, rows[0][j]+": "+cell, r.width, first, rest+"  "))
				first = rest
			}
		}
		return
	}
	for i, row := range rows {
		line := first
		for j, cell := range row {
			if i == 0 {
				cell = r.style.Bold(cell)
			}
			line += layout.Pad(cell, widths[j]) + "  "
		}
		fmt.Fprintln(&r.b, strings.TrimRight(line, " "))
		if i == 0 {
			fmt.Fprintln(&r.b, rest+r.style.Dim(r.style.Rule(min(total-layout.Width(first), r.width))))
		}
		first = rest
	}
}

// inline returns the text below n: code between backquotes, as
// layout.Prose wants it.
func (r *renderer) inline(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			// A backquote in prose would begin a span.
			b.WriteString(strings.ReplaceAll(string(unescape(c, r.source)), "`", "'"))
			if c.HardLineBreak() {
				b.WriteString("\n")
			} else if c.SoftLineBreak() {
				b.WriteString(" ")
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.CodeSpan:
			b.WriteString("`" + strings.ReplaceAll(plain(c, r.source), "`", "'") + "`")
		case *ast.Emphasis:
			inner := r.inline(c)
			if c.Level > 1 {
				inner = r.style.Bold(inner)
			} else {
				inner = r.style.Italic(inner)
			}
			b.WriteString(inner)
		case *ast.Link:
			label, url := r.inline(c), string(c.Destination)
			b.WriteString(label)
			if url != label {
				b.WriteString(" (" + url + ")")
			}
		case *ast.AutoLink:
			b.Write(c.URL(r.source))
		case *ast.RawHTML:
		default:
			b.WriteString(r.inline(c))
		}
	}
	return b.String()
}

// unescape returns the text of a node without the backslashes of Markdown.
func unescape(n *ast.Text, source []byte) []byte {
	value := n.Segment.Value(source)
	if n.IsRaw() || !strings.Contains(string(value), `\`) {
		return value
	}
	var out []byte
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) && strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", value[i+1]) >= 0 {
			i++
		}
		out = append(out, value[i])
	}
	return out
}

// plain returns the text of a code span, whose lines are joined by spaces.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(source))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}
