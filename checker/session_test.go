package checker_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tutor/checker"
)

// run runs the checks in a session of their own and closes it.
func run(t *testing.T, checks ...checker.Check) []checker.Result {
	t.Helper()
	s := checker.NewSession(t.Context(), checker.Options{})
	results := s.Run(t.Context(), checks, nil)
	if err := s.Close(); err != nil {
		t.Errorf("closing the session: %v", err)
	}
	return results
}

// expect asserts a result's status and that its error has all the parts.
func expect(t *testing.T, r checker.Result, status checker.Status, parts ...string) {
	t.Helper()
	if r.Status != status {
		t.Errorf("%s: got %s (%v), want %s", r.Check.ID(), r.Status, r.Err, status)
	}
	for _, part := range parts {
		if !strings.Contains(fmt.Sprint(r.Err), part) {
			t.Errorf("%s: error %q lacks %q", r.Check.ID(), r.Err, part)
		}
	}
}

// check returns a documented check that runs f.
func check(name string, f func(context.Context, *checker.Pass) error, needs ...checker.Need) checker.Check {
	return checker.Check{Name: name, Codes: []string{"bad"}, Doc: documented("bad"), Requires: needs, Run: f}
}

// asking returns a check that asks for a fact and hands up its error.
func asking[P comparable, T any](name string, f *checker.Fact[P, T], p P) checker.Check {
	return check(name, func(ctx context.Context, pass *checker.Pass) error {
		_, err := f.Of(ctx, pass, p)
		return err
	}, f.For(p))
}

// returning returns a fact that computes v and stops on err.
func returning[T any](name string, v T, err error) *checker.Fact[string, T] {
	return &checker.Fact[string, T]{
		Name:    name,
		Compute: func(context.Context, *checker.Scope, string) (T, error) { return v, err },
	}
}

func TestFactIsComputedOncePerParameter(t *testing.T) {
	var computed sync.Map // parameter → *atomic.Int32
	build := &checker.Fact[string, string]{
		Name: "build",
		Compute: func(_ context.Context, _ *checker.Scope, p string) (string, error) {
			n, _ := computed.LoadOrStore(p, new(atomic.Int32))
			n.(*atomic.Int32).Add(1)
			return "built " + p, nil
		},
	}
	image := &checker.Fact[string, string]{
		Name:     "image",
		Requires: func(p string) []checker.Need { return []checker.Need{build.For(p)} },
		Compute: func(ctx context.Context, s *checker.Scope, p string) (string, error) {
			return build.Of(ctx, s, p)
		},
	}
	var checks []checker.Check
	for i := range 20 {
		fact, p := build, "app"
		switch {
		case i%2 == 1:
			fact = image
		case i == 0:
			p = "migrate"
		}
		checks = append(checks, check(fmt.Sprintf("check-%d", i), func(ctx context.Context, pass *checker.Pass) error {
			got, err := fact.Of(ctx, pass, p)
			if want := "built " + p; got != want {
				t.Errorf("check %d got %q, want %q", i, got, want)
			}
			return err
		}, fact.For(p)))
	}
	for _, r := range run(t, checks...) {
		expect(t, r, checker.Passed)
	}
	for _, p := range []string{"app", "migrate"} {
		if n, _ := computed.Load(p); n.(*atomic.Int32).Load() != 1 {
			t.Errorf("build of %s was computed %d times, want once", p, n.(*atomic.Int32).Load())
		}
	}
}

func TestSecondRunSharesFacts(t *testing.T) {
	computed := 0
	fact := &checker.Fact[int, int]{
		Name:    "fact",
		Compute: func(context.Context, *checker.Scope, int) (int, error) { computed++; return computed, nil },
	}
	s := checker.NewSession(t.Context(), checker.Options{})
	defer s.Close()
	for range 2 {
		expect(t, s.Run(t.Context(), []checker.Check{asking("c", fact, 1)}, nil)[0], checker.Passed)
	}
	if computed != 1 {
		t.Errorf("two runs of one session computed the fact %d times, want once", computed)
	}
}

// rendezvous returns a function that returns once n goroutines are in it at
// the same time, or with an error when ctx ends first.
func rendezvous(n int) func(context.Context) error {
	var arrived atomic.Int32
	all := make(chan struct{})
	return func(ctx context.Context) error {
		if arrived.Add(1) == int32(n) {
			close(all)
		}
		select {
		case <-all:
			return nil
		case <-ctx.Done():
			return errors.New("the others never came")
		}
	}
}

func TestIndependentFactsRunSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The clock of the bubble moves only when all are stuck: then the
		// deadline ends the wait for a partner that is not coming.
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		meet := rendezvous(4)
		part := &checker.Fact[int, int]{
			Name:    "part",
			Compute: func(ctx context.Context, _ *checker.Scope, p int) (int, error) { return p, meet(ctx) },
		}
		sum := &checker.Fact[string, int]{
			Name:     "sum",
			Requires: func(string) []checker.Need { return []checker.Need{part.For(1), part.For(2)} },
			Compute: func(ctx context.Context, s *checker.Scope, _ string) (int, error) {
				a, err := part.Of(ctx, s, 1)
				b, err2 := part.Of(ctx, s, 2)
				return a + b, errors.Join(err, err2)
			},
		}
		s := checker.NewSession(ctx, checker.Options{})
		defer s.Close()
		// One check that asks for its facts one after the other, and one
		// fact with two needs: all four parts are computed at a time.
		for _, r := range s.Run(ctx, []checker.Check{
			check("in-turn", func(ctx context.Context, pass *checker.Pass) error {
				_, err := part.Of(ctx, pass, 3)
				_, err2 := part.Of(ctx, pass, 4)
				return errors.Join(err, err2)
			}, part.For(3), part.For(4)),
			asking("at-once", sum, ""),
		}, nil) {
			expect(t, r, checker.Passed)
		}
	})
}

func TestImpatientCheckDoesNotSpoilTheFact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &checker.Fact[string, string]{
			Name: "slow",
			Compute: func(ctx context.Context, _ *checker.Scope, _ string) (string, error) {
				select {
				case <-time.After(time.Minute):
					return "value", nil
				case <-ctx.Done():
					return "", ctx.Err()
				}
			},
		}
		impatient := check("impatient", func(ctx context.Context, pass *checker.Pass) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			_, err := slow.Of(ctx, pass, "app")
			return err
		}, slow.For("app"))
		patient := check("patient", func(ctx context.Context, pass *checker.Pass) error {
			got, err := slow.Of(ctx, pass, "app")
			if got != "value" {
				t.Errorf("the patient check got %q, want the value", got)
			}
			// A value that is known is had even by who cannot wait.
			dead, cancel := context.WithCancel(ctx)
			cancel()
			if got, err := slow.Of(dead, pass, "app"); got != "value" || err != nil {
				t.Errorf("a known value with a cancelled context: got %q, %v", got, err)
			}
			return err
		}, slow.For("app"))
		results := run(t, impatient, patient)
		expect(t, results[0], checker.Errored, "waiting for slow(app)", context.DeadlineExceeded.Error())
		expect(t, results[1], checker.Passed)
	})
}

func TestUndeclared(t *testing.T) {
	slow := returning("slow", 1, nil)
	careless := &checker.Fact[string, int]{
		Name: "careless",
		Compute: func(ctx context.Context, s *checker.Scope, p string) (int, error) {
			return slow.Of(ctx, s, p)
		},
	}
	undeclaring := asking("u", slow, "app")
	undeclaring.Requires = []checker.Need{slow.For("another parameter")}
	undeclaring.Label = "app"
	results := run(t,
		undeclaring,
		asking("v", careless, "app"),
		check("w", func(_ context.Context, p *checker.Pass) error {
			p.Report(checker.Finding{Code: "unheard-of"})
			return nil
		}),
		asking("bystander", slow, "app"),
	)
	expect(t, results[0], checker.Errored, "internal error: check u/app uses undeclared fact slow(app)")
	expect(t, results[1], checker.Errored, "internal error: fact careless(app) uses undeclared fact slow(app)")
	expect(t, results[2], checker.Errored, `internal error: check w reports undeclared code "unheard-of"`)
	if len(results[2].Findings) > 0 {
		t.Errorf("a finding that has no sentences was kept: %v", results[2].Findings)
	}
	expect(t, results[3], checker.Passed)
}

