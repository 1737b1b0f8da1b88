// Package daemon is the fact of the connection to the engine: it is made when
// the first fact asks for it, and not before.
package daemon

import (
	"context"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
)

// Connect is how the session reaches its engine.
var Connect = &checker.Input[func(context.Context) (*engine.Engine, error)]{Name: "engine"}

// Fact is the connected engine.
var Fact = &checker.Fact[checker.None, *engine.Engine]{
	Name: "engine",
	Compute: func(ctx context.Context, sc *checker.Scope, _ checker.None) (*engine.Engine, error) {
		lease, err := engine.TakeLease(sc.Session().ID())
		if err != nil {
			return nil, err
		}
		sc.Session().Cleanup("session lease", func(context.Context) error { return lease.Release() })
		eng, err := Connect.Of(sc)(ctx)
		if err != nil {
			return nil, err
		}
		// Whoever creates cleans up; this runs after all of them and finds what
		// a creator that was interrupted could not register.
		sc.Session().Cleanup("leftovers of the session", func(ctx context.Context) error {
			return eng.Sweep(ctx, sc.Session().ID())
		})
		return eng, nil
	},
}
