package submission_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/exercises/submission"
)

// BenchmarkRecheck measures an unchanged check of a passed exercise-3 against
// a bare rebuild of the same image by BuildKit, in one run on one machine:
//
//	rebuild-s   the bare rebuild
//	static-s    the checks that need no running container
//	beyond-s    static-s less rebuild-s
//	whole-s     all checks
func BenchmarkRecheck(b *testing.B) {
	eng := connect(b)
	ex, dir := layOut(b)
	dockerfile, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		b.Fatal(err)
	}
	check := func(only ...string) time.Duration {
		start := time.Now()
		results, err := submission.Check(b.Context(), ex, submission.Options{
			Dir: dir, Only: only,
			Engine: func(context.Context) (*engine.Engine, error) { return eng, nil },
		})
		if err != nil || checker.Overall(results) != checker.Passed {
			b.Fatalf("checking the solution: %v, %+v", err, results)
		}
		return time.Since(start)
	}
	rebuild := func() time.Duration {
		c, err := engine.OpenContext(dir)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Root.Close()
		tag := engine.ImageName("bench", "rebuild")
		defer eng.RemoveImage(context.WithoutCancel(b.Context()), tag)
		start := time.Now()
		built, err := eng.Build(b.Context(), engine.BuildOptions{
			Context: c, File: "Dockerfile", Dockerfile: dockerfile, Tag: tag, Key: "bench",
		})
		if err != nil || built.Failure != nil {
			b.Fatalf("rebuilding: %v, %+v", err, built)
		}
		return time.Since(start)
	}
	check() // the first check builds; the benchmark is about the next ones
	rebuild()
	var bare, static, whole time.Duration
	for b.Loop() {
		bare += rebuild()
		static += check("builds", "size", "scratch", "tests")
		whole += check()
	}
	mean := func(d time.Duration) float64 { return d.Seconds() / float64(b.N) }
	b.ReportMetric(mean(bare), "rebuild-s")
	b.ReportMetric(mean(static), "static-s")
	b.ReportMetric(mean(static-bare), "beyond-s")
	b.ReportMetric(mean(whole), "whole-s")
}
