package sources

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/tutor/checker"
)

// folder makes a folder of files by path; a text that begins with "-> " makes
// a symbolic link.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(target, file)
		} else {
			err = os.WriteFile(file, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ask computes the fact over a folder; the sources are closed in the end.
func ask(t testing.TB, dir string) (*Sources, error) {
	t.Helper()
	s := checker.NewSession(t.Context(), checker.Options{Dir: dir})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var src *Sources
	var err error
	doc := func(string) (checker.Doc, error) { return checker.Doc{Title: "t", Why: "w", Fix: "f"}, nil }
	s.Run(t.Context(), []checker.Check{{
		Name: "it", Doc: doc, Requires: []checker.Need{Fact.For(checker.None{})},
		Run: func(ctx context.Context, p *checker.Pass) error {
			src, err = Fact.Of(ctx, p, checker.None{})
			return nil
		},
	}}, nil)
	return src, err
}

// must returns the sources of a folder of files.
func must(t testing.TB, files map[string]string) *Sources {
	t.Helper()
	src, err := ask(t, folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestCount(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		n     int
		bytes int64
	}{
		"nothing":         {nil, 0, 0},
		"some":            {map[string]string{"a": "1", "d/b": "22", "d/e/c": "333", ".dockerignore": "4444"}, 4, 10},
		"links":           {map[string]string{"a": "1", "l": "-> a", "out": "-> /usr", "gone": "-> nothing"}, 4, 1},
		"without .git":    {map[string]string{"a": "1", ".git/objects/x": "22", "sub/.git/y": "333", ".gitignore": "4"}, 2, 2},
		"a file .git too": {map[string]string{"a": "1", ".git": "gitdir: x"}, 2, 10},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, tt.files)
			link := filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(dir, link); err != nil {
				t.Fatal(err)
			}
			for _, dir := range []string{dir, link} { // whichever way it is named
				src, err := ask(t, dir)
				if err != nil {
					t.Fatal(err)
				}
				if src.Files != tt.n || src.Bytes != tt.bytes {
					t.Errorf("counted %d files with %d bytes, want %d with %d", src.Files, src.Bytes, tt.n, tt.bytes)
				}
			}
		})
	}
}

// tooLarge fails the test unless err is the finding about a large submission.
func tooLarge(t *testing.T, err error) checker.Finding {
	t.Helper()
	var learner *checker.LearnerError
	if !errors.As(err, &learner) || learner.Owner != "builds" || learner.Finding.Code != "too-large" {
		t.Fatalf("got %v, want the submission to be too large", err)
	}
	return learner.Finding
}

