package engine

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
)

// ContainerFiles reads the files of a large image piece by piece through a
// container that never runs. The caller removes the container.
type ContainerFiles struct{ c *Container }

// OpenImage makes the container through which files of an image are read.
func (e *Engine) OpenImage(ctx context.Context, session, image string) (*ContainerFiles, error) {
	// An image without CMD needs some command to become a container.
	c, err := e.CreateContainer(ctx, ContainerOptions{Session: session, Image: image, Cmd: []string{"never-started"}})
	if err != nil {
		return nil, err
	}
	return &ContainerFiles{c}, nil
}

// Remove removes the container.
func (f *ContainerFiles) Remove(ctx context.Context) error { return f.c.Remove(ctx) }

// archive calls fn for each header below p until fn returns false.
func (f *ContainerFiles) archive(ctx context.Context, p string, fn func(*tar.Header, io.Reader) (bool, error)) error {
	r, _, err := f.c.e.cli.CopyFromContainer(ctx, f.c.ID, p)
	if isStatus(err, http.StatusNotFound) {
		return notExist(p)
	}
	if err != nil {
		return f.c.e.classify(ctx, fmt.Errorf("reading %s of the image: %w", p, err))
	}
	defer r.Close()
	return eachHeader(r, fn)
}

func eachHeader(r io.Reader, fn func(*tar.Header, io.Reader) (bool, error)) error {
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the files of the image: %w", err)
		}
		if more, err := fn(h, tr); !more || err != nil {
			return err
		}
	}
}

// Lstat implements Files.
func (f *ContainerFiles) Lstat(ctx context.Context, p string) (Entry, error) {
	var e Entry
	err := f.archive(ctx, p, func(h *tar.Header, _ io.Reader) (bool, error) {
		e = entryOf(h)
		e.Path = path.Clean("/" + p) // the archive has base names only
		return false, nil
	})
	return e, err
}

func (f *ContainerFiles) read(ctx context.Context, e Entry) (io.ReadCloser, error) {
	r, _, err := f.c.e.cli.CopyFromContainer(ctx, f.c.ID, e.Path)
	if err != nil {
		return nil, f.c.e.classify(ctx, fmt.Errorf("reading %s of the image: %w", e.Path, err))
	}
	tr := tar.NewReader(r)
	if _, err := tr.Next(); err != nil {
		r.Close()
		return nil, fmt.Errorf("reading %s of the image: %w", e.Path, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{tr, r}, nil
}

// List implements Files.
func (f *ContainerFiles) List(ctx context.Context, p string) ([]Entry, error) {
	e, err := Stat(ctx, f, p)
	if err != nil {
		return nil, err
	}
	var all []Entry
	err = f.archive(ctx, e.Path, func(h *tar.Header, _ io.Reader) (bool, error) {
		in := entryOf(h)
		in.Path = path.Join(path.Dir(e.Path), in.Path) // the archive begins at the folder itself
		all = append(all, in)
		return true, nil
	})
	in := children(all, e.Path)
	sortEntries(in)
	return in, err
}

// All implements Files. It reads the whole image, which takes seconds.
func (f *ContainerFiles) All(ctx context.Context) ([]Entry, error) {
	r, err := f.c.e.cli.ContainerExport(ctx, f.c.ID)
	if err != nil {
		return nil, f.c.e.classify(ctx, fmt.Errorf("listing the files of the image: %w", err))
	}
	defer r.Close()
	var all []Entry
	err = eachHeader(r, func(h *tar.Header, _ io.Reader) (bool, error) {
		all = append(all, entryOf(h))
		return true, nil
	})
	sortEntries(all)
	return all, err
}
