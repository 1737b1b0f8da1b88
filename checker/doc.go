// Package checker is the vocabulary of tutor's checks and the session that
// runs them. It knows nothing of Docker and imports the standard library only.
//
//	Check    one property of a submission, judged from facts
//	Fact     something computed once per session and parameter: a build, an image, a container
//	Finding  what a check has against the submission: code, place, got, want
//	Result   one of five outcomes: passed, failed, blocked, errored, skipped
//	Session  one run of checks over one submission; owns the memo of facts and all clean-up
//
// A check declares the facts it requires and never builds, runs or reads the
// engine by itself:
//
//	var Check = checker.Check{
//		Name:     "size",
//		Requires: []checker.Need{image.Fact.For(spec)},
//		Run: func(ctx context.Context, p *checker.Pass) error {
//			img, err := image.Fact.Of(ctx, p, spec)
//			…
//			p.Report(checker.Finding{Code: "over", Got: …, Want: …})
//			return nil
//		},
//	}
package checker
