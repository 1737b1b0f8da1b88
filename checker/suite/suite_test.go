package suite_test

import (
	"errors"
	"os"
	"slices"
	"testing"

	"example.com/tutor/checker/explain"
	"example.com/tutor/checker/suite"
)

// TestListed shows that the list and the folders of checks are the same.
func TestListed(t *testing.T) {
	entries, err := os.ReadDir("../checks")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		folders = append(folders, e.Name())
	}
	if names := slices.Sorted(slices.Values(suite.Names())); !slices.Equal(names, folders) {
		t.Errorf("listed  %q\nfolders %q", names, folders)
	}
}

// TestExplained holds the explanation of every check to its form: both
// languages, sentences for each code that can be rendered, the same examples.
func TestExplained(t *testing.T) {
	for _, c := range suite.Docs() {
		t.Run(c.Name, func(t *testing.T) {
			if err := explain.Validate(c); err != nil {
				t.Error(err)
			}
			ru, err := c.Doc("ru")
			if err != nil {
				t.Fatal(err)
			}
			en, err := c.Doc("en")
			if err != nil {
				t.Fatal(err)
			}
			if err := explain.Same(ru, en); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	_, err := suite.New("syze", suite.Spec{}, func(any) error { return nil })
	var unknown *suite.UnknownError
	if !errors.As(err, &unknown) || unknown.Name != "syze" || !slices.Contains(unknown.Known, "size") {
		t.Errorf("New() = %v, want an UnknownError that knows size", err)
	}
}

// TestParameters shows that a check without parameters takes none and that
// one with parameters judges them.
func TestParameters(t *testing.T) {
	for _, name := range suite.Names() {
		c, err := suite.New(name, suite.Spec{}, func(any) error { return nil })
		switch name {
		case "size", "certs", "tests":
			if err == nil {
				t.Errorf("%s: accepts to have no parameters", name)
			}
		default:
			if err != nil || c.Name != name {
				t.Errorf("%s: %v, %+v", name, err, c.Name)
			}
		}
	}
}
