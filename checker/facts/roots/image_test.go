package roots

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"example.com/tutor/checker/engine"
)

// imageOf returns the files of an image of one layer, as if an engine had saved
// it: the headers with their texts, of which only name, kind, mode, owner and
// target matter.
func imageOf(t testing.TB, files map[*tar.Header]string) engine.Files {
	t.Helper()
	archive := func(files map[*tar.Header]string) []byte {
		var buf bytes.Buffer
		tw := tar.NewWriter(&buf)
		for h, text := range files {
			h.Size = int64(len(text))
			if err := tw.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(tw, text); err != nil {
				t.Fatal(err)
			}
		}
		if err := tw.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	layer := archive(files)
	sum := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	whole := archive(map[*tar.Header]string{
		{Name: "layer.tar", Mode: 0o644}: string(layer), {Name: "config.json", Mode: 0o644}: string(config),
		{Name: "manifest.json", Mode: 0o644}: `[{"Config":"config.json","Layers":["layer.tar"]}]`,
	})
	if err := os.WriteFile(file, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := engine.OpenSaved(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func regular(name string) *tar.Header { return &tar.Header{Name: name, Mode: 0o644} }

// deaf are files of an engine that no longer answers.
type deaf struct{ engine.Files }

var errAway = errors.New("the engine is away")

func (deaf) Lstat(context.Context, string) (engine.Entry, error) { return engine.Entry{}, errAway }
