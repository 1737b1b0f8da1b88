package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// folder makes a folder of files by path; a text that begins with "-> " makes
// a symbolic link.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(target, file)
		} else {
			err = os.WriteFile(file, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// open returns the build context of a folder of files with an overlay.
func open(t *testing.T, files, overlay map[string]string) Context {
	t.Helper()
	c, err := OpenContext(folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Root.Close() })
	c.Overlay = make(map[string][]byte)
	for name, text := range overlay {
		c.Overlay[name] = []byte(text)
	}
	return c
}

// sent walks a file system as BuildKit does and returns what would arrive:
// "dir/", "file text", "link -> target".
func sent(t *testing.T, src fsutil.FS, target string) []string {
	t.Helper()
	var got []string
	var order fsutil.Validator // refuses what BuildKit refuses: a wrong order, a file without its folder
	err := src.Walk(t.Context(), target, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if err := order.HandleChange(fsutil.ChangeKindAdd, p, info, nil); err != nil {
			return err
		}
		stat, ok := info.Sys().(*types.Stat)
		if !ok || stat.Path != p {
			t.Errorf("%s is described as %v", p, stat)
		}
		switch {
		case info.IsDir():
			got = append(got, p+"/")
		case info.Mode()&fs.ModeSymlink != 0:
			got = append(got, p+" -> "+stat.Linkname)
		default:
			r, err := src.Open(p)
			if err != nil {
				return err
			}
			defer r.Close()
			text, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			if int64(len(text)) != info.Size() {
				t.Errorf("%s has %d bytes, was announced with %d", p, len(text), info.Size())
			}
			got = append(got, p+" "+string(text))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("walking: %v", err)
	}
	return got
}

func TestContextWalk(t *testing.T) {
	for name, tt := range map[string]struct {
		disk, overlay map[string]string
		target        string
		want          []string
	}{
		"as it is": {
			disk: map[string]string{"b": "2", "a/x": "1", "a.txt": "3"},
			want: []string{"a/", "a/x 1", "a.txt 3", "b 2"},
		},
		"edited": {
			disk: map[string]string{"a/x": "old", "b": "old"}, overlay: map[string]string{"a/x": "new, and longer"},
			want: []string{"a/", "a/x new, and longer", "b old"},
		},
		"emptied": {
			disk: map[string]string{"a": "old"}, overlay: map[string]string{"a": ""},
			want: []string{"a "},
		},
		"added before, between, after": {
			disk: map[string]string{"d/b": "d", "d/d": "d"}, overlay: map[string]string{"a": "o", "d/a": "o", "d/c": "o", "d/e": "o", "d.x": "o", "e": "o"},
			want: []string{"a o", "d/", "d/a o", "d/b d", "d/c o", "d/d d", "d/e o", "d.x o", "e o"},
		},
		"added in new folders": {
			disk: map[string]string{"d/b": "d"}, overlay: map[string]string{"d/new/deep/x": "o", "n/y": "o", "n/z": "o"},
			want: []string{"d/", "d/b d", "d/new/", "d/new/deep/", "d/new/deep/x o", "n/", "n/y o", "n/z o"},
		},
		"edited behind a link": { // a walk does not go there
			disk: map[string]string{"real/x": "old", "link": "-> real", "here": "-> ."}, overlay: map[string]string{"link/x": "new", "here/link/y": "o"},
			want: []string{"here -> .", "link -> real", "real/", "real/x new", "real/y o"},
		},
		"added to an empty folder": {
			overlay: map[string]string{"x": "o"},
			want:    []string{"x o"},
		},
		"a link is replaced by a file": {
			disk: map[string]string{"a": "text", "l": "-> a"}, overlay: map[string]string{"l": "o"},
			want: []string{"a text", "l o"},
		},
		"links are sent as links": {
			disk: map[string]string{"up": "-> ../../etc/passwd", "abs": "-> /etc/passwd", "in": "-> d/x", "d/x": "1", "dir": "-> d"},
			want: []string{"abs -> /etc/passwd", "d/", "d/x 1", "dir -> d", "in -> d/x", "up -> ../../etc/passwd"},
		},
		"one folder": {
			disk: map[string]string{"a/x": "1", "b/y": "2", "ab": "3"}, overlay: map[string]string{"a/z": "o", "b/z": "o", "ac": "o"}, target: "a",
			want: []string{"a/", "a/x 1", "a/z o"},
		},
		"one file": {
			disk: map[string]string{"x": "1", "y": "2"}, overlay: map[string]string{"x": "o", "z": "o"}, target: "x",
			want: []string{"x o"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, tt.disk, tt.overlay)
			src, err := newContextFS(c)
			if err != nil {
				t.Fatal(err)
			}
			if got := sent(t, src, tt.target); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%q, want\n%q", got, tt.want)
			}
			for name, text := range tt.disk { // whatever is laid over it
				if strings.HasPrefix(text, "-> ") {
					continue
				}
				if now, err := os.ReadFile(filepath.Join(c.Root.Name(), name)); err != nil || string(now) != text {
					t.Errorf("the disk's %s is %q now, was %q (%v)", name, now, text, err)
				}
			}
		})
	}
}

