package proof_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/suite"
	"example.com/tutor/content"
	"example.com/tutor/exercises"
	"example.com/tutor/exercises/proof"
)

// TestCourse proves the whole course on the real engine. TUTOR_PROOF narrows
// it to the cases whose names contain that text.
func TestCourse(t *testing.T) {
	eng, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatalf("the proof needs a Docker Engine: %v", err)
	}
	defer eng.Close()
	cases, err := proof.All(exercises.Open(content.FS()), suite.Docs())
	if err != nil {
		t.Fatal(err)
	}
	if part := os.Getenv("TUTOR_PROOF"); part != "" {
		var some []proof.Case
		for _, c := range cases {
			if strings.Contains(c.String(), part) {
				some = append(some, c)
			}
		}
		cases = some
	}
	if len(cases) == 0 {
		t.Fatal("found no cases")
	}
	_, err = proof.Run(t.Context(), cases, proof.Options{
		Engine: func(context.Context) (*engine.Engine, error) { return eng, nil },
		Done: func(r proof.Report) {
			t.Logf("%-45s %5.1fs %s", r.Case, r.Elapsed.Seconds(), strings.Join(r.Got, " "))
			if r.Err != nil {
				t.Errorf("%s: %v", r.Case, r.Err)
				for _, res := range r.Results {
					t.Logf("   %s %s %v %+v", res.Check.ID(), res.Status, res.Err, res.Findings)
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}
