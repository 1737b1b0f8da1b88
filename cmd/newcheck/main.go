// Command newcheck makes the folder of a new check. It is run in the root of
// the repository:
//
//	go run ./cmd/newcheck NAME
//
// What it makes compiles. The explanations' sentences are empty, and the check
// does not validate before they are filled.
package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

func main() {
	if err := run(os.Args[1:], ".", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "newcheck:", err)
		if errors.Is(err, errUsage) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: go run ./cmd/newcheck NAME")

// run makes the check that args name in the repository at root.
func run(args []string, root string, out io.Writer) error {
	if len(args) != 1 {
		return errUsage
	}
	name := args[0]
	if err := validate(name); err != nil {
		return err
	}
	dir, err := create(root, name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, next, name, filepath.ToSlash(dir))
	return err
}

const next = `%[2]s is made. Next:

  1. Say in %[1]s.go what the check judges, from which facts, and rename the code "bad".
  2. Fill doc.ru.md, then doc.en.md: title, sentences, sections, two examples.
  3. Add the check to the list in checker/suite/suite.go:
     {%[1]s.Name, %[1]s.Codes, %[1]s.Doc, with(func(s Spec, p %[1]s.Params) checker.Check { return %[1]s.New(s.Build, p) })},
  4. go test ./%[2]s ./checker/suite
`

// A name is a check's, a folder's, a package's and a file's at a time.
var nameRE = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// taken are names that the skeleton and the suite import or declare, and
// folders that the go command treats in a way of its own.
var taken = []string{
	"build", "checker", "context", "embed", "explain", "fmt", "image", "service", "slices", "testing",
	"docs", "entry", "list", "none", "plain", "with",
	"internal", "main", "testdata", "vendor",
}

// validate refuses what cannot name a check.
func validate(name string) error {
	switch {
	case !nameRE.MatchString(name):
		return fmt.Errorf("name %q must match %s", name, nameRE)
	case token.IsKeyword(name):
		return fmt.Errorf("name %q is a keyword of Go", name)
	case types.Universe.Lookup(name) != nil:
		return fmt.Errorf("name %q is predeclared in Go", name)
	case slices.Contains(taken, name):
		return fmt.Errorf("name %q has a meaning beside checks", name)
	}
	return nil
}

//go:embed skeleton
var skeleton embed.FS

// create writes the folder of the check and returns it, relative to root. It
// leaves no folder behind when it stops half way.
func create(root, name string) (dir string, err error) {
	dir = filepath.Join("checker", "checks", name)
	full := filepath.Join(root, dir)
	switch err := os.Mkdir(full, 0o755); {
	case errors.Is(err, fs.ErrExist):
		return "", fmt.Errorf("check %q: %s is there already", name, dir)
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s is not the root of the repository: it has no %s", root, filepath.Dir(dir))
	case err != nil:
		return "", fmt.Errorf("making check %q: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(full))
		}
	}()
	templates, err := template.ParseFS(skeleton, "skeleton/*")
	if err != nil {
		return "", fmt.Errorf("parsing skeleton: %w", err)
	}
	for _, t := range templates.Templates() {
		var text bytes.Buffer
		if err := t.Execute(&text, name); err != nil {
			return "", fmt.Errorf("filling skeleton: %w", err)
		}
		// check.go and check_test.go bear the name of the check.
		file := strings.Replace(strings.TrimSuffix(t.Name(), ".tmpl"), "check", name, 1)
		if err := os.WriteFile(filepath.Join(full, file), text.Bytes(), 0o644); err != nil {
			return "", fmt.Errorf("writing skeleton: %w", err)
		}
	}
	return dir, nil
}
