package sources

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"

	"example.com/tutor/checker/engine"
)

// Edit is a change of the sources that is laid over them in memory; the zero
// Edit changes nothing. It replaces the only Find in File by Replace.
type Edit struct{ File, Find, Replace string }

// String names the edit in progress and errors.
func (e Edit) String() string {
	if e == (Edit{}) {
		return "no edit"
	}
	return "edit of " + e.File
}

// maxGoFile bounds the Go file that an edit may read, in bytes.
const maxGoFile = 1 << 20

// Context returns the build context of the sources with the edit over them.
//
// When the learner has changed File so that Find is not in it, the edit breaks
// every function of that package instead: each panics at once. So a rewritten
// application can be tried too.
func (s *Sources) Context(e Edit) (engine.Context, error) {
	c := engine.Context{Root: s.Root}
	if e == (Edit{}) {
		return c, nil
	}
	text, err := s.ReadFile(e.File, maxGoFile)
	if err == nil && bytes.Count(text, []byte(e.Find)) == 1 {
		c.Overlay = map[string][]byte{e.File: bytes.Replace(text, []byte(e.Find), []byte(e.Replace), 1)}
		return c, nil
	}
	c.Overlay, err = s.breakPackage(path.Dir(e.File))
	return c, err
}

// breakPackage returns the Go files of the folder dir with a panic at the
// start of every function. It is an error when there is no function.
func (s *Sources) breakPackage(dir string) (map[string][]byte, error) {
	entries, err := fs.ReadDir(s.Root.FS(), dir)
	if err != nil {
		return nil, fmt.Errorf("breaking package %s: %w", dir, err)
	}
	broken := make(map[string][]byte)
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := s.ReadFile(name, maxGoFile)
		if err != nil {
			return nil, fmt.Errorf("breaking package %s: %w", dir, err)
		}
		if out, ok := breakFunctions(text); ok {
			broken[name] = out
		}
	}
	if len(broken) == 0 {
		return nil, fmt.Errorf("breaking package %s: no Go function there", dir)
	}
	return broken, nil
}

// breakFunctions puts a panic first into every function that the tests could
// call; init and main are spared, since a test binary that cannot start proves
// nothing. A file that does not parse is left alone.
func breakFunctions(text []byte) ([]byte, bool) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, false
	}
	var at []int
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil || f.Recv == nil && (f.Name.Name == "init" || f.Name.Name == "main") {
			continue
		}
		at = append(at, fset.Position(f.Body.Lbrace).Offset+1)
	}
	for _, i := range slices.Backward(at) {
		// The condition keeps "go vet" from calling the rest unreachable.
		text = slices.Insert(text, i, []byte(` if true { panic("broken by tutor to see whether the tests notice") };`)...)
	}
	return text, len(at) > 0
}