func TestOutcomes(t *testing.T) {
	learner := &checker.LearnerError{Owner: "builds", Finding: checker.Finding{
		Code: "bad", Place: checker.Place{File: "Dockerfile", Line: 3}, Got: "unknown instruction: RUM",
	}}
	var (
		image   = returning("image", 1, error(learner))
		engine  = returning("engine", 1, errors.New("engine is away"))
		nothing = returning[error]("nothing", nil, nil)
		rootfs  = &checker.Fact[string, int]{
			Name:     "rootfs",
			Requires: func(p string) []checker.Need { return []checker.Need{image.For(p)} },
			Compute: func(context.Context, *checker.Scope, string) (int, error) {
				t.Error("a fact was computed without its need")
				return 0, nil
			},
		}
		broken = &checker.Fact[string, int]{
			Name:    "broken",
			Compute: func(context.Context, *checker.Scope, string) (int, error) { panic("out of cheese") },
		}
	)
	binary := &checker.Fact[string, int]{
		Name:     "binary",
		Requires: func(p string) []checker.Need { return []checker.Need{rootfs.For(p)} },
		Compute: func(ctx context.Context, s *checker.Scope, p string) (int, error) {
			return rootfs.Of(ctx, s, p)
		},
	}
	report := func(level checker.Level, err error) func(context.Context, *checker.Pass) error {
		return func(_ context.Context, p *checker.Pass) error {
			p.Report(checker.Finding{Code: "bad", Level: level})
			return err
		}
	}
	results := make(map[string]checker.Result)
	for _, r := range run(t,
		asking("chained", binary, "app"),
		asking("away", engine, "app"),
		asking("nil", nothing, "app"),
		asking("panics", broken, "app"),
		check("wraps", func(ctx context.Context, p *checker.Pass) error {
			_, err := image.Of(ctx, p, "app")
			return fmt.Errorf("looking at the image: %w", err)
		}, image.For("app")),
		asking("builds", binary, "app"),
		check("fault", report("", nil)),
		check("fault-then-error", report(checker.Fault, errors.New("engine is away"))),
		check("fault-then-panic", func(_ context.Context, p *checker.Pass) error {
			p.Report(checker.Finding{Code: "bad"})
			panic("late")
		}),
		check("advice", report(checker.Advice, nil)),
		check("advice-then-error", report(checker.Advice, errors.New("engine is away"))),
		check("run-panics", func(context.Context, *checker.Pass) error { panic("out of cheese") }),
	) {
		results[r.Check.Name] = r
	}
	expect(t, results["chained"], checker.Blocked, "Dockerfile:3: builds:bad: unknown instruction: RUM")
	expect(t, results["wraps"], checker.Blocked, "looking at the image: Dockerfile:3: ")
	for _, name := range []string{"chained", "wraps"} {
		if got := results[name].BlockedBy; got != "builds" {
			t.Errorf("%s is blocked by %q, want builds", name, got)
		}
		if findings := results[name].Findings; len(findings) > 0 {
			t.Errorf("%s has the finding of another check: %v", name, findings)
		}
	}
	expect(t, results["builds"], checker.Failed)
	if got := results["builds"].Findings; len(got) != 1 || got[0].Place.Line != 3 || got[0].Level != checker.Fault {
		t.Errorf("the owner of the fault has findings %v, want it as a fault", got)
	}
	expect(t, results["away"], checker.Errored, "engine is away")
	expect(t, results["nil"], checker.Passed)
	expect(t, results["panics"], checker.Errored, "internal error: out of cheese", "session_test.go")
	expect(t, results["run-panics"], checker.Errored, "internal error: out of cheese", "session_test.go")
	expect(t, results["fault"], checker.Failed)
	expect(t, results["fault-then-error"], checker.Failed, "engine is away")
	expect(t, results["fault-then-panic"], checker.Failed, "late")
	expect(t, results["advice"], checker.Passed)
	expect(t, results["advice-then-error"], checker.Errored, "engine is away")
	if got := results["fault"].Findings; len(got) != 1 || got[0].Level != checker.Fault {
		t.Errorf("a finding without a level: got %v, want one fault", got)
	}
	if got := results["away"].BlockedBy; got != "" {
		t.Errorf("an errored check is blocked by %q", got)
	}
}

func TestErrorHasNoValue(t *testing.T) {
	half := returning("half", "half a value", errors.New("stopped"))
	run(t, check("c", func(ctx context.Context, p *checker.Pass) error {
		if got, err := half.Of(ctx, p, ""); got != "" || err == nil {
			t.Errorf("got %q, %v; want no value and the error", got, err)
		}
		return nil
	}, half.For("")))
}

