// Package hardened is the check that the service starts and answers with a
// read-only root, no capabilities and no new privileges, under its own user.
package hardened

import (
	"context"
	"embed"

	"example.com/tutor/checker"
	"example.com/tutor/checker/explain"
	"example.com/tutor/checker/facts/service"
)

//go:embed doc.*.md
var docs embed.FS

// Name is the check's name.
const Name = "hardened"

// Doc explains the check.
var Doc = explain.FS(docs)

// Codes are the codes of its findings.
var Codes = []string{"no-command", "not-started", "exits", "silent", "status"}

// New returns the check for a service.
func New(spec service.Spec) checker.Check {
	spec.Hardened = true
	return checker.Check{
		Name: Name, Codes: Codes, Doc: Doc,
		Requires: []checker.Need{service.Fact.For(spec)},
		Run: func(ctx context.Context, p *checker.Pass) error {
			// The findings come with the fact, as LearnerErrors of this check.
			_, err := service.Fact.Of(ctx, p, spec)
			return err
		},
	}
}
