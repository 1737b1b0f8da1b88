package exercises

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"example.com/tutor/checker"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/service"
	"example.com/tutor/checker/suite"
)

// Exercise is one exercise of a course, as its exercise.yaml states it.
type Exercise struct {
	Name string `yaml:"name"`
	// App names the application under _apps whose files the starter is laid
	// over; "" for an exercise that brings all files itself.
	App       string            `yaml:"app"`
	Titles    map[string]string `yaml:"title"`
	Build     buildConfig       `yaml:"build"`
	Service   serviceConfig     `yaml:"service"`
	CheckList []checkConfig     `yaml:"checks"`
	// Solutions are the folders of _solutions: accepted ones beside the
	// reference in _solution.
	Solutions []string  `yaml:"solutions"`
	Mistakes  []Mistake `yaml:"mistakes"`

	fsys fs.FS  // the course
	dir  string // of the exercise in fsys
}

type buildConfig struct {
	File   string `yaml:"file"`
	Target string `yaml:"target"`
}

type serviceConfig struct {
	Port   int    `yaml:"port"`
	Health string `yaml:"health"`
}

type checkConfig struct {
	Check string   `yaml:"check"`
	Label string   `yaml:"label"`
	With  ast.Node `yaml:"with"`
}

// Mistake is a patch on the solution with one known fault.
type Mistake struct {
	Name string `yaml:"name"`
	// Want are the findings that it must be caught by, as "check:code".
	Want []string `yaml:"want"`
}

// load reads exercise.yaml in dir. Errors about its text name file and line.
func load(fsys fs.FS, dir string) (*Exercise, error) {
	file := path.Join(dir, "exercise.yaml")
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("reading exercise: %w", err)
	}
	e := &Exercise{fsys: fsys, dir: dir}
	if err := decode(file, text, e); err != nil {
		return nil, err
	}
	if want := path.Base(dir); e.Name != want {
		return nil, fmt.Errorf("%s: name is %q, its folder is %q", file, e.Name, want)
	}
	return e, nil
}

func decode(file string, text []byte, into any) (err error) {
	defer func() {
		// goccy/go-yaml 1.19 panics on a tag without a value.
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: not valid YAML: %v", file, p)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%s%w", file, located(err))
	}
	return nil
}

// located puts the line of a YAML error in front of its message: ":12: …".
func located(err error) error {
	var ye yaml.Error
	if errors.As(err, &ye) && ye.GetToken() != nil && ye.GetToken().Position != nil {
		return fmt.Errorf(":%d: %s", ye.GetToken().Position.Line, ye.GetMessage())
	}
	return fmt.Errorf(": %w", err)
}

// Title returns the title in lang, or in the course's source language.
func (e *Exercise) Title(lang string) string {
	if t, ok := e.Titles[lang]; ok {
		return t
	}
	return e.Titles[checker.Languages[0]]
}

// Task returns the text of the task in lang as Markdown.
func (e *Exercise) Task(lang string) ([]byte, error) {
	text, err := fs.ReadFile(e.fsys, path.Join(e.dir, "task."+lang+".md"))
	if err != nil {
		return nil, fmt.Errorf("reading the task of %s: %w", e.Name, err)
	}
	return text, nil
}

// Checks returns the checks that the exercise asks for, in its order.
func (e *Exercise) Checks() ([]checker.Check, error) {
	s := suite.Spec{
		Build:   build.Spec{File: e.Build.File, Target: e.Build.Target},
		Service: service.Contract{Port: e.Service.Port, Health: e.Service.Health},
	}
	file := path.Join(e.dir, "exercise.yaml")
	var checks []checker.Check
	for _, cc := range e.CheckList {
		c, err := suite.New(cc.Check, s, func(into any) error {
			if cc.With == nil {
				return nil
			}
			if err := yaml.NodeToValue(cc.With, into, yaml.Strict()); err != nil {
				return located(err)
			}
			return nil
		})
		var unknown *suite.UnknownError
		switch {
		case errors.As(err, &unknown):
			return nil, fmt.Errorf("%s: no check %q; nearest is %q", file, cc.Check, Nearest(cc.Check, unknown.Known))
		case err != nil:
			return nil, fmt.Errorf("%s, check %s%w", file, cc.Check, err)
		}
		c.Label = cc.Label
		checks = append(checks, c)
	}
	return checks, checker.Validate(checks)
}

// CheckNames returns the IDs of the checks, for completions.
func (e *Exercise) CheckNames() []string {
	var names []string
	for _, c := range e.CheckList {
		names = append(names, checker.Check{Name: c.Check, Label: c.Label}.ID())
	}
	return names
}

// mistake returns the mistake of that name.
func (e *Exercise) mistake(name string) (Mistake, bool) {
	i := slices.IndexFunc(e.Mistakes, func(m Mistake) bool { return m.Name == name })
	if i < 0 {
		return Mistake{}, false
	}
	return e.Mistakes[i], true
}
