// Package sources is the fact of a submission's files: read through a root
// that no link leads out of, and bounded in number and size.
package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"example.com/tutor/checker"
)

// Limits of a submission. They are far above any exercise and far below what
// makes a machine slow.
const (
	MaxFiles = 50_000
	MaxBytes = 1 << 30
)

// Sources are the files of a submission.
type Sources struct {
	Root  *os.Root
	Files int
	Bytes int64
}

// Fact opens the submission's folder and counts its files.
var Fact = &checker.Fact[checker.None, *Sources]{Name: "sources", Compute: compute}

func compute(ctx context.Context, sc *checker.Scope, _ checker.None) (*Sources, error) {
	root, err := os.OpenRoot(sc.Session().Dir())
	if err != nil {
		return nil, fmt.Errorf("opening submission: %w", err)
	}
	sc.Session().Cleanup("sources", func(context.Context) error { return root.Close() })
	s := &Sources{Root: root}
	return s, s.count(ctx)
}

// errLimit stops the walk over a submission that is too large.
var errLimit = errors.New("limit reached")

func (s *Sources) count(ctx context.Context) error {
	perDir := make(map[string]int) // files below each folder of the first level
	err := fs.WalkDir(s.Root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if d.IsDir() {
			if d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		s.Files++
		if first, _, below := strings.Cut(p, "/"); below {
			perDir[first]++
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			s.Bytes += info.Size()
		}
		if s.Files > MaxFiles || s.Bytes > MaxBytes {
			return errLimit
		}
		return nil
	})
	if !errors.Is(err, errLimit) {
		if err != nil {
			return fmt.Errorf("reading submission: %w", err)
		}
		return nil
	}
	largest := ""
	for dir, n := range perDir {
		if n > perDir[largest] {
			largest = dir
		}
	}
	f := checker.Finding{
		Code: "too-large", Place: checker.Place{File: largest},
		Got: fmt.Sprintf("> %d files", MaxFiles), Want: fmt.Sprintf("≤ %d files, ≤ %d MB", MaxFiles, MaxBytes>>20),
	}
	if s.Bytes > MaxBytes {
		f.Got = fmt.Sprintf("> %d MB", MaxBytes>>20)
	}
	return &checker.LearnerError{Owner: "builds", Finding: f}
}

// ErrOutside says that a path of the submission leads out of its folder.
var ErrOutside = errors.New("leads out of the submission")

// ErrTooLong says that a file is larger than a file of its kind may be.
var ErrTooLong = errors.New("too long")

// ReadFile returns the regular file name of the submission. It returns
// fs.ErrNotExist, [ErrOutside], [ErrTooLong] for more than limit bytes, or an
// error that says what stands there instead of a file.
func (s *Sources) ReadFile(name string, limit int64) ([]byte, error) {
	info, err := s.Root.Stat(filepath.FromSlash(name))
	switch {
	case err != nil && strings.Contains(err.Error(), "escapes"): // os.Root has no error value for it
		return nil, ErrOutside
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a folder")}
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is not a regular file")}
	case info.Size() > limit:
		return nil, ErrTooLong
	}
	f, err := s.Root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// Names returns the names of the files directly in the submission's folder.
func (s *Sources) Names() []string {
	entries, err := fs.ReadDir(s.Root.FS(), ".")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, path.Base(e.Name()))
	}
	return names
}
