// Package layers is the fact of an image's layers: their sizes, what made
// them and where in the Dockerfile that stands.
package layers

import (
	"context"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/image"
	"example.com/tutor/checker/facts/rootfs"
)

// Layer is one layer of an image.
type Layer struct {
	// Size is the sum of its files in bytes, uncompressed: the same number
	// with every image store.
	Size int64
	// CreatedBy is the instruction, as the image's history has it but without
	// the builder's trimmings.
	CreatedBy string
	// At is where the instruction stands; nil for a layer of the base image.
	At []parser.Range
	// Entries are its files; nil in an image too large to be read whole.
	Entries []engine.Entry
}

// Fact lists the layers, lowest first.
var Fact = &checker.Fact[build.Spec, []Layer]{
	Name:     "layers",
	Requires: func(s build.Spec) []checker.Need { return []checker.Need{image.Fact.For(s), rootfs.Fact.For(s)} },
	Compute: func(ctx context.Context, sc *checker.Scope, spec build.Spec) ([]Layer, error) {
		img, err := image.Fact.Of(ctx, sc, spec)
		if err != nil {
			return nil, err
		}
		root, err := rootfs.Fact.Of(ctx, sc, spec)
		if err != nil {
			return nil, err
		}
		var list []Layer
		for _, l := range root.Layers {
			list = append(list, Layer{Size: l.Size, CreatedBy: plain(l.CreatedBy), Entries: l.Entries})
		}
		if root.Layers == nil {
			for _, h := range img.History {
				if h.Size > 0 { // the engine does not tell metadata from an empty layer
					list = append(list, Layer{Size: h.Size, CreatedBy: plain(h.CreatedBy)})
				}
			}
		}
		locate(list, img.Build.File, spec, build.Args.Of(sc))
		return list, nil
	},
}

// plain strips what BuildKit and the old builder add to an instruction.
func plain(createdBy string) string {
	s := strings.TrimSuffix(strings.TrimSpace(createdBy), "# buildkit")
	s = strings.TrimPrefix(s, "/bin/sh -c #(nop) ")
	s = strings.Replace(s, "RUN /bin/sh -c ", "RUN ", 1)
	return strings.TrimSpace(s)
}

// locate finds the instructions of the built stages: from the last layer down,
// each is the nearest instruction of the same kind. Whatever is left lies in
// the base image.
func locate(list []Layer, df *dockerfile.File, spec build.Spec, args map[string]string) {
	i, ok := df.Target(spec.Target)
	if !ok {
		return
	}
	next := len(list) - 1
	chain := df.Chain(i, args)
	for _, stage := range chain.Stages {
		commands := df.Stages[stage].Commands
		for c := len(commands) - 1; c >= 0 && next >= 0; c-- {
			kind := makesLayer(commands[c])
			if kind == "" || !strings.HasPrefix(strings.ToUpper(list[next].CreatedBy), kind) {
				continue // WORKDIR, for one, makes no layer where the folder is there
			}
			list[next].At = commands[c].Location()
			next--
		}
	}
	for i := range list[:next+1] {
		if list[i].CreatedBy == "" { // an imported image has no history
			list[i].CreatedBy = "FROM " + chain.Base
		}
	}
}

func makesLayer(cmd instructions.Command) string {
	switch cmd.(type) {
	case *instructions.AddCommand, *instructions.CopyCommand, *instructions.RunCommand, *instructions.WorkdirCommand:
		return strings.ToUpper(cmd.Name())
	}
	return ""
}
