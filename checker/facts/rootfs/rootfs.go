// Package rootfs is the fact of an image's files, as a container sees them.
package rootfs

import (
	"context"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/daemon"
	"example.com/tutor/checker/facts/image"
)

// Rootfs is the file system of an image.
type Rootfs struct {
	engine.Files
	// Layers are the layers of a small image, read whole; nil for an image
	// that is larger than engine.SaveLimit, which is read piece by piece.
	Layers []engine.Layer
}

// Fact reads the files of an image.
var Fact = &checker.Fact[build.Spec, *Rootfs]{
	Name: "rootfs",
	Requires: func(s build.Spec) []checker.Need {
		return []checker.Need{image.Fact.For(s), daemon.Fact.For(checker.None{})}
	},
	Compute: func(ctx context.Context, sc *checker.Scope, spec build.Spec) (*Rootfs, error) {
		img, err := image.Fact.Of(ctx, sc, spec)
		if err != nil {
			return nil, err
		}
		eng, err := daemon.Fact.Of(ctx, sc, checker.None{})
		if err != nil {
			return nil, err
		}
		if img.Size > engine.SaveLimit {
			files, err := eng.OpenImage(ctx, sc.Session().ID(), img.Build.Image)
			if err != nil {
				return nil, err
			}
			sc.Session().Cleanup("container to read "+spec.String(), files.Remove)
			return &Rootfs{Files: files}, nil
		}
		saved, err := eng.Save(ctx, img.Build.Image)
		if err != nil {
			return nil, err
		}
		sc.Session().Cleanup("saved image", func(context.Context) error { return saved.Close() })
		return &Rootfs{Files: saved, Layers: saved.Layers}, nil
	},
}
