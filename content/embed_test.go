package content_test

import (
	"bytes"
	"io/fs"
	"os"
	"slices"
	"testing"

	"example.com/tutor/content"
)

// TestEmbedded compares the embedded course with the folder on disk both
// ways: go:embed leaves out folders with a go.mod and, without "all:",
// dot-files, and says nothing.
func TestEmbedded(t *testing.T) {
	onDisk := os.DirFS(".")
	var disk, embedded []string
	for fsys, list := range map[fs.FS]*[]string{onDisk: &disk, content.FS(): &embedded} {
		err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && p != "embed.go" && p != "embed_test.go" {
				*list = append(*list, p)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(*list)
	}
	if len(embedded) == 0 {
		t.Fatal("nothing is embedded")
	}
	if !slices.Equal(disk, embedded) {
		t.Errorf("embedded files differ from those on disk\nembedded %q\non disk  %q", embedded, disk)
	}
	for _, p := range embedded {
		a, err := fs.ReadFile(content.FS(), p)
		if err != nil {
			t.Fatal(err)
		}
		b, err := fs.ReadFile(onDisk, p)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs", p)
		}
	}
}
