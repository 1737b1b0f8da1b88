package sources

import (
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEdit(t *testing.T) {
	const before, find, after = "package a\n\nfunc F() int { return 1 }\n", "return 1", "package a\n\nfunc F() int { return 2 }\n"
	edit := func(file string) Edit { return Edit{File: file, Find: find, Replace: "return 2"} }
	for name, tt := range map[string]struct {
		files   map[string]string
		edit    Edit
		replace map[string]string // what is laid over by replacement
		broken  []string          // files that are broken instead
		err     string            // part of it
	}{
		"none":       {files: map[string]string{"a/a.go": before}},
		"once":       {files: map[string]string{"a/a.go": before, "a/b.go": before}, edit: edit("a/a.go"), replace: map[string]string{"a/a.go": after}},
		"in no code": {files: map[string]string{"README": "return 1"}, edit: edit("README"), replace: map[string]string{"README": "return 2"}},
		"twice": {
			files: map[string]string{"a/a.go": before + "func G() int { return 1 }\n", "a/b.go": before}, edit: edit("a/a.go"), broken: []string{"a/a.go", "a/b.go"},
		},
		"not at all":       {files: map[string]string{"a/a.go": "package a\nfunc F() int { return 3 }\n"}, edit: edit("a/a.go"), broken: []string{"a/a.go"}},
		"the file is gone": {files: map[string]string{"a/other.go": before, "b/b.go": before}, edit: edit("a/a.go"), broken: []string{"a/other.go"}},
		"the file leads out": {
			files: map[string]string{"a/a.go": "-> /etc/passwd", "a/b.go": before}, edit: edit("a/a.go"), err: "leads out",
		},
		"the package is gone":         {files: map[string]string{"b/b.go": before}, edit: edit("a/a.go"), err: "breaking package a"},
		"the package has no function": {files: map[string]string{"a/a.go": "package a\n\nvar X = 1\n"}, edit: edit("a/a.go"), err: "no Go function"},
		"only tests have functions":   {files: map[string]string{"a/a.go": "package a\n", "a/a_test.go": before}, edit: edit("a/a.go"), err: "no Go function"},
		"a folder that is called so":  {files: map[string]string{"a/b.go": before, "a/gen.go/x": ""}, edit: edit("a/a.go"), broken: []string{"a/b.go"}},
		"what is no Go stays":         {files: map[string]string{"a/b.go": before, "a/x.txt": "func F() {"}, edit: edit("a/a.go"), broken: []string{"a/b.go"}},
	} {
		t.Run(name, func(t *testing.T) {
			src := must(t, tt.files)
			c, err := src.Context(tt.edit)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want an error with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Root != src.Root {
				t.Error("the context is another folder")
			}
			want := slices.Sorted(maps.Keys(tt.replace))
			if tt.broken != nil {
				want = tt.broken
			}
			if got := slices.Sorted(maps.Keys(c.Overlay)); !slices.Equal(got, want) {
				t.Fatalf("laid over are %q, want %q", got, want)
			}
			for file, text := range tt.replace {
				if string(c.Overlay[file]) != text {
					t.Errorf("%s is %q, want %q", file, c.Overlay[file], text)
				}
			}
			for _, file := range tt.broken {
				if !strings.Contains(string(c.Overlay[file]), "panic(") {
					t.Errorf("%s is not broken: %q", file, c.Overlay[file])
				}
			}
			for file, text := range tt.files { // as it was
				if now, err := os.ReadFile(filepath.Join(src.Root.Name(), file)); err == nil && !strings.HasPrefix(text, "-> ") && string(now) != text {
					t.Errorf("the disk's %s is %q now", file, now)
				}
			}
		})
	}
	if got := (Edit{}).String(); got != "no edit" {
		t.Errorf("nothing is called %q", got)
	}
	if got := edit("a/a.go").String(); got != "edit of a/a.go" {
		t.Errorf("an edit is called %q", got)
	}
}

// breakable has all kinds of functions that can be broken, and those that
// must not be.
const breakable = `//go:build !never

// Package p is broken.
package p

import "fmt"

func Plain() int {
	return 1
}

func oneLine() int { return 1 }

func Empty() {}

func EmptyLines() {
}

func Comment() int { // a comment behind the brace
	return 1
}

func named() (n int, err error) {
	n = 1
	return
}

func generic[T any, U interface{ ~int | ~string }](t T, u U) T {
	var zero T
	_ = u
	return zero
}

type T struct{ n int }

func (t *T) Method() int { return t.n }

func (T) init() { fmt.Println("a method is no initializer") }

func (_ T) main() {}

type G[K comparable, V any] map[K]V

func (g G[K, V]) Get(k K) V { return g[k] }

func variadic(xs ...int) (sum int) {
	for _, x := range xs {
		sum += x
	}
	return sum
}

func closure() func() int { return func() int { return 1 } }

func never() { panic("as ever") }

func external() int

var _ = []any{oneLine, named, generic[int, int], variadic, closure, never, external, T.init, T.main}
`

const breakableTest = `package p

import "testing"

func caught(t *testing.T, name string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s is not broken", name)
		}
	}()
	f()
}

func Test(t *testing.T) {
	for name, f := range map[string]func(){
		"Plain": func() { Plain() }, "oneLine": func() { oneLine() }, "Empty": Empty, "EmptyLines": EmptyLines, "Comment": func() { Comment() },
		"named": func() { named() }, "generic": func() { generic("", 1) }, "Method": func() { new(T).Method() }, "init": T{}.init, "main": T{}.main,
		"Get": func() { G[int, int]{}.Get(1) }, "variadic": func() { variadic() }, "closure": func() { closure() },
	} {
		caught(t, name, f)
	}
	if !began {
		t.Error("init is broken")
	}
}
`

// TestBrokenPackage runs the host's go over a broken package: it still
// compiles, vet has nothing against it, and each function panics.
func TestBrokenPackage(t *testing.T) {
	files := map[string]string{
		"go.mod":            "module example.com/p\n\ngo 1.26\n",
		"p.go":              breakable,
		"p.s":               "// for the function without a body\n",
		"init.go":           "package p\n\nvar began bool\n\nfunc init() { began = true }\n\nfunc init() { began = began && true }\n",
		"unbroken.go":       "package p\n\nconst C = 1\n",
		"windows.go":        "package p\n\nfunc elsewhere() int { return 1 }\n",
		"ignored.go":        "//go:build ignore\n\npackage main\n\nfunc main() { helper() }\n\nfunc helper() {}\n",
		"p_test.go":         breakableTest,
		"cmd/it/main.go":    "package main\n\nimport \"example.com/p\"\n\nfunc main() { p.Empty() }\n",
		"cmd/it/helper.go":  "package main\n\nfunc helper() int { return 1 }\n\nvar _ = helper\n",
		"broken/syntax.go":  "package broken\n\nfunc F( {\n",
		"broken/sound.go":   "package broken\n\nfunc G() int { return 1 }\n",
		"crlf/crlf.go":      "package crlf\r\n\r\nfunc F() int {\r\n\treturn 1\r\n}\r\n",
		"bom/bom.go":        "\ufeffpackage bom\n\nfunc F() int { return 1 }\n",
		"large/large.go":    "package large\n\nfunc F() int { return 1 }\n",
		"large/huge.go":     "package large\n\nfunc G() int { return 1 }\n// " + strings.Repeat("x", 1<<20) + "\n",
		"linked/real.go":    "package linked\n\nfunc F() int { return 1 }\n",
		"linked/linked.txt": "package linked\n\nfunc G() int { return 1 }\n",
		"linked/link.go":    "-> linked.txt",
	}
	src := must(t, files)
	laid := func(dir string, want ...string) {
		t.Helper()
		c, err := src.Context(Edit{File: dir + "/none.go", Find: "x", Replace: "y"})
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		if got := slices.Sorted(maps.Keys(c.Overlay)); !slices.Equal(got, want) {
			t.Errorf("%s: broken are %q, want %q", dir, got, want)
		}
		for name, text := range c.Overlay {
			if _, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution); err != nil {
				t.Errorf("%s no longer parses: %v", name, err)
			}
			file := filepath.Join(src.Root.Name(), name)
			if err := os.Remove(file); err != nil { // which may be a link
				t.Fatal(err)
			}
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	laid(".", "ignored.go", "p.go", "windows.go")
	laid("cmd/it", "cmd/it/helper.go") // main is spared
	laid("broken", "broken/sound.go")  // the other does not parse anyway
	laid("crlf", "crlf/crlf.go")
	laid("bom", "bom/bom.go")
	laid("linked", "linked/link.go", "linked/real.go")
	for _, args := range [][]string{{"build", ".", "./cmd/it", "./crlf", "./bom", "./linked"}, {"vet", ".", "./cmd/it", "./crlf"}, {"test", "."}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = src.Root.Name()
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	if _, err := src.Context(Edit{File: "large/none.go", Find: "x", Replace: "y"}); err == nil {
		t.Error("a file larger than a program's was broken")
	}
}

func FuzzBreakFunctions(f *testing.F) {
	f.Add([]byte(breakable))
	f.Add([]byte("package p\nfunc F(){}"))
	f.Add([]byte("package p\r\nfunc F[T any]() (a T) { return }"))
	f.Add([]byte("package main\nfunc main() {}\nfunc init() {}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		out, ok := breakFunctions(text)
		if !ok {
			return
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "", out, parser.SkipObjectResolution); err != nil {
			t.Errorf("%q no longer parses as %q: %v", text, out, err)
		}
	})
}
