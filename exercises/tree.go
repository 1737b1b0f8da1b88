package exercises

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// Tree is a small set of files by slash-separated path, as they are handed
// out: a starter, a solution, a mistake.
type Tree map[string][]byte

// Paths returns the paths of all files, sorted.
func (t Tree) Paths() []string { return slices.Sorted(maps.Keys(t)) }

// Mode returns the permissions with which a file is handed out: an embedded
// tree has lost them.
func Mode(p string) fs.FileMode {
	if path.Ext(p) == ".sh" {
		return 0o755
	}
	return 0o644
}

// Starter returns what a learner begins with: the application with the
// exercise's own files over it.
func (e *Exercise) Starter() (Tree, error) {
	t := make(Tree)
	if e.App != "" {
		if err := t.lay(e.fsys, path.Join("_apps", e.App)); err != nil {
			return nil, err
		}
	}
	return t, t.lay(e.fsys, path.Join(e.dir, "_starter"))
}

// Solution returns the starter with the reference solution over it.
func (e *Exercise) Solution() (Tree, error) { return e.over("_solution") }

// OtherSolution returns the starter with the accepted solution of that name
// over it.
func (e *Exercise) OtherSolution(name string) (Tree, error) {
	return e.over(path.Join("_solutions", name))
}

func (e *Exercise) over(dir string) (Tree, error) {
	t, err := e.Starter()
	if err != nil {
		return nil, err
	}
	return t, t.lay(e.fsys, path.Join(e.dir, dir))
}

// Mistaken returns the reference solution with the patch of the mistake
// applied.
func (e *Exercise) Mistaken(name string) (Tree, error) {
	t, err := e.Solution()
	if err != nil {
		return nil, err
	}
	file := path.Join(e.dir, "_mistakes", name+".patch")
	text, err := fs.ReadFile(e.fsys, file)
	if err != nil {
		return nil, fmt.Errorf("reading mistake: %w", err)
	}
	if err := t.patch(text); err != nil {
		return nil, fmt.Errorf("applying %s: %w", file, err)
	}
	return t, nil
}

// lay copies the folder dir of fsys over the tree.
func (t Tree) lay(fsys fs.FS, dir string) error {
	err := fs.WalkDir(fsys, dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, dir+"/")
		// The go command takes a folder with a go.mod for a module of its own
		// and go:embed leaves it out, so courses store go.mod.tmpl.
		if path.Base(name) == "go.mod.tmpl" {
			name = strings.TrimSuffix(name, ".tmpl")
		}
		t[name] = text
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the files of %s: %w", dir, err)
	}
	return nil
}

func (t Tree) patch(text []byte) error {
	files, _, err := gitdiff.Parse(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("patch changes no file")
	}
	for _, f := range files {
		var out bytes.Buffer
		if err := gitdiff.Apply(&out, bytes.NewReader(t[f.OldName]), f); err != nil {
			return fmt.Errorf("%s: %w", f.OldName, err)
		}
		if f.IsDelete || f.IsRename {
			delete(t, f.OldName)
		}
		if !f.IsDelete {
			t[f.NewName] = out.Bytes()
		}
	}
	return nil
}
