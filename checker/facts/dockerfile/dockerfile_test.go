package dockerfile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/tutor/checker"
	"example.com/tutor/checker/facts/dockerfile"
)

// fault fails the test unless err is a fault of the submission that the check
// "builds" owns, and returns the finding.
func fault(t *testing.T, err error) checker.Finding {
	t.Helper()
	var learner *checker.LearnerError
	if !errors.As(err, &learner) || learner.Owner != "builds" {
		t.Fatalf("got %v, want a finding of builds", err)
	}
	return learner.Finding
}

func TestParse(t *testing.T) {
	long := "FROM scratch\nRUN " + strings.Repeat("x", 70_000) + "\n"
	for name, tt := range map[string]struct {
		text string
		line int    // of the fault, 0 for the file as a whole
		got  string // part of what it says; "" for a sound file
	}{
		"smallest":             {text: "FROM scratch"},
		"with the end of DOS":  {text: "FROM scratch\r\nCOPY x /\r\n"},
		"with a mark of order": {text: "\ufeffFROM scratch\n"},
		"with directives":      {text: "# syntax=docker/dockerfile:1\n# escape=`\nFROM scratch\nCOPY a `\n  /\n"},
		"a heredoc":            {text: "FROM golang:1.26\nRUN <<EOF\ngo build\nEOF\n"},

		"empty":                 {"", 0, "no instructions"},
		"nothing but space":     {"\n \n\t\n", 3, "no instructions"},
		"nothing but comments":  {"# FROM scratch\n# COPY x /\n", 2, "no instructions"},
		"no stage":              {"ARG A=1\n", 0, "no FROM"},
		"unknown instruction":   {"FROM scratch\n\nCOPI x /\n", 3, "unknown instruction: COPI"},
		"nearly an instruction": {"FROM scratch\nRUNN x\n", 2, "did you mean RUN?"},
		"before the first FROM": {"# comment\nRUN x\nFROM scratch\n", 2, "no build stage in current context"},
		"unknown flag":          {"FROM scratch\nCOPY --form=x a /\n", 2, "unknown flag: --form"},
		"COPY to nowhere":       {"FROM scratch\nCOPY x\n", 2, "requires at least two arguments"},
		"FROM of nothing":       {"FROM\n", 1, "FROM requires"},
		"FROM with a typo":      {"FROM scratch SA x\n", 1, "FROM requires either one or three arguments"},
		"ENV without a value":   {"FROM scratch\nENV A\n", 2, "ENV must have two arguments"},
		"open heredoc":          {"FROM scratch\nRUN <<EOF\necho\n", 2, "unterminated heredoc"},
		"a continued line":      {"FROM scratch\nENV A=1 \\\n  B\nCOPY x /\n", 2, "Syntax error - can't find = in \"B\""},
		"a line without an end": { // the parser stops behind the last whole line
			long, 1, "line greater than max"},
		"HEALTHCHECK of sorts": {"FROM scratch\nHEALTHCHECK x\n", 2, "Unknown type"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := dockerfile.Parse("x.dockerfile", []byte(tt.text))
			if tt.got == "" {
				if err != nil || len(f.Stages) != 1 || f.Name != "x.dockerfile" {
					t.Errorf("got %v, want one stage", err)
				}
				return
			}
			found := fault(t, err)
			if found.Code != "syntax" || found.Place != (checker.Place{File: "x.dockerfile", Line: tt.line}) {
				t.Errorf("got %s at %s, want line %d", found.Code, found.Place, tt.line)
			}
			if !strings.Contains(strings.ToLower(found.Got), strings.ToLower(tt.got)) || strings.Contains(found.Got, "parse error on line") {
				t.Errorf("says %q, want something with %q", found.Got, tt.got)
			}
			source := ""
			if tt.line > 0 {
				source = strings.Split(tt.text, "\n")[tt.line-1]
			}
			if found.Source != source {
				t.Errorf("shows %.80q, want %.80q", found.Source, source)
			}
		})
	}
}

// ask computes the fact over a folder.
func ask(t *testing.T, dir, name string) (*dockerfile.File, error) {
	t.Helper()
	s := checker.NewSession(t.Context(), checker.Options{Dir: dir})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var f *dockerfile.File
	var err error
	doc := func(string) (checker.Doc, error) { return checker.Doc{Title: "t", Why: "w", Fix: "f"}, nil }
	s.Run(t.Context(), []checker.Check{{
		Name: "it", Doc: doc, Requires: []checker.Need{dockerfile.Fact.For(name)},
		Run: func(ctx context.Context, p *checker.Pass) error {
			f, err = dockerfile.Fact.Of(ctx, p, name)
			return nil
		},
	}}, nil)
	return f, err
}

