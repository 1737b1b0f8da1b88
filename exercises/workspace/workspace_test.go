package workspace_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.com/tutor/content"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/workspace"
)

func exercise(t *testing.T) *exercises.Exercise {
	t.Helper()
	ex, err := exercises.Open(content.FS()).Exercise("exercise-3")
	if err != nil {
		t.Fatal(err)
	}
	return ex
}

func TestStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	w, repo, err := workspace.Start(exercise(t), workspace.Options{Dir: dir, Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	if w.Dir != dir || w.Exercise != "exercise-3" || w.Lang != "en" {
		t.Errorf("workspace is %+v", w)
	}
	for _, name := range []string{"Dockerfile", "go.mod", "README.md", ".dockerignore", "cmd/certwatch/main.go"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if !repo {
		t.Fatal("git is installed, but there is no repository")
	}
	git := exec.Command("git", "-C", dir, "log", "--format=%an %s")
	if out, err := git.Output(); err != nil || string(out) != "tutor Start exercise-3\n" {
		t.Errorf("git log: %q, %v", out, err)
	}
	git = exec.Command("git", "-C", dir, "status", "--porcelain")
	if out, err := git.Output(); err != nil || len(out) > 0 {
		t.Errorf("git status: %q, %v", out, err)
	}
	found, err := workspace.Find(filepath.Join(dir, "cmd", "certwatch"))
	if err != nil || *found != *w {
		t.Errorf("Find() = %+v, %v, want %+v", found, err, w)
	}
}

// TestStartWithoutGit hands out an exercise where there is no git.
func TestStartWithoutGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	dir := t.TempDir()
	if _, repo, err := workspace.Start(exercise(t), workspace.Options{Dir: dir, Lang: "ru"}); err != nil || repo {
		t.Errorf("Start() = %v, %v, want no repository and no error", repo, err)
	}
}

// TestStartOverwritesNothing shows that a folder with a file is refused as a
// whole.
func TestStartOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := workspace.Start(exercise(t), workspace.Options{Dir: dir, Lang: "en"})
	var notEmpty *workspace.NotEmptyError
	if !errors.As(err, &notEmpty) || notEmpty.First != "notes.txt" {
		t.Errorf("Start() = %v, want a NotEmptyError about notes.txt", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("folder now has %v, %v", entries, err)
	}
}

// TestStartDiskFull hands out onto a file system with no room: the error says
// so, and nothing is left behind.
func TestStartDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16k"); err != nil {
		t.Fatalf("mounting a small file system (the test must run as root): %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, 0) })
	_, _, err := workspace.Start(exercise(t), workspace.Options{Dir: filepath.Join(disk, "new"), Lang: "en"})
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "handing out exercise-3: ") {
		t.Errorf("Start() = %v, want that no space is left", err)
	}
	entries, err := os.ReadDir(disk)
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestFindNone(t *testing.T) {
	if _, err := workspace.Find(t.TempDir()); !errors.Is(err, workspace.ErrNone) {
		t.Errorf("Find() = %v, want ErrNone", err)
	}
}

// TestFindBroken shows that a broken marker is named.
func TestFindBroken(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".tutor"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, ".tutor", "exercise.json")
	if err := os.WriteFile(file, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := workspace.Find(dir); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Find() = %v, want an error about %s", err, file)
	}
}

// TestWriteStaysInside shows that a link in the folder leads no file out.
func TestWriteStaysInside(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "cmd")); err != nil {
		t.Fatal(err)
	}
	if err := workspace.Write(exercises.Tree{"cmd/x": []byte("x")}, dir); err == nil {
		t.Error("Write() followed a link out of the folder")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Errorf("outside there is now %v, %v", entries, err)
	}
}
