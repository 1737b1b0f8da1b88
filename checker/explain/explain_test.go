package explain_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"example.com/tutor/checker"
	"example.com/tutor/checker/explain"
)

// page is an explanation with all that the format knows.
const page = "---\n" +
	"title: The image is small\n" +
	"exercise: exercise-3\n" +
	"want: [over]\n" +
	"findings:\n" +
	"  over:\n" +
	"    message: \"the image weighs {{.Got}}; the budget is {{.Want}}\"\n" +
	"    why: every pull moves it\n" +
	"    next: copy only the binary into {{.File}}:{{.Line}}, not {{.Data.largest}}\n" +
	"---\n" +
	"## Why it matters\n" +
	"\n" +
	"Bytes cost *time*.\n" +
	"\n" +
	"```\n" +
	"## not a heading\n" +
	"```\n" +
	"### a lesser heading\n" +
	"\n" +
	"## How to fix it\n" +
	"1. Use two stages:\n" +
	"\n" +
	"   ```\n" +
	"   COPY --from=build\n" +
	"   ```\n" +
	"\n" +
	"## Before\n" +
	"Everything at once:\n" +
	"```dockerfile Dockerfile\n" +
	"FROM golang:1.26\n" +
	"\n" +
	"## a comment\n" +
	"```\n" +
	"and what it ignores:\n" +
	"~~~~ text   .dockerignore\n" +
	"~~~\n" +
	"```\n" +
	"~~~~~  \n" +
	"## After\n" +
	"```dockerfile Dockerfile\n" +
	"FROM scratch\n" +
	"```\n" +
	"```text .dockerignore\n" +
	"```\n"

func TestParse(t *testing.T) {
	want := checker.Doc{
		Title: "The image is small",
		Why:   "Bytes cost *time*.\n\n```\n## not a heading\n```\n### a lesser heading",
		Fix:   "1. Use two stages:\n\n   ```\n   COPY --from=build\n   ```",
		Before: map[string]string{
			"Dockerfile":    "FROM golang:1.26\n\n## a comment\n",
			".dockerignore": "~~~\n```\n",
		},
		After:    map[string]string{"Dockerfile": "FROM scratch\n", ".dockerignore": ""},
		Want:     []string{"over"},
		Exercise: "exercise-3",
		Markdown: page[strings.Index(page, "## Why"):],
		Findings: map[string]checker.FindingDoc{"over": {
			Message: "the image weighs {{.Got}}; the budget is {{.Want}}",
			Why:     "every pull moves it",
			Next:    "copy only the binary into {{.File}}:{{.Line}}, not {{.Data.largest}}",
		}},
	}
	for name, text := range map[string]string{
		"Unix":                  page,
		"Windows":               strings.ReplaceAll(page, "\n", "\r\n"),
		"byte order mark":       "\ufeff" + page,
		"Windows and the mark":  "\ufeff" + strings.ReplaceAll(page, "\n", "\r\n"),
		"no line break at end":  strings.TrimSuffix(page, "\n"),
		"blank lines all about": strings.ReplaceAll(page, "---\n## Why", "---\n\n\n## Why") + "\n\n",
	} {
		got, err := explain.Parse("doc.en.md", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got\n%#v\nwant\n%#v", name, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, want string }{
		"empty":                  {page, "", "doc.en.md:1: must begin with front matter"},
		"no front matter":        {page, page[strings.Index(page, "## Why"):], "doc.en.md:1: must begin with front matter"},
		"no end of front matter": {"---\n##", "##", "doc.en.md:1: front matter has no end"},
		"unknown key":            {"title:", "titel:", `doc.en.md:2: unknown field "titel"`},
		"unknown sentence":       {"    next:", "    nxt:", `doc.en.md:9: unknown field "nxt"`},
		"a code twice":           {"    why: every pull moves it\n", "    why: w\n    next: n\n  over:\n    message: m\n", `doc.en.md:10: mapping key "over" already defined at [6:3]`},
		"a key twice":            {"title: The", "title: A\ntitle: The", `doc.en.md:3: mapping key "title" already defined`},
		"wrong type":             {"[over]", "{over: 1}", "doc.en.md:4: "},
		"breaks the library":     {"want: [over]", "want: !tag", "doc.en.md:1: decoding front matter: YAML library: runtime error"},
		"bad YAML":               {"want: [over]", "want: [over", "doc.en.md:"},
		"not UTF-8":              {"Bytes", "Bytes\xff", "doc.en.md:13: is not UTF-8 text"},
		"text before":            {"## Why", "Hello\n## Why", "doc.en.md:11: text before the first section"},
		"three sections":         {"## How to fix it\n", "", "doc.en.md:44: 3 sections; an explanation has four"},
		"none":                   {"## ", "# ", "doc.en.md:11: text before the first section"},
		"five sections":          {"## After", "## Between\n## After", "doc.en.md:40: a fifth section"},
		"open block":             {"FROM scratch\n```\n```text .dockerignore\n```\n", "FROM scratch\n", "doc.en.md:40: block has no end, a line of ```"},
		"no file":                {"```dockerfile Dockerfile\nFROM scratch\n```\n```text .dockerignore\n```\n", "see above", "doc.en.md:39: section has no file"},
		"nameless file":          {"```text .dockerignore", "```text", `doc.en.md:43: block must name language and file, as in`},
		"three words":            {"```text .dockerignore", "```text my notes", `got "text my notes"`},
		"the same file twice":    {"```text .dockerignore", "```text Dockerfile", "doc.en.md:43: a second Dockerfile in one section"},
		"outside":                {"```text .dockerignore", "```text ../x", `doc.en.md:43: "../x" is no path of a file inside`},
		"absolute":               {"```text .dockerignore", "```text /etc/passwd", `doc.en.md:43: "/etc/passwd" is no path`},
		"the folder itself":      {"```text .dockerignore", "```text .", `doc.en.md:43: "." is no path`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.ReplaceAll(page, tt.old, tt.new)
			if text == page {
				t.Fatalf("page has no %q", tt.old)
			}
			_, err := explain.Parse("doc.en.md", []byte(text))
			if err == nil {
				t.Fatalf("accepted; want %q", tt.want)
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "doc.en.md:") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want one line with %q", err, tt.want)
			}
		})
	}
}

