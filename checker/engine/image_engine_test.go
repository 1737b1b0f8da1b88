package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestImage(t *testing.T) {
	t.Parallel()
	e := connect(t)
	b, tag := mustBuild(t, e, `FROM scratch
ENV A=1 B=two
LABEL maintainer=me
WORKDIR /app
COPY x /app/
USER 10001:10002
VOLUME ["/data", "/cache"]
EXPOSE 9090/udp 8080
STOPSIGNAL SIGINT
ENTRYPOINT ["/app/x"]
CMD ["-v"]
`, BuildOptions{Context: Context{Overlay: map[string][]byte{"x": []byte("12345")}}})
	img, err := e.Image(t.Context(), tag)
	if err != nil {
		t.Fatal(err)
	}
	if img.ID != b.ImageID || img.OS != "linux" || img.Arch == "" || img.Size != 5 && !containerd(t, e) {
		t.Errorf("got %s of %s/%s with %d bytes, built was %s", img.ID, img.OS, img.Arch, img.Size, b.ImageID)
	}
	c := img.Config
	c.Env = slices.DeleteFunc(c.Env, func(kv string) bool { return strings.HasPrefix(kv, "PATH=") }) // BuildKit sets it
	for what, got := range map[string][2]any{
		"USER":       {c.User, "10001:10002"},
		"ENV":        {fmt.Sprint(c.Env), "[A=1 B=two]"},
		"ENTRYPOINT": {fmt.Sprint(c.Entrypoint), "[/app/x]"},
		"CMD":        {fmt.Sprint(c.Cmd), "[-v]"},
		"WORKDIR":    {c.WorkingDir, "/app"},
		"VOLUME":     {fmt.Sprint(c.Volumes), "[/cache /data]"},
		"LABEL":      {c.Labels["maintainer"], "me"},
		"EXPOSE":     {fmt.Sprint(c.Ports), "[8080/tcp 9090/udp]"},
		"STOPSIGNAL": {c.StopSignal, "SIGINT"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s is %v, want %v", what, got[0], got[1])
		}
	}
	var history []string
	var size int64
	for _, h := range img.History {
		word, _, _ := strings.Cut(h.CreatedBy, " ")
		history = append(history, word)
		size += h.Size
	}
	if want := []string{"ENV", "LABEL", "WORKDIR", "COPY", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}; !slices.Equal(history, want) {
		t.Errorf("history is %q, want %q", history, want)
	}
	if size != 5 {
		t.Errorf("the layers of the history have %d bytes, want 5", size)
	}

	if has, err := e.HasImage(t.Context(), tag); !has || err != nil {
		t.Errorf("has it: %v, %v", has, err)
	}
	if names, err := e.LocalImages(t.Context()); err != nil || !slices.Contains(names, tag) {
		t.Errorf("it is not among %q, %v", names, err)
	}
	for range 2 { // one that is gone already is fine
		if err := e.RemoveImage(t.Context(), tag); err != nil {
			t.Errorf("removing: %v", err)
		}
	}
	if has, err := e.HasImage(t.Context(), tag); has || err != nil {
		t.Errorf("still has it: %v, %v", has, err)
	}
	_, err = e.Image(t.Context(), tag)
	if p := expectProblem(t, err, NoImage); p.Image != tag {
		t.Errorf("the problem is about %q, want %q", p.Image, tag)
	}
	_, err = e.Save(t.Context(), tag)
	expectProblem(t, err, NoImage)
	_, err = e.OpenImage(t.Context(), testSession(t, e), tag)
	expectProblem(t, err, NoImage)
}

// containerd tells whether the engine counts an image's size otherwise.
func containerd(t testing.TB, e *Engine) bool {
	t.Helper()
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.Containerd
}

