package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
)

// ContainerFiles reads the files of a large image piece by piece through a
// container that never runs. The caller removes the container.
//
// Each request makes the engine mount the image, which takes a tenth of a
// second and more, so a folder is fetched whole, with the content of its files,
// as soon as one of them is asked for, unless it is too large.
type ContainerFiles struct {
	c *Container

	mu    sync.Mutex
	known map[string]knownFile
	// fetched are the folders that were fetched whole; false for those that
	// are too large.
	fetched map[string]bool
}

type knownFile struct {
	Entry
	content []byte // of a regular file in a folder that was fetched
	err     error
}

// OpenImage makes the container through which files of an image are read.
func (e *Engine) OpenImage(ctx context.Context, session, image string) (*ContainerFiles, error) {
	// An image without CMD needs some command to become a container.
	c, err := e.CreateContainer(ctx, ContainerOptions{Session: session, Image: image, Cmd: []string{"never-started"}})
	if err != nil {
		return nil, err
	}
	return &ContainerFiles{c: c, known: make(map[string]knownFile), fetched: make(map[string]bool)}, nil
}

// Remove removes the container.
func (f *ContainerFiles) Remove(ctx context.Context) error { return f.c.Remove(ctx) }

// archive calls fn for each header below p until fn returns false.
func (f *ContainerFiles) archive(ctx context.Context, p string, fn func(*tar.Header, io.Reader) (bool, error)) error {
	r, _, err := f.c.e.cli.CopyFromContainer(ctx, f.c.ID, p)
	if isStatus(err, http.StatusNotFound) || err != nil && strings.Contains(err.Error(), "too many links") {
		return notExist(p) // links in a circle lead nowhere
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

// Limits of a folder that is fetched whole.
const (
	fetchFiles = 3000
	fetchBytes = 16 << 20
)

// fetch makes all files below dir known. It tells whether the folder is small
// enough for that.
func (f *ContainerFiles) fetch(ctx context.Context, dir string) (bool, error) {
	if whole, tried := f.fetched[dir]; tried {
		return whole, nil
	}
	found := make(map[string]knownFile)
	var size int64
	small := true
	err := f.archive(ctx, dir, func(h *tar.Header, r io.Reader) (bool, error) {
		e := entryOf(h)
		e.Path = path.Join(path.Dir(dir), e.Path) // the archive begins at the folder itself
		if e.hard {
			e.Link = path.Join(path.Dir(dir), e.Link)
		}
		size += e.Size
		if len(found) >= fetchFiles || size > fetchBytes {
			small = false
			return false, nil
		}
		file := knownFile{Entry: e}
		if e.hard {
			if first, ok := found[e.Link]; ok {
				file = knownFile{Entry: first.named(e.Path), content: first.content}
			}
		} else if e.Mode.IsRegular() {
			var err error
			if file.content, err = io.ReadAll(r); err != nil {
				return false, fmt.Errorf("reading %s of the image: %w", e.Path, err)
			}
		}
		found[e.Path] = file
		return true, nil
	})
	if err != nil {
		return false, err
	}
	f.fetched[dir] = small
	if small {
		for p, file := range found {
			f.known[p] = file
		}
	}
	return small, nil
}

// whole is the folder to be fetched for the sake of a file in it: the nearest
// one, but nothing as large as / or /usr.
func whole(p string) (dir string, ok bool) {
	dir = path.Dir(p)
	return dir, dir == "/etc" || strings.Count(dir, "/") > 1
}

// Lstat implements Files.
func (f *ContainerFiles) Lstat(ctx context.Context, p string) (Entry, error) {
	file, err := f.lookup(ctx, path.Clean("/"+p))
	if err != nil {
		return Entry{}, err
	}
	return file.Entry, file.err
}

func (f *ContainerFiles) lookup(ctx context.Context, p string) (knownFile, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if file, ok := f.known[p]; ok {
		return file, nil
	}
	if dir, ok := whole(p); ok {
		small, err := f.fetch(ctx, dir)
		missing := isMissing(err)
		if err != nil && !missing {
			return knownFile{}, err
		}
		file, ok := f.known[p]
		if missing || small && !ok {
			file.err = notExist(p)
		}
		if ok || file.err != nil {
			f.known[p] = file
			return file, nil
		}
	}
	var file knownFile
	err := f.archive(ctx, p, func(h *tar.Header, _ io.Reader) (bool, error) {
		file.Entry = entryOf(h)
		file.Path = p // the archive has base names only
		return false, nil
	})
	if isMissing(err) {
		file.err, err = err, nil
	}
	if err == nil {
		f.known[p] = file
	}
	return file, err
}

func (f *ContainerFiles) read(ctx context.Context, e Entry) (io.ReadCloser, error) {
	file, err := f.lookup(ctx, e.Path)
	if err != nil {
		return nil, err
	}
	if file.content != nil {
		return io.NopCloser(bytes.NewReader(file.content)), nil
	}
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
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Entry
	small, err := f.fetch(ctx, e.Path)
	switch {
	case err != nil:
		return nil, err
	case small:
		for _, file := range f.known {
			if file.err == nil {
				all = append(all, file.Entry)
			}
		}
	default:
		err = f.archive(ctx, e.Path, func(h *tar.Header, _ io.Reader) (bool, error) {
			in := entryOf(h)
			in.Path = path.Join(path.Dir(e.Path), in.Path)
			all = append(all, in)
			return true, nil
		})
	}
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