// counting counts how often files are opened.
type counting struct {
	fs.FS
	opened atomic.Int32
}

func (c *counting) Open(name string) (fs.File, error) {
	c.opened.Add(1)
	return c.FS.Open(name)
}

func TestFS(t *testing.T) {
	files := &counting{FS: fstest.MapFS{
		"doc.ru.md": {Data: []byte(strings.Replace(page, "The image is small", "Образ мал", 1))},
		"doc.en.md": {Data: []byte(page)},
		"doc.xx.md": {Data: []byte("nonsense")},
	}}
	doc := explain.FS(files)
	var wg sync.WaitGroup
	for range 20 {
		for lang, title := range map[string]string{"ru": "Образ мал", "en": "The image is small"} {
			wg.Go(func() {
				if d, err := doc(lang); err != nil || d.Title != title {
					t.Errorf("got %q, %v; want %q", d.Title, err, title)
				}
			})
		}
	}
	wg.Wait()
	if n := files.opened.Load(); n != 2 {
		t.Errorf("two languages were read %d times", n)
	}
	if _, err := doc("de"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "doc.de.md") {
		t.Errorf("a missing language: got %v", err)
	}
	if _, err := doc("xx"); err == nil || !strings.HasPrefix(err.Error(), "doc.xx.md:1: ") {
		t.Errorf("a bad file: got %v", err)
	}
}

func TestRender(t *testing.T) {
	doc, err := explain.Parse("doc.en.md", []byte(page))
	if err != nil {
		t.Fatal(err)
	}
	f := checker.Finding{
		Code: "over", Got: "21 MB", Want: "12 MB", Place: checker.Place{File: "Dockerfile", Line: 7},
		Data: map[string]string{"largest": "<go>"},
	}
	got, err := explain.Render(doc, f)
	want := explain.Sentences{
		Message: "the image weighs 21 MB; the budget is 12 MB",
		Why:     "every pull moves it",
		Next:    "copy only the binary into Dockerfile:7, not <go>",
	}
	if err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	for _, data := range []map[string]string{nil, {}, {"smallest": ""}} {
		f.Data = data
		if _, err := explain.Render(doc, f); err == nil || !strings.Contains(err.Error(), `rendering finding "over": template: next:`) {
			t.Errorf("data %v lacks a value of the sentence; got %v", data, err)
		}
	}
	f.Code = "under"
	if _, err := explain.Render(doc, f); err == nil || err.Error() != `no sentences for finding "under"` {
		t.Errorf("an unknown code: got %v", err)
	}
}

