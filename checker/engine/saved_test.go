package engine

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// layer is a layer to be made; an empty one is an instruction that makes none.
type layer struct {
	by    string // the instruction
	empty bool
	files []file
}

type file struct {
	path string // absolute
	text string
	dir  bool
	link string // target of a symbolic link
	hard string // first name of a hard link
	mode int64  // 0 for the usual
	uid  int
	gid  int
}

func (l layer) tar(t testing.TB) []byte {
	t.Helper()
	var buf bytes.Buffer
	tw := tar.NewWriter(&buf)
	for _, f := range l.files {
		h := &tar.Header{
			Name: strings.TrimPrefix(f.path, "/"), Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(f.text)), Uid: f.uid, Gid: f.gid,
		}
		switch {
		case f.dir:
			h.Name += "/"
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		case f.link != "":
			h.Typeflag, h.Mode, h.Linkname = tar.TypeSymlink, 0o777, f.link
		case f.hard != "":
			h.Typeflag, h.Linkname = tar.TypeLink, strings.TrimPrefix(f.hard, "/")
		}
		if f.mode != 0 {
			h.Mode = f.mode
		}
		if err := tw.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(tw, f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// image makes an image of layers in memory.
func image(t testing.TB, layers ...layer) v1.Image {
	t.Helper()
	img := v1.Image(empty.Image)
	for _, l := range layers {
		history := v1.History{CreatedBy: l.by, EmptyLayer: l.empty}
		add := mutate.Addendum{History: history}
		if !l.empty {
			text := l.tar(t)
			made, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil })
			if err != nil {
				t.Fatal(err)
			}
			add.Layer = made
		}
		var err error
		if img, err = mutate.Append(img, add); err != nil {
			t.Fatal(err)
		}
	}
	return img
}

// archived writes an image as "docker save" does and indexes the archive.
func archived(t testing.TB, img v1.Image, write func(testing.TB, io.Writer, v1.Image)) (*SavedImage, error) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, img)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return OpenSaved(f.Name())
}