func TestOnly(t *testing.T) {
	fact := &checker.Fact[string, int]{
		Name: "fact",
		Compute: func(context.Context, *checker.Scope, string) (int, error) {
			t.Error("the fact of a skipped check was computed")
			return 0, nil
		},
	}
	s := checker.NewSession(t.Context(), checker.Options{})
	defer s.Close()
	labelled := asking("not", fact, "")
	labelled.Label = "app"
	results := s.Run(t.Context(), []checker.Check{
		asking("not", fact, ""),
		check("chosen", func(context.Context, *checker.Pass) error { return nil }),
		labelled,
	}, func(c checker.Check) bool { return c.Name == "chosen" })
	expect(t, results[0], checker.Skipped)
	expect(t, results[1], checker.Passed)
	expect(t, results[2], checker.Skipped)
	if got := results[2].Check.ID(); got != "not/app" {
		t.Errorf("ID of a labelled check is %q, want not/app", got)
	}
}

func TestRunRefusesInvalidChecks(t *testing.T) {
	s := checker.NewSession(t.Context(), checker.Options{})
	defer s.Close()
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "has no Run") {
			t.Errorf("panic %q does not say what is wrong", p)
		}
	}()
	s.Run(t.Context(), []checker.Check{check("idle", nil)}, nil)
}

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 2
		var at, most atomic.Int32
		work := func(context.Context, *checker.Scope, int) (int, error) {
			n := at.Add(1)
			defer at.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second) // lets every other goroutine come as far as it can
			return 0, nil
		}
		// A chain of three facts that all occupy the same kind of slot: were
		// one held while waiting for the next, more chains than slots would
		// wait for each other for ever.
		bottom := &checker.Fact[int, int]{Name: "bottom", Slot: "build", Compute: work}
		middle := &checker.Fact[int, int]{
			Name: "middle", Slot: "build", Compute: work,
			Requires: func(p int) []checker.Need { return []checker.Need{bottom.For(p)} },
		}
		top := &checker.Fact[int, int]{
			Name: "top", Slot: "build", Compute: work,
			Requires: func(p int) []checker.Need { return []checker.Need{middle.For(p), bottom.For(p)} },
		}
		meet := rendezvous(2 * limit)
		free := &checker.Fact[int, int]{
			Name: "free", Slot: "unnamed",
			Compute: func(ctx context.Context, _ *checker.Scope, _ int) (int, error) { return 0, meet(ctx) },
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		s := checker.NewSession(ctx, checker.Options{Slots: map[string]int{"build": limit}})
		defer s.Close()
		var checks []checker.Check
		for i := range 2 * limit {
			checks = append(checks, asking(fmt.Sprintf("top-%d", i), top, i), asking(fmt.Sprintf("free-%d", i), free, i))
		}
		for _, r := range s.Run(ctx, checks, nil) {
			expect(t, r, checker.Passed)
		}
		if got := most.Load(); got != limit {
			t.Errorf("%d facts were computed at a time, want exactly %d", got, limit)
		}
	})
}

func TestSlotsLeaveRoomForOne(t *testing.T) {
	for _, n := range []int{0, -1} {
		fact := returning("fact", 1, nil)
		fact.Slot = "build"
		s := checker.NewSession(t.Context(), checker.Options{Slots: map[string]int{"build": n}})
		expect(t, s.Run(t.Context(), []checker.Check{asking("c", fact, "")}, nil)[0], checker.Passed)
		s.Close()
	}
}

