// Package submission checks a learner's folder against an exercise.
package submission

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/daemon"
	"example.com/tutor/exercises"
)

// Options of Check.
type Options struct {
	// Engine connects to the engine; it is called once, when the first fact
	// needs it. The caller closes the engine.
	Engine func(context.Context) (*engine.Engine, error)
	// Dir is the submission's folder.
	Dir string
	// Only chooses checks by name or ID; empty means all.
	Only []string
	// BuildArgs are given to all builds of the submission.
	BuildArgs map[string]string
	// NoCache makes all builds start from nothing.
	NoCache bool
	// Timeout bounds the whole run; 0 means DefaultTimeout.
	Timeout time.Duration
	// Listen receives progress; nil for nobody.
	Listen func(checker.Event)
}

// DefaultTimeout bounds a run of checks: a first build may have to download
// its base images.
const DefaultTimeout = 15 * time.Minute

// slots keep a check from overloading a learner's machine: builds and
// containers at a time.
var slots = map[string]int{"build": 2, "container": 4}

// Check runs the exercise's checks over the submission and cleans up. The
// results are complete even when err says that something could not be removed
// from the engine ([*CleanupError]). A check that Only names and the exercise
// lacks is an [*UnknownCheckError].
func Check(ctx context.Context, ex *exercises.Exercise, o Options) (results []checker.Result, err error) {
	dir, err := folder(o.Dir)
	if err != nil {
		return nil, err
	}
	checks, err := ex.Checks()
	if err != nil {
		return nil, err
	}
	only, err := chosen(checks, o.Only)
	if err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, &TimeoutError{After: o.Timeout})
	defer cancel()
	s := checker.NewSession(ctx, checker.Options{Dir: dir, Slots: slots, Listen: o.Listen})
	defer func() {
		if cerr := s.Close(); cerr != nil {
			err = &CleanupError{cerr}
		}
	}()
	daemon.Connect.Set(s, o.Engine)
	build.Args.Set(s, o.BuildArgs)
	build.NoCache.Set(s, o.NoCache)
	return s.Run(ctx, checks, only), nil
}

// folder returns the real path of the submission's folder.
func folder(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the submission: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("finding the submission: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("finding the submission: %w", err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("finding the submission: %s is a file, not a folder", dir)
	}
	return dir, nil
}

func chosen(checks []checker.Check, only []string) (func(checker.Check) bool, error) {
	if len(only) == 0 {
		return nil, nil
	}
	matches := func(c checker.Check, name string) bool { return c.Name == name || c.ID() == name }
	for _, name := range only {
		if !slices.ContainsFunc(checks, func(c checker.Check) bool { return matches(c, name) }) {
			e := &UnknownCheckError{Name: name}
			for _, c := range checks {
				e.Known = append(e.Known, c.ID())
			}
			return nil, e
		}
	}
	return func(c checker.Check) bool {
		return slices.ContainsFunc(only, func(name string) bool { return matches(c, name) })
	}, nil
}

// UnknownCheckError says that the exercise has no check of that name.
type UnknownCheckError struct {
	Name  string
	Known []string
}

// Error implements error.
func (e *UnknownCheckError) Error() string { return fmt.Sprintf("exercise has no check %q", e.Name) }

// TimeoutError says that a run took too long.
type TimeoutError struct{ After time.Duration }

// Error implements error.
func (e *TimeoutError) Error() string { return "no result after " + e.After.String() }

// CleanupError says what a session could not remove.
type CleanupError struct{ Err error }

// Error implements error.
func (e *CleanupError) Error() string { return "cleaning up: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *CleanupError) Unwrap() error { return e.Err }

// Interrupted tells whether a result's error is the user's Ctrl-C.
func Interrupted(err error) bool { return errors.Is(err, context.Canceled) }
