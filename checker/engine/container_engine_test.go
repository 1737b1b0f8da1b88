package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	networktypes "github.com/docker/docker/api/types/network"
)

// status returns the fields of /proc/self/status.
func status(text string) map[string]string {
	fields := make(map[string]string)
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(line, ":"); ok {
			fields[k] = strings.TrimSpace(v)
		}
	}
	return fields
}

func TestHardened(t *testing.T) {
	t.Parallel()
	e := connect(t)
	const script = `cat /proc/self/status; echo x >/written && echo "wrote: /"; echo x >/tmp/written && echo "wrote: /tmp"`
	out, _ := run(t, e, ContainerOptions{Hardened: true}, script)
	fields := status(out)
	for field, want := range map[string]string{
		"CapEff": "0000000000000000", "CapPrm": "0000000000000000", "CapBnd": "0000000000000000", "CapInh": "0000000000000000",
		"NoNewPrivs": "1", "Seccomp": "2", "wrote": "",
	} {
		if fields[field] != want {
			t.Errorf("%s is %q, want %q", field, fields[field], want)
		}
	}
	// All that is the flags' doing, not the engine's.
	out, _ = run(t, e, ContainerOptions{}, script)
	fields = status(out)
	if fields["CapEff"] == "0000000000000000" || fields["NoNewPrivs"] != "0" || fields["wrote"] != "/tmp" {
		t.Errorf("a plain container has CapEff %s, NoNewPrivs %s, wrote %q last", fields["CapEff"], fields["NoNewPrivs"], fields["wrote"])
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	e := connect(t)
	t.Run("memory", func(t *testing.T) {
		_, state := run(t, e, ContainerOptions{}, `x=0123456789abcdef; while :; do x=$x$x; done`)
		if !state.OOMKilled && state.ExitCode != 137 && state.ExitCode != 2 { // the shell may be refused instead of killed
			t.Errorf("a shell that wants all memory ended with %+v", state)
		}
	})
	t.Run("memory of the container", func(t *testing.T) {
		c := start(t, e, ContainerOptions{}, "sleep 60")
		in, err := e.cli.ContainerInspect(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if r := in.HostConfig.Resources; r.Memory != memoryLimit || r.MemorySwap != memoryLimit {
			t.Errorf("the limits are %d and %d with swap", r.Memory, r.MemorySwap)
		}
	})
	t.Run("processes", func(t *testing.T) {
		out, state := run(t, e, ContainerOptions{}, `i=0; while [ $i -lt 1000 ]; do sleep 60 & i=$((i+1)); echo $i; done; echo all`)
		list := lines(out)
		if slices.Contains(list, "all") || state.ExitCode == 0 {
			t.Fatalf("a fork bomb ended well: %+v", state)
		}
		last := 0
		for _, l := range list {
			if n, err := strconv.Atoi(l); err == nil {
				last = max(last, n)
			}
		}
		if last < pidsLimit/2 || last > pidsLimit {
			t.Errorf("it came to %d processes, want not much less than %d", last, pidsLimit)
		}
	})
	t.Run("files", func(t *testing.T) {
		if out, _ := run(t, e, ContainerOptions{}, "ulimit -Sn; ulimit -Hn"); !slices.Equal(lines(out), []string{strconv.Itoa(filesLimit), strconv.Itoa(filesLimit)}) {
			t.Errorf("got %q", out)
		}
	})
}

// TestLogFlood prints 20 MB: the engine keeps a megabyte, tutor what it asked
// for.
func TestLogFlood(t *testing.T) {
	t.Parallel()
	e := connect(t)
	c := start(t, e, ContainerOptions{}, `l=`+strings.Repeat("x", 999)+`; i=0; while [ $i -lt 20000 ]; do echo $l; i=$((i+1)); done; echo last`)
	if _, err := c.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept, err := c.Logs(t.Context(), 1_000_000, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if len(kept) == 0 || len(kept) > 1_000_000 || !strings.HasSuffix(kept, "\nlast\n") {
		t.Errorf("the engine keeps %d bytes that end in %q", len(kept), kept[max(0, len(kept)-10):])
	}
	for _, tt := range []struct {
		lines int
		limit int64
	}{{3, 1 << 20}, {100, 5000}} {
		got, err := c.Logs(t.Context(), tt.lines, tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(got, "\n"); int64(len(got)) > tt.limit || n > tt.lines || len(got) < 1000 {
			t.Errorf("asked for %d lines in %d bytes, got %d in %d", tt.lines, tt.limit, n, len(got))
		}
	}
}

func TestContainerUID(t *testing.T) {
	t.Parallel()
	e := connect(t)
	for user, want := range map[string]int{"": 0, "10001": 10001, "7:8": 7} {
		c := start(t, e, ContainerOptions{User: user}, "sleep 60; true")
		uid, err := c.UID(t.Context())
		if err != nil || uid != want {
			t.Errorf("USER %q runs as %d (%v), want %d", user, uid, err, want)
		}
		out, _, _, err := c.Exec(t.Context(), "/bin/id", "-u")
		if err != nil || strings.TrimSpace(string(out)) != strconv.Itoa(want) {
			t.Errorf("USER %q is %q inside (%v), want %d", user, out, err, want)
		}
	}
	c := start(t, e, ContainerOptions{}, "true")
	if _, err := c.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if uid, err := c.UID(t.Context()); err == nil {
		t.Errorf("a container that has ended runs as %d", uid)
	}
}

func TestExec(t *testing.T) {
	t.Parallel()
	e := connect(t)
	c := start(t, e, ContainerOptions{Hardened: true, User: "10001"}, "sleep 60; true")
	for script, want := range map[string]struct {
		stdout, stderr string
		code           int
	}{
		"echo out; echo err >&2; exit 3": {"out\n", "err\n", 3},
		"true":                           {"", "", 0},
		"printf 'no end'":                {"no end", "", 0},
		"exit 255":                       {"", "", 255},
		"kill -9 $$":                     {"", "", 137},
	} {
		stdout, stderr, code, err := c.Exec(t.Context(), "/bin/sh", "-c", script)
		if err != nil || string(stdout) != want.stdout || string(stderr) != want.stderr || code != want.code {
			t.Errorf("%s: got %q, %q, %d, %v, want %+v", script, stdout, stderr, code, err, want)
		}
	}
	if _, _, code, err := c.Exec(t.Context(), "/nothing"); err == nil && code == 0 {
		t.Error("a program that is not there ran well")
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	stop := time.AfterFunc(50*time.Millisecond, func() { cancel(interrupted) })
	defer stop.Stop()
	if _, _, _, err := c.Exec(ctx, "/bin/sleep", "60"); !errors.Is(err, interrupted) {
		t.Errorf("got %v, want the cause of the context's end", err)
	}

	if err := c.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _, _, err := c.Exec(t.Context(), "/bin/sh", "-c", "true")
	expectProblem(t, err, Failed)
}

// TestStartErrors starts what cannot start.
func TestStartErrors(t *testing.T) {
	t.Parallel()
	e := connect(t)
	_, tag := mustBuild(t, e, "FROM "+shell(t, e)+`
RUN echo noise >/noise && chmod 755 /noise && echo "#!/bin/sh" >/closed && chmod 644 /closed && mkdir /folder && echo "#!/nothing" >/script && chmod 755 /script
CMD []
`, BuildOptions{})
	_, empty := mustBuild(t, e, "FROM scratch\nCOPY x /\n", BuildOptions{})
	for name, tt := range map[string]struct {
		o    ContainerOptions
		want string // part of the message
	}{
		"no such program":             {ContainerOptions{Cmd: []string{"/nothing"}}, "no such file or directory"},
		"not on PATH":                 {ContainerOptions{Cmd: []string{"nothing"}}, "executable file not found"},
		"not executable":              {ContainerOptions{Cmd: []string{"/closed"}}, "permission denied"},
		"a folder":                    {ContainerOptions{Cmd: []string{"/folder"}}, "/folder"},
		"unknown user":                {ContainerOptions{Cmd: []string{"/bin/sh"}, User: "nobody-knows"}, "nobody-knows"},
		"unknown group":               {ContainerOptions{Cmd: []string{"/bin/sh"}, User: "1:nobody-knows"}, "nobody-knows"},
		"a user out of range":         {ContainerOptions{Cmd: []string{"/bin/sh"}, User: "4294967296"}, "range"},
		"no shell for the shell form": {ContainerOptions{Image: empty, Cmd: []string{"/bin/sh", "-c", "/x"}}, "/bin/sh"},
		"no command":                  {ContainerOptions{Image: empty}, "ommand"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.o.Image == "" {
				tt.o.Image = tag
			}
			tt.o.Session = testSession(t, e)
			c, err := e.CreateContainer(t.Context(), tt.o)
			if err == nil {
				err = c.Start(t.Context())
			}
			var fault *StartError
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want the image to be blamed", err)
			}
			if !strings.Contains(fault.Message, tt.want) || strings.Contains(fault.Message, "daemon") {
				t.Errorf("says %q, want something about %q", fault.Message, tt.want)
			}
		})
	}
	// Some runtimes notice at the start, some run into it.
	for name, program := range map[string]string{"no program at all": "/noise", "no such interpreter": "/script"} {
		t.Run(name, func(t *testing.T) {
			c, err := e.CreateContainer(t.Context(), ContainerOptions{Session: testSession(t, e), Image: tag, Cmd: []string{program}})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Start(t.Context())
			var fault *StartError
			if errors.As(err, &fault) {
				return
			}
			if err != nil {
				t.Fatalf("got %v, want the image to be blamed", err)
			}
			if state, err := c.Wait(t.Context()); err != nil || state.ExitCode == 0 {
				t.Errorf("ended with %+v, %v", state, err)
			}
		})
	}
}

func TestContainerEnds(t *testing.T) {
	t.Parallel()
	e := connect(t)
	c := start(t, e, ContainerOptions{}, "echo out; echo err >&2; exit 7")
	state, err := c.Wait(t.Context())
	if err != nil || state.Running || state.ExitCode != 7 || state.OOMKilled {
		t.Errorf("got %+v, %v, want exit code 7", state, err)
	}
	log, err := c.Logs(t.Context(), 10, 1000)
	if got := lines(log); err != nil || !slices.Contains(got, "out") || !slices.Contains(got, "err") || len(got) != 2 {
		t.Errorf("log is %q, %v", log, err)
	}
	for range 2 { // one that is gone already is fine
		if err := c.Remove(t.Context()); err != nil {
			t.Errorf("removing: %v", err)
		}
	}
	_, err = c.State(t.Context())
	expectProblem(t, err, Failed)
	_, err = c.Logs(t.Context(), 10, 1000)
	expectProblem(t, err, Failed)

	c = start(t, e, ContainerOptions{}, "sleep 60; true")
	if state, err := c.State(t.Context()); err != nil || !state.Running {
		t.Errorf("got %+v, %v, want it to run", state, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	if err := c.Remove(t.Context()); err != nil { // while it runs
		t.Errorf("removing: %v", err)
	}
}

func TestCopyIn(t *testing.T) {
	t.Parallel()
	e := connect(t)
	c, err := e.CreateContainer(t.Context(), ContainerOptions{
		Session: testSession(t, e), Image: shell(t, e), User: "5:6", Cmd: []string{"/bin/sh", "-c", "cat /new/deep/file; cat /etc/secret"},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = c.CopyIn(t.Context(),
		File{Path: "/new/deep/file", Text: []byte("text\n"), Mode: 0o640, UID: 5, GID: 7},
		File{Path: "/etc/secret", Text: []byte("secret\n"), Mode: 0o600, UID: 8, GID: 6})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	log, err := c.Logs(t.Context(), 10, 1000)
	if err != nil || !strings.Contains(log, "text\n") || strings.Contains(log, "secret\n") {
		t.Errorf("log is %q, %v: the owner reads the first file, nobody but 8 the other", log, err)
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	e := connect(t)
	id := testSession(t, e)
	network, err := e.CreateNetwork(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	// Engine 20.10 gives its containers a default route all the same and drops
	// what goes there.
	in, err := e.cli.NetworkInspect(t.Context(), network, networktypes.InspectOptions{})
	if err != nil || !in.Internal || in.Labels[sessionLabel] != id {
		t.Errorf("got %+v, %v, want an internal network of the session", in, err)
	}
	const script = "cat /proc/net/dev"
	if out, _ := run(t, e, ContainerOptions{Session: id, Network: network, Aliases: []string{"it"}}, script); !strings.Contains(out, "eth0") {
		t.Errorf("it is in no network:\n%s", out)
	}
	if out, _ := run(t, e, ContainerOptions{Session: id}, script); strings.Contains(out, "eth") || !strings.Contains(out, "lo:") {
		t.Errorf("a container without network has\n%s", out)
	}
	if err := e.Sweep(t.Context(), id); err != nil { // with the containers in it
		t.Fatal(err)
	}
	if err := e.RemoveNetwork(t.Context(), network); err != nil {
		t.Errorf("one that is gone already: %v", err)
	}
}

func TestInfoOfEngine(t *testing.T) {
	t.Parallel()
	e := connect(t)
	info, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Version == "" || info.API < MinAPI || info.Arch == "" || info.Store == "" || info.CPUs < 1 || info.MemoryBytes < 1 || info.RootDir == "" || info.At != e.At() {
		t.Errorf("got %+v", info)
	}
	a, err := e.ID(t.Context())
	if err != nil || a == "" {
		t.Errorf("its ID is %q, %v", a, err)
	}
	if b, err := connect(t).ID(t.Context()); err != nil || a != b {
		t.Errorf("its ID is %q and then %q, %v", a, b, err)
	}
	if has, err := e.HasImage(t.Context(), fmt.Sprintf("nothing/%s:1", newSession())); has || err != nil {
		t.Errorf("has what nobody made: %v, %v", has, err)
	}
}
