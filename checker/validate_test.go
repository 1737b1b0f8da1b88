package checker_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.com/tutor/checker"
)

func TestValidate(t *testing.T) {
	// Facts that need each other cannot be package variables, yet nothing
	// keeps a function that makes facts from tying a knot.
	var a, b checker.Fact[int, int]
	a.Name, a.Requires = "a", func(p int) []checker.Need { return []checker.Need{b.For(p + 1)} }
	b.Name, b.Requires = "b", func(p int) []checker.Need { return []checker.Need{a.For(p - 1)} }
	var leaf, left, right, top checker.Fact[int, int]
	below := func(fs ...*checker.Fact[int, int]) func(int) []checker.Need {
		return func(p int) (needs []checker.Need) {
			for _, f := range fs {
				needs = append(needs, f.For(p))
			}
			return needs
		}
	}
	left.Requires, right.Requires, top.Requires = below(&leaf), below(&leaf), below(&left, &right)
	var countdown checker.Fact[int, int] // needs itself, with another parameter
	countdown.Requires = func(p int) []checker.Need {
		if p == 0 {
			return nil
		}
		return []checker.Need{countdown.For(p - 1)}
	}

	// change returns a good check with one thing changed in all languages.
	change := func(edit func(*checker.Doc)) checker.Check {
		c := check("good", func(context.Context, *checker.Pass) error { return nil })
		doc := c.Doc
		c.Doc = func(lang string) (checker.Doc, error) {
			d, err := doc(lang)
			edit(&d)
			return d, err
		}
		return c
	}
	good := change(func(*checker.Doc) {})
	with := func(edit func(*checker.Check)) []checker.Check {
		c := good
		edit(&c)
		return []checker.Check{c}
	}
	docs := func(edit func(*checker.Doc)) []checker.Check { return []checker.Check{change(edit)} }
	sixty := strings.Repeat("я", 60)

	for name, tt := range map[string]struct {
		checks []checker.Check
		want   []string // parts of the error; none for no error
	}{
		"none":            {nil, nil},
		"good":            {[]checker.Check{good}, nil},
		"two with labels": {append(with(func(c *checker.Check) { c.Label = "app" }), good), nil},
		"diamond":         {with(func(c *checker.Check) { c.Requires = []checker.Need{top.For(1), top.For(2)} }), nil},
		"recursion":       {with(func(c *checker.Check) { c.Requires = []checker.Need{countdown.For(9)} }), nil},
		"title of sixty":  {docs(func(d *checker.Doc) { d.Title = sixty }), nil},
		"code is wanted":  {docs(func(d *checker.Doc) { d.Want = []string{"bad"} }), nil},

		"no name":          {with(func(c *checker.Check) { c.Name = "" }), []string{`check "": name must match ^[a-z]`}},
		"upper case":       {with(func(c *checker.Check) { c.Name = "NonRoot" }), []string{`check "NonRoot": name must match`}},
		"hyphen at end":    {with(func(c *checker.Check) { c.Name = "non-" }), []string{`check "non-": name must match`}},
		"begins in digit":  {with(func(c *checker.Check) { c.Name = "1st" }), []string{`check "1st": name must match`}},
		"line break":       {with(func(c *checker.Check) { c.Name = "a\n" }), []string{`check "a\n": name must match`}},
		"twice":            {[]checker.Check{good, good}, []string{`check "good": used twice without a label`}},
		"no run":           {with(func(c *checker.Check) { c.Run = nil }), []string{`check "good": has no Run`}},
		"no docs":          {with(func(c *checker.Check) { c.Doc = nil }), []string{`check "good" is undocumented`}},
		"no sentences":     {with(func(c *checker.Check) { c.Codes = append(c.Codes, "worse") }), []string{`explanation "ru": finding "worse" needs message`, `explanation "en"`}},
		"no message":       {docs(func(d *checker.Doc) { d.Findings["bad"] = checker.FindingDoc{Why: "w", Next: "n"} }), []string{`finding "bad" needs message`}},
		"no why":           {docs(func(d *checker.Doc) { d.Findings["bad"] = checker.FindingDoc{Message: "m", Next: "n"} }), []string{`finding "bad" needs message`}},
		"no next":          {docs(func(d *checker.Doc) { d.Findings["bad"] = checker.FindingDoc{Message: "m", Why: "w"} }), []string{`finding "bad" needs message`}},
		"unknown sentence": {docs(func(d *checker.Doc) { d.Findings["odd"] = d.Findings["bad"] }), []string{`finding "odd" is not one of the check's codes`}},
		"unknown wanted":   {docs(func(d *checker.Doc) { d.Want = []string{"odd"} }), []string{`Before wants "odd"`}},
		"no title":         {docs(func(d *checker.Doc) { d.Title = "" }), []string{`title "" must have 1 to 60 letters`}},
		"long title":       {docs(func(d *checker.Doc) { d.Title = sixty + "!" }), []string{`must have 1 to 60 letters`}},
		"says not why":     {docs(func(d *checker.Doc) { d.Why = "" }), []string{`says nothing of why or how`}},
		"says not how":     {docs(func(d *checker.Doc) { d.Fix = "" }), []string{`says nothing of why or how`}},
		"a cycle": {
			with(func(c *checker.Check) { c.Requires = []checker.Need{a.For(1)} }),
			[]string{`check "good": facts need each other: [a(1) b(2) a(1)]`},
		},
		"a language is missing": {with(func(c *checker.Check) {
			doc := c.Doc
			c.Doc = func(lang string) (checker.Doc, error) {
				if lang == "en" {
					return checker.Doc{}, errors.New("doc.en.md:7: no title")
				}
				return doc(lang)
			}
		}), []string{`check "good": doc.en.md:7: no title`}},
		"all at once": {
			append(with(func(c *checker.Check) { c.Name, c.Run = "B", nil }), docs(func(d *checker.Doc) { d.Title = "" })...),
			[]string{`check "B": name`, `check "B": has no Run`, `check "good", explanation "ru": title`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := checker.Validate(tt.checks)
			if err == nil && len(tt.want) > 0 {
				t.Fatalf("accepted; want an error with %q", tt.want)
			}
			if err != nil && len(tt.want) == 0 {
				t.Fatalf("refused: %v", err)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
		})
	}
}