// mounted is what the engine puts into every container.
var mounted = []string{"/.dockerenv", "/dev", "/proc", "/sys", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf"}

// own returns the entries that are the image's own, by path, without what the
// two ways to read an image cannot agree on.
func own(entries []Entry) map[string]Entry {
	files := make(map[string]Entry)
	for _, e := range entries {
		if slices.ContainsFunc(mounted, func(p string) bool { return within(e.Path[1:], p) }) || e.Path == "/" {
			continue
		}
		e.Layer = 0 // known of a saved image only
		if e.Mode.IsRegular() {
			// Which of its names is the first one differs.
			e.Link, e.hard = "", false
		}
		files[e.Path] = e
	}
	return files
}

// TestTwoWaysToRead reads one image by both ways: whole, and piece by piece
// through a container. A folder that is removed and made again in one step is
// not in it: engine 20.10 with fuse-overlayfs forgets the mark of it when it
// saves (TestSavedImage has such folders).
func TestTwoWaysToRead(t *testing.T) {
	t.Parallel()
	e := connect(t)
	_, tag := mustBuild(t, e, "FROM "+shell(t, e)+`
RUN mkdir -p /t/deep/er /t/gone /t/became-file && cd /t && \
    echo 1 >a && ln a hard && ln -s a soft && ln -s /t/deep abs && ln -s ../../t/deep/er up && ln -s nowhere dangling && ln -s loop loop && \
    echo 2 >deep/er/b && echo 3 >gone/c && echo 5 >became-file/e && echo 6 >became-dir && echo >empty && \
    echo first >first && ln first second && ln first third && echo x >replaced && ln replaced keeps && \
    echo s >suid && chown 7:8 suid && chmod 4755 suid && chmod 1777 deep && chown 10001:10002 a && chmod 640 a
RUN cd /t && rm -r gone && rm -r became-file && echo 8 >became-file && \
    rm became-dir && mkdir became-dir && echo 9 >became-dir/f && rm first && rm replaced && echo y >replaced && mv third moved
`, BuildOptions{})
	saved, err := e.Save(t.Context(), tag)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := saved.Close(); err != nil {
			t.Error(err)
		}
	})
	opened, err := e.OpenImage(t.Context(), testSession(t, e), tag)
	if err != nil {
		t.Fatal(err)
	}
	one, err := saved.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other, err := opened.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(other, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) }) {
		t.Error("the files of the container are not sorted")
	}
	files := own(one)
	if a, b := slices.Sorted(maps.Keys(files)), slices.Sorted(maps.Keys(own(other))); !slices.Equal(a, b) {
		t.Fatalf("one has\n%q\nthe other\n%q", a, b)
	}
	for _, p := range []string{"/t/gone", "/t/gone/c", "/t/became-file/e", "/t/first", "/t/third", "/nothing", "/t/a/b", "/t/nothing/at/all"} {
		for _, f := range []Files{saved, opened} {
			if _, err := f.Lstat(t.Context(), p); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%T: %s: %v, want it to be missing", f, p, err)
			}
		}
	}
	for p := range files {
		if p == "/t/loop" { // of which an engine does not say that it is a link
			continue
		}
		a, aerr := saved.Lstat(t.Context(), p)
		b, berr := opened.Lstat(t.Context(), p)
		if aerr != nil || berr != nil {
			t.Errorf("%s: %v and %v", p, aerr, berr)
			continue
		}
		if a, b := own([]Entry{a})[p], own([]Entry{b})[p]; a != b {
			t.Errorf("%s is\n%+v and\n%+v", p, a, b)
		}
		atext, ae, aerr := ReadFile(t.Context(), saved, p, 32<<20)
		btext, be, berr := ReadFile(t.Context(), opened, p, 32<<20)
		if (aerr == nil) != (berr == nil) || string(atext) != string(btext) || ae.Path != be.Path {
			t.Errorf("%s has %d bytes of %s (%v) and %d of %s (%v)", p, len(atext), ae.Path, aerr, len(btext), be.Path, berr)
		}
		if a.Mode.IsDir() {
			alist, aerr := saved.List(t.Context(), p)
			blist, berr := opened.List(t.Context(), p)
			if aerr != nil || berr != nil || !slices.Equal(paths(alist), slices.DeleteFunc(paths(blist), isMounted)) {
				t.Errorf("%s has %q (%v) and %q (%v)", p, paths(alist), aerr, paths(blist), berr)
			}
		}
	}
	for p, want := range map[string]string{
		"/t/a": "1\n", "/t/hard": "1\n", "/t/soft": "1\n", "/t/abs/er/b": "2\n", "/t/up/b": "2\n", "/t/became-file": "8\n",
		"/t/became-dir/f": "9\n", "/t/second": "first\n", "/t/moved": "first\n", "/t/replaced": "y\n", "/t/keeps": "x\n", "/t/empty": "\n",
	} {
		for _, f := range []Files{saved, opened} {
			if text, _, err := ReadFile(t.Context(), f, p, 100); string(text) != want || err != nil {
				t.Errorf("%T: %s is %q (%v), want %q", f, p, text, err, want)
			}
		}
	}
	for p, want := range map[string]string{
		"/t/a": "-rw-r----- 10001:10002", "/t/hard": "-rw-r----- 10001:10002", "/t/suid": "urwxr-xr-x 7:8", "/t/deep": "dtrwxrwxrwx 0:0",
		"/t/soft": "Lrwxrwxrwx 0:0",
	} {
		if e := files[p]; fmt.Sprintf("%v %d:%d", e.Mode, e.UID, e.GID) != want {
			t.Errorf("%s is %v %d:%d, want %s", p, e.Mode, e.UID, e.GID, want)
		}
	}
	for _, p := range []string{"/t/dangling", "/t/loop", "/t/a/b"} {
		for _, f := range []Files{saved, opened} {
			if e, err := Stat(t.Context(), f, p); err == nil {
				t.Errorf("%T: %s leads to %s", f, p, e.Path)
			}
		}
	}
	for _, f := range []Files{saved, opened} {
		list, err := f.List(t.Context(), "/")
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.DeleteFunc(paths(list), isMounted); !slices.Contains(got, "/t") || !slices.Contains(got, "/bin") {
			t.Errorf("%T: the root has %q", f, got)
		}
	}
	if n := len(saved.Layers); n != 3 {
		t.Errorf("%d layers, want 3", n)
	}
	if by := saved.Layers[2].CreatedBy; !strings.Contains(by, "rm -r gone") {
		t.Errorf("the last layer is made by %q", by)
	}
}