func TestEvents(t *testing.T) {
	var (
		bad  = returning("bad", 1, errors.New("engine is away"))
		good = &checker.Fact[string, int]{
			Name: "good",
			Compute: func(_ context.Context, s *checker.Scope, _ string) (int, error) {
				s.Session().Emit(checker.Event{Kind: checker.StepChanged, Step: checker.Step{ID: "1", State: checker.StepDone}})
				time.Sleep(time.Second)
				return 0, nil
			},
		}
		dependent = &checker.Fact[string, int]{
			Name:     "dependent",
			Requires: func(p string) []checker.Need { return []checker.Need{bad.For(p)} },
			Compute:  func(context.Context, *checker.Scope, string) (int, error) { return 0, nil },
		}
	)
	checks := []checker.Check{asking("skipped", good, "app"), asking("errs", dependent, "app")}
	for i := range 20 {
		checks = append(checks, asking(fmt.Sprintf("c-%d", i), good, "app"))
	}
	synctest.Test(t, func(t *testing.T) {
		var inside atomic.Int32
		seen := make(map[string]int)
		s := checker.NewSession(t.Context(), checker.Options{Listen: func(e checker.Event) {
			if inside.Add(1) != 1 {
				t.Error("two events at a time")
			}
			defer inside.Add(-1)
			runtime.Gosched() // room for another event to come in
			switch e.Kind {
			case checker.CheckStarted:
				seen[e.Name+" started"]++
			case checker.CheckDone:
				seen[e.Name+" "+string(e.Result.Status)]++
				if e.Result.Check.ID() != e.Name {
					t.Errorf("event of %s has the result of %s", e.Name, e.Result.Check.ID())
				}
			case checker.FactStarted:
				seen[e.Name+" started"]++
			case checker.FactDone:
				seen[fmt.Sprint(e.Name, " done ", e.Err)]++
				if e.Name == "good(app)" && e.Elapsed < time.Second {
					t.Errorf("good(app) took %v, want a second at least", e.Elapsed)
				}
			case checker.StepChanged:
				seen["step "+e.Step.ID+" "+string(e.Step.State)]++
			case checker.Problem:
				t.Errorf("unexpected problem %v", e.Err)
			}
		}})
		s.Run(t.Context(), checks, func(c checker.Check) bool { return c.Name != "skipped" })
		s.Close()
		want := map[string]int{
			"skipped skipped": 1, "errs started": 1, "errs errored": 1,
			"bad(app) started": 1, "bad(app) done engine is away": 1,
			"good(app) started": 1, "good(app) done <nil>": 1, "step 1 done": 1,
		}
		for i := range 20 {
			want[fmt.Sprintf("c-%d started", i)] = 1
			want[fmt.Sprintf("c-%d passed", i)] = 1
		}
		if !maps.Equal(seen, want) {
			t.Errorf("got events\n%v\nwant\n%v", seen, want)
		}
	})
}

func TestInput(t *testing.T) {
	var set, unset checker.Input[string]
	unset.Name = "engine"
	fact := &checker.Fact[string, string]{
		Name: "fact",
		Compute: func(_ context.Context, s *checker.Scope, _ string) (string, error) {
			return set.Of(s), nil
		},
	}
	s := checker.NewSession(t.Context(), checker.Options{Dir: "/somewhere"})
	defer s.Close()
	set.Set(s, "sources")
	results := s.Run(t.Context(), []checker.Check{
		check("has", func(ctx context.Context, p *checker.Pass) error {
			got, err := fact.Of(ctx, p, "")
			if got != "sources" {
				t.Errorf("got input %q, want sources", got)
			}
			if dir := p.Session().Dir(); dir != "/somewhere" {
				t.Errorf("got folder %q", dir)
			}
			return err
		}, fact.For("")),
		check("lacks", func(_ context.Context, p *checker.Pass) error {
			unset.Of(p)
			return nil
		}),
	}, nil)
	expect(t, results[0], checker.Passed)
	expect(t, results[1], checker.Errored, "session has no input engine")
}

func TestSessionsHaveDifferentIDs(t *testing.T) {
	a, b := checker.NewSession(t.Context(), checker.Options{}), checker.NewSession(t.Context(), checker.Options{})
	if a.ID() == b.ID() || len(a.ID()) != 16 {
		t.Errorf("got IDs %q and %q", a.ID(), b.ID())
	}
}

func TestOverall(t *testing.T) {
	const p, f, b, e, s = checker.Passed, checker.Failed, checker.Blocked, checker.Errored, checker.Skipped
	for _, tt := range []struct {
		results []checker.Status
		want    checker.Status
	}{
		{nil, p},
		{[]checker.Status{p, s, p}, p},
		{[]checker.Status{p, f}, f},
		{[]checker.Status{p, b}, f},
		{[]checker.Status{f, e, b, p}, e},
	} {
		var results []checker.Result
		for _, status := range tt.results {
			results = append(results, checker.Result{Status: status})
		}
		if got := checker.Overall(results); got != tt.want {
			t.Errorf("overall of %v: got %s, want %s", tt.results, got, tt.want)
		}
	}
}

