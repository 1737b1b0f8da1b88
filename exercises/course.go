// Package exercises is the catalogue of a course's exercises: what each hands
// out, which checks it asks for, and the solutions and mistakes that prove
// those checks.
package exercises

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"example.com/tutor/checker/nearest"
)

// Course is a folder with exercises and the applications they start from.
type Course struct {
	fsys fs.FS
}

// Open returns the course in the folder fsys.
func Open(fsys fs.FS) *Course { return &Course{fsys} }

// Names returns the names of all exercises in the order of the course.
func (c *Course) Names() ([]string, error) {
	entries, err := fs.ReadDir(c.fsys, "exercises")
	if err != nil {
		return nil, fmt.Errorf("listing exercises: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	// exercise-10 follows exercise-9: shorter names first, then by letters.
	slices.SortFunc(names, func(a, b string) int {
		if d := len(a) - len(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names, nil
}

// NotFoundError says that a course has no exercise of that name.
type NotFoundError struct {
	Name string
	// Nearest is the most similar name of the course, "" if none is similar.
	Nearest string
	Known   []string
}

// Error implements error.
func (e *NotFoundError) Error() string { return fmt.Sprintf("no exercise %q", e.Name) }

// Exercise returns the exercise of that name, or a [*NotFoundError].
func (c *Course) Exercise(name string) (*Exercise, error) {
	names, err := c.Names()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, name) {
		return nil, &NotFoundError{Name: name, Nearest: Nearest(name, names), Known: names}
	}
	return load(c.fsys, path.Join("exercises", name))
}

// Nearest returns the candidate that is most like name, or "" when none is
// like enough to have been meant.
func Nearest(name string, candidates []string) string { return nearest.Of(name, candidates) }

// exists tells whether the course has a file or folder at p.
func exists(fsys fs.FS, p string) (bool, error) {
	_, err := fs.Stat(fsys, p)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
