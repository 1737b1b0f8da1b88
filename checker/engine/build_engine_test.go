package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// arrived builds a Dockerfile that copies the whole context and returns what
// is in the image: "path text", "path -> target".
func arrived(t *testing.T, e *Engine, c Context, o BuildOptions) []string {
	t.Helper()
	o.Context = c
	_, tag := mustBuild(t, e, "FROM scratch\nCOPY . /\n", o)
	s, err := e.Save(t.Context(), tag)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, err := s.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range all {
		switch {
		case entry.Mode&fs.ModeSymlink != 0:
			got = append(got, entry.Path+" -> "+entry.Link)
		case entry.Mode.IsRegular():
			text, _, err := ReadFile(t.Context(), s, entry.Path, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, entry.Path+" "+string(text))
		}
	}
	return got
}

func TestContextArrives(t *testing.T) {
	t.Parallel()
	e := connect(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		disk, overlay map[string]string
		ignore        []byte
		want          []string
	}{
		"edited, added, in new folders": {
			disk: map[string]string{"a": "old", "d/b": "stays"}, overlay: map[string]string{"a": "new", "d/a": "o", "n/m/x": "o"},
			want: []string{"/a new", "/d/a o", "/d/b stays", "/n/m/x o"},
		},
		"ignored, edited or not": {
			disk:    map[string]string{".dockerignore": "vendor\n*.md\n!keep.md\n", "a": "1", "vendor/x": "2", "b.md": "3", "keep.md": "4"},
			overlay: map[string]string{"vendor/x": "o", "vendor/new/y": "o", "c.md": "o"},
			want:    []string{"/.dockerignore vendor\n*.md\n!keep.md\n", "/a 1", "/keep.md 4"},
		},
		"ignored by an edit": {
			disk: map[string]string{"a": "1", "b": "2"}, overlay: map[string]string{".dockerignore": "b\n.dockerignore\n", "c": "o"},
			want: []string{"/a 1", "/c o"},
		},
		"by the Dockerfile's own ignore file": {
			disk: map[string]string{".dockerignore": "a\n", "a": "1", "b": "2"}, ignore: []byte("b\n.dockerignore\n"),
			want: []string{"/a 1"},
		},
		"links, but not what is behind them": {
			disk: map[string]string{"a": "1", "out": "-> " + secret, "folder": "-> " + filepath.Dir(secret), "in": "-> a"},
			want: []string{"/a 1", "/folder -> " + filepath.Dir(secret), "/in -> a", "/out -> " + secret},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := arrived(t, e, open(t, tt.disk, tt.overlay), BuildOptions{Ignore: tt.ignore})
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

// TestContextEdits builds one folder with one edit after the other: what
// BuildKit keeps of a build must not show in the next, and the disk stays.
func TestContextEdits(t *testing.T) {
	t.Parallel()
	e := connect(t)
	c := open(t, map[string]string{"a.go": "1 + 1", "b.go": "2"}, nil)
	key := newSession()
	for _, edit := range []string{"", "1 - 1", "1 * 1", "", "1 - 1"} { // all of one size
		c.Overlay = nil
		want := "/a.go 1 + 1"
		if edit != "" {
			c.Overlay = map[string][]byte{"a.go": []byte(edit)}
			want = "/a.go " + edit
		}
		if got := arrived(t, e, c, BuildOptions{Key: key}); !slices.Equal(got, []string{want, "/b.go 2"}) {
			t.Errorf("with edit %q: %q", edit, got)
		}
		if text, err := os.ReadFile(filepath.Join(c.Root.Name(), "a.go")); err != nil || string(text) != "1 + 1" {
			t.Fatalf("the disk has %q, %v", text, err)
		}
	}
}

func TestContextIsSentOnce(t *testing.T) {
	t.Parallel()
	e := connect(t)
	c := open(t, map[string]string{"a": newSession(), "b": "2"}, nil)
	key := newSession()
	for i, want := range []int64{2, 0} {
		b, _ := mustBuild(t, e, "FROM scratch\nCOPY . /\n", BuildOptions{Context: c, Key: key})
		if b.ContextFiles != want || (b.ContextBytes > 0) != (want > 0) {
			t.Errorf("build %d fetched %d files with %d bytes, want %d files", i+1, b.ContextFiles, b.ContextBytes, want)
		}
	}
}

func TestBuildArgs(t *testing.T) {
	dockerConfig(t, `{"proxies":{"default":{"httpProxy":"http://proxy.example:3128"}}}`)
	e := connect(t)
	e.WithBuildArgs(map[string]string{"ALL": "from the engine", "OVER": "from the engine"})
	const dockerfile = `FROM scratch
ARG ALL ONE OVER DEFAULT=default HTTP_PROXY
LABEL all=$ALL one=$ONE over=$OVER default=$DEFAULT proxy=$HTTP_PROXY
COPY x /
`
	_, tag := mustBuild(t, e, strings.Replace(dockerfile, "ARG ALL ONE OVER DEFAULT=default HTTP_PROXY", "ARG ALL\nARG ONE\nARG OVER\nARG DEFAULT=default\nARG HTTP_PROXY", 1),
		BuildOptions{Args: map[string]string{"ONE": "from the build", "OVER": "from the build"}})
	img, err := e.Image(t.Context(), tag)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"all": "from the engine", "one": "from the build", "over": "from the build", "default": "default", "proxy": "http://proxy.example:3128",
	}
	if !maps.Equal(img.Config.Labels, want) {
		t.Errorf("got %v, want %v", img.Config.Labels, want)
	}
}

// TestBuildEndsBadly has builds that fail by the submission's fault and by
// another's.
func TestBuildEndsBadly(t *testing.T) {
	t.Parallel()
	e := connect(t)
	for name, tt := range map[string]struct {
		dockerfile, target string
		problem            ProblemKind
		image              string // that could not be had
		step, log          string // of the submission's fault
		message            string // part of it
	}{
		"a command": {
			dockerfile: "FROM golang:1.26\nRUN echo hello; echo cannot go on >&2; exit 3\n",
			step:       "[2/2] RUN echo hello; echo cannot go on >&2; exit 3", log: "cannot go on", message: "exit code: 3",
		},
		"COPY of nothing": {
			dockerfile: "FROM scratch\nCOPY nothing /\n", step: "[1/1] COPY nothing /", message: "not found",
		},
		"no such target": {
			dockerfile: "FROM scratch AS a\nCOPY x /\n", target: "b", message: "b could not be found",
		},
		"no such instruction": {
			dockerfile: "FROM scratch\nCOPI x /\n", message: "unknown instruction: COPI",
		},
		"a base of a registry that does not answer": {
			dockerfile: "FROM registry.invalid/team/base:1\nCOPY x /\n", problem: NoImage, image: "registry.invalid/team/base:1",
		},
		"a front end that cannot be had": {
			dockerfile: "# syntax=registry.invalid/dockerfile:1\nFROM scratch\nCOPY x /\n", problem: NoImage, image: "registry.invalid/dockerfile:1",
		},
		"COPY --from an image that cannot be had": {
			dockerfile: "FROM scratch\nCOPY --from=registry.invalid/base:2 /x /\n", problem: NoImage, image: "registry.invalid/base:2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := tryBuild(t, e, tt.dockerfile, BuildOptions{Target: tt.target})
			if tt.problem != "" {
				if p := expectProblem(t, err, tt.problem); p.Image != tt.image {
					t.Errorf("the problem is about image %q, want %q", p.Image, tt.image)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if b.Failure == nil || !strings.Contains(b.Failure.Message, tt.message) {
				t.Fatalf("got failure %+v, want one with %q", b.Failure, tt.message)
			}
			step := Step{}
			if b.Failure.Step != nil {
				step = *b.Failure.Step
			}
			if step.Name != tt.step || !strings.Contains(step.Log, tt.log) {
				t.Errorf("blames step %q with log %q, want %q with %q", step.Name, step.Log, tt.step, tt.log)
			}
		})
	}
}

func TestBuildIgnoreFileIsBroken(t *testing.T) {
	t.Parallel()
	e := connect(t)
	b, err := tryBuild(t, e, "FROM scratch\nCOPY x /\n", BuildOptions{Context: open(t, map[string]string{".dockerignore": "[\n", "x": ""}, nil)})
	if err != nil || b.Failure == nil || !strings.Contains(b.Failure.Message, "syntax error in pattern") {
		t.Errorf("got %+v, %v, want the submission to be blamed", b, err)
	}
}

func TestRebuildIsCached(t *testing.T) {
	t.Parallel()
	e := connect(t)
	c := open(t, map[string]string{"a": newSession()}, nil)
	dockerfile := fmt.Sprintf("FROM %s AS build\nCOPY a /a\nRUN cat /a\nFROM scratch\nCOPY --from=build /a /b\n", shell(t, e))
	var seen []Step
	key := newSession()
	for i, cached := range []bool{false, true, false} {
		seen = nil
		b, _ := mustBuild(t, e, dockerfile, BuildOptions{Context: c, Key: key, NoCache: i == 2, OnStep: func(s Step) { seen = append(seen, s) }})
		n := 0
		for _, s := range b.Steps {
			if !strings.HasPrefix(s.Name, "[") || strings.HasPrefix(s.Name, "[internal]") || strings.Contains(s.Name, "FROM") {
				continue
			}
			n++
			if s.Cached != cached {
				t.Errorf("build %d: cached is %v of %q", i+1, s.Cached, s.Name)
			}
		}
		if n != 3 {
			t.Errorf("build %d has %d steps, want 3: %+v", i+1, n, b.Steps)
		}
		if len(seen) < len(b.Steps) {
			t.Errorf("build %d told of %d changes, has %d steps", i+1, len(seen), len(b.Steps))
		}
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	e := connect(t)
	const dockerfile = "FROM scratch AS One\nLABEL stage=one\nCOPY x /\nFROM scratch\nLABEL stage=two\nCOPY x /\n"
	for target, want := range map[string]string{"one": "one", "ONE": "one", "": "two"} {
		_, tag := mustBuild(t, e, dockerfile, BuildOptions{Target: target})
		img, err := e.Image(t.Context(), tag)
		if err != nil {
			t.Fatal(err)
		}
		if got := img.Config.Labels["stage"]; got != want {
			t.Errorf("target %q made stage %q, want %q", target, got, want)
		}
	}
}

// TestBuildLogIsBounded lets a command print 50 MB.
func TestBuildLogIsBounded(t *testing.T) {
	t.Parallel()
	e := connect(t)
	b, _ := mustBuild(t, e, "FROM "+base+"\nRUN echo first && yes "+strings.Repeat("x", 99)+" | head -c 50000000 && echo "+newSession()+"\n", BuildOptions{})
	for _, s := range b.Steps {
		if !strings.Contains(s.Name, "RUN") {
			continue
		}
		if n := len(s.Log); n < 1000 || n > logLimit+100 {
			t.Errorf("kept %d bytes", n)
		}
		if !strings.HasPrefix(s.Log, "first\n") {
			t.Errorf("log begins with %.40q", s.Log)
		}
	}
}

// slowBuild starts a build that would take a quarter of an hour. It returns
// when the command runs on the engine; marker stands in its command line.
func slowBuild(ctx context.Context, t *testing.T, e *Engine) (marker string, done <-chan error) {
	t.Helper()
	marker = "1000." + fmt.Sprint(time.Now().UnixNano())
	running := make(chan struct{}, 100)
	ended := make(chan error, 1)
	id := testSession(t, connect(t))
	go func() {
		_, err := e.Build(ctx, BuildOptions{
			Context: Context{Overlay: map[string][]byte{"x": nil}}, File: "Dockerfile", Dockerfile: []byte("FROM " + base + "\nRUN sleep " + marker + "\n"),
			Tag: ImageName(id, "it"), Key: id,
			OnStep: func(s Step) {
				if strings.Contains(s.Name, "RUN") && !s.Started.IsZero() {
					running <- struct{}{}
				}
			},
		})
		ended <- err
	}()
	select {
	case <-running:
	case err := <-ended:
		t.Fatalf("the build ended by itself: %v", err)
	}
	return marker, ended
}

func TestBuildIsCancelled(t *testing.T) {
	t.Parallel()
	e := connect(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	marker, done := slowBuild(ctx, t, e)
	interrupted := fmt.Errorf("interrupted")
	start := time.Now()
	cancel(interrupted)
	if err := <-done; !errors.Is(err, interrupted) {
		t.Errorf("got %v, want the cause of the context's end", err)
	}
	if took := time.Since(start); took > cancelGrace {
		t.Errorf("took %v", took)
	}
	awaitEnd(t, e, marker)
}
