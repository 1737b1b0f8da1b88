package main

import (
	"bytes"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository returns a copy of what a check is compiled with.
func repository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "checker"), os.DirFS("../../checker")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// goCommand runs the go command in dir and returns what it prints.
func goCommand(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestSkeleton(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the facts anew")
	}
	root := repository(t)
	var out bytes.Buffer
	if err := run([]string{"novel"}, root, &out); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"checker/checks/novel is made", "{novel.Name, ", "checker/suite/suite.go"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("next steps lack %q:\n%s", part, &out)
		}
	}
	dir := filepath.Join(root, "checker", "checks", "novel")
	files := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
		if filepath.Ext(e.Name()) != ".go" {
			continue
		}
		if formatted, err := format.Source(text); err != nil || !bytes.Equal(formatted, text) {
			t.Errorf("%s is not formatted (%v)", e.Name(), err)
		}
	}
	for _, name := range []string{"novel.go", "novel_test.go", "doc.ru.md", "doc.en.md"} {
		if files[name] == "" {
			t.Errorf("no %s", name)
		}
	}

	if out, err := goCommand(t, root, "vet", "./checker/checks/novel"); err != nil {
		t.Fatalf("the skeleton does not compile: %v\n%s", err, out)
	}
	// Nobody can forget to explain a check …
	test, err := goCommand(t, root, "test", "./checker/checks/novel")
	if err == nil {
		t.Errorf("an empty explanation is accepted:\n%s", test)
	}
	for _, part := range []string{`title ""`, "says nothing of why or how", `finding "bad" needs message, why and next`, "names no exercise", "Before and After are the same", `"ru"`, `"en"`} {
		if !strings.Contains(test, part) {
			t.Errorf("refusal lacks %q:\n%s", part, test)
		}
	}
	// … and one that is explained validates.
	fill := strings.NewReplacer(
		`""`, "text",
		"## Как", "text\n## Как", "## How", "text\n## How",
		"## Было", "text\n## Было", "## Before", "text\n## Before",
	)
	for name, text := range files {
		if filepath.Ext(name) == ".md" {
			head, tail, _ := strings.Cut(fill.Replace(text), "Dockerfile\n")
			filled := head + "Dockerfile\nFROM busybox\n" + tail
			if err := os.WriteFile(filepath.Join(dir, name), []byte(filled), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if out, err := goCommand(t, root, "test", "./checker/checks/novel"); err != nil {
		t.Errorf("a filled explanation is refused: %v\n%s", err, out)
	}
}

func TestRefusals(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "checker", "checks", "size"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, want string }{
		{"", "usage: go run ./cmd/newcheck NAME"},
		{"one two", "usage: go run ./cmd/newcheck NAME"},
		{"Size", `name "Size" must match ^[a-z]`},
		{"build-cache", `name "build-cache" must match`},
		{"1st", `name "1st" must match`},
		{"../size", `name "../size" must match`},
		{"größe", `name "größe" must match`},
		{"range", `name "range" is a keyword of Go`},
		{"any", `name "any" is predeclared in Go`},
		{"len", `name "len" is predeclared in Go`},
		{"image", `name "image" has a meaning beside checks`},
		{"testdata", `name "testdata" has a meaning beside checks`},
		{"size", `check "size": ` + filepath.Join("checker", "checks", "size") + " is there already"},
	} {
		err := run(strings.Fields(tt.args), root, new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("newcheck %s: got %v, want %q", tt.args, err, tt.want)
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, "checker", "checks"))
	if err != nil || len(entries) != 1 {
		t.Errorf("refusals left something behind: %v %v", entries, err)
	}
	if err := run([]string{"fine"}, t.TempDir(), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "is not the root of the repository") {
		t.Errorf("outside the repository: got %v", err)
	}
}
