package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/tutor/checker/engine"
	"example.com/tutor/content"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/workspace"
)

// binary builds tutor as a user has it: signals and start-up times need the
// real process.
func binary(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tutor")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", file, ".").CombinedOutput(); err != nil {
		t.Fatalf("building tutor: %v\n%s", err, out)
	}
	return file
}

// started is a running "tutor check" over the solution of exercise-3.
type started struct {
	cmd    *exec.Cmd
	output *bytes.Buffer
	leases string // folder with the leases of its sessions
	done   chan error
}

// startCheck starts a check that builds everything anew. Its cache folder is
// its own, so that its sessions are told from those of other tests.
func startCheck(t *testing.T, tutor string) *started {
	t.Helper()
	ex, err := exercises.Open(content.FS()).Exercise("exercise-3")
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
	cache := t.TempDir()
	s := &started{output: new(bytes.Buffer), leases: filepath.Join(cache, "tutor", "sessions"), done: make(chan error, 1)}
	s.cmd = exec.Command(tutor, "check", "exercise-3", "--dir", dir, "--lang", "en")
	s.cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache)
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	return s
}

// session waits for the session's lease: it is taken before anything is made
// on the engine.
func (s *started) session(t *testing.T) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if entries, err := os.ReadDir(s.leases); err == nil && len(entries) > 0 {
			return entries[0].Name()
		}
	}
	t.Fatalf("the check took no lease:\n%s", s.output)
	return ""
}

func (s *started) wait(t *testing.T) (exitCode int) {
	t.Helper()
	select {
	case err := <-s.done:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		return 0
	case <-time.After(45 * time.Second):
		s.cmd.Process.Kill()
		t.Fatalf("the check does not end:\n%s", s.output)
		return 0
	}
}

// leftovers lists what a session has on the engine.
func leftovers(t *testing.T, eng *engine.Engine, session string) []engine.Leftover {
	t.Helper()
	found, err := eng.Leftovers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var mine []engine.Leftover
	for _, l := range found {
		if l.Session == session {
			mine = append(mine, l)
		}
	}
	return mine
}

func connect(t *testing.T) *engine.Engine {
	t.Helper()
	eng, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatalf("the test needs a Docker Engine: %v", err)
	}
	t.Cleanup(func() { eng.Close() })
	return eng
}

// TestInterrupt presses Ctrl-C at many moments of a check: it ends soon, says
// 130, and leaves nothing on the engine.
func TestInterrupt(t *testing.T) {
	eng := connect(t)
	tutor := binary(t)
	for _, after := range []time.Duration{
		0, 100 * time.Millisecond, 300 * time.Millisecond, 600 * time.Millisecond, time.Second,
		1500 * time.Millisecond, 2 * time.Second, 2500 * time.Millisecond, 3 * time.Second,
	} {
		t.Run(after.String(), func(t *testing.T) {
			s := startCheck(t, tutor)
			session := s.session(t)
			time.Sleep(after) // the moment is what is tried, not awaited
			if err := s.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			if code := s.wait(t); code != 130 && code != 0 { // it may have been done already
				t.Errorf("exit code %d, want 130:\n%s", code, s.output)
			}
			if left := leftovers(t, eng, session); len(left) > 0 {
				t.Errorf("left on the engine: %+v", left)
			}
		})
	}
}

// TestKilled kills a check while it has containers: tutor clean then removes
// what it left, and tells it from a check that is still running.
func TestKilled(t *testing.T) {
	eng := connect(t)
	tutor := binary(t)
	s := startCheck(t, tutor)
	session := s.session(t)
	deadline := time.Now().Add(2 * time.Minute)
	for !hasContainer(leftovers(t, eng, session)) {
		select {
		case <-s.done:
			t.Fatalf("the check ended before it was killed:\n%s", s.output)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("the check made no container")
		}
	}
	clean := func() string {
		cmd := exec.Command(tutor, "clean", "--lang", "en")
		cmd.Env = s.cmd.Env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("tutor clean: %v\n%s", err, out)
		}
		return string(out)
	}
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	out := clean()
	if !hasContainer(leftovers(t, eng, session)) {
		t.Errorf("clean removed what a running check uses:\n%s", out)
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.done
	if len(leftovers(t, eng, session)) == 0 {
		t.Fatal("the killed check left nothing")
	}
	out = clean()
	// The engine may finish a build of the dead client a moment later.
	if left := leftovers(t, eng, session); hasContainer(left) {
		t.Errorf("clean left %+v:\n%s", left, out)
	}
	for _, kind := range []string{"container", "network"} {
		if !strings.Contains(out, kind) {
			t.Errorf("clean does not name the %s:\n%s", kind, out)
		}
	}
	if entries, err := os.ReadDir(s.leases); err != nil || len(entries) != 0 {
		t.Errorf("leases left: %v, %v", entries, err)
	}
}

func hasContainer(found []engine.Leftover) bool {
	for _, l := range found {
		if l.Kind == engine.KindContainer {
			return true
		}
	}
	return false
}
