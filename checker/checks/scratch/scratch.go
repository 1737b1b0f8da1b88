// Package scratch is the check that the image starts from scratch and that
// nothing of an operating system, a toolchain or the sources came in by COPY.
package scratch

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"path"
	"slices"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/explain"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/image"
	"example.com/tutor/checker/facts/layers"
	"example.com/tutor/checker/facts/rootfs"
)

//go:embed doc.*.md
var docs embed.FS

// Name is the check's name.
const Name = "scratch"

// Doc explains the check.
var Doc = explain.FS(docs)

// Codes are the codes of its findings.
var Codes = []string{"base", "os", "toolchain", "sources"}

// New returns the check for the image of a build.
func New(spec build.Spec) checker.Check {
	return checker.Check{
		Name: Name, Codes: Codes, Doc: Doc,
		Requires: []checker.Need{image.Fact.For(spec), layers.Fact.For(spec), rootfs.Fact.For(spec)},
		Run: func(ctx context.Context, p *checker.Pass) error {
			img, err := image.Fact.Of(ctx, p, spec)
			if err != nil {
				return err
			}
			df := img.Build.File
			i, ok := df.Target(spec.Target)
			if !ok {
				return fmt.Errorf("finding stage %q: the build made it, the Dockerfile has none of that name", spec.Target)
			}
			chain := df.Chain(i, build.Args.Of(p))
			if chain.Base != dockerfile.Scratch {
				last := df.Stages[chain.Stages[len(chain.Stages)-1]]
				// What else the base brings follows from it and is no second fault.
				p.Report(df.Mark(checker.Finding{Code: "base", Got: "FROM " + chain.Base, Want: "FROM scratch"}, last.Location))
				return nil
			}
			list, err := layers.Fact.Of(ctx, p, spec)
			if err != nil {
				return err
			}
			files, err := rootfs.Fact.Of(ctx, p, spec)
			if err != nil {
				return err
			}
			all, err := files.All(ctx)
			if err != nil {
				return err
			}
			for code, strangers := range sort(all) {
				p.Report(found(code, strangers, list, df, df.Stages[i].Location))
			}
			return nil
		},
	}
}

// shown is how many files a finding names.
const shown = 6

// found makes the finding about files that do not belong there; it stands at
// the instruction that brought the first of them.
func found(code string, strangers []engine.Entry, list []layers.Layer, df *dockerfile.File, final dockerfile.Location) checker.Finding {
	f := checker.Finding{Code: code, Want: "only what the program needs to run"}
	// What people know by name says more than the first file by letter.
	slices.SortStableFunc(strangers, func(a, b engine.Entry) int { return cmp.Compare(unknown(a), unknown(b)) })
	f.Got = strangers[0].Path
	for _, e := range strangers[:min(shown, len(strangers))] {
		f.Detail = append(f.Detail, e.Path)
	}
	if n := len(strangers); n > shown {
		f.Detail = append(f.Detail, fmt.Sprintf("… (%d)", n))
	}
	at := final
	if l := strangers[0].Layer; l < len(list) && list[l].Entries != nil && list[l].At != nil {
		at = list[l].At
	}
	return df.Mark(f, slices.Clone(at))
}

// unknown is 0 for a well-known program and 1 for any other file.
func unknown(e engine.Entry) int {
	if programs[path.Base(e.Path)] != "" {
		return 0
	}
	return 1
}
