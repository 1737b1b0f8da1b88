// Package cmdutil has what all commands share: the factory of their
// dependencies, arguments and flags with translated errors, completions.
package cmdutil

import (
	"context"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/iostreams"
	"example.com/tutor/cmd/internal/report"
	"example.com/tutor/cmd/internal/trouble"
	"example.com/tutor/exercises"
)

// Factory makes what commands depend on. Functions are lazy: a command that
// does not call them opens neither the course nor the engine.
type Factory struct {
	IO      *iostreams.IOStreams
	Tr      *i18n.Translator
	Trouble *trouble.Describer

	// Course is the course's catalogue of exercises.
	Course func() *exercises.Course
	// Engine connects to the engine, once however often it is called.
	Engine func(context.Context) (*engine.Engine, error)
	// Checks are all checks, for the sake of their explanations.
	Checks func() []checker.Check
	// Render puts findings into sentences.
	Render report.Render
}

// Reports returns the maker of reports.
func (f *Factory) Reports() *report.Maker {
	return &report.Maker{Tr: f.Tr, Trouble: f.Trouble, Render: f.Render}
}
