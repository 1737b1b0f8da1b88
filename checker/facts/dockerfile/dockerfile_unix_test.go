//go:build unix

package dockerfile_test

import (
	"path/filepath"
	"syscall"
	"testing"
)

// TestFactDoesNotWait has a pipe in place of the Dockerfile, into which nobody
// will ever write.
func TestFactDoesNotWait(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "Dockerfile"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := ask(t, dir, "Dockerfile")
	if found := fault(t, err); found.Code != "unreadable" || found.Got != "is not a regular file" {
		t.Errorf("got %s, which says %q", found.Code, found.Got)
	}
}
