// Package image is the fact of the image that a build of the submission made:
// its configuration and history.
package image

import (
	"context"
	"regexp"
	"strings"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/daemon"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/logtail"
)

// Image is a built image.
type Image struct {
	*engine.Image
	Build *build.Build
}

// Chain is the stage that the image was made from, with those below it.
func (i *Image) Chain(from checker.Asker) dockerfile.Chain {
	stage, _ := i.Build.File.Target(i.Build.Spec.Target) // the build has made it, so it is there
	return i.Build.File.Chain(stage, build.Args.Of(from))
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

// badName matches BuildKit's words for a base that is no name of an image: an
// ARG in it is empty or comes too late.
var badName = regexp.MustCompile(`failed to parse stage name "([^"]*)"|base name \(([^)]*)\) should not be blank`)

// logLines is how many lines of a failed step's log are shown.
const logLines = 12

func finding(b *build.Build) checker.Finding {
	missing := b.Failure.Image
	if m := badName.FindStringSubmatch(b.Failure.Message); m != nil {
		missing = m[1] + m[2]
	}
	f := checker.Finding{Code: "step", Place: checker.Place{File: b.File.Name}, Got: firstLine(b.Failure.Message)}
	switch step := b.Failure.Step; {
	case missing != "":
		f.Code, f.Got, f.Want = "base", missing, "an image that exists"
		if stage := b.File.MeansStage(missing); stage != "" {
			f.Want = "the stage " + stage
		}
		if at := b.File.From(missing); at != nil {
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