func isMounted(p string) bool { return slices.Contains(mounted, p) }

// TestLargeImage reads some files of an image that nobody wants to save.
func TestLargeImage(t *testing.T) {
	t.Parallel()
	e := connect(t)
	f, err := e.OpenImage(t.Context(), testSession(t, e), base)
	if err != nil {
		t.Fatal(err)
	}
	if text, entry, err := ReadFile(t.Context(), f, "/etc/os-release", 1<<20); err != nil || !strings.Contains(string(text), "ID=") || entry.Path == "/etc/os-release" {
		t.Errorf("os-release, a link, is %.40q at %s, %v", text, entry.Path, err)
	}
	for _, p := range []string{"/etc/passwd", "/usr/local/go/VERSION", "/usr/local/go/src/crypto/x509/root_linux.go"} {
		if text, _, err := ReadFile(t.Context(), f, p, 1<<20); err != nil || len(text) == 0 {
			t.Errorf("%s: %d bytes, %v", p, len(text), err)
		}
	}
	if _, _, err := ReadFile(t.Context(), f, "/usr/local/go/bin/go", 1<<10); err == nil {
		t.Error("a program was read into a kilobyte")
	}
	// One is fetched whole, the other is too large for that and a link besides.
	for dir, file := range map[string]string{"/usr/local/go/src/crypto/x509": "/usr/local/go/src/crypto/x509/root_linux.go", "/bin": "/usr/bin/bash"} {
		list, err := f.List(t.Context(), dir)
		if err != nil || !slices.Contains(paths(list), file) {
			t.Errorf("%s has %q, %v", dir, paths(list), err)
		}
		for _, e := range list {
			if path.Dir(e.Path) != path.Dir(file) {
				t.Errorf("%s is not directly in %s", e.Path, dir)
			}
		}
	}
	for _, p := range []string{"/etc/ssl/nothing.pem", "/usr/local/go/nothing", "/nothing/at/all"} {
		if _, err := Stat(t.Context(), f, p); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want it to be missing", p, err)
		}
	}
}
