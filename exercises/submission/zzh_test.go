package submission_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/content"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/submission"
	"example.com/tutor/exercises/workspace"
)

func TestZZH(t *testing.T) {
	ex, _ := exercises.Open(content.FS()).Exercise(os.Getenv("ZZEX"))
	var tree exercises.Tree
	var err error
	switch k, n, _ := strings.Cut(os.Getenv("ZZ"), "/"); k {
	case "starter":
		tree, err = ex.Starter()
	case "mistake":
		tree, err = ex.Mistaken(n)
	case "solution":
		tree, err = ex.OtherSolution(n)
	default:
		tree, err = ex.Solution()
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	workspace.Write(tree, dir)
	eng, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res, err := submission.Check(t.Context(), ex, submission.Options{Engine: func(context.Context) (*engine.Engine, error) { return eng, nil }, Dir: dir,
		Only: strings.Fields(os.Getenv("ZZONLY")),
		Listen: func(e checker.Event) {
			switch e.Kind {
			case checker.FactDone:
				t.Logf("fact %-60s %5.1fs %v", e.Name, e.Elapsed.Seconds(), e.Err)
			case checker.StepChanged:
				if e.Step.State != checker.StepRunning && (e.Step.Elapsed.Seconds() > 0.5 || os.Getenv("ZZV") != "") {
					t.Logf("     %-60s %5.1fs %v %v", e.Step.Name, e.Step.Elapsed.Seconds(), e.Step.State, e.Step.Build)
				}
			}
		}})
	t.Log(err)
	for _, r := range res {
		t.Logf("%s %s %v", r.Check.ID(), r.Status, r.Err)
		for _, f := range r.Findings {
			t.Logf("      %+v", f)
		}
	}
}
