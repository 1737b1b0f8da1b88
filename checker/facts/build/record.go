package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/dockerfile"
)

// record is what an earlier build of exactly the same input came to, kept in
// the user's cache folder. It saves time and nothing else: whatever is wrong
// with it, the build is simply carried out.
type record struct{ file string }

// maxRecords bounds the folder; the oldest records go first.
const maxRecords = 200

// recordOf names the record by a digest of everything that the build depends
// on: the files that are sent, the Dockerfile, the arguments, the engine and
// the base images. It is the empty record where a base image is not on the
// engine, so that nobody can say what it is.
func recordOf(ctx context.Context, eng *engine.Engine, df *dockerfile.File, o engine.BuildOptions) (record, error) {
	h := sha256.New()
	fmt.Fprintf(h, "tutor record 1\n%q %q %q %q\n", o.File, o.Dockerfile, o.Ignore, o.Target)
	for _, k := range slices.Sorted(maps.Keys(o.Args)) {
		fmt.Fprintf(h, "%q=%q\n", k, o.Args[k])
	}
	id, err := eng.ID(ctx)
	if err != nil {
		return record{}, err
	}
	fmt.Fprintln(h, id)
	for i := range df.Stages {
		base := df.Chain(i, o.Args).Base
		if base == dockerfile.Scratch {
			continue
		}
		has, err := eng.HasImage(ctx, base)
		if err != nil {
			return record{}, err
		}
		if !has {
			return record{}, nil
		}
		img, err := eng.Image(ctx, base)
		if err != nil {
			return record{}, err
		}
		fmt.Fprintln(h, img.ID)
	}
	err = o.Context.Each(o.Ignore, func(name string, mode fs.FileMode, content io.Reader) error {
		fmt.Fprintf(h, "%q %v\n", name, mode)
		_, err := io.Copy(h, content)
		return err
	})
	if err != nil {
		return record{}, fmt.Errorf("reading submission: %w", err)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return record{}, nil //nolint:nilerr // no cache folder, no records
	}
	return record{filepath.Join(dir, "tutor", "builds", hex.EncodeToString(h.Sum(nil))+".json")}, nil
}

func (r record) load() (*engine.Build, bool) {
	if r.file == "" {
		return nil, false
	}
	text, err := os.ReadFile(r.file)
	if err != nil {
		return nil, false
	}
	b := new(engine.Build)
	if err := json.Unmarshal(text, b); err != nil {
		return nil, false
	}
	now := time.Now()
	_ = os.Chtimes(r.file, now, now) // so that what is used is kept
	return b, true
}

func (r record) save(b *engine.Build) {
	if r.file == "" {
		return
	}
	text, err := json.Marshal(b)
	if err != nil {
		return
	}
	dir := filepath.Dir(r.file)
	if os.MkdirAll(dir, 0o700) != nil {
		return
	}
	// A reader sees the whole record or none.
	tmp, err := os.CreateTemp(dir, "*.new")
	if err != nil {
		return
	}
	_, werr := tmp.Write(text)
	if tmp.Close() != nil || werr != nil || os.Rename(tmp.Name(), r.file) != nil {
		os.Remove(tmp.Name())
	}
	prune(dir)
}

func prune(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) <= maxRecords {
		return
	}
	age := func(e os.DirEntry) time.Time {
		info, err := e.Info()
		if err != nil {
			return time.Time{}
		}
		return info.ModTime()
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return age(a).Compare(age(b)) })
	for _, e := range entries[:len(entries)-maxRecords] {
		os.Remove(filepath.Join(dir, e.Name()))
	}
}