func TestPlace(t *testing.T) {
	for want, p := range map[string]checker.Place{
		"":             {},
		"Dockerfile":   {File: "Dockerfile"},
		"Dockerfile:7": {File: "Dockerfile", Line: 7},
	} {
		if got := p.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	e := &checker.LearnerError{Owner: "builds", Finding: checker.Finding{Code: "missing"}}
	if got := e.Error(); got != "builds:missing" {
		t.Errorf("a learner error without a place: got %q", got)
	}
}

// diary records what happened, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) expect(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.lines, want) {
		t.Errorf("got %q, want %q", d.lines, want)
	}
}

func TestCleanupInReverseOrder(t *testing.T) {
	var d diary
	gone := errors.New("no such container")
	removing := func(what string, err error) func(context.Context) error {
		return func(ctx context.Context) error {
			if ctx.Err() != nil {
				t.Errorf("removing %s under a dead context: %v", what, ctx.Err())
			}
			d.add(what)
			return err
		}
	}
	image := &checker.Fact[string, int]{
		Name: "image",
		Compute: func(_ context.Context, s *checker.Scope, _ string) (int, error) {
			s.Session().Cleanup("image", removing("image", nil))
			s.Session().Cleanup("tag", func(context.Context) error { d.add("tag"); panic("out of cheese") })
			return 0, nil
		},
	}
	container := &checker.Fact[string, int]{
		Name:     "container",
		Requires: func(string) []checker.Need { return []checker.Need{image.For("")} },
		Compute: func(_ context.Context, s *checker.Scope, _ string) (int, error) {
			s.Session().Cleanup("container", removing("container", gone))
			panic("fact breaks after it has made something")
		},
	}
	c := asking("c", container, "")
	c.Run = func(ctx context.Context, p *checker.Pass) error {
		_, _ = container.Of(ctx, p, "")
		p.Session().Cleanup("file", removing("file", nil))
		panic("check breaks after it has made something")
	}
	ctx, interrupt := context.WithCancel(t.Context())
	s := checker.NewSession(ctx, checker.Options{})
	expect(t, s.Run(ctx, []checker.Check{c}, nil)[0], checker.Errored)
	d.expect(t)
	interrupt()
	err := s.Close()
	d.expect(t, "file", "container", "tag", "image")
	if !errors.Is(err, gone) {
		t.Errorf("error of a clean-up is lost: %v", err)
	}
	for _, part := range []string{"removing container: no such container", "removing tag: internal error: out of cheese"} {
		if !strings.Contains(fmt.Sprint(err), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	d.expect(t, "file", "container", "tag", "image")
}

func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		container := &checker.Fact[string, int]{
			Name: "container", Slot: "containers",
			Compute: func(ctx context.Context, s *checker.Scope, p string) (int, error) {
				s.Session().Cleanup("container", func(ctx context.Context) error {
					d.add("removed")
					return ctx.Err()
				})
				<-ctx.Done()
				d.add("stopped")
				return 0, ctx.Err()
			},
		}
		ctx, interrupt := context.WithCancel(t.Context())
		s := checker.NewSession(ctx, checker.Options{Slots: map[string]int{"containers": 1}})
		go func() {
			time.Sleep(time.Second)
			interrupt()
		}()
		// Two facts for one slot: the one that waits for it ends, too.
		results := s.Run(ctx, []checker.Check{asking("a", container, "a"), asking("b", container, "b")}, nil)
		expect(t, results[0], checker.Errored, "context canceled")
		expect(t, results[1], checker.Errored, "context canceled")
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		d.expect(t, "stopped", "removed")
	})
}

func TestCloseStopsFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause error
		fact := &checker.Fact[string, int]{
			Name: "fact", Slot: "one",
			Compute: func(ctx context.Context, _ *checker.Scope, _ string) (int, error) {
				<-ctx.Done()
				cause = context.Cause(ctx)
				return 0, cause
			},
		}
		later := &checker.Fact[string, int]{
			Name: "later", Requires: func(string) []checker.Need { return []checker.Need{fact.For("app")} },
			Compute: func(context.Context, *checker.Scope, string) (int, error) {
				t.Error("a fact was computed in a closed session")
				return 0, nil
			},
		}
		s := checker.NewSession(t.Context(), checker.Options{Slots: map[string]int{"one": 1}})
		var results []checker.Result
		ran := make(chan struct{})
		go func() {
			defer close(ran)
			results = s.Run(t.Context(), []checker.Check{
				asking("a", fact, "app"), asking("b", fact, "other"), asking("c", later, ""),
			}, nil)
		}()
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		<-ran
		for _, r := range results {
			expect(t, r, checker.Errored, "session closed")
		}
		if cause == nil || cause.Error() != "session closed" {
			t.Errorf("cause of the facts' context is %v", cause)
		}
		expect(t, s.Run(t.Context(), []checker.Check{asking("d", later, "new")}, nil)[0], checker.Errored, "session closed")
		// What is known stays known.
		expect(t, s.Run(t.Context(), []checker.Check{asking("a", fact, "app")}, nil)[0], checker.Errored, "session closed")
	})
}

