package explain

import (
	"io/fs"
	"regexp"
	"strings"
)

// The sections, in the order in which they stand.
const (
	why = iota
	fix
	before
	after
	sectionCount
)

// section is one of the four: a heading and what stands below it.
type section struct {
	at     int // index of the heading's line
	lines  []string
	blocks []block
}

// block is a fenced block.
type block struct {
	at    int // index of the opening fence's line
	info  string
	lines []string
}

// fenceRE matches an opening fence of CommonMark and takes it from its info
// string. A fence that is indented belongs to a list and holds no file.
var fenceRE = regexp.MustCompile("^(```+|~~~+)[ \t]*([^`]*)$")

const heading = "## "

// parseSections parses the lines from index body on.
func parseSections(name string, lines []string, body int) ([]section, error) {
	var sections []section
	fence := "" // of the block that is open
	for i := body; i < len(lines); i++ {
		line := lines[i]
		switch {
		case fence == "" && strings.HasPrefix(line, heading):
			if len(sections) == sectionCount {
				return nil, errorAt(name, i, "a fifth section; an explanation has four: why, how to fix, before, after")
			}
			sections = append(sections, section{at: i})
			continue
		case len(sections) == 0:
			if strings.TrimSpace(line) != "" {
				return nil, errorAt(name, i, "text before the first section, a line that begins with %q", heading)
			}
			continue
		}
		s := &sections[len(sections)-1]
		s.lines = append(s.lines, line)
		switch {
		case fence == "":
			if m := fenceRE.FindStringSubmatch(line); m != nil {
				fence = m[1]
				s.blocks = append(s.blocks, block{at: i, info: m[2]})
			}
		case closes(line, fence):
			fence = ""
		default:
			b := &s.blocks[len(s.blocks)-1]
			b.lines = append(b.lines, line)
		}
	}
	if fence != "" {
		blocks := sections[len(sections)-1].blocks
		return nil, errorAt(name, blocks[len(blocks)-1].at, "block has no end, a line of %s", fence)
	}
	if len(sections) < sectionCount {
		return nil, errorAt(name, len(lines)-1, "%d sections; an explanation has four: why, how to fix, before, after", len(sections))
	}
	return sections, nil
}

// closes tells whether line closes a block that fence has opened: nothing but
// the fence's character, at least as often.
func closes(line, fence string) bool {
	line = strings.TrimRight(line, " \t")
	return strings.HasPrefix(line, fence) && strings.Trim(line, fence[:1]) == ""
}

func (s section) text() string { return strings.TrimSpace(strings.Join(s.lines, "\n")) }

// files returns the section's blocks by the file names in their info strings.
func (s section) files(name string) (map[string]string, error) {
	if len(s.blocks) == 0 {
		return nil, errorAt(name, s.at, "section has no file: a fenced block such as ```dockerfile Dockerfile")
	}
	files := make(map[string]string, len(s.blocks))
	for _, b := range s.blocks {
		info := strings.Fields(b.info)
		if len(info) != 2 {
			return nil, errorAt(name, b.at, "block must name language and file, as in ```dockerfile Dockerfile; got %q", b.info)
		}
		file := info[1]
		if !fs.ValidPath(file) || file == "." {
			return nil, errorAt(name, b.at, "%q is no path of a file inside the exercise", file)
		}
		if _, ok := files[file]; ok {
			return nil, errorAt(name, b.at, "a second %s in one section", file)
		}
		files[file] = ""
		if len(b.lines) > 0 {
			files[file] = strings.Join(b.lines, "\n") + "\n"
		}
	}
	return files, nil
}
