package proof

import (
	"fmt"

	"example.com/tutor/checker"
	"example.com/tutor/exercises"
)

// All returns the cases of the exercises named, of all exercises where none
// is named; with them come the examples in the explanations of checks which
// say that they belong to one of these exercises.
func All(course *exercises.Course, checks []checker.Check, names ...string) ([]Case, error) {
	if len(names) == 0 {
		var err error
		if names, err = course.Names(); err != nil {
			return nil, err
		}
	}
	var cases []Case
	for _, name := range names {
		ex, err := course.Exercise(name)
		if err != nil {
			return nil, err
		}
		own, err := Cases(ex)
		if err != nil {
			return nil, err
		}
		cases = append(cases, own...)
		for _, c := range checks {
			doc, err := c.Doc(checker.Languages[0])
			if err != nil {
				return nil, fmt.Errorf("explanation of %s: %w", c.Name, err)
			}
			if doc.Exercise != name {
				continue
			}
			examples, err := Examples(ex, c)
			if err != nil {
				return nil, fmt.Errorf("explanation of %s: %w", c.Name, err)
			}
			cases = append(cases, examples...)
		}
	}
	return cases, nil
}