// TestCloseWhileFactsStart gives the race detector a chance: facts are started
// in the very moment when Close begins to wait for them.
func TestCloseWhileFactsStart(t *testing.T) {
	for range 200 {
		var made, removed atomic.Int32
		fact := &checker.Fact[int, int]{
			Name: "fact",
			Compute: func(_ context.Context, s *checker.Scope, p int) (int, error) {
				made.Add(1)
				s.Session().Cleanup("it", func(context.Context) error { removed.Add(1); return nil })
				return p, nil
			},
		}
		s := checker.NewSession(t.Context(), checker.Options{})
		var wg sync.WaitGroup
		wg.Go(func() {
			s.Run(t.Context(), []checker.Check{asking("a", fact, 1), asking("b", fact, 2), asking("c", fact, 3)}, nil)
		})
		s.Close()
		wg.Wait()
		if made.Load() != removed.Load() {
			t.Fatalf("%d made, %d removed", made.Load(), removed.Load())
		}
	}
}

func TestHangingFactDoesNotKeepTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		release := make(chan struct{})
		hanging := &checker.Fact[string, int]{
			Name: "hanging",
			Compute: func(_ context.Context, s *checker.Scope, _ string) (int, error) {
				s.Session().Cleanup("container", func(ctx context.Context) error {
					d.add("container")
					return ctx.Err() // must be alive although the fact has used up the patience
				})
				<-release // whatever its context says
				s.Session().Cleanup("network", func(ctx context.Context) error {
					d.add("network")
					if ctx.Err() != nil {
						t.Errorf("late clean-up under a dead context: %v", ctx.Err())
					}
					return errors.New("network is in use")
				})
				return 0, nil
			},
		}
		var problems []string
		s := checker.NewSession(t.Context(), checker.Options{Listen: func(e checker.Event) {
			if e.Kind == checker.Problem {
				problems = append(problems, e.Err.Error())
			}
		}})
		ran := make(chan struct{})
		go func() {
			defer close(ran)
			s.Run(t.Context(), []checker.Check{asking("c", hanging, "")}, nil)
		}()
		synctest.Wait()
		start := time.Now()
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("closing took %v", took)
		}
		d.expect(t, "container")
		close(release)
		<-ran
		synctest.Wait()
		d.expect(t, "container", "network") // at once
		if want := []string{"removing network: network is in use"}; !slices.Equal(problems, want) {
			t.Errorf("got problems %q, want %q", problems, want)
		}
	})
}

func TestHangingCleanupIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := checker.NewSession(t.Context(), checker.Options{})
		s.Cleanup("volume", func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if err := s.Close(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
	})
}

// documented returns explanations that Validate accepts for the codes.
func documented(codes ...string) func(string) (checker.Doc, error) {
	return func(string) (checker.Doc, error) {
		d := checker.Doc{Title: "A title", Why: "why", Fix: "how", Findings: map[string]checker.FindingDoc{}}
		for _, code := range codes {
			d.Findings[code] = checker.FindingDoc{Message: "message", Why: "why", Next: "next"}
		}
		return d, nil
	}
}

func TestNeedString(t *testing.T) {
	type spec struct{ File, Target string }
	image, sources := checker.Fact[spec, int]{Name: "image"}, checker.Fact[checker.None, int]{Name: "sources"}
	for want, need := range map[string]checker.Need{
		"image({Dockerfile })": image.For(spec{File: "Dockerfile"}),
		"sources":              sources.For(checker.None{}),
	} {
		if got := need.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if !reflect.DeepEqual(checker.Languages, []string{"ru", "en"}) {
		t.Errorf("languages are %v; the source comes first", checker.Languages)
	}
}
