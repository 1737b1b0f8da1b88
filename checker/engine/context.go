package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moby/patternmatcher/ignorefile"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// Context is a build context: a folder with edits laid over it in memory. The
// folder itself is never changed, and no file outside it is ever read.
type Context struct {
	// Root is the folder; nil for a context that is in memory only.
	Root *os.Root
	// Overlay replaces or adds files, by slash-separated path.
	Overlay map[string][]byte
}

// contextFS serves a Context to BuildKit. fsutil.FS is walked in its order
// (folder before content, names sorted); symbolic links are sent as links.
type contextFS struct {
	Context
	disk fsutil.FS
	// sent counts the files that BuildKit fetched, and their bytes.
	sent struct{ files, bytes atomic.Int64 }

	mu     sync.Mutex
	byName map[string]*countingReader // what was sent, by slash-separated path
}

func newContextFS(c Context) (*contextFS, error) {
	if c.Root == nil {
		return &contextFS{Context: c, disk: memoryFS{}}, nil
	}
	disk, err := fsutil.NewFS(c.Root.Name())
	if err != nil {
		return nil, err
	}
	// A walk does not follow links, so a file is laid over where it really is.
	overlay := make(map[string][]byte, len(c.Overlay))
	for p, text := range c.Overlay {
		if p, err = realPath(c.Root.Name(), p); err != nil {
			return nil, err
		}
		overlay[p] = text
	}
	c.Overlay = overlay
	return &contextFS{Context: c, disk: disk}, nil
}

// realPath resolves links among the folders of p, as far as these are there.
func realPath(root, p string) (string, error) {
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", err
	}
	dir, rest := path.Split(p)
	for {
		real, err := filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(dir)))
		if errors.Is(err, fs.ErrNotExist) && path.Clean(dir) != "." {
			dir = path.Clean(dir)
			dir, rest = path.Dir(dir), path.Join(path.Base(dir), rest)
			continue
		}
		if err != nil {
			return "", err
		}
		rel, err := filepath.Rel(root, real)
		if err != nil || !filepath.IsLocal(rel) {
			return "", fmt.Errorf("%s leads out of the build context", p)
		}
		return path.Join(filepath.ToSlash(rel), rest), nil
	}
}

// Walk implements fsutil.FS.
func (c *contextFS) Walk(ctx context.Context, target string, fn fs.WalkDirFunc) error {
	// Files that the overlay adds, with the folders that only they need, are
	// told right before the first path of the disk that sorts after them.
	added := make(map[string]fs.DirEntry)
	for p := range c.Overlay {
		if c.onDisk(p) || !within(p, filepath.ToSlash(target)) {
			continue
		}
		added[p] = c.entry(p, &types.Stat{Mode: 0o644})
		for dir := path.Dir(p); dir != "." && !c.onDisk(dir) && within(dir, filepath.ToSlash(target)); dir = path.Dir(dir) {
			added[dir] = &fsutil.DirEntryInfo{Stat: &types.Stat{Path: filepath.FromSlash(dir), Mode: uint32(fs.ModeDir | 0o755)}}
		}
	}
	pending := slices.SortedFunc(maps.Keys(added), comparePaths)
	skipped := "" // folder of which fn does not want the rest
	visit := func(p string, d fs.DirEntry, err error) error {
		if err = fn(p, d, err); err == fs.SkipDir { //nolint:errorlint // as WalkDir does
			if skipped = filepath.ToSlash(p); d == nil || !d.IsDir() {
				skipped = path.Dir(skipped)
			}
		}
		return err
	}
	flush := func(before string) error {
		for len(pending) > 0 && (before == "" || comparePaths(pending[0], before) < 0) {
			p := pending[0]
			pending = pending[1:]
			if skipped != "" && within(p, skipped) {
				continue
			}
			if err := visit(filepath.FromSlash(p), added[p], nil); err != nil && err != fs.SkipDir { //nolint:errorlint // as WalkDir does
				return err
			}
		}
		return nil
	}
	err := c.disk.Walk(ctx, target, func(p string, d fs.DirEntry, err error) error {
		slash := filepath.ToSlash(p)
		if ferr := flush(slash); ferr != nil {
			return ferr
		}
		if _, edited := c.Overlay[slash]; !edited || err != nil || d == nil {
			return visit(p, d, err)
		}
		info, err := d.Info()
		if err != nil {
			return visit(p, d, err)
		}
		stat, ok := info.Sys().(*types.Stat)
		if !ok {
			return visit(p, d, err)
		}
		return visit(p, c.entry(slash, stat), nil)
	})
	if err != nil {
		return err
	}
	return flush("")
}

