package checker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Ctrl-C must not seem to hang, and what is left then is found again by its
// label: stopTimeout bounds the wait for facts that are still being computed,
// cleanupTimeout all clean-up of a session together.
const (
	stopTimeout    = 10 * time.Second
	cleanupTimeout = 30 * time.Second
)

// Options of a session. The zero value is ready to use.
type Options struct {
	// Dir is the folder of the submission.
	Dir string
	// Slots limits how many facts of a kind are computed at a time, but never
	// to less than one; a kind that is not named is not limited.
	Slots map[string]int
	// Listen receives progress, one event at a time. It must not block long.
	Listen func(Event)
}

// Session is one run of checks over one submission. It computes each fact
// once, under its own context, and cleans up whatever was created on the way.
type Session struct {
	id     string
	dir    string
	ctx    context.Context
	cancel context.CancelCauseFunc
	slots  map[string]chan struct{}
	inputs map[any]any

	listenMu sync.Mutex
	listen   func(Event)

	mu       sync.Mutex
	memo     map[factKey]*entry
	working  sync.WaitGroup
	cleanups []cleanup
	stopping bool // no fact is started any more
	closed   bool // clean-up has begun
}

type entry struct {
	done  chan struct{}
	value any
	err   error
}

type cleanup struct {
	what string
	do   func(context.Context) error
}

// NewSession returns a session that works until ctx ends or Close is called.
func NewSession(ctx context.Context, o Options) *Session {
	var id [8]byte
	rand.Read(id[:]) // never fails since Go 1.24
	s := &Session{
		id:     hex.EncodeToString(id[:]),
		dir:    o.Dir,
		slots:  make(map[string]chan struct{}, len(o.Slots)),
		inputs: make(map[any]any),
		listen: o.Listen,
		memo:   make(map[factKey]*entry),
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	for kind, n := range o.Slots {
		s.slots[kind] = make(chan struct{}, max(n, 1))
	}
	return s
}

// ID identifies the session; every object it makes on the engine carries it.
func (s *Session) ID() string { return s.id }

// Dir is the folder of the submission.
func (s *Session) Dir() string { return s.dir }

// Cleanup registers do to be run by Close, in reverse order, under a fresh
// context. After Close it runs at once. what names the object in errors.
func (s *Session) Cleanup(what string, do func(context.Context) error) {
	s.mu.Lock()
	if !s.closed {
		s.cleanups = append(s.cleanups, cleanup{what, do})
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), cleanupTimeout)
	defer cancel()
	if err := (cleanup{what, do}).run(ctx); err != nil {
		s.Emit(Event{Kind: Problem, Name: what, Err: err})
	}
}

func (c cleanup) run(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("removing %s: internal error: %v", c.what, p)
		}
	}()
	if err := c.do(ctx); err != nil {
		return fmt.Errorf("removing %s: %w", c.what, err)
	}
	return nil
}

// errClosed is the cause of the session's context once Close was called.
var errClosed = errors.New("session closed")

// Close stops the facts that are still being computed, waits for them and
// runs all clean-up. It joins the errors of what could not be removed.
func (s *Session) Close() error {
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	s.cancel(errClosed)
	stopped := make(chan struct{})
	go func() { s.working.Wait(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(stopTimeout): // a fact that ignores its context must not keep the rest alive
	}
	s.mu.Lock()
	s.closed = true
	cleanups := s.cleanups
	s.cleanups = nil
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), cleanupTimeout)
	defer cancel()
	var errs []error
	for i := len(cleanups) - 1; i >= 0; i-- {
		errs = append(errs, cleanups[i].run(ctx))
	}
	return errors.Join(errs...)
}

