// Package workspace hands out exercises as folders and finds them again.
package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"example.com/tutor/exercises"
)

// marker is the file that tells which exercise a folder holds.
const marker = ".tutor/exercise.json"

// Workspace is a learner's folder with an exercise.
type Workspace struct {
	Dir      string `json:"-"`
	Exercise string `json:"exercise"`
	Lang     string `json:"lang"`
}

// Options of Start.
type Options struct {
	Dir  string // empty or new; "" means the exercise's name in the current folder
	Lang string // of the task
}

// NotEmptyError says that a folder has files that Start would not touch.
type NotEmptyError struct {
	Dir   string
	First string // a file that is there
}

// Error implements error.
func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("folder %s is not empty: it has %s", e.Dir, e.First)
}

// ErrNone says that neither a folder nor any above it holds an exercise.
var ErrNone = errors.New("no exercise here")

// Find returns the workspace that dir is in: dir or the nearest folder above
// it with a marker. It returns [ErrNone] where there is none.
func Find(dir string) (*Workspace, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(marker)))
		switch {
		case err == nil:
			w := &Workspace{Dir: dir}
			if err := json.Unmarshal(text, w); err != nil {
				return nil, fmt.Errorf("reading %s: %w", filepath.Join(dir, marker), err)
			}
			return w, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("looking for an exercise: %w", err)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, ErrNone
		}
		dir = parent
	}
}

// Start hands out the exercise into o.Dir: the starter's files, the task as
// README.md, and, where git is installed, a repository with a first commit
// (repo tells). Nothing is overwritten; a folder with files is refused with a
// [*NotEmptyError]. What was written before an error is removed again.
func Start(ex *exercises.Exercise, o Options) (w *Workspace, repo bool, err error) {
	tree, err := ex.Starter()
	if err != nil {
		return nil, false, err
	}
	if tree["README.md"], err = ex.Task(o.Lang); err != nil {
		return nil, false, err
	}
	w = &Workspace{Dir: o.Dir, Exercise: ex.Name, Lang: o.Lang}
	if w.Dir == "" {
		w.Dir = ex.Name
	}
	if w.Dir, err = filepath.Abs(w.Dir); err != nil {
		return nil, false, fmt.Errorf("handing out %s: %w", ex.Name, err)
	}
	if tree[marker], err = json.Marshal(w); err != nil {
		return nil, false, fmt.Errorf("handing out %s: %w", ex.Name, err)
	}
	made, err := claim(w.Dir)
	if err != nil {
		return nil, false, err
	}
	err = Write(tree, w.Dir)
	if err == nil {
		repo, err = commit(w.Dir, ex.Name)
	}
	if err != nil {
		undo(w.Dir, made)
		return nil, false, fmt.Errorf("handing out %s: %w", ex.Name, err)
	}
	return w, repo, nil
}

// claim makes sure that dir is an empty folder; made is the topmost folder
// that it had to make, "" if dir was there.
func claim(dir string) (made string, err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return "", &NotEmptyError{Dir: dir, First: entries[0].Name()}
	case err == nil:
		return "", nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("preparing folder: %w", err)
	}
	for made = dir; ; made = filepath.Dir(made) {
		if _, err := os.Stat(filepath.Dir(made)); err == nil {
			break
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("preparing folder: %w", err)
	}
	return made, nil
}

// undo removes what was written into dir, which was empty before.
func undo(dir, made string) {
	if made != "" {
		os.RemoveAll(made)
		return
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		os.RemoveAll(filepath.Join(dir, e.Name()))
	}
}

// Write writes a tree into the folder dir, which is there. A file of the tree
// replaces one of the same name; other files stay. No link in dir leads a
// file out of it.
func Write(tree exercises.Tree, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, p := range tree.Paths() {
		name := filepath.FromSlash(p)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, tree[p], exercises.Mode(p)); err != nil {
			return err
		}
	}
	return nil
}

// commit makes dir a git repository with one commit; it tells whether git is
// there to do so.
func commit(dir, exercise string) (bool, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return false, nil //nolint:nilerr // a repository is a convenience
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"add", "--all"},
		// The author is tutor whatever git knows of the learner; hooks and
		// signing of the learner's own have no business here.
		{
			"-c", "user.name=tutor", "-c", "user.email=tutor@example.com", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null",
			"commit", "--quiet", "--message", "Start " + exercise,
		},
	} {
		cmd := exec.Command(git, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return false, fmt.Errorf("making a git repository: git %s: %w\n%s", args[0], err, out)
		}
	}
	return true, nil
}
