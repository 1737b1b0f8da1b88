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
	course := exercises.Open(content.FS())
	names, err := course.Names()
	if err != nil {
		t.Fatal(err)
	}
	var cases []proof.Case
	for _, name := range names {
		ex, err := course.Exercise(name)
		if err != nil {
			t.Fatal(err)
		}
		more, err := proof.Cases(ex)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, more...)
	}
	for _, c := range suite.Docs() {
		doc, err := c.Doc("ru")
		if err != nil {
			t.Fatal(err)
		}
		ex, err := course.Exercise(doc.Exercise)
		if err != nil {
			t.Fatalf("explanation of %s: %v", c.Name, err)
		}
		more, err := proof.Examples(ex, c)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, more...)
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
