package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPermission runs a check as a user who may not open the engine's socket.
func TestPermission(t *testing.T) {
	connect(t)
	const nobody = 65534
	dir, cache := t.TempDir(), t.TempDir()
	if err := os.Chown(cache, nobody, nobody); err != nil {
		t.Fatalf("the test must run as root: %v", err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // all temporary folders of a test lie in it
		t.Fatal(err)
	}
	cmd := exec.Command(binary(t), "check", "exercise-3", "--lang", "en", "--dir", dir)
	cmd.Env = []string{"HOME=" + dir, "PATH=/usr/bin:/bin", "XDG_CACHE_HOME=" + cache}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Fatalf("exit code %d (%v), want 3:\n%s", code, err, out)
	}
	if !strings.Contains(string(out), "usermod -aG docker") {
		t.Errorf("does not say how to get the permission:\n%s", out)
	}
}
