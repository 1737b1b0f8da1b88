// Package proof proves an exercise: its starter fails, its solutions pass,
// and each of its mistakes is caught by exactly the findings it names.
package proof

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/submission"
	"example.com/tutor/exercises/workspace"
)

// Kind is a kind of case.
type Kind string

// The kinds of cases.
const (
	// Starter must fail.
	Starter Kind = "starter"
	// Solution must pass.
	Solution Kind = "solution"
	// Mistake must be caught by exactly the findings it names.
	Mistake Kind = "mistake"
	// Before is the bad example of a check's explanation; After the good one.
	Before Kind = "before"
	After  Kind = "after"
)

// Case is one submission with a known outcome.
type Case struct {
	Exercise *exercises.Exercise
	Kind     Kind
	Name     string
	// Want are the findings that must be made and no other, as "check:code";
	// for a starter, any will do.
	Want []string
	// Only are the checks that are run; empty means all.
	Only []string
	Tree exercises.Tree
}

// String returns "exercise-3/mistake/root-user".
func (c Case) String() string { return fmt.Sprintf("%s/%s/%s", c.Exercise.Name, c.Kind, c.Name) }

// Report is the outcome of a case.
type Report struct {
	Case    Case
	Results []checker.Result
	// Got are the faults found, as "check:code", sorted.
	Got []string
	// Err says what is wrong: with the outcome, or with the machine. Nil means
	// that the case came out as it must.
	Err     error
	Elapsed time.Duration
}

// Cases returns all cases of an exercise: the starter, the solutions, the
// mistakes.
func Cases(ex *exercises.Exercise) ([]Case, error) {
	starter, err := ex.Starter()
	if err != nil {
		return nil, err
	}
	reference, err := ex.Solution()
	if err != nil {
		return nil, err
	}
	cases := []Case{
		{Exercise: ex, Kind: Starter, Name: "starter", Tree: starter},
		{Exercise: ex, Kind: Solution, Name: "reference", Tree: reference},
	}
	for _, name := range ex.Solutions {
		tree, err := ex.OtherSolution(name)
		if err != nil {
			return nil, err
		}
		cases = append(cases, Case{Exercise: ex, Kind: Solution, Name: name, Tree: tree})
	}
	for _, m := range ex.Mistakes {
		tree, err := ex.Mistaken(m.Name)
		if err != nil {
			return nil, err
		}
		cases = append(cases, Case{Exercise: ex, Kind: Mistake, Name: m.Name, Tree: tree, Want: m.Want})
	}
	return cases, nil
}

// Examples returns the cases that an explanation holds: Before and After, laid
// over the reference solution of the exercise ex.
func Examples(ex *exercises.Exercise, c checker.Check) ([]Case, error) {
	doc, err := c.Doc(checker.Languages[0])
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, e := range []struct {
		kind  Kind
		files map[string]string
		want  []string
	}{{Before, doc.Before, doc.Want}, {After, doc.After, nil}} {
		tree, err := ex.Solution()
		if err != nil {
			return nil, err
		}
		for name, text := range e.files {
			tree[name] = []byte(text)
		}
		kase := Case{Exercise: ex, Kind: e.kind, Name: c.Name, Tree: tree, Only: []string{c.Name}}
		for _, code := range e.want {
			kase.Want = append(kase.Want, c.Name+":"+code)
		}
		cases = append(cases, kase)
	}
	return cases, nil
}

// Options of Run.
type Options struct {
	Engine func(context.Context) (*engine.Engine, error)
	// Jobs is how many cases run at a time; 0 means 2.
	Jobs int
	// Done is told of every report as it comes, one at a time; nil for nobody.
	Done func(Report)
}

// Run runs the cases and returns a report for each, in their order. The error
// is the end of ctx or a machine that has no room for a submission; what is
// wrong with a case stands in its report.
func Run(ctx context.Context, cases []Case, o Options) ([]Report, error) {
	if o.Jobs == 0 {
		o.Jobs = 2
	}
	reports := make([]Report, len(cases))
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.Jobs)
	for i, c := range cases {
		group.Go(func() error {
			r, err := run(ctx, c, o)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			reports[i] = r
			if o.Done != nil {
				o.Done(r)
			}
			return nil
		})
	}
	return reports, group.Wait()
}

func run(ctx context.Context, c Case, o Options) (Report, error) {
	if err := context.Cause(ctx); err != nil {
		return Report{}, err
	}
	dir, err := os.MkdirTemp("", "tutor-proof-*")
	if err != nil {
		return Report{}, fmt.Errorf("laying out %s: %w", c, err)
	}
	defer os.RemoveAll(dir)
	// A name that does not differ from case to case: it must not matter.
	dir = filepath.Join(dir, "submission")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return Report{}, fmt.Errorf("laying out %s: %w", c, err)
	}
	if err := workspace.Write(c.Tree, dir); err != nil {
		return Report{}, fmt.Errorf("laying out %s: %w", c, err)
	}
	start := time.Now()
	r := Report{Case: c}
	r.Results, r.Err = submission.Check(ctx, c.Exercise, submission.Options{Engine: o.Engine, Dir: dir, Only: c.Only})
	r.Elapsed = time.Since(start)
	if err := context.Cause(ctx); err != nil {
		return Report{}, err
	}
	r.Got = faults(r.Results)
	if r.Err == nil {
		r.Err = verdict(c, r.Results, r.Got)
	}
	return r, nil
}

// faults lists the faults found as "check:code", sorted, each once.
func faults(results []checker.Result) []string {
	var got []string
	for _, r := range results {
		for _, f := range r.Findings {
			if f.Level == checker.Fault {
				got = append(got, r.Check.ID()+":"+f.Code)
			}
		}
	}
	slices.Sort(got)
	return slices.Compact(got)
}

// verdict says what is wrong with the outcome of a case.
func verdict(c Case, results []checker.Result, got []string) error {
	for _, r := range results {
		if r.Status == checker.Errored {
			return fmt.Errorf("check %s errored: %w", r.Check.ID(), r.Err)
		}
		if len(c.Want) == 0 && c.Kind != Starter && r.Status != checker.Passed && r.Status != checker.Skipped {
			return fmt.Errorf("check %s is %s by %s, want it passed", r.Check.ID(), r.Status, say(got))
		}
	}
	if c.Kind == Starter {
		if len(got) == 0 {
			return fmt.Errorf("the starter passes: there is nothing to do")
		}
		return nil
	}
	want := slices.Clone(c.Want)
	slices.Sort(want)
	if slices.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("found %s, want %s", say(got), say(want))
}

func say(findings []string) string {
	if len(findings) == 0 {
		return "nothing"
	}
	return strings.Join(findings, ", ")
}