// Run runs the checks side by side and returns a result for each, in their
// order. Checks for which only returns false are skipped; a nil only chooses
// all. It panics on checks that [Validate] refuses.
func (s *Session) Run(ctx context.Context, checks []Check, only func(Check) bool) []Result {
	if err := Validate(checks); err != nil {
		panic(err)
	}
	results := make([]Result, len(checks))
	var wg sync.WaitGroup
	for i, c := range checks {
		if only != nil && !only(c) {
			results[i] = Result{Check: c, Status: Skipped}
			s.Emit(Event{Kind: CheckDone, Name: c.ID(), Result: &results[i]})
			continue
		}
		wg.Go(func() {
			s.Emit(Event{Kind: CheckStarted, Name: c.ID()})
			results[i] = s.run(ctx, c)
			s.Emit(Event{Kind: CheckDone, Name: c.ID(), Result: &results[i]})
		})
	}
	wg.Wait()
	return results
}

func (s *Session) run(ctx context.Context, c Check) (r Result) {
	r.Check = c
	start := time.Now()
	defer func() { r.Duration = time.Since(start) }()
	pass := &Pass{Scope: newScope(s, "check "+c.ID(), c.Requires), codes: c.Codes}
	for _, n := range c.Requires {
		s.start(n)
	}
	err := func() (err error) {
		defer recovered(&err)
		err = c.Run(ctx, pass)
		if learner, ok := errors.AsType[*LearnerError](err); ok && learner.Owner == c.Name {
			pass.Report(learner.Finding)
			return nil
		}
		return err
	}()
	r.Findings = pass.findings
	var learner *LearnerError
	switch {
	case pass.Faulty():
		// A fault that was found stays found, whatever stopped the check then.
		r.Status, r.Err = Failed, err
	case err == nil:
		r.Status = Passed
	case errors.As(err, &learner):
		r.Status, r.Err, r.BlockedBy = Blocked, err, learner.Owner
	default:
		r.Status, r.Err = Errored, err
	}
	return r
}

// recovered turns a panic into an error, so that one broken check or fact
// neither kills the run nor its clean-up.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("internal error: %v\n%s", p, debug.Stack())
	}
}

// wait returns the value of n once it is computed. A caller that stops
// waiting does not stop the computation.
func (s *Session) wait(ctx context.Context, n Need) (any, error) {
	e := s.start(n)
	select {
	case <-e.done: // first, so that a known value is had whatever ctx says
		return e.value, e.err
	default:
	}
	select {
	case <-e.done:
		return e.value, e.err
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for %s: %w", n, context.Cause(ctx))
	}
}

func (s *Session) start(n Need) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.memo[n.key]; ok {
		return e
	}
	e := &entry{done: make(chan struct{})}
	s.memo[n.key] = e
	if s.stopping {
		e.err = errClosed
		close(e.done)
		return e
	}
	s.working.Go(func() {
		defer close(e.done)
		e.value, e.err = s.compute(n)
	})
	return e
}

func (s *Session) compute(n Need) (v any, err error) {
	needs := n.requires()
	for _, need := range needs {
		s.start(need)
	}
	for _, need := range needs {
		if _, err := s.wait(s.ctx, need); err != nil {
			return nil, err
		}
	}
	release, err := s.acquire(n)
	if err != nil {
		return nil, err
	}
	defer release()
	start := time.Now()
	s.Emit(Event{Kind: FactStarted, Name: n.name})
	defer func() {
		s.Emit(Event{Kind: FactDone, Name: n.name, Err: err, Elapsed: time.Since(start)})
	}()
	defer recovered(&err)
	return n.compute(s.ctx, newScope(s, "fact "+n.name, needs))
}

func (s *Session) acquire(n Need) (release func(), err error) {
	if err := s.ctx.Err(); err != nil {
		return nil, fmt.Errorf("computing %s: %w", n, context.Cause(s.ctx))
	}
	slots, limited := s.slots[n.slot]
	if !limited {
		return func() {}, nil
	}
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-s.ctx.Done():
		return nil, fmt.Errorf("computing %s: %w", n, context.Cause(s.ctx))
	}
}