func (c *contextFS) onDisk(p string) bool {
	if c.Root == nil {
		return false
	}
	_, err := c.Root.Lstat(filepath.FromSlash(p))
	return err == nil
}

// entry describes the overlay's file at p with mode and owner of stat.
func (c *contextFS) entry(p string, stat *types.Stat) fs.DirEntry {
	text := c.Overlay[p]
	s := stat.Clone()
	s.Path = filepath.FromSlash(p)
	s.Mode &= uint32(fs.ModePerm)
	s.Linkname = ""
	s.Size = int64(len(text))
	// BuildKit takes a file with the same size and time for unchanged, so the
	// time follows from the text.
	sum := sha256.Sum256(text)
	s.ModTime = time.Unix(1_000_000_000, int64(binary.BigEndian.Uint32(sum[:])%1_000_000_000)).UnixNano()
	return &fsutil.DirEntryInfo{Stat: s}
}

// Open implements fsutil.FS.
func (c *contextFS) Open(p string) (io.ReadCloser, error) {
	if text, ok := c.Overlay[filepath.ToSlash(p)]; ok {
		return c.count(p, io.NopCloser(bytes.NewReader(text))), nil
	}
	if c.Root == nil {
		return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
	}
	f, err := c.Root.Open(p)
	if err != nil {
		return nil, err
	}
	return c.count(p, f), nil
}

func (c *contextFS) count(p string, rc io.ReadCloser) io.ReadCloser {
	c.sent.files.Add(1)
	r := &countingReader{ReadCloser: rc, all: &c.sent.bytes}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byName == nil {
		c.byName = make(map[string]*countingReader)
	}
	c.byName[filepath.ToSlash(p)] = r
	return r
}

// sentFiles returns what was sent so far: bytes by path.
func (c *contextFS) sentFiles() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	files := make(map[string]int64, len(c.byName))
	for p, r := range c.byName {
		files[p] = r.own.Load()
	}
	return files
}

type countingReader struct {
	io.ReadCloser
	all *atomic.Int64 // bytes of all files
	own atomic.Int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.all.Add(int64(n))
	r.own.Add(int64(n))
	return n, err
}

// within tells whether p is dir or below it.
func within(p, dir string) bool {
	dir = strings.Trim(dir, "/")
	return dir == "" || dir == "." || p == dir || strings.HasPrefix(p, dir+"/")
}

// comparePaths orders as a walk does: a folder's content right behind it.
func comparePaths(a, b string) int {
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}

// memoryFS is a flat folder of files in memory: the Dockerfile and its ignore
// file, which tutor has read itself and sends apart from the context.
type memoryFS map[string][]byte

// Walk implements fsutil.FS.
func (m memoryFS) Walk(_ context.Context, target string, fn fs.WalkDirFunc) error {
	c := contextFS{Context: Context{Overlay: m}}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !within(name, filepath.ToSlash(target)) {
			continue
		}
		if err := fn(name, c.entry(name, &types.Stat{Mode: 0o644}), nil); err != nil {
			return err
		}
	}
	return nil
}

// Open implements fsutil.FS.
func (m memoryFS) Open(p string) (io.ReadCloser, error) {
	text, ok := m[p]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}

// Each calls fn for everything that a build of the context can see, in order:
// what ignore (or, where it is nil, the context's .dockerignore) leaves out is
// left out here too. A link's content is its target, a folder has none.
func (c Context) Each(ignore []byte, fn func(name string, mode fs.FileMode, content io.Reader) error) error {
	src, err := newContextFS(c)
	if err != nil {
		return err
	}
	if ignore == nil {
		if r, err := src.Open(".dockerignore"); err == nil {
			ignore, err = io.ReadAll(io.LimitReader(r, maxIgnore))
			r.Close()
			if err != nil {
				return err
			}
		}
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(ignore))
	if err != nil {
		return fmt.Errorf("reading .dockerignore: %w", err)
	}
	filtered, err := fsutil.NewFilterFS(src, &fsutil.FilterOpt{ExcludePatterns: patterns})
	if err != nil {
		return err
	}
	return filtered.Walk(context.Background(), "/", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			target := ""
			if stat, ok := info.Sys().(*types.Stat); ok {
				target = stat.Linkname
			}
			return fn(filepath.ToSlash(p), d.Type(), strings.NewReader(target))
		}
		r, err := src.Open(p)
		if err != nil {
			return err
		}
		defer r.Close()
		return fn(filepath.ToSlash(p), info.Mode(), r)
	})
}

// maxIgnore bounds an ignore file, in bytes.
const maxIgnore = 512 << 10
