package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/container"
)

// The tests in files of the name *_engine_test.go ask a real engine that has
// golang:1.26, and fail where there is none.

// base is the image that the course needs anyway.
const base = "golang:1.26"

// TestMain removes what the tests share.
func TestMain(m *testing.M) {
	code := m.Run()
	if err := removeShared(); err != nil {
		fmt.Fprintln(os.Stderr, "removing what the tests share:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// connect returns the engine.
func connect(t testing.TB) *Engine {
	t.Helper()
	e, err := Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker Engine: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func newSession() string {
	var id [8]byte
	rand.Read(id[:])
	return "test" + hex.EncodeToString(id[:])
}

// testSession returns the ID of a session whose objects are removed in the end.
func testSession(t testing.TB, e *Engine) string {
	t.Helper()
	id := newSession()
	t.Cleanup(func() {
		if err := e.Sweep(context.WithoutCancel(t.Context()), id); err != nil {
			t.Errorf("removing the objects of the test: %v", err)
		}
	})
	return id
}

// shared is an image with a shell and some tools, made once for all tests.
var shared struct {
	once    sync.Once
	session string
	lease   *Lease
	err     error
}

const sharedDockerfile = `FROM golang:1.26 AS build
RUN mkdir -p /r/bin /r/tmp /r/etc && cp -L /bin/sh /bin/cat /bin/chmod /bin/chown /bin/ln /bin/mkdir /bin/mv /bin/rm /bin/sleep /usr/bin/id /r/bin/ && \
    ldd /r/bin/* | grep -o '/[^ :]*' | grep -v ^/r/ | sort -u | xargs cp --parents -L -t /r
FROM scratch
COPY --from=build /r /
CMD ["/bin/sh"]
`

// shell returns the name of the shared image. It has /bin/sh and can be read
// and started in no time.
func shell(t testing.TB, e *Engine) string {
	t.Helper()
	shared.once.Do(func() {
		shared.session = newSession()
		// A test that is killed leaves something for "tutor clean".
		if shared.lease, shared.err = TakeLease(shared.session); shared.err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
		defer cancel()
		var b *Build
		b, shared.err = e.Build(ctx, BuildOptions{
			Context: Context{Overlay: map[string][]byte{"x": nil}}, File: "Dockerfile", Dockerfile: []byte(sharedDockerfile),
			Tag: ImageName(shared.session, "shell"), Key: "tutor-test-shell",
		})
		if shared.err == nil && b.Failure != nil {
			shared.err = fmt.Errorf("%s\n%+v", b.Failure.Message, b.Failure.Step)
		}
	})
	if shared.err != nil {
		t.Fatalf("making the image of the tests: %v", shared.err)
	}
	return ImageName(shared.session, "shell")
}

func removeShared() error {
	if shared.lease == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	e, err := Connect(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := e.Sweep(ctx, shared.session); err != nil {
		return err
	}
	return shared.lease.Release()
}

// tryBuild builds a Dockerfile; the image is removed in the end. The context is
// in memory unless o has one.
func tryBuild(t testing.TB, e *Engine, dockerfile string, o BuildOptions) (*Build, error) {
	t.Helper()
	if o.Context.Root == nil && o.Context.Overlay == nil {
		o.Context.Overlay = map[string][]byte{"x": []byte("x")}
	}
	id := testSession(t, e)
	o.File, o.Dockerfile, o.Tag = "Dockerfile", []byte(dockerfile), ImageName(id, "it")
	if o.Key == "" {
		o.Key = id
	}
	return e.Build(t.Context(), o)
}

// mustBuild builds a Dockerfile that must make an image, and returns its name.
func mustBuild(t testing.TB, e *Engine, dockerfile string, o BuildOptions) (*Build, string) {
	t.Helper()
	id := testSession(t, e)
	tag := ImageName(id, "it")
	if o.Context.Root == nil && o.Context.Overlay == nil {
		o.Context.Overlay = map[string][]byte{"x": []byte("x")}
	}
	o.File, o.Dockerfile, o.Tag = "Dockerfile", []byte(dockerfile), tag
	if o.Key == "" {
		o.Key = id
	}
	b, err := e.Build(t.Context(), o)
	if err != nil {
		t.Fatalf("building: %v", err)
	}
	if b.Failure != nil {
		t.Fatalf("building: %s, step %+v", b.Failure.Message, b.Failure.Step)
	}
	return b, tag
}

// run runs a shell script to its end in a container and returns what it
// printed.
func run(t testing.TB, e *Engine, o ContainerOptions, script string) (string, State) {
	t.Helper()
	c := start(t, e, o, script)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	state, err := c.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	log, err := c.Logs(t.Context(), 10_000, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return log, state
}

// start starts a shell script in a container.
func start(t testing.TB, e *Engine, o ContainerOptions, script string) *Container {
	t.Helper()
	if o.Image == "" {
		o.Image = shell(t, e)
	}
	if o.Session == "" {
		o.Session = testSession(t, e)
	}
	o.Cmd = []string{"/bin/sh", "-c", script}
	c, err := e.CreateContainer(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// awaitEnd waits until no process on the engine's machine has the marker in
// its command line.
func awaitEnd(t testing.TB, e *Engine, marker string) {
	t.Helper()
	made, err := e.cli.ContainerCreate(t.Context(), &container.Config{
		Image: base, Labels: sessionLabels(testSession(t, e)),
		// The brackets keep the pattern from finding itself.
		Cmd: []string{"sh", "-c", "while grep -qs '[" + marker[:1] + "]" + marker[1:] + "' /proc/[0-9]*/cmdline; do sleep 0.1; done"},
	}, &container.HostConfig{PidMode: "host", NetworkMode: "none"}, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	c := &Container{e, made.ID}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if state, err := c.Wait(ctx); err != nil || state.ExitCode != 0 {
		t.Errorf("a process of the build is still running: %+v, %v", state, err)
	}
}

// dockerConfig gives the test a config.json of its own but the same engine.
func dockerConfig(t testing.TB, text string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/config.json", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	before := config.Dir()
	config.SetDir(dir)
	t.Cleanup(func() { config.SetDir(before) })
}

// lines splits what a script printed.
func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
