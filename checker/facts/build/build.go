// Package build is the fact of one build of a submission: its steps, their
// logs, and the image or the fault that stopped it.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/daemon"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/sources"
)

// Spec describes a build.
type Spec struct {
	File   string // the Dockerfile
	Target string // stage to stop at, "" for the last
	// Edit is laid over the sources.
	Edit sources.Edit
	// Record answers from the record of an earlier build of exactly the same
	// input where there is one, and leaves one: BuildKit neither caches a step
	// that fails nor keeps the log of one that is cached.
	Record bool
	// Uncached counts the builds that start from nothing, from 1; 0 is a build
	// as usual. Each waits for the one before: BuildKit would make one build of
	// two that are the same and run side by side.
	Uncached int
	// Canaries are secrets of the session's own that the build is given.
	Canaries Canaries
}

// String names the build in progress: "Dockerfile", "testing.dockerfile (edit
// of x.go)".
func (s Spec) String() string {
	name := s.File
	if s.Target != "" {
		name += " --target " + s.Target
	}
	if s.Edit != (sources.Edit{}) {
		name += " (" + s.Edit.String() + ")"
	}
	if s.Uncached > 0 {
		name += fmt.Sprintf(" (from nothing, %d)", s.Uncached)
	}
	if s.Canaries != (Canaries{}) {
		name += " (with canaries)"
	}
	return name
}

// Build is one build: either Failure is set, or Image names what was made.
type Build struct {
	*engine.Build
	Spec  Spec
	File  *dockerfile.File
	Image string // name on the engine, for as long as the session lasts
	// Recorded tells that this is the record of an earlier build.
	Recorded bool
}

// Args are the build arguments that the user gives to all builds of the
// submission; unset means none.
var Args = &checker.Input[map[string]string]{Name: "build arguments"}

// NoCache makes all builds start from nothing.
var NoCache = &checker.Input[bool]{Name: "no cache"}

// Fact carries the build out. A submission's fault is in Build.Failure; only
// an unreadable submission or Dockerfile is a LearnerError.
var Fact = &checker.Fact[Spec, *Build]{
	Name:    "build",
	Slot:    "build",
	Compute: compute,
}

func init() {
	// Not in the literal: the second build from nothing requires the first.
	Fact.Requires = func(s Spec) []checker.Need {
		needs := Needs(s)
		if s.Uncached > 1 {
			s.Uncached--
			needs = append(needs, Fact.For(s))
		}
		return needs
	}
}

// Needs are what a build is made from: what a fact requires that calls [Do].
func Needs(s Spec) []checker.Need {
	return []checker.Need{daemon.Fact.For(checker.None{}), sources.Fact.For(checker.None{}), dockerfile.Fact.For(s.File)}
}

// Do carries out a variant of a build for another fact, which has the slot
// "build". The variant's name tells it from others of the same build.
func Do(ctx context.Context, sc *checker.Scope, spec Spec, variant string, change func(*engine.BuildOptions) error) (*engine.Build, error) {
	eng, df, o, err := prepare(ctx, sc, spec)
	if err != nil {
		return nil, err
	}
	o.Key = digest(o.Key, variant)
	o.OnStep = func(s engine.Step) { emit(sc.Session(), spec.String()+" ("+variant+")", s) }
	if err := change(&o); err != nil {
		return nil, err
	}
	b, _, err := run(ctx, sc.Session(), eng, df, fmt.Sprintf("%#v %s", spec, variant), o)
	return b, err
}

// prepare reads what a build is made from.
func prepare(ctx context.Context, sc *checker.Scope, spec Spec) (*engine.Engine, *dockerfile.File, engine.BuildOptions, error) {
	fail := func(err error) (*engine.Engine, *dockerfile.File, engine.BuildOptions, error) {
		return nil, nil, engine.BuildOptions{}, err
	}
	eng, err := daemon.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return fail(err)
	}
	src, err := sources.Fact.Of(ctx, sc, checker.None{})
	if err != nil {
		return fail(err)
	}
	df, err := dockerfile.Fact.Of(ctx, sc, spec.File)
	if err != nil {
		return fail(err)
	}
	context, err := src.Context(spec.Edit)
	if err != nil {
		return fail(err)
	}
	o := engine.BuildOptions{
		Context: context, File: spec.File, Dockerfile: df.Text, Ignore: df.Ignore, Target: spec.Target,
		Args: Args.Of(sc), NoCache: NoCache.Of(sc) || spec.Uncached > 0,
		// The edit is part of the key: BuildKit keeps a copy of the context for
		// each key and asks only for what differs from it.
		Key:    digest(sc.Session().Dir(), fmt.Sprint(spec.Edit, spec.Canaries)),
		OnStep: func(s engine.Step) { emit(sc.Session(), spec.String(), s) },
	}
	spec.Canaries.lay(sc.Session().ID(), &o)
	return eng, df, o, nil
}

func compute(ctx context.Context, sc *checker.Scope, spec Spec) (*Build, error) {
	eng, df, o, err := prepare(ctx, sc, spec)
	if err != nil {
		return nil, err
	}
	b := &Build{Spec: spec, File: df}
	id := fmt.Sprintf("%#v", spec)
	if !spec.Record || o.NoCache {
		b.Build, b.Image, err = run(ctx, sc.Session(), eng, df, id, o)
		return b, err
	}
	rec, err := recordOf(ctx, eng, df, o)
	if err != nil {
		return nil, err
	}
	if b.Build, b.Recorded = rec.load(); b.Recorded {
		return b, nil
	}
	b.Build, b.Image, err = run(ctx, sc.Session(), eng, df, id, o)
	if err == nil && b.Failure == nil && !logged(b.Steps) {
		// BuildKit knew the steps, so what they print is not to be had but by
		// running them again.
		o.NoCache = true
		b.Build, b.Image, err = run(ctx, sc.Session(), eng, df, id, o)
	}
	if err != nil {
		return nil, err
	}
	rec.save(b.Build)
	return b, nil
}

// run builds under a name of the session's own and sees to its removal.
func run(ctx context.Context, s *checker.Session, eng *engine.Engine, df *dockerfile.File, id string, o engine.BuildOptions) (*engine.Build, string, error) {
	o.Tag = engine.ImageName(s.ID(), digest(id))
	s.Cleanup("image "+o.Tag, func(ctx context.Context) error { return eng.RemoveImage(ctx, o.Tag) })
	b, err := eng.Build(ctx, o)
	var problem *engine.Problem
	if errors.As(err, &problem) && problem.Kind == engine.NoImage && df.MeansStage(problem.Image) != "" {
		// No registry can say so here, but a stage was meant.
		return &engine.Build{Failure: &engine.Failure{Message: problem.Err.Error(), Image: problem.Image}}, o.Tag, nil
	}
	return b, o.Tag, err
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// logged tells whether every RUN step ran and so left what it printed.
func logged(steps []engine.Step) bool {
	for _, s := range steps {
		if s.Cached && strings.Contains(s.Name, "] RUN ") {
			return false
		}
	}
	return true
}

func emit(s *checker.Session, build string, step engine.Step) {
	e := checker.Step{Build: build, ID: step.Digest, Name: step.Name, Elapsed: step.Elapsed()}
	switch {
	case step.Error != "":
		e.State = checker.StepFailed
	case step.Cached:
		e.State = checker.StepCached
	case !step.Completed.IsZero():
		e.State = checker.StepDone
	case !step.Started.IsZero():
		e.State = checker.StepRunning
	default:
		return
	}
	s.Emit(checker.Event{Kind: checker.StepChanged, Name: e.Build, Step: e})
}