// TestContextWalkSkips leaves folders out, as the filter for ignored files does.
func TestContextWalkSkips(t *testing.T) {
	disk := map[string]string{"a/x": "", "b/x": "", "b/y": "", "c": "", "e": ""}
	overlay := map[string]string{"a/new/x": "", "a/z": "", "b/new": "", "b/z": "", "d/x": "", "d/e/y": ""}
	for skip, want := range map[string][]string{
		"":       {"a", "a/new", "a/new/x", "a/x", "a/z", "b", "b/new", "b/x", "b/y", "b/z", "c", "d", "d/e", "d/e/y", "d/x", "e"},
		"a":      {"a", "b", "b/new", "b/x", "b/y", "b/z", "c", "d", "d/e", "d/e/y", "d/x", "e"}, // of the disk
		"a/new":  {"a", "a/new", "a/x", "a/z", "b", "b/new", "b/x", "b/y", "b/z", "c", "d", "d/e", "d/e/y", "d/x", "e"},
		"d":      {"a", "a/new", "a/new/x", "a/x", "a/z", "b", "b/new", "b/x", "b/y", "b/z", "c", "d", "e"}, // of the overlay
		"d/e":    {"a", "a/new", "a/new/x", "a/x", "a/z", "b", "b/new", "b/x", "b/y", "b/z", "c", "d", "d/e", "d/x", "e"},
		"b/x":    {"a", "a/new", "a/new/x", "a/x", "a/z", "b", "b/new", "b/x", "c", "d", "d/e", "d/e/y", "d/x", "e"}, // a file: the rest of its folder
		"d/e/y":  {"a", "a/new", "a/new/x", "a/x", "a/z", "b", "b/new", "b/x", "b/y", "b/z", "c", "d", "d/e", "d/e/y", "d/x", "e"},
		"b/none": {"a", "a/new", "a/new/x", "a/x", "a/z", "b", "b/new", "b/x", "b/y", "b/z", "c", "d", "d/e", "d/e/y", "d/x", "e"},
	} {
		src, err := newContextFS(open(t, disk, overlay))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = src.Walk(t.Context(), "", func(p string, _ fs.DirEntry, err error) error {
			got = append(got, p)
			if p == skip {
				return fs.SkipDir
			}
			return err
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("without %q: got %v\n%q, want\n%q", skip, err, got, want)
		}
	}
}

// TestContextInMemory has no folder at all, as the helper's build.
func TestContextInMemory(t *testing.T) {
	src, err := newContextFS(Context{Overlay: map[string][]byte{"main.go": []byte("package main"), "a/b/c": nil}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a/", "a/b/", "a/b/c ", "main.go package main"}
	if got := sent(t, src, "/"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if files, bytes := src.sent.files.Load(), src.sent.bytes.Load(); files != 2 || bytes != 12 {
		t.Errorf("%d files with %d bytes were sent, want 2 with 12", files, bytes)
	}
	if _, err := src.Open("other.go"); err == nil {
		t.Error("a file that is not there was opened")
	}
}

func TestContextStaysInside(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := open(t, map[string]string{"link": "-> " + outside, "dir": "-> " + filepath.Dir(outside), "up": "-> ../" + filepath.Base(filepath.Dir(outside))}, nil)
	src, err := newContextFS(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"dir/secret", "up/secret", "../secret"} {
		c.Overlay = map[string][]byte{p: []byte("o")}
		if _, err := newContextFS(c); err == nil {
			t.Errorf("%s was laid over the folder", p)
		}
	}
	for _, p := range []string{"link", "dir/secret", "up/secret", "../secret", outside} {
		if r, err := src.Open(p); err == nil {
			text, _ := io.ReadAll(r)
			t.Errorf("%s was opened: %q", p, text)
		}
	}
}

// TestContextEditChangesTime makes sure that BuildKit cannot take an edited
// file for the one it knows: it compares size, mode and time.
func TestContextEditChangesTime(t *testing.T) {
	times := make(map[string]time.Time)
	for _, text := range []string{"1 + 1", "1 - 1", "1 * 1"} { // all of one size
		c := open(t, map[string]string{"a": "1 / 1"}, map[string]string{"a": text})
		src, err := newContextFS(c)
		if err != nil {
			t.Fatal(err)
		}
		err = src.Walk(t.Context(), "", func(_ string, d fs.DirEntry, _ error) error {
			info, err := d.Info()
			if err == nil {
				times[text] = info.ModTime()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if distinct := len(slices.Compact(slices.SortedFunc(maps.Values(times), time.Time.Compare))); distinct != 3 {
		t.Errorf("three texts of one size have the times %v", times)
	}
}

func TestEach(t *testing.T) {
	for name, tt := range map[string]struct {
		disk, overlay map[string]string
		ignore        *string // of the Dockerfile alone
		want          []string
	}{
		"all": {
			disk: map[string]string{"a": "1", "d/b": "2"},
			want: []string{"a 1", "d", "d/b 2"},
		},
		"with edits": {
			disk: map[string]string{"a": "1", "b": "2"}, overlay: map[string]string{"a": "o", "c": "o"},
			want: []string{"a o", "b 2", "c o"},
		},
		"without what is ignored": {
			disk: map[string]string{".dockerignore": "d\n!d/keep\n", "a": "1", "d/b": "2", "d/keep": "3"},
			want: []string{".dockerignore d\n!d/keep\n", "a 1", "d", "d/keep 3"},
		},
		"an edit of what is ignored": {
			disk: map[string]string{".dockerignore": "d\n", "a": "1", "d/b": "2"}, overlay: map[string]string{"d/b": "o", "d/c": "o"},
			want: []string{".dockerignore d\n", "a 1"},
		},
		"an edit of .dockerignore itself": {
			disk: map[string]string{".dockerignore": "a\n", "a": "1", "b": "2"}, overlay: map[string]string{".dockerignore": "b\n"},
			want: []string{".dockerignore b\n", "a 1"},
		},
		"the Dockerfile's own ignore file replaces it": {
			disk: map[string]string{".dockerignore": "a\n", "a": "1", "b": "2"}, ignore: new("b\n.dockerignore\n"),
			want: []string{"a 1"},
		},
		"an empty one, too": {
			disk: map[string]string{".dockerignore": "a\n", "a": "1"}, ignore: new(""),
			want: []string{".dockerignore a\n", "a 1"},
		},
		"links": {
			disk: map[string]string{"a": "1", "l": "-> /etc/passwd"},
			want: []string{"a 1", "l -> /etc/passwd"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var ignore []byte
			if tt.ignore != nil {
				ignore = []byte(*tt.ignore)
			}
			var got []string
			err := open(t, tt.disk, tt.overlay).Each(ignore, func(name string, mode fs.FileMode, content io.Reader) error {
				text, err := io.ReadAll(content)
				if err != nil {
					return err
				}
				switch {
				case mode.IsRegular():
					name += " " + string(text)
				case mode.IsDir() && len(text) == 0:
				case mode&fs.ModeSymlink != 0:
					name += " -> " + string(text)
				default:
					return fmt.Errorf("%s is %v with the content %q", name, mode, text)
				}
				got = append(got, name)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

func TestEachStops(t *testing.T) {
	stop := fmt.Errorf("enough")
	n := 0
	err := open(t, map[string]string{"a": "", "b": ""}, nil).Each(nil, func(string, fs.FileMode, io.Reader) error { n++; return stop })
	if err == nil || n != 1 {
		t.Errorf("after %d calls: %v", n, err)
	}
	err = open(t, map[string]string{".dockerignore": "[\n"}, nil).Each(nil, func(string, fs.FileMode, io.Reader) error { return nil })
	if err == nil {
		t.Error("a broken ignore file was accepted")
	}
	if _, err := OpenContext(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("a folder that is not there was opened")
	}
}

func TestMemoryFS(t *testing.T) {
	m := memoryFS{"b": []byte("2"), "a": []byte("1")}
	if got, want := sent(t, m, "/"), []string{"a 1", "b 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := sent(t, m, "b"), []string{"b 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := m.Open("c"); err == nil {
		t.Error("a file that is not there was opened")
	}
	stop := context.Canceled
	if err := m.Walk(t.Context(), "", func(string, fs.DirEntry, error) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want what the function said", err)
	}
}
