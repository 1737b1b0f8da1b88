package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// lookUp asks the kernel where path leads when root is the root, as in a
// container; "" for nowhere.
func lookUp(t *testing.T, root, p string) string {
	t.Helper()
	dir, err := os.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	fd, err := unix.Openat2(int(dir.Fd()), p, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT})
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return ""
	}
	if err != nil {
		t.Fatalf("asking the kernel for %q: %v", p, err)
	}
	defer unix.Close(fd)
	found, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		t.Fatal(err)
	}
	return path.Clean("/" + strings.TrimPrefix(found, root))
}

// plant makes the files of a tree on disk.
func plant(t *testing.T, s *SavedImage) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		p := filepath.Join(root, e.Path)
		switch {
		case e.Mode.IsDir():
			err = os.MkdirAll(p, 0o755)
		case e.Mode&fs.ModeSymlink != 0:
			err = os.Symlink(e.Link, p)
		default:
			err = os.WriteFile(p, nil, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestStatAsTheKernel proves the table of TestStat.
func TestStatAsTheKernel(t *testing.T) {
	for name, tt := range statCases {
		t.Run(name, func(t *testing.T) {
			if got := lookUp(t, plant(t, tree(tt.tree)), tt.path); got != tt.want {
				t.Errorf("the kernel finds %q, the table says %q", got, tt.want)
			}
		})
	}
}

// FuzzStat compares Stat with the kernel on trees of links.
func FuzzStat(f *testing.F) {
	f.Add("a/b -> c\nc/d\n", "/a/b/d")
	f.Add("l -> ../..\na/l -> /l/a/x\na/x\n", "a/l")
	f.Add("d/e/f\nl -> d/e\nm -> l/../g\nd/g\n", "/m")
	f.Add("1 -> 2\n2 -> 1\n", "/1")
	f.Add("a -> .\nb\n", "/a/a/a/b/")
	f.Fuzz(func(t *testing.T, spec, p string) {
		if p == "" || len(p) > 200 || len(spec) > 500 || strings.ContainsAny(spec+p, "\x00") {
			t.Skip()
		}
		// A slash at the end asks for a folder, and Stat says what is there.
		p = path.Clean("/" + strings.ReplaceAll(p, "..", "dots"))
		entries := make(map[string]string)
		for line := range strings.Lines(spec) {
			name, target, link := strings.Cut(strings.TrimSpace(line), " -> ")
			name = path.Clean("/" + name)
			switch {
			case name == "/" || link && target == "" || len(name) > 100:
				continue
			case link:
				entries[name] = "-> " + target
			default:
				entries[name] = "file"
			}
		}
		// Nothing lies below what is no folder.
		for name := range entries {
			for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
				if entries[dir] != "" {
					entries[dir] = "dir"
				}
			}
		}
		s := tree(entries)
		want := lookUp(t, plant(t, s), p)
		got := ""
		if e, err := Stat(t.Context(), s, p); err == nil {
			got = e.Path
		}
		if got != want {
			t.Errorf("%s in %s: got %q, the kernel finds %q", p, fmt.Sprint(entries), got, want)
		}
	})
}
