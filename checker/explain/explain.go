// Package explain reads the files that explain a check, doc.<lang>.md, and
// makes sentences of its findings. It imports the YAML library and package
// checker; it knows nothing of Docker, of languages in particular or of how
// an explanation is shown.
//
// A file has front matter and four sections:
//
//	---
//	title: The image is small
//	exercise: exercise-3            # Before and After are laid over its solution
//	want: [over]                    # codes that Before must be found guilty of
//	findings:
//	  over:
//	    message: "the image weighs {{.Got}}; the budget is {{.Want}}"
//	    why: …
//	    next: …
//	---
//	## Why it matters
//	## How to fix it
//	## Before
//	```dockerfile Dockerfile
//	…
//	```
//	## After
//	```dockerfile Dockerfile
//	…
//	```
//
// The headings differ by language and their order does not. The last two
// sections hold files: fenced blocks whose first line names the language and
// the file.
package explain

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"example.com/tutor/checker"
)

// FS returns a check's Doc: it reads doc.<lang>.md from the check's embedded
// folder. Each language is parsed once; its maps are shared and must not be
// written to.
func FS(fsys fs.FS) func(lang string) (checker.Doc, error) {
	var mu sync.Mutex
	memo := make(map[string]func() (checker.Doc, error))
	return func(lang string) (checker.Doc, error) {
		mu.Lock()
		doc, ok := memo[lang]
		if !ok {
			doc = sync.OnceValues(func() (checker.Doc, error) { return read(fsys, "doc."+lang+".md") })
			memo[lang] = doc
		}
		mu.Unlock()
		return doc()
	}
}

func read(fsys fs.FS, name string) (checker.Doc, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return checker.Doc{}, fmt.Errorf("reading explanation: %w", err)
	}
	return Parse(name, text)
}

// frontMatter is what stands between the two lines of hyphens.
type frontMatter struct {
	Title    string               `yaml:"title"`
	Exercise string               `yaml:"exercise"`
	Want     []string             `yaml:"want"`
	Findings map[string]sentences `yaml:"findings"`
}

type sentences struct {
	Message string `yaml:"message"`
	Why     string `yaml:"why"`
	Next    string `yaml:"next"`
}

// Parse parses the text of an explanation. Its errors begin with name and
// line. It asks for the form only: what may not be empty is known to
// [checker.Validate] and [Validate].
func Parse(name string, text []byte) (checker.Doc, error) {
	lines, err := split(name, text)
	if err != nil {
		return checker.Doc{}, err
	}
	front, body, err := cut(name, lines)
	if err != nil {
		return checker.Doc{}, err
	}
	sections, err := parseSections(name, lines, body)
	if err != nil {
		return checker.Doc{}, err
	}
	doc := checker.Doc{
		Title:    front.Title,
		Exercise: front.Exercise,
		Want:     front.Want,
		Findings: make(map[string]checker.FindingDoc, len(front.Findings)),
		Why:      sections[why].text(),
		Fix:      sections[fix].text(),
		Markdown: strings.TrimSpace(strings.Join(lines[body:], "\n")) + "\n",
	}
	for code, f := range front.Findings {
		doc.Findings[code] = checker.FindingDoc(f)
	}
	if doc.Before, err = sections[before].files(name); err != nil {
		return checker.Doc{}, err
	}
	if doc.After, err = sections[after].files(name); err != nil {
		return checker.Doc{}, err
	}
	return doc, nil
}

// split returns the lines without their ends, however an editor under Windows
// may have written them.
func split(name string, text []byte) ([]string, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if !utf8.ValidString(line) {
			return nil, errorAt(name, i, "is not UTF-8 text")
		}
	}
	return lines, nil
}

const hyphens = "---"

// cut decodes the front matter and returns the index of the first line after
// it.
func cut(name string, lines []string) (front frontMatter, body int, err error) {
	if lines[0] != hyphens {
		return front, 0, errorAt(name, 0, "must begin with front matter between two lines of ---")
	}
	for body = 1; ; body++ {
		if body == len(lines) {
			return front, 0, errorAt(name, 0, "front matter has no end, a second line of ---")
		}
		if lines[body] == hyphens {
			break
		}
	}
	// The empty line in place of the hyphens makes the decoder count the
	// lines of the file.
	text := "\n" + strings.Join(lines[1:body], "\n")
	if err := decode(text, &front); err != nil {
		return front, 0, yamlError(name, err)
	}
	return front, body + 1, nil
}

// decode decodes strictly: an unknown or repeated key is an error.
func decode(text string, into any) (err error) {
	defer func() { // go-yaml v1.19.2 panics on "want: !tag" where it needs a list
		if p := recover(); p != nil {
			err = fmt.Errorf("YAML library: %v", p)
		}
	}()
	return yaml.UnmarshalWithOptions([]byte(text), into, yaml.Strict())
}

// yamlError puts the place of the error before its message; the library would
// put it into a picture of several lines.
func yamlError(name string, err error) error {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return errorAt(name, e.GetToken().Position.Line-1, "%s", e.GetMessage())
	}
	return fmt.Errorf("%s:1: decoding front matter: %w", name, err)
}

// errorAt returns an error about the line with index i.
func errorAt(name string, i int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", name, i+1, fmt.Sprintf(format, args...))
}
