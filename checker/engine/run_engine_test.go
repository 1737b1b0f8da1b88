package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// script makes a container that runs a script of the shell.
func script(t *testing.T, e *Engine, text string, stdin bool) *Container {
	t.Helper()
	c, err := e.CreateContainer(t.Context(), ContainerOptions{
		Session: testSession(t, e), Image: shell(t, e), Cmd: []string{"/bin/sh", "-c", text}, Stdin: stdin,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRun shows that a run has its streams apart and its exit code, that stdin
// is read to its end, and that without one nothing is read.
func TestRun(t *testing.T) {
	e := connect(t)
	const limit = 100
	for name, tt := range map[string]struct {
		script, stdin  string
		open           bool // stdin
		stdout, stderr string
		lost           int64 // of stdout
		code           int
	}{
		"apart":            {script: "echo one; echo two >&2; echo three; exit 7", stdout: "one\nthree\n", stderr: "two\n", code: 7},
		"silent":           {script: "exit 1", code: 1},
		"no stdin":         {script: "cat; echo end", stdout: "end\n"},
		"stdin":            {script: "cat; echo end", open: true, stdin: "a\nb", stdout: "a\nbend\n"},
		"stdin not wanted": {script: "echo end", open: true, stdin: "a\nb", stdout: "end\n"},
		"too much":         {script: "while [ ${#x} -lt 150 ]; do x=0123456789$x; done; echo $x; echo last >&2", stdout: strings.Repeat("0123456789", 10), stderr: "last\n", lost: 51},
		"no line's end":    {script: "printf 'a\\tb\\r'", stdout: "a\tb\r"},
		"not text":         {script: `printf '\001\377\000'`, stdout: "\x01\xff\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := script(t, e, tt.script, tt.open).Run(t.Context(), limit)
			if err != nil {
				t.Fatal(err)
			}
			if tt.open {
				r.Stdin(tt.stdin, true)
			}
			state, err := r.End(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if state.Running || state.ExitCode != tt.code {
				t.Errorf("state %+v, want exit code %d", state, tt.code)
			}
			if out, errs := r.Stdout().String(), r.Stderr().String(); out != tt.stdout || errs != tt.stderr {
				t.Errorf("stdout %q, stderr %q; want %q, %q", out, errs, tt.stdout, tt.stderr)
			}
			if n := r.Stdout().Lost(); n != tt.lost {
				t.Errorf("%d bytes of stdout are lost, want %d", n, tt.lost)
			}
		})
	}
}

// TestRunTalks shows that output is there while stdin stays open, that a
// signal reaches the first process, and that one to a container that has ended
// is fine.
func TestRunTalks(t *testing.T) {
	e := connect(t)
	c := script(t, e, `trap 'echo caught >&2; exit 9' INT; while read -r x; do echo "got $x"; done; echo end`, true)
	r, err := c.Run(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	r.Stdin("one\n", false)
	for deadline := time.Now().Add(20 * time.Second); r.Stdout().String() != "got one\n"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("stdout is %q, want the answer", r.Stdout())
		}
	}
	if err := c.Signal(t.Context(), "SIGINT"); err != nil {
		t.Fatal(err)
	}
	r.Stdin("two\n", false) // dash looks for signals after a line
	state, err := r.End(t.Context())
	if err != nil || state.ExitCode != 9 || !strings.Contains(r.Stderr().String(), "caught") {
		t.Errorf("%+v, %v, stderr %q; want exit code 9 by the trap", state, err, r.Stderr())
	}
	if err := c.Signal(t.Context(), "2"); err != nil {
		t.Errorf("signal to an ended container: %v", err)
	}
}

// TestRunEnds shows that a run that has no end is left in time, and that
// nothing that was printed is lost by that.
func TestRunEnds(t *testing.T) {
	e := connect(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	start := time.Now()
	r, err := script(t, e, "echo begun; exec sleep 1000", false).Run(ctx, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.End(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	if got := r.Stdout().String(); got != "begun\n" {
		t.Errorf("stdout is %q", got)
	}
}

func TestRunCannotStart(t *testing.T) {
	e := connect(t)
	c, err := e.CreateContainer(t.Context(), ContainerOptions{Session: testSession(t, e), Image: shell(t, e), Cmd: []string{"example.com:443"}})
	if err != nil {
		t.Fatal(err)
	}
	var start *StartError
	if _, err := c.Run(t.Context(), 100); !errors.As(err, &start) || !strings.Contains(start.Message, "example.com:443") {
		t.Errorf("got %v, want a StartError about the program", err)
	}
}
