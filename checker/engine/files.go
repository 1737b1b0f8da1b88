package engine

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Files are the files of an image as a container would see them. Paths are
// absolute, and links are followed inside the image only.
type Files interface {
	// Lstat describes the file at p and does not follow a link there. The
	// error of a missing file is fs.ErrNotExist.
	Lstat(ctx context.Context, p string) (Entry, error)
	// read returns the content of the regular file that Lstat described.
	read(ctx context.Context, e Entry) (io.ReadCloser, error)
	// List returns what lies directly in the folder p, sorted by path.
	List(ctx context.Context, p string) ([]Entry, error)
	// All returns every file, sorted by path.
	All(ctx context.Context) ([]Entry, error)
}

// Entry is one file of an image.
type Entry struct {
	Path     string // absolute
	Mode     fs.FileMode
	UID, GID int
	Size     int64  // bytes
	Link     string // target of a symbolic link, or path of a hard link's first name
	// Layer is the index of the layer that holds it, where layers are known.
	Layer int
	hard  bool
}

// maxLinks is how many links are followed before a path counts as a loop, as
// in Linux (MAXSYMLINKS).
const maxLinks = 40

// Stat describes the file at p, with all links followed inside the image as
// the kernel does: ".." leads up from where a link has led to, and never out.
func Stat(ctx context.Context, f Files, p string) (Entry, error) {
	root := Entry{Path: "/", Mode: fs.ModeDir | 0o755}
	at, rest := root, strings.Split(p, "/")
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if !at.Mode.IsDir() {
			return Entry{}, &fs.PathError{Op: "stat", Path: p, Err: errors.New("not a directory")}
		}
		if name == "" || name == "." {
			continue
		}
		e, err := f.Lstat(ctx, path.Join(at.Path, name))
		if err != nil {
			return Entry{}, err
		}
		if e.Mode&fs.ModeSymlink == 0 {
			at = e
			continue
		}
		if links++; links > maxLinks {
			return Entry{}, &fs.PathError{Op: "stat", Path: p, Err: errors.New("too many links")}
		}
		if path.IsAbs(e.Link) {
			at = root
		}
		rest = append(strings.Split(e.Link, "/"), rest...)
	}
	if at.Path == "/" {
		return f.Lstat(ctx, "/")
	}
	return at, nil
}

// ReadFile returns the content of the file at p, following links; a file
// larger than limit bytes is an error.
func ReadFile(ctx context.Context, f Files, p string, limit int64) ([]byte, Entry, error) {
	e, err := Stat(ctx, f, p)
	if err != nil {
		return nil, e, err
	}
	if !e.Mode.IsRegular() {
		return nil, e, &fs.PathError{Op: "read", Path: p, Err: errors.New("not a regular file")}
	}
	if e.Size > limit {
		return nil, e, &fs.PathError{Op: "read", Path: p, Err: fmt.Errorf("%d bytes, more than %d", e.Size, limit)}
	}
	r, err := f.read(ctx, e)
	if err != nil {
		return nil, e, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil, e, fmt.Errorf("reading %s of the image: %w", p, err)
	}
	return text, e, nil
}

// notExist is the error of a missing file.
func notExist(p string) error {
	return &fs.PathError{Op: "stat", Path: p, Err: fs.ErrNotExist}
}

// entryOf describes a tar header.
func entryOf(h *tar.Header) Entry {
	e := Entry{
		Path: path.Clean("/" + h.Name), Mode: h.FileInfo().Mode(), UID: h.Uid, GID: h.Gid, Size: h.Size, Link: h.Linkname,
	}
	if h.Typeflag == tar.TypeLink {
		e.hard, e.Link = true, path.Clean("/"+h.Linkname)
	}
	return e
}

// children returns the entries directly in dir.
func children(all []Entry, dir string) []Entry {
	var in []Entry
	for _, e := range all {
		if e.Path != "/" && path.Dir(e.Path) == dir {
			in = append(in, e)
		}
	}
	return in
}

func sortEntries(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
}

// isMissing tells the absence of a file from an engine that does not answer.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