func TestValidate(t *testing.T) {
	valid := func(edit func(lang string, d *checker.Doc) error) checker.Check {
		return checker.Check{
			Name: "size", Codes: []string{"over"},
			Run: func(context.Context, *checker.Pass) error { return nil },
			Doc: func(lang string) (checker.Doc, error) {
				d, err := explain.Parse("doc.en.md", []byte(page))
				return d, errors.Join(err, edit(lang, &d))
			},
		}
	}
	// both edits both languages alike, one only the second.
	both := func(edit func(*checker.Doc)) checker.Check {
		return valid(func(_ string, d *checker.Doc) error { edit(d); return nil })
	}
	one := func(edit func(*checker.Doc)) checker.Check {
		return valid(func(lang string, d *checker.Doc) error {
			if lang == checker.Languages[1] {
				edit(d)
			}
			return nil
		})
	}
	message := func(text string) func(*checker.Doc) {
		return func(d *checker.Doc) { d.Findings["over"] = checker.FindingDoc{Message: text, Why: "w", Next: "n"} }
	}
	good := both(func(*checker.Doc) {})
	if err := errors.Join(checker.Validate([]checker.Check{good}), explain.Validate(good)); err != nil {
		t.Fatalf("a good check is refused: %v", err)
	}
	for name, tt := range map[string]struct {
		check checker.Check
		want  string
	}{
		"undocumented":     {checker.Check{Name: "size"}, `check "size" is undocumented`},
		"no such file":     {valid(func(string, *checker.Doc) error { return fs.ErrNotExist }), `check "size", explanation "en": file does not exist`},
		"open brace":       {both(message("{{.Got")), `check "size", explanation "ru": finding "over": template: message:1: unclosed action`},
		"in one language":  {one(message("{{end}}")), `explanation "en": finding "over": template: message:1: unexpected {{end}}`},
		"unknown field":    {both(message("{{.Size}}")), `can't evaluate field Size`},
		"unknown function": {both(message("{{size .Got}}")), `function "size" not defined`},
		"no exercise":      {both(func(d *checker.Doc) { d.Exercise = "" }), `names no exercise`},
		"proves nothing":   {both(func(d *checker.Doc) { d.Want = nil }), `wants no finding against Before`},
		"nothing changes":  {both(func(d *checker.Doc) { d.After = maps.Clone(d.Before) }), `Before and After are the same`},
		"languages differ": {one(func(d *checker.Doc) { d.After = nil }), `explanation "en": differs from "ru": files of After are`},
	} {
		if err := explain.Validate(tt.check); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

func TestSame(t *testing.T) {
	doc := func() checker.Doc {
		d, err := explain.Parse("doc.en.md", []byte(page))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	translated := doc()
	translated.Title, translated.Why, translated.Markdown = "Образ мал", "Байты стоят времени.", "…"
	if err := explain.Same(doc(), translated); err != nil {
		t.Errorf("a translation is refused: %v", err)
	}
	for want, edit := range map[string]func(*checker.Doc){
		`exercise is "exercise-3" and "exercise-4"`:                                                func(d *checker.Doc) { d.Exercise = "exercise-4" },
		`want is ["over"] and []`:                                                                  func(d *checker.Doc) { d.Want = nil },
		`files of Before are [".dockerignore" "Dockerfile"] and ["Dockerfile"]`:                    func(d *checker.Doc) { delete(d.Before, ".dockerignore") },
		`Dockerfile of Before, line 3 is "## a comment" and "## a remark"`:                         func(d *checker.Doc) { d.Before["Dockerfile"] = "FROM golang:1.26\n\n## a remark\n" },
		`Dockerfile of After has 1 and 2 lines`:                                                    func(d *checker.Doc) { d.After["Dockerfile"] += "\n" },
		`Dockerfile of After, line 1 is "FROM scratch" and "FROM busybox"`:                         func(d *checker.Doc) { d.After["Dockerfile"] = "FROM busybox\n" },
		`files of After are [".dockerignore" "Dockerfile"] and [".dockerignore" "Dockerfile" "x"]`: func(d *checker.Doc) { d.After["x"] = "" },
	} {
		other := doc()
		edit(&other)
		if err := explain.Same(doc(), other); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(page)
	f.Add("")
	f.Add("---\n---\n## a\n## b\n## c\n```go x\n```\n## d\n~~~go y\n~~~")
	f.Add("---\ntitle: &a [*a]\n---\n")
	f.Add("---\nfindings: {a: {message: |-\n  x}}\n---\n## a")
	f.Add("\ufeff---\r\n? - x\r\n---\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := explain.Parse("doc.ru.md", []byte(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "doc.ru.md:") {
				t.Errorf("error %q does not begin with the file", err)
			}
			return
		}
		for _, files := range []map[string]string{doc.Before, doc.After} {
			if len(files) == 0 {
				t.Error("an example has no files")
			}
			for name, text := range files {
				if !fs.ValidPath(name) || text != "" && !strings.HasSuffix(text, "\n") {
					t.Errorf("file %q is %q", name, text)
				}
			}
		}
		if strings.Contains(text, "\r") {
			return
		}
		windows, err := explain.Parse("doc.ru.md", []byte(strings.ReplaceAll(text, "\n", "\r\n")))
		if err != nil || !reflect.DeepEqual(windows, doc) {
			t.Errorf("with the line ends of Windows: got %#v, %v; want %#v", windows, err, doc)
		}
	})
}
