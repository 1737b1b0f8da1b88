// Package size is the check that an image weighs no more than its budget: the
// sum of its uncompressed layers.
package size

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"slices"

	"example.com/tutor/checker"
	"example.com/tutor/checker/bytecount"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/explain"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/layers"
)

//go:embed doc.*.md
var docs embed.FS

// Name is the check's name.
const Name = "size"

// Doc explains the check.
var Doc = explain.FS(docs)

// Codes are the codes of its findings.
var Codes = []string{"over"}

// Params are what an exercise says.
type Params struct {
	// Max is the budget.
	Max bytecount.Bytes `yaml:"max"`
}

// Validate refuses parameters that make no sense.
func (p Params) Validate() error {
	if p.Max <= 0 {
		return fmt.Errorf("max must be a size such as 12MB")
	}
	return nil
}

// New returns the check for the image of a build.
func New(spec build.Spec, p Params) checker.Check {
	return checker.Check{
		Name: Name, Codes: Codes, Doc: Doc,
		Requires: []checker.Need{layers.Fact.For(spec), dockerfile.Fact.For(spec.File)},
		Run: func(ctx context.Context, pass *checker.Pass) error {
			list, err := layers.Fact.Of(ctx, pass, spec)
			if err != nil {
				return err
			}
			df, err := dockerfile.Fact.Of(ctx, pass, spec.File)
			if err != nil {
				return err
			}
			var sum bytecount.Bytes
			for _, l := range list {
				sum += bytecount.Bytes(l.Size)
			}
			if sum <= p.Max {
				return nil
			}
			f := checker.Finding{Code: "over", Got: sum.String(), Want: "≤ " + p.Max.String(), Detail: detail(list)}
			pass.Report(df.Mark(f, heaviest(list, df, spec, build.Args.Of(pass))))
			return nil
		},
	}
}

// heaviest returns where the largest layer comes from: an instruction, or the
// FROM of the base image.
func heaviest(list []layers.Layer, df *dockerfile.File, spec build.Spec, args map[string]string) dockerfile.Location {
	l := slices.MaxFunc(list, func(a, b layers.Layer) int { return cmp.Compare(a.Size, b.Size) })
	if l.At != nil {
		return l.At
	}
	i, _ := df.Target(spec.Target) // the build has made it, so it is there
	chain := df.Chain(i, args).Stages
	return df.Stages[chain[len(chain)-1]].Location
}

// shownLayers and shownFiles bound the details.
const (
	shownLayers = 3
	shownFiles  = 3
)

// detail lists the largest layers and the largest files in each.
func detail(list []layers.Layer) []string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b layers.Layer) int { return cmp.Compare(b.Size, a.Size) })
	var lines []string
	for _, l := range list[:min(shownLayers, len(list))] {
		lines = append(lines, fmt.Sprintf("%9s  %s", bytecount.Bytes(l.Size), l.CreatedBy))
		files := slices.Clone(l.Entries)
		slices.SortStableFunc(files, func(a, b engine.Entry) int { return cmp.Compare(b.Size, a.Size) })
		for _, e := range files[:min(shownFiles, len(files))] {
			if e.Size > 0 {
				lines = append(lines, fmt.Sprintf("%9s    %s", bytecount.Bytes(e.Size), e.Path))
			}
		}
	}
	return lines
}
