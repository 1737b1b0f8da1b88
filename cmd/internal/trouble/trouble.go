// Package trouble turns every error of a command into words: what happened, to
// what, and one next step. Terminal, JSON and doctor say the same.
package trouble

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"strings"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/suite"
	"example.com/tutor/cmd/internal/i18n"
	"example.com/tutor/cmd/internal/sanitize"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/submission"
	"example.com/tutor/exercises/workspace"
)

// Trouble is an error in words.
type Trouble struct {
	// Kind is stable: "usage", "unknown-exercise", "not-running", …
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty"`
	// Cause is the technical text behind the message, "" where it says all.
	Cause string `json:"cause,omitempty"`
}

// UsageError says that a command was called wrongly. Its texts are ready to be
// shown.
type UsageError struct{ Message, Next string }

// Error implements error.
func (e *UsageError) Error() string { return e.Message }

// NoFolderError says that a folder to work in does not exist.
type NoFolderError struct{ Dir string }

// Error implements error.
func (e *NoFolderError) Error() string { return "no folder " + e.Dir }

// NoExerciseError says that the folder holds no exercise and none was named.
type NoExerciseError struct{ Dir string }

// Error implements error.
func (e *NoExerciseError) Error() string { return "no exercise in " + e.Dir }

// Unwrap returns [workspace.ErrNone].
func (e *NoExerciseError) Unwrap() error { return workspace.ErrNone }

// Outcomes that a command has already told; only the exit code is left.
var (
	ErrFailed    = errors.New("a check failed")
	ErrUnchecked = errors.New("could not check")
)

// ErrInterrupted is the cause of a context that Ctrl-C ended.
var ErrInterrupted = errors.New("interrupted")

// Describer puts errors into words.
type Describer struct {
	Tr *i18n.Translator
	// OS chooses the next step; Others finds engines to suggest.
	OS     string
	Others func(tried string) []string
}

// NewDescriber returns the describer for this machine.
func NewDescriber(tr *i18n.Translator) *Describer {
	return &Describer{Tr: tr, OS: runtime.GOOS, Others: engine.OtherSockets}
}

// Describe puts err into words.
func (d *Describer) Describe(err error) Trouble {
	t := d.describe(err)
	t.Message, t.Next = sanitize.Line(t.Message), sanitize.Line(t.Next)
	return t
}

func (d *Describer) describe(err error) Trouble {
	var (
		usage     *UsageError
		exercise  *exercises.NotFoundError
		check     *suite.UnknownError
		lacking   *submission.UnknownCheckError
		lang      *i18n.LangError
		notEmpty  *workspace.NotEmptyError
		noFolder  *NoFolderError
		none      *NoExerciseError
		timeout   *submission.TimeoutError
		cleanup   *submission.CleanupError
		problem   *engine.Problem
		path      *fs.PathError
		tr        = d.Tr
		technical = sanitize.Line(err.Error())
	)
	switch {
	case errors.As(err, &usage):
		return Trouble{Kind: "usage", Message: usage.Message, Next: usage.Next}
	case errors.As(err, &exercise):
		return Trouble{
			Kind: "unknown-exercise", Message: tr.T("trouble.exercise.what", i18n.Vars{"Name": exercise.Name}),
			Next: d.OneOf(exercise.Name, exercise.Known),
		}
	case errors.As(err, &check):
		return Trouble{
			Kind: "unknown-check", Message: tr.T("trouble.check.what", i18n.Vars{"Name": check.Name}),
			Next: d.OneOf(check.Name, check.Known),
		}
	case errors.As(err, &lacking):
		return Trouble{
			Kind: "unknown-check", Message: tr.T("trouble.check.lacking", i18n.Vars{"Name": lacking.Name}),
			Next: d.OneOf(lacking.Name, lacking.Known),
		}
	case errors.As(err, &lang):
		return Trouble{
			Kind: "usage", Message: tr.T("trouble.lang.what", i18n.Vars{"Value": lang.Value}),
			Next: d.OneOf(lang.Value, i18n.Languages()),
		}
	case errors.As(err, &notEmpty):
		return Trouble{
			Kind: "not-empty", Message: tr.T("trouble.notempty.what", i18n.Vars{"Dir": notEmpty.Dir, "First": notEmpty.First}),
			Next: tr.T("trouble.notempty.next"),
		}
	case errors.As(err, &noFolder):
		return Trouble{
			Kind: "no-folder", Message: tr.T("trouble.nofolder.what", i18n.Vars{"Dir": noFolder.Dir}),
			Next: tr.T("trouble.nofolder.next"),
		}
	case errors.As(err, &none):
		return Trouble{
			Kind: "no-exercise", Message: tr.T("trouble.noexercise.what", i18n.Vars{"Dir": none.Dir}),
			Next: tr.T("trouble.noexercise.next"),
		}
	case errors.Is(err, ErrInterrupted), errors.Is(err, context.Canceled):
		if errors.As(err, &cleanup) {
			return Trouble{
				Kind: "interrupted", Message: tr.T("trouble.interrupted.left"), Next: tr.T("trouble.cleanup.next"),
				Cause: sanitize.Line(cleanup.Error()),
			}
		}
		return Trouble{Kind: "interrupted", Message: tr.T("trouble.interrupted.what")}
	case errors.As(err, &timeout):
		return Trouble{
			Kind: "timeout", Message: tr.T("trouble.timeout.what", i18n.Vars{"After": tr.Seconds(timeout.After)}),
			Next: tr.T("trouble.timeout.next"),
		}
	case errors.As(err, &cleanup):
		return Trouble{
			Kind: "cleanup", Message: tr.T("trouble.cleanup.what"),
			Next: tr.T("trouble.cleanup.next"), Cause: technical,
		}
	case errors.As(err, &problem):
		return d.problem(problem)
	case errors.As(err, &path):
		return Trouble{
			Kind: "file", Message: tr.T("trouble.file.what", i18n.Vars{"Path": path.Path, "Cause": d.cause(path.Err)}),
			Next: tr.T("trouble.file.next"), Cause: technical,
		}
	}
	return Trouble{
		Kind: "internal", Message: tr.T("trouble.internal.what", i18n.Vars{"Cause": firstLine(technical)}),
		Next: tr.T("trouble.internal.next"), Cause: technical,
	}
}

// cause says why a file could not be had.
func (d *Describer) cause(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return d.Tr.T("trouble.file.missing")
	case errors.Is(err, fs.ErrPermission):
		return d.Tr.T("trouble.file.denied")
	}
	return err.Error()
}

// OneOf says what a value may be, the nearest one first.
func (d *Describer) OneOf(value string, allowed []string) string {
	vars := i18n.Vars{"Known": strings.Join(allowed, ", ")}
	if vars["Nearest"] = Nearest(value, allowed); vars["Nearest"] != "" {
		return d.Tr.T("usage.nearest", vars)
	}
	return d.Tr.T("usage.oneof", vars)
}

// Nearest returns the value that was probably meant: one that the given one
// begins with or that is like it.
func Nearest(value string, allowed []string) string {
	for _, a := range allowed {
		if value != "" && (strings.HasPrefix(strings.ToLower(value), a) || strings.HasPrefix(a, strings.ToLower(value))) {
			return a
		}
	}
	return exercises.Nearest(value, allowed)
}

func firstLine(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return first
}
