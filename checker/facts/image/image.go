// Package image is the fact of the image that a build of the submission made:
// its configuration and history.
package image

import (
	"context"
	"strings"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/daemon"
	"example.com/tutor/checker/logtail"
)

// Image is a built image.
type Image struct {
	*engine.Image
	Build *build.Build
}

// Fact inspects the image of a build. A failed build is a LearnerError of the
// check "builds".
var Fact = &checker.Fact[build.Spec, *Image]{
	Name: "image",
	Requires: func(s build.Spec) []checker.Need {
		return []checker.Need{build.Fact.For(s), daemon.Fact.For(checker.None{})}
	},
	Compute: func(ctx context.Context, sc *checker.Scope, spec build.Spec) (*Image, error) {
		b, err := build.Fact.Of(ctx, sc, spec)
		if err != nil {
			return nil, err
		}
		if b.Failure != nil {
			return nil, &checker.LearnerError{Owner: "builds", Finding: finding(b)}
		}
		eng, err := daemon.Fact.Of(ctx, sc, checker.None{})
		if err != nil {
			return nil, err
		}
		img, err := eng.Image(ctx, b.Image)
		if err != nil {
			return nil, err
		}
		return &Image{Image: img, Build: b}, nil
	},
}

// logLines is how many lines of a failed step's log are shown.
const logLines = 12

func finding(b *build.Build) checker.Finding {
	f := checker.Finding{Code: "step", Place: checker.Place{File: b.File.Name}, Got: firstLine(b.Failure.Message)}
	switch step := b.Failure.Step; {
	case b.Failure.Image != "":
		f.Code = "base"
		f.Got, f.Want = b.Failure.Image, "an image that exists"
		if stage := b.File.MeansStage(b.Failure.Image); stage != "" {
			f.Want = "the stage " + stage
		}
		if at := b.File.From(b.Failure.Image); at != nil {
			f = b.File.Mark(f, at)
		}
	case step != nil:
		f.Detail = logtail.Decisive(step.Log, logLines)
		f.Got = firstLine(step.Error)
		if at, ok := b.File.Step(step.Name); ok {
			f = b.File.Mark(f, at)
		}
	}
	return f
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