func TestFact(t *testing.T) {
	const sound = "FROM scratch\n"
	write := func(t *testing.T, dir, name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(t *testing.T, dir, name, target string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	noise := make([]byte, 10<<20)
	for i := range noise {
		noise[i] = byte(i*i>>3) | 1
	}
	for name, tt := range map[string]struct {
		name    string // "" for Dockerfile
		prepare func(t *testing.T, dir string)
		code    string // "" for a sound file
		place   string
		got     string // part of it
	}{
		"sound": {prepare: func(t *testing.T, dir string) { write(t, dir, "Dockerfile", sound) }},
		"in a folder": {name: "build/x.dockerfile", prepare: func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, "build"), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, dir, "build/x.dockerfile", sound)
		}},
		"a link within":                          {prepare: func(t *testing.T, dir string) { write(t, dir, "real", sound); link(t, dir, "Dockerfile", "real") }},
		"in small letters, as BuildKit takes it": {prepare: func(t *testing.T, dir string) { write(t, dir, "dockerfile", sound) }},
		"as large as it may be": {prepare: func(t *testing.T, dir string) {
			write(t, dir, "Dockerfile", sound+strings.Repeat("# 34567\n", (512<<10-len(sound))/8))
		}},

		"missing": {code: "missing", place: "Dockerfile", got: "no such file"},
		"other letters": {
			name: "testing.dockerfile", code: "missing", place: "testing.dockerfile", got: "Testing.Dockerfile",
			prepare: func(t *testing.T, dir string) { write(t, dir, "Testing.Dockerfile", sound) },
		},
		"an editor's ending": {code: "missing", place: "Dockerfile", got: "Dockerfile.txt", prepare: func(t *testing.T, dir string) { write(t, dir, "Dockerfile.txt", sound) }},
		"another name":       {code: "missing", place: "Dockerfile", got: "no such file", prepare: func(t *testing.T, dir string) { write(t, dir, "Containerfile", sound) }},
		"a link to nothing":  {code: "missing", place: "Dockerfile", prepare: func(t *testing.T, dir string) { link(t, dir, "Dockerfile", "nothing") }},
		"a folder": {code: "unreadable", place: "Dockerfile", got: "is a folder", prepare: func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, "Dockerfile"), 0o755); err != nil {
				t.Fatal(err)
			}
		}},
		"a link out": {code: "unreadable", place: "Dockerfile", got: "a link out of the folder", prepare: func(t *testing.T, dir string) {
			outside := t.TempDir()
			write(t, outside, "secret", "FROM secret\n")
			link(t, dir, "Dockerfile", filepath.Join(outside, "secret"))
		}},
		"a link up and out": {code: "unreadable", place: "Dockerfile", got: "a link out of the folder", prepare: func(t *testing.T, dir string) {
			link(t, dir, "Dockerfile", "../../../../../../etc/passwd")
		}},
		"a link to itself": {code: "unreadable", place: "Dockerfile", got: "too many levels", prepare: func(t *testing.T, dir string) { link(t, dir, "Dockerfile", "Dockerfile") }},
		"a device":         {code: "unreadable", place: "Dockerfile", got: "a link out of the folder", prepare: func(t *testing.T, dir string) { link(t, dir, "Dockerfile", "/dev/zero") }},
		"NUL bytes":        {code: "unreadable", place: "Dockerfile:2", got: "not UTF-8", prepare: func(t *testing.T, dir string) { write(t, dir, "Dockerfile", "FROM scratch\nCOPY \x00 /\n") }},
		"Latin-1":          {code: "unreadable", place: "Dockerfile:3", got: "not UTF-8", prepare: func(t *testing.T, dir string) { write(t, dir, "Dockerfile", "FROM scratch\n\n# caf\xe9\n") }},
		"UTF-16": {code: "unreadable", place: "Dockerfile:1", got: "not UTF-8", prepare: func(t *testing.T, dir string) {
			write(t, dir, "Dockerfile", "\xff\xfeF\x00R\x00O\x00M\x00 \x00x\x00\n\x00")
		}},
		"a byte too long": {code: "unreadable", place: "Dockerfile", got: "> 512 KB", prepare: func(t *testing.T, dir string) { write(t, dir, "Dockerfile", strings.Repeat("#", 512<<10+1)) }},
		"10 MB of noise":  {code: "unreadable", place: "Dockerfile", got: "> 512 KB", prepare: func(t *testing.T, dir string) { write(t, dir, "Dockerfile", string(noise)) }},
		"noise":           {code: "unreadable", place: "Dockerfile:1", got: "not UTF-8", prepare: func(t *testing.T, dir string) { write(t, dir, "Dockerfile", string(noise[:100_000])) }},
		"a syntax error":  {code: "syntax", place: "Dockerfile:1", got: "unknown instruction", prepare: func(t *testing.T, dir string) { write(t, dir, "Dockerfile", "FORM scratch\n") }},
		"an ignore file that is a folder": {code: "unreadable", place: "Dockerfile.dockerignore", got: "is a folder", prepare: func(t *testing.T, dir string) {
			write(t, dir, "Dockerfile", sound)
			if err := os.Mkdir(filepath.Join(dir, "Dockerfile.dockerignore"), 0o755); err != nil {
				t.Fatal(err)
			}
		}},
		"a path out of the folder": {name: "../Dockerfile", code: "unreadable", place: "../Dockerfile", got: "a link out of the folder"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if tt.prepare != nil {
				tt.prepare(t, dir)
			}
			if tt.name == "" {
				tt.name = "Dockerfile"
			}
			f, err := ask(t, dir, tt.name)
			if tt.code == "" {
				if err != nil || len(f.Stages) != 1 || f.Ignore != nil {
					t.Errorf("got %+v, %v, want a file of one stage", f, err)
				}
				return
			}
			found := fault(t, err)
			if found.Code != tt.code || found.Place.String() != tt.place || !strings.Contains(found.Got, tt.got) {
				t.Errorf("got %s at %s, which says %q; want %s at %s with %q", found.Code, found.Place, found.Got, tt.code, tt.place, tt.got)
			}
			if found.Want == "" || found.Code == "missing" && found.Want != tt.name {
				t.Errorf("wants %q", found.Want)
			}
		})
	}
}

