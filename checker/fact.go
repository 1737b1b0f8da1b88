package checker

import (
	"context"
	"fmt"
)

// Fact is something that a session computes once for each parameter and
// shares between all checks and facts that ask for it.
type Fact[P comparable, T any] struct {
	// Name is lower case: progress and errors go by it.
	Name string
	// Slot is the kind of slot that Compute occupies, "" for none.
	Slot string
	// Requires are the facts that Compute asks for; nil for none. They are
	// computed side by side before Compute starts.
	Requires func(P) []Need
	// Compute computes the value. Its context is the session's. What must be
	// released is registered with Session.Cleanup on the next line.
	Compute func(context.Context, *Scope, P) (T, error)
}

// Need is a fact with its parameter, as a check declares it.
type Need struct {
	key      factKey
	name     string
	slot     string
	requires func() []Need
	compute  func(context.Context, *Scope) (any, error)
}

type factKey struct{ fact, param any }

// None is the parameter of a fact that has none.
type None struct{}

// String returns "image({Dockerfile})", or "sources" for a fact without
// parameter.
func (n Need) String() string { return n.name }

// For returns the need of the fact for parameter p.
func (f *Fact[P, T]) For(p P) Need {
	name := f.Name
	if any(p) != any(None{}) {
		name = fmt.Sprintf("%s(%v)", f.Name, p)
	}
	return Need{
		key:  factKey{f, p},
		name: name,
		slot: f.Slot,
		requires: func() []Need {
			if f.Requires == nil {
				return nil
			}
			return f.Requires(p)
		},
		compute: func(ctx context.Context, s *Scope) (any, error) { return f.Compute(ctx, s, p) },
	}
}

// Of returns the fact's value for p: it waits until the session has computed
// it or ctx ends. It panics when the asker has not declared the need.
func (f *Fact[P, T]) Of(ctx context.Context, from Asker, p P) (T, error) {
	var zero T
	v, err := from.ask(ctx, f.For(p))
	if err != nil {
		return zero, err
	}
	value, _ := v.(T) // not ok for an interface's nil, which is its zero value
	return value, nil
}

// Asker is a check's [Pass] or the [Scope] of a fact that is being computed.
type Asker interface {
	ask(context.Context, Need) (any, error)
	session() *Session
}

// Scope is what one check or one fact may see: the session and the declared
// needs.
type Scope struct {
	s        *Session
	asker    string
	declared map[factKey]bool
}

func newScope(s *Session, asker string, needs []Need) *Scope {
	sc := &Scope{s: s, asker: asker, declared: make(map[factKey]bool, len(needs))}
	for _, n := range needs {
		sc.declared[n.key] = true
	}
	return sc
}

// Session returns the session, for clean-up and progress.
func (sc *Scope) Session() *Session { return sc.s }

func (sc *Scope) session() *Session { return sc.s }

func (sc *Scope) ask(ctx context.Context, n Need) (any, error) {
	if !sc.declared[n.key] {
		panic(fmt.Sprintf("%s uses undeclared fact %s", sc.asker, n))
	}
	return sc.s.wait(ctx, n)
}

// Input is a value that the maker of a session hands to its facts: the
// engine, the exercise's sources.
type Input[T any] struct{ Name string }

// Set hands v to the facts of s. It is called before Run.
func (in *Input[T]) Set(s *Session, v T) { s.inputs[in] = v }

// Of returns the value, and panics with the input's name where none was set.
func (in *Input[T]) Of(from Asker) T {
	v, ok := from.session().inputs[in]
	if !ok {
		panic("session has no input " + in.Name)
	}
	return v.(T)
}
