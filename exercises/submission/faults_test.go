package submission_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/content"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/submission"
	"example.com/tutor/exercises/workspace"
)

// connect returns the real engine; without one the test fails.
func connect(t testing.TB) *engine.Engine {
	t.Helper()
	eng, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatalf("the test needs a Docker Engine: %v", err)
	}
	t.Cleanup(func() { eng.Close() })
	return eng
}

// layOut writes the reference solution of exercise-3 into a folder.
func layOut(t testing.TB) (*exercises.Exercise, string) {
	t.Helper()
	return layOutOf(t, "exercise-3")
}

// layOutOf writes the reference solution of an exercise into a folder.
func layOutOf(t testing.TB, name string) (*exercises.Exercise, string) {
	t.Helper()
	ex, err := exercises.Open(content.FS()).Exercise(name)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := ex.Solution()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := workspace.Write(tree, dir); err != nil {
		t.Fatal(err)
	}
	return ex, dir
}

// check returns the results of the checks named, in the exercise's order.
func check(t testing.TB, ex *exercises.Exercise, dir string, only ...string) []checker.Result {
	t.Helper()
	eng := connect(t)
	results, err := submission.Check(t.Context(), ex, submission.Options{
		Dir: dir, Only: only,
		Engine: func(context.Context) (*engine.Engine, error) { return eng, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(results, func(r checker.Result) bool { return r.Status == checker.Skipped })
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDockerfileFaults hands in Dockerfiles that are none: the check builds
// says what is wrong and where, and every check that needs the image is
// blocked by it, not failed.
func TestDockerfileFaults(t *testing.T) {
	noise := make([]byte, 10<<20)
	rand.NewChaCha8([32]byte{}).Read(noise)
	for _, c := range []struct {
		name, text, code, place string
		prepare                 func(t *testing.T, file string)
	}{
		{name: "missing", code: "missing", place: "Dockerfile", prepare: func(t *testing.T, file string) {}},
		{name: "empty", text: "", code: "syntax", place: "Dockerfile"},
		{name: "only a comment", text: "# FROM scratch\n", code: "syntax", place: "Dockerfile:1"},
		{name: "folder", code: "unreadable", place: "Dockerfile", prepare: func(t *testing.T, file string) {
			if err := os.Mkdir(file, 0o755); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "10 MB of noise", text: string(noise), code: "unreadable", place: "Dockerfile"},
		{name: "not UTF-8", text: "FROM scratch\nLABEL name=\"\xff\xfe\"\n", code: "unreadable", place: "Dockerfile:2"},
		{name: "syntax", text: "FROM scratch\n\nCOPPY a b\n", code: "syntax", place: "Dockerfile:3"},
		{name: "link out of the folder", code: "unreadable", place: "Dockerfile", prepare: func(t *testing.T, file string) {
			if err := os.Symlink("/etc/passwd", file); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "failing step", text: "FROM golang:1.26\nRUN echo to the log && exit 7\n", code: "step", place: "Dockerfile:2"},
		{name: "no such target file", text: "FROM scratch\nCOPY nothing-there /\n", code: "step", place: "Dockerfile:2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ex, dir := layOut(t)
			file := filepath.Join(dir, "Dockerfile")
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if c.prepare != nil {
				c.prepare(t, file)
			} else {
				write(t, dir, "Dockerfile", c.text)
			}
			for _, r := range check(t, ex, dir, "builds", "size", "hardened") {
				switch r.Check.Name {
				case "builds":
					if len(r.Findings) != 1 || r.Findings[0].Code != c.code || r.Findings[0].Place.String() != c.place {
						t.Errorf("builds: %s %v %+v, want %s at %s", r.Status, r.Err, r.Findings, c.code, c.place)
					}
				case "size", "hardened":
					if r.Status != checker.Blocked || r.BlockedBy != "builds" {
						t.Errorf("%s: %s %v, want it blocked by builds", r.Check.Name, r.Status, r.Err)
					}
				}
			}
		})
	}
}

// TestNoSuchBase tells a base image that does not exist, which is the
// learner's fault, from a registry that does not answer, which is not.
func TestNoSuchBase(t *testing.T) {
	srv := &http.Server{Handler: registry.New()}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	ex, dir := layOut(t)
	answering := ln.Addr().String() + "/no-such:1"
	write(t, dir, "Dockerfile", "FROM "+answering+"\nCMD [\"/x\"]\n")
	r := check(t, ex, dir, "builds")[0]
	if r.Status != checker.Failed || r.Findings[0].Code != "base" || r.Findings[0].Place.Line != 1 || r.Findings[0].Got != answering {
		t.Errorf("registry without the image: %s %v %+v, want builds:base", r.Status, r.Err, r.Findings)
	}
	srv.Close()
	write(t, dir, "Dockerfile", "FROM "+ln.Addr().String()+"/no-such:2\nCMD [\"/x\"]\n")
	r = check(t, ex, dir, "builds")[0]
	var problem *engine.Problem
	if r.Status != checker.Errored || !errors.As(r.Err, &problem) || problem.Kind != engine.NoImage {
		t.Errorf("registry that is gone: %s %v, want it errored by NoImage", r.Status, r.Err)
	}
}

// TestWildServices runs services that behave badly: each is judged in time,
// within its limits, and with its own words as evidence.
func TestWildServices(t *testing.T) {
	for _, c := range []struct{ name, command, code, detail string }{
		{"exits at once", `echo bye; exit 3`, "exits", "bye"},
		{"hangs", `echo waiting; exec sleep 1000`, "silent", "waiting"},
		{"writes 1 GB of logs", `yes 0123456789012345678901234567890123456789 | head -c 1000000000; echo; echo end; exec sleep 1000`, "silent", "0123456789"},
		{"emits escape codes", `printf '\033]0;owned\007\033[2Jred\n'; exit 1`, "exits", "red"},
		{"eats memory", `exec tail /dev/zero`, "exits", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ex, dir := layOut(t)
			write(t, dir, "Dockerfile", fmt.Sprintf("FROM golang:1.26\nUSER 10001\nCMD [\"sh\", \"-c\", %q]\n", c.command))
			start := time.Now()
			r := check(t, ex, dir, "hardened")[0]
			if limit := time.Minute; time.Since(start) > limit {
				t.Errorf("took %v, more than %v", time.Since(start), limit)
			}
			if len(r.Findings) != 1 || r.Findings[0].Code != c.code {
				t.Fatalf("%s %v %+v, want hardened:%s", r.Status, r.Err, r.Findings, c.code)
			}
			f := r.Findings[0]
			if !strings.Contains(strings.Join(f.Detail, "\n"), c.detail) {
				t.Errorf("detail is %q, want %q in it", f.Detail, c.detail)
			}
			if len(f.Detail) > 12 {
				t.Errorf("detail has %d lines", len(f.Detail))
			}
		})
	}
}

// TestLinkOutside shows that a link in the submission that leads out of it
// brings nothing of the machine into the image.
func TestLinkOutside(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, filepath.Dir(secret), "secret", "the machine's own")
	ex, dir := layOut(t)
	if err := os.Symlink(secret, filepath.Join(dir, "leak")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "Dockerfile", "FROM golang:1.26\nCOPY . /src\nRUN ! cat /src/leak\n")
	if r := check(t, ex, dir, "builds")[0]; r.Status != checker.Passed {
		t.Errorf("copying the folder: %s %v %+v", r.Status, r.Err, r.Findings)
	}
	write(t, dir, "Dockerfile", "FROM golang:1.26\nCOPY leak /leak\nRUN cat /leak\n")
	r := check(t, ex, dir, "builds")[0]
	if r.Status != checker.Failed {
		t.Fatalf("copying the link: %s %v, want it failed", r.Status, r.Err)
	}
	if text := fmt.Sprintf("%+v", r.Findings); strings.Contains(text, "the machine's own") {
		t.Errorf("the secret stands in %s", text)
	}
}

// TestTooManyFiles hands in 200,000 files: the check stops counting early and
// names the folder.
func TestTooManyFiles(t *testing.T) {
	ex, dir := layOut(t)
	const folders, perFolder = 200, 1000
	for i := range folders {
		sub := filepath.Join(dir, "node_modules", fmt.Sprint(i))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		for j := range perFolder {
			f, err := os.Create(filepath.Join(sub, fmt.Sprint(j)))
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	}
	r := check(t, ex, dir, "builds")[0]
	if r.Status != checker.Failed || len(r.Findings) != 1 {
		t.Fatalf("%s %v %+v", r.Status, r.Err, r.Findings)
	}
	if f := r.Findings[0]; f.Code != "too-large" || f.Place.File != "node_modules" || !strings.HasPrefix(f.Got, "> 50000") {
		t.Errorf("%+v, want too-large in node_modules", f)
	}
}

// TestBuildArgs shows that what the user gives reaches the submission's build.
func TestBuildArgs(t *testing.T) {
	ex, dir := layOut(t)
	write(t, dir, "Dockerfile", "FROM golang:1.26\nARG WORD\nRUN test \"$WORD\" = given\n")
	eng := connect(t)
	results, err := submission.Check(t.Context(), ex, submission.Options{
		Dir: dir, Only: []string{"builds"}, BuildArgs: map[string]string{"WORD": "given"},
		Engine: func(context.Context) (*engine.Engine, error) { return eng, nil },
	})
	if err != nil || results[0].Status != checker.Passed {
		t.Errorf("%v, %+v", err, results[0])
	}
}

// TestUnknownCheck shows that a name that is none comes with those there are.
func TestUnknownCheck(t *testing.T) {
	ex, dir := layOut(t)
	_, err := submission.Check(t.Context(), ex, submission.Options{Dir: dir, Only: []string{"sise"}})
	var unknown *submission.UnknownCheckError
	if !errors.As(err, &unknown) || unknown.Name != "sise" || !slices.Contains(unknown.Known, "size") {
		t.Errorf("%v, want an UnknownCheckError", err)
	}
}

// TestTimeout shows that a build without end is ended.
func TestTimeout(t *testing.T) {
	ex, dir := layOut(t)
	write(t, dir, "Dockerfile", "FROM golang:1.26\nRUN sleep 1000\n")
	eng := connect(t)
	results, err := submission.Check(t.Context(), ex, submission.Options{
		Dir: dir, Only: []string{"builds"}, Timeout: 3 * time.Second,
		Engine: func(context.Context) (*engine.Engine, error) { return eng, nil },
	})
	var timeout *submission.TimeoutError
	if err != nil || results[0].Status != checker.Errored || !errors.As(results[0].Err, &timeout) {
		t.Errorf("%v, %+v, want it errored by a TimeoutError", err, results[0])
	}
}
