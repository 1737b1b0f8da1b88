// Package builds is the check that the submission's Dockerfile builds. It owns
// every fault that keeps an image from being made; checks that need the image
// are blocked by it.
package builds

import (
	"context"
	"embed"

	"example.com/tutor/checker"
	"example.com/tutor/checker/explain"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/image"
)

//go:embed doc.*.md
var docs embed.FS

// Name is the check's name.
const Name = "builds"

// Doc explains the check.
var Doc = explain.FS(docs)

// Codes are the codes of its findings.
var Codes = []string{"missing", "unreadable", "too-large", "syntax", "base", "step"}

// New returns the check for a build.
func New(spec build.Spec) checker.Check {
	return checker.Check{
		Name: Name, Codes: Codes, Doc: Doc,
		Requires: []checker.Need{image.Fact.For(spec)},
		Run: func(ctx context.Context, p *checker.Pass) error {
			// The findings come with the facts: whatever stops one of them on the
			// learner's fault says so as a LearnerError of this check.
			_, err := image.Fact.Of(ctx, p, spec)
			return err
		},
	}
}