// TestTooManyFiles has a thousand files more than may be, most of them in one
// folder.
func TestTooManyFiles(t *testing.T) {
	dir := folder(t, map[string]string{"src/a.go": "", "src/b.go": "", "go.mod": ""})
	fill := func(sub string, n int) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
		// A second name is quicker than a second file.
		first := filepath.Join(dir, sub, "0")
		if err := os.WriteFile(first, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		for i := 1; i < n; i++ {
			if err := os.Link(first, filepath.Join(dir, sub, fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill("node_modules/deep", MaxFiles-3)
	src, err := ask(t, dir)
	if err != nil || src.Files != MaxFiles {
		t.Fatalf("just enough are too many: %d, %v", src.Files, err)
	}
	fill(".git", 10)
	fill("other", 1000)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	src = &Sources{Root: root}
	found := tooLarge(t, src.count(t.Context()))
	if found.Place.String() != "node_modules" || found.Got != "> 50000 files" || found.Want != "≤ 50000 files, ≤ 1024 MB" {
		t.Errorf("got %+v", found)
	}
	if src.Files != MaxFiles+1 {
		t.Errorf("the count went on to %d", src.Files)
	}
}

func TestTooManyBytes(t *testing.T) {
	dir := folder(t, map[string]string{"data/big": "", "small": "1", "src/x": "1"})
	grow := func(size int64) {
		t.Helper()
		if err := os.Truncate(filepath.Join(dir, "data/big"), size); err != nil { // takes no room on the disk
			t.Fatal(err)
		}
	}
	grow(MaxBytes - 2)
	if src, err := ask(t, dir); err != nil || src.Bytes != MaxBytes {
		t.Fatalf("just enough is too much: %v", err)
	}
	grow(MaxBytes + 1)
	_, err := ask(t, dir)
	if found := tooLarge(t, err); found.Place.String() != "data" || found.Got != "> 1024 MB" {
		t.Errorf("got %+v", found)
	}
}

func TestFolderIsMissing(t *testing.T) {
	for _, dir := range []string{filepath.Join(t.TempDir(), "nothing"), filepath.Join(folder(t, map[string]string{"file": ""}), "file")} {
		_, err := ask(t, dir)
		var learner *checker.LearnerError
		if err == nil || errors.As(err, &learner) || !strings.Contains(err.Error(), "opening submission") {
			t.Errorf("%s: got %v", dir, err)
		}
	}
}

func TestReadFile(t *testing.T) {
	outside := folder(t, map[string]string{"secret": "secret"})
	src := must(t, map[string]string{
		"a": "12345", "d/b": "1", "in": "-> d/b", "dir": "-> d", "empty": "",
		"abs": "-> " + filepath.Join(outside, "secret"), "rel": "-> ../../../../../../../etc/passwd", "up": "-> " + outside, "gone": "-> nothing",
		"loop": "-> loop",
	})
	for name, tt := range map[string]struct {
		name  string
		limit int64
		text  string
		err   error  // that it is
		what  string // part of its text
	}{
		"a file":                     {name: "a", limit: 5, text: "12345"},
		"a file in a folder":         {name: "d/b", limit: 5, text: "1"},
		"an empty one":               {name: "empty", limit: 0},
		"a link":                     {name: "in", limit: 5, text: "1"},
		"through a linked folder":    {name: "dir/b", limit: 5, text: "1"},
		"up and down":                {name: "d/../a", limit: 5, text: "12345"},
		"too long":                   {name: "a", limit: 4, err: ErrTooLong},
		"nothing":                    {name: "nothing", limit: 5, err: fs.ErrNotExist},
		"nothing in a folder":        {name: "d/nothing", limit: 5, err: fs.ErrNotExist},
		"a link to nothing":          {name: "gone", limit: 5, err: fs.ErrNotExist},
		"a folder":                   {name: "d", limit: 5, what: "is a folder"},
		"a linked folder":            {name: "dir", limit: 5, what: "is a folder"},
		"below a file":               {name: "a/b", limit: 5, what: "not a directory"},
		"a link to itself":           {name: "loop", limit: 5, what: "too many levels"},
		"outside, absolute link":     {name: "abs", limit: 100, err: ErrOutside},
		"outside, relative link":     {name: "rel", limit: 100, err: ErrOutside},
		"outside, through a folder":  {name: "up/secret", limit: 100, err: ErrOutside},
		"outside by name":            {name: "../a", limit: 100, err: ErrOutside},
		"outside by absolute name":   {name: filepath.Join(outside, "secret"), limit: 100, err: ErrOutside},
		"nothing outside, too":       {name: "../nothing", limit: 100, err: ErrOutside},
		"up and in again is outside": {name: "../" + filepath.Base(src.Root.Name()) + "/a", limit: 100, err: ErrOutside},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := src.ReadFile(tt.name, tt.limit)
			switch {
			case tt.err == nil && tt.what == "":
				if err != nil || string(text) != tt.text {
					t.Errorf("got %q, %v, want %q", text, err, tt.text)
				}
			case err == nil:
				t.Errorf("got %q, want an error", text)
			case tt.err != nil && !errors.Is(err, tt.err):
				t.Errorf("got %v, want %v", err, tt.err)
			case !strings.Contains(err.Error(), tt.what):
				t.Errorf("got %v, want %q", err, tt.what)
			}
		})
	}
}

func TestNames(t *testing.T) {
	src := must(t, map[string]string{"b": "", "a": "", "d/x": "", ".hidden": ""})
	if got, want := src.Names(), []string{".hidden", "a", "b", "d"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := os.RemoveAll(src.Root.Name()); err != nil {
		t.Fatal(err)
	}
	if got := src.Names(); len(got) != 0 {
		t.Errorf("of a folder that is gone: %q", got)
	}
}