// saved returns an image of layers as if an engine had saved it.
func saved(t testing.TB, layers ...layer) *SavedImage {
	t.Helper()
	s, err := archived(t, image(t, layers...), classic)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put adds a file to an archive.
func put(t testing.TB, tw *tar.Writer, name string, text []byte) {
	t.Helper()
	if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := tw.Write(text); err != nil {
		t.Fatal(err)
	}
}

func readAll(t testing.TB, r io.ReadCloser, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// classic writes what engines before 25 save: a folder a layer, uncompressed,
// and a link where a layer comes twice.
func classic(t testing.TB, w io.Writer, img v1.Image) {
	t.Helper()
	tw := tar.NewWriter(w)
	cfg, err := img.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	first := make(map[v1.Hash]string)
	for i, l := range layers {
		name := fmt.Sprintf("layer%d/layer.tar", i)
		names = append(names, name)
		id, err := l.DiffID()
		if err != nil {
			t.Fatal(err)
		}
		if target, ok := first[id]; ok {
			h := &tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: "../" + target}
			if err := tw.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			continue
		}
		first[id] = name
		r, err := l.Uncompressed()
		put(t, tw, name, readAll(t, r, err))
	}
	put(t, tw, "config.json", cfg)
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": nil, "Layers": names}})
	if err != nil {
		t.Fatal(err)
	}
	put(t, tw, "manifest.json", manifest)
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
}

// modern writes what engines with containerd's image store save: an OCI
// layout of gzipped blobs, and manifest.json beside it.
func modern(t testing.TB, w io.Writer, img v1.Image) { oci(t, w, img, true) }

// modernGraph writes what engines from 25 on save with a graph driver: an OCI
// layout of plain blobs.
func modernGraph(t testing.TB, w io.Writer, img v1.Image) { oci(t, w, img, false) }

func oci(t testing.TB, w io.Writer, img v1.Image, gzipped bool) {
	t.Helper()
	tw := tar.NewWriter(w)
	blob := func(text []byte) string {
		h, _, err := v1.SHA256(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		name := "blobs/sha256/" + h.Hex
		put(t, tw, name, text)
		return name
	}
	cfg, err := img.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, l := range layers {
		r, err := l.Uncompressed()
		if gzipped {
			r, err = l.Compressed()
		}
		names = append(names, blob(readAll(t, r, err)))
	}
	manifest, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	put(t, tw, "oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	put(t, tw, "index.json", fmt.Appendf(nil, `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%d}]}`,
		filepath.Base(blob(manifest)), len(manifest)))
	list, err := json.Marshal([]map[string]any{{"Config": blob(cfg), "RepoTags": []string{"it:latest"}, "Layers": names}})
	if err != nil {
		t.Fatal(err)
	}
	put(t, tw, "manifest.json", list)
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
}

// show tells a file as "-rw-r--r-- 0:0 /path text" or "… /path -> target".
func show(t *testing.T, s *SavedImage, p string) string {
	t.Helper()
	e, err := s.Lstat(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("%s %d:%d %s", e.Mode, e.UID, e.GID, e.Path)
	switch {
	case e.Mode&fs.ModeSymlink != 0:
		return line + " -> " + e.Link
	case e.Mode.IsRegular():
		r, err := s.read(t.Context(), e)
		return line + " " + string(readAll(t, r, err))
	}
	return line
}

func TestSavedImage(t *testing.T) {
	dir := func(p string) file { return file{path: p, dir: true} }
	text := func(p, text string) file { return file{path: p, text: text} }
	for name, tt := range map[string]struct {
		layers []layer
		want   []string // all but the root
	}{
		"one layer": {
			[]layer{{files: []file{dir("/a"), text("/a/x", "1"), {path: "/l", link: "a/x"}}}},
			[]string{"drwxr-xr-x 0:0 /a", "-rw-r--r-- 0:0 /a/x 1", "Lrwxrwxrwx 0:0 /l -> a/x"},
		},
		"owners and modes": {
			[]layer{{files: []file{
				{path: "/app", text: "x", mode: 0o750, uid: 10001, gid: 10002}, {path: "/tmp", dir: true, mode: 0o1777}, {path: "/su", text: "s", mode: 0o4755},
			}}},
			[]string{"-rwxr-x--- 10001:10002 /app x", "urwxr-xr-x 0:0 /su s", "dtrwxrwxrwx 0:0 /tmp"},
		},
		"upper over lower": {
			[]layer{{files: []file{text("/x", "old"), text("/y", "stays")}}, {files: []file{{path: "/x", text: "new", mode: 0o600, uid: 7}}}},
			[]string{"-rw------- 7:0 /x new", "-rw-r--r-- 0:0 /y stays"},
		},
		"a folder again keeps what is in it": {
			[]layer{{files: []file{dir("/d"), text("/d/x", "1")}}, {files: []file{{path: "/d", dir: true, mode: 0o700}, text("/d/y", "2")}}},
			[]string{"drwx------ 0:0 /d", "-rw-r--r-- 0:0 /d/x 1", "-rw-r--r-- 0:0 /d/y 2"},
		},
		"deleted": {
			[]layer{{files: []file{dir("/d"), text("/d/x", "1"), text("/d/y", "2")}}, {files: []file{text("/d/.wh.x", "")}}},
			[]string{"drwxr-xr-x 0:0 /d", "-rw-r--r-- 0:0 /d/y 2"},
		},
		"a deleted folder": {
			[]layer{{files: []file{dir("/d"), text("/d/x", "1"), text("/dx", "2")}}, {files: []file{text("/.wh.d", "")}}},
			[]string{"-rw-r--r-- 0:0 /dx 2"},
		},
		"deleted and made again": {
			[]layer{{files: []file{text("/x", "1")}}, {files: []file{text("/.wh.x", "")}}, {files: []file{text("/x", "3")}}},
			[]string{"-rw-r--r-- 0:0 /x 3"},
		},
		"deleted and made in one layer": { // in whichever order they stand
			[]layer{{files: []file{dir("/d"), text("/d/old", "1")}}, {files: []file{dir("/d"), text("/d/new", "2"), text("/.wh.d", "")}}},
			[]string{"drwxr-xr-x 0:0 /d", "-rw-r--r-- 0:0 /d/new 2"},
		},
		"deleted what never was": {
			[]layer{{files: []file{text("/x", "1")}}, {files: []file{text("/.wh.y", "")}}},
			[]string{"-rw-r--r-- 0:0 /x 1"},
		},
		"an opaque folder": {
			[]layer{
				{files: []file{dir("/d"), text("/d/x", "1"), dir("/d/e"), text("/d/e/y", "2"), text("/z", "3")}},
				{files: []file{dir("/d"), text("/d/new", "4"), text("/d/.wh..wh..opq", "")}},
			},
			[]string{"drwxr-xr-x 0:0 /d", "-rw-r--r-- 0:0 /d/new 4", "-rw-r--r-- 0:0 /z 3"},
		},
		"an opaque root": {
			[]layer{{files: []file{dir("/d"), text("/d/x", "1")}}, {files: []file{text("/.wh..wh..opq", ""), text("/y", "2")}}},
			[]string{"-rw-r--r-- 0:0 /y 2"},
		},
		"a file over a folder": {
			[]layer{{files: []file{dir("/d"), text("/d/x", "1")}}, {files: []file{text("/d", "2")}}},
			[]string{"-rw-r--r-- 0:0 /d 2"},
		},
		"a link over a folder": {
			[]layer{{files: []file{dir("/d"), text("/d/x", "1"), dir("/e")}}, {files: []file{{path: "/d", link: "e"}}}},
			[]string{"Lrwxrwxrwx 0:0 /d -> e", "drwxr-xr-x 0:0 /e"},
		},
		"a folder over a file": {
			[]layer{{files: []file{text("/d", "1")}}, {files: []file{dir("/d"), text("/d/x", "2")}}},
			[]string{"drwxr-xr-x 0:0 /d", "-rw-r--r-- 0:0 /d/x 2"},
		},
		"a hard link": {
			[]layer{{files: []file{{path: "/a", text: "1", mode: 0o755, uid: 5}, {path: "/b", hard: "/a"}}}},
			[]string{"-rwxr-xr-x 5:0 /a 1", "-rwxr-xr-x 5:0 /b 1"},
		},
		"a hard link whose first name is deleted": {
			[]layer{{files: []file{text("/a", "1"), {path: "/b", hard: "/a"}}}, {files: []file{text("/.wh.a", "")}}},
			[]string{"-rw-r--r-- 0:0 /b 1"},
		},
		"a hard link whose first name is replaced": {
			[]layer{{files: []file{text("/a", "1"), {path: "/b", hard: "/a"}}}, {files: []file{text("/a", "2")}}},
			[]string{"-rw-r--r-- 0:0 /a 2", "-rw-r--r-- 0:0 /b 1"},
		},
		"a hard link to a file of a lower layer": {
			[]layer{{files: []file{text("/a", "1")}}, {files: []file{{path: "/b", hard: "/a"}}}},
			[]string{"-rw-r--r-- 0:0 /a 1", "-rw-r--r-- 0:0 /b 1"},
		},
		"a hard link to a hard link": {
			[]layer{{files: []file{text("/a", "1"), {path: "/b", hard: "/a"}, {path: "/c", hard: "/b"}}}},
			[]string{"-rw-r--r-- 0:0 /a 1", "-rw-r--r-- 0:0 /b 1", "-rw-r--r-- 0:0 /c 1"},
		},
		"a hard link to a symbolic one": {
			[]layer{{files: []file{text("/x", "1"), {path: "/a", link: "x"}, {path: "/b", hard: "/a"}}}},
			[]string{"Lrwxrwxrwx 0:0 /a -> x", "Lrwxrwxrwx 0:0 /b -> x", "-rw-r--r-- 0:0 /x 1"},
		},
		"names with dots before": {
			[]layer{{files: []file{dir("/./d"), text("/./d/x", "1")}}},
			[]string{"drwxr-xr-x 0:0 /d", "-rw-r--r-- 0:0 /d/x 1"},
		},
		"folders that no layer describes": {
			[]layer{{files: []file{text("/a/b/x", "1")}}, {files: []file{text("/a/y", "2"), {path: "/a/c/l", link: "../y"}}}},
			[]string{"drwxr-xr-x 0:0 /a", "drwxr-xr-x 0:0 /a/b", "-rw-r--r-- 0:0 /a/b/x 1", "drwxr-xr-x 0:0 /a/c", "Lrwxrwxrwx 0:0 /a/c/l -> ../y", "-rw-r--r-- 0:0 /a/y 2"},
		},
		"two layers that are the same": {
			[]layer{{files: []file{text("/x", "1")}}, {files: []file{text("/x", "2")}}, {files: []file{text("/x", "1")}}},
			[]string{"-rw-r--r-- 0:0 /x 1"},
		},
		"an empty layer": {[]layer{{}}, nil},
		"no layer":       {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for format, write := range formats {
				s, err := archived(t, image(t, tt.layers...), write)
				if err != nil {
					t.Fatalf("%s: %v", format, err)
				}
				all, err := s.All(t.Context())
				if err != nil {
					t.Fatalf("%s: %v", format, err)
				}
				var got []string
				for _, e := range all[1:] {
					got = append(got, show(t, s, e.Path))
				}
				if all[0].Path != "/" || !slices.Equal(got, tt.want) {
					t.Errorf("%s: got\n%s\nwant\n%s", format, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
				}
			}
		})
	}
}

var formats = map[string]func(testing.TB, io.Writer, v1.Image){"classic": classic, "OCI": modern, "OCI, plain": modernGraph}

// TestSavedLayers looks at what is said of the layers themselves.
func TestSavedLayers(t *testing.T) {
	layers := []layer{
		{by: "COPY app /app # buildkit", files: []file{{path: "/app", text: "12345"}, {path: "/again", hard: "/app"}, {path: "/l", link: "app"}}},
		{by: `CMD ["/app"]`, empty: true},
		{by: "COPY data /d # buildkit", files: []file{{path: "/d", dir: true}, {path: "/d/x", text: "123"}, {path: "/d/y", text: "1"}, {path: "/.wh.l"}}},
		{by: "USER 10001", empty: true},
		{by: "WORKDIR /w", files: []file{{path: "/w", dir: true}}},
	}
	for format, write := range formats {
		img := image(t, layers...)
		s, err := archived(t, img, write)
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		cfg, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		want := []struct {
			by    string
			size  int64 // a hard link weighs nothing, nor do folders
			files int
		}{{"COPY app /app # buildkit", 5, 3}, {"COPY data /d # buildkit", 4, 4}, {"WORKDIR /w", 0, 1}}
		if len(s.Layers) != len(want) {
			t.Fatalf("%s: %d layers, want %d", format, len(s.Layers), len(want))
		}
		for i, l := range s.Layers {
			if l.CreatedBy != want[i].by || l.Size != want[i].size || len(l.Entries) != want[i].files {
				t.Errorf("%s: layer %d is %q with %d bytes in %d files, want %+v", format, i, l.CreatedBy, l.Size, len(l.Entries), want[i])
			}
			if l.DiffID != cfg.RootFS.DiffIDs[i].String() {
				t.Errorf("%s: layer %d has ID %s, want %s", format, i, l.DiffID, cfg.RootFS.DiffIDs[i])
			}
			for _, e := range l.Entries {
				if e.Layer != i {
					t.Errorf("%s: %s is said to be of layer %d, is of %d", format, e.Path, e.Layer, i)
				}
			}
		}
		if e, err := s.Lstat(t.Context(), "/again"); err != nil || e.Size != 5 || e.Layer != 0 {
			t.Errorf("%s: a hard link is %+v (%v), want 5 bytes in layer 0", format, e, err)
		}
	}
}

// TestSavedHistory has a history that does not fit: of an image made by
// "docker import" or squashed.
func TestSavedHistory(t *testing.T) {
	one := image(t, layer{by: "COPY a /", files: []file{{path: "/a", text: "1"}}}, layer{by: "COPY b /", files: []file{{path: "/b", text: "1"}}})
	cfg, err := one.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	cfg = cfg.DeepCopy()
	cfg.History = cfg.History[:1]
	img, err := mutate.ConfigFile(one, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := archived(t, img, classic)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range s.Layers {
		if l.CreatedBy != "" {
			t.Errorf("a layer is said to come from %q, which nobody can know", l.CreatedBy)
		}
	}
}

func TestSavedBroken(t *testing.T) {
	whole := func(t testing.TB) []byte {
		var buf bytes.Buffer
		classic(t, &buf, image(t, layer{files: []file{{path: "/a", text: strings.Repeat("x", 5000)}}}))
		return buf.Bytes()
	}
	for name, text := range map[string][]byte{
		"empty":     {},
		"noise":     bytes.Repeat([]byte("noise"), 1000),
		"cut off":   whole(t)[:3000],
		"no layers": []byte("{}"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := archived(t, nil, func(t testing.TB, w io.Writer, _ v1.Image) {
				if _, err := w.Write(text); err != nil {
					t.Fatal(err)
				}
			})
			if err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestSavedReadStops(t *testing.T) {
	s := saved(t, layer{files: []file{{path: "/big", text: strings.Repeat("x", 1<<20)}}})
	e, err := s.Lstat(t.Context(), "/big")
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.read(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil { // in the middle
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the archive is still there: %v", err)
	}
}