func TestIgnore(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Dockerfile": "FROM scratch\n", "Dockerfile.dockerignore": "vendor\n", ".dockerignore": "all\n", "bare.dockerfile": "FROM scratch\n",
		"empty.dockerfile": "FROM scratch\n", "empty.dockerfile.dockerignore": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"Dockerfile": "vendor\n", "bare.dockerfile": "none", "empty.dockerfile": ""} {
		f, err := ask(t, dir, name)
		if err != nil {
			t.Fatal(err)
		}
		got := string(f.Ignore)
		if f.Ignore == nil {
			got = "none"
		}
		if got != want {
			t.Errorf("%s: the ignore file is %q, want %q", name, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	f, err := dockerfile.Parse("Dockerfile", []byte("FROM scratch\r\n\nCOPY x /"))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{-1: "", 0: "", 1: "FROM scratch", 2: "", 3: "COPY x /", 4: ""} {
		if got := f.Line(n); got != want {
			t.Errorf("line %d is %q, want %q", n, got, want)
		}
	}
	copied := f.Mark(checker.Finding{Code: "x"}, f.Stages[0].Commands[0].Location())
	if copied.Place.String() != "Dockerfile:3" || copied.Source != "COPY x /" || copied.Code != "x" {
		t.Errorf("marked as %+v", copied)
	}
	if nowhere := f.Mark(checker.Finding{}, nil); nowhere.Place.String() != "Dockerfile" || nowhere.Source != "" {
		t.Errorf("without a place: %+v", nowhere)
	}
}

// FuzzParse makes sure that no text does harm: it parses, or it is the
// submission's fault with a place within the file.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"FROM scratch\nCOPY x /\n", "# syntax=x\n# escape=`\nFROM a AS b\nRUN <<EOF\nx\nEOF\n", "ARG A=${B:-c}\nFROM $A\n", "FROM a\nONBUILD RUN x\n",
		"FROM a\nRUN --mount=type=cache,target=/x y\n", "FROM\n", "\ufeff", "FROM a\nHEALTHCHECK NONE\nCMD [\"x\"\n", "FROM a\\\n", "FROM a\nCOPY <<E /\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := dockerfile.Parse("Dockerfile", text)
		if err != nil {
			if found := fault(t, err); found.Place.Line < 0 || found.Place.Line > strings.Count(string(text), "\n")+1 {
				t.Errorf("the fault is at %s of %q", found.Place, text)
			}
			return
		}
		for i := range file.Stages {
			chain := file.Chain(i, nil)
			if chain.Stages[0] != i || len(chain.Stages) > len(file.Stages) {
				t.Errorf("stage %d is built on %v", i, chain.Stages)
			}
		}
		for _, name := range []string{"[1/1] X", "[stage-0 1/2] X", "[ 2/10] X", "[linux/amd64 a 2/2] X", "[b 99999999999999999999/1] X"} {
			if at, ok := file.Step(name); ok && len(at) == 0 {
				t.Errorf("step %q stands nowhere", name)
			}
		}
	})
}
