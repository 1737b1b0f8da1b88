package i18n

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"example.com/tutor/checker"
)

// message is a message of a file: its forms by name, "other" alone without
// plurals.
type message map[string]string

var variable = regexp.MustCompile(`{{\.(\w+)}}`)

// vars returns the values that the forms name, sorted.
func (m message) vars() []string {
	set := make(map[string]bool)
	for _, text := range m {
		for _, v := range variable.FindAllStringSubmatch(text, -1) {
			set[v[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func messages(t *testing.T, lang string) map[string]message {
	t.Helper()
	text, err := files.ReadFile(lang + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := yaml.UnmarshalWithOptions(text, &raw, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]message)
	flatten(all, "", raw)
	if len(all) < 100 {
		t.Fatalf("%s.yaml has %d messages: the test reads it wrongly", lang, len(all))
	}
	return all
}

func flatten(all map[string]message, prefix string, node map[string]any) {
	for k, v := range node {
		switch v := v.(type) {
		case string:
			all[prefix+k] = message{"other": v}
		case map[string]any:
			if _, plural := v["other"].(string); plural {
				m := make(message)
				for form, text := range v {
					m[form] = text.(string)
				}
				all[prefix+k] = m
				continue
			}
			flatten(all, prefix+k+".", v)
		}
	}
}

func TestLanguagesAgree(t *testing.T) {
	ru, en := messages(t, "ru"), messages(t, "en")
	for _, id := range slices.Sorted(maps.Keys(ru)) {
		e, ok := en[id]
		if !ok {
			t.Errorf("en.yaml lacks %s", id)
			continue
		}
		if !slices.Equal(ru[id].vars(), e.vars()) {
			t.Errorf("%s: ru.yaml has values %v, en.yaml %v", id, ru[id].vars(), e.vars())
		}
		if (len(ru[id]) > 1) != (len(e) > 1) {
			t.Errorf("%s has plurals in one language only", id)
		}
	}
	for id := range en {
		if _, ok := ru[id]; !ok {
			t.Errorf("ru.yaml lacks %s", id)
		}
	}
}

func TestPlurals(t *testing.T) {
	forms := map[string][]string{"ru": {"few", "many", "one", "other"}, "en": {"one", "other"}}
	for lang, want := range forms {
		for id, m := range messages(t, lang) {
			if got := slices.Sorted(maps.Keys(m)); len(m) > 1 && !slices.Equal(got, want) {
				t.Errorf("%s.yaml, %s: has forms %v, want %v", lang, id, got, want)
			}
		}
	}
	ru := New("ru")
	for n, want := range map[int]string{1: "1 шаг из кэша", 3: "3 шага из кэша", 5: "5 шагов из кэша", 11: "11 шагов из кэша", 21: "21 шаг из кэша"} {
		if got := ru.N("live.from-cache", n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	for _, lang := range checker.Languages {
		for id, m := range messages(t, lang) {
			for form, text := range m {
				where := fmt.Sprintf("%s.yaml, %s/%s", lang, id, form)
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s is empty", where)
				}
				if strings.Count(text, "`")%2 != 0 {
					t.Errorf("%s: a backquote without its pair", where)
				}
				if rest := variable.ReplaceAllString(text, ""); strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
					t.Errorf("%s: has more than plain values: %s", where, text)
				}
				for _, r := range text {
					if lang == "en" && r >= 'А' && r <= 'я' {
						t.Errorf("%s: has Russian letters", where)
						break
					}
				}
			}
		}
	}
}

// use is a place in the code that names a message.
type use struct {
	where string
	id    string // or its beginning, when dynamic
	// dynamic tells that the rest of the ID is computed.
	dynamic bool
	// vars are the values given, when they are known to be all.
	vars  []string
	known bool
}

// uses finds every text in the code of the command line that is the ID of a
// message or the beginning of one.
func uses(t *testing.T, tops map[string]bool) []use {
	t.Helper()
	var found []use
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		seen := make(map[token.Pos]bool)
		add := func(lit *ast.BasicLit, dynamic bool, u use) {
			text, err := strconv.Unquote(lit.Value)
			if err != nil || seen[lit.Pos()] {
				return
			}
			top, rest, ok := strings.Cut(text, ".")
			if !ok || !tops[top] || strings.ContainsAny(text, " /:*%") || rest == "" && !dynamic {
				return
			}
			seen[lit.Pos()] = true
			u.where, u.id, u.dynamic = fset.Position(lit.Pos()).String(), text, dynamic
			found = append(found, u)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.BinaryExpr:
				left := n.X
				for {
					b, ok := left.(*ast.BinaryExpr)
					if !ok {
						break
					}
					left = b.X
				}
				if lit, ok := left.(*ast.BasicLit); ok && lit.Kind == token.STRING && n.Op == token.ADD {
					add(lit, true, use{})
				}
			case *ast.CallExpr:
				lit, ok := firstLiteral(n)
				if !ok {
					return true
				}
				u := use{}
				switch called(n) {
				case "T", "t":
					u.vars, u.known = given(n.Args[1:])
				case "N":
					u.vars, u.known = given(n.Args[2:])
					u.vars = append(u.vars, "N")
				}
				add(lit, false, u)
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					add(n, false, use{})
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

func firstLiteral(call *ast.CallExpr) (*ast.BasicLit, bool) {
	if len(call.Args) == 0 {
		return nil, false
	}
	lit, ok := call.Args[0].(*ast.BasicLit)
	return lit, ok && lit.Kind == token.STRING
}

// given returns the keys of the literals of Vars; known is false when one is
// not a literal.
func given(args []ast.Expr) (keys []string, known bool) {
	for _, a := range args {
		lit, ok := a.(*ast.CompositeLit)
		if !ok {
			return nil, false
		}
		for _, e := range lit.Elts {
			key, err := strconv.Unquote(e.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
			if err != nil {
				return nil, false
			}
			keys = append(keys, key)
		}
	}
	return keys, true
}

func TestCodeAndMessagesAgree(t *testing.T) {
	all := messages(t, "ru")
	tops := make(map[string]bool)
	for id := range all {
		top, _, _ := strings.Cut(id, ".")
		tops[top] = true
	}
	used := make(map[string]bool)
	found := uses(t, tops)
	if len(found) < 100 {
		t.Fatalf("found %d uses: the test reads the code wrongly", len(found))
	}
	for _, u := range found {
		if u.dynamic {
			n := len(used)
			for id := range all {
				if strings.HasPrefix(id, u.id) {
					used[id] = true
				}
			}
			if len(used) == n && !slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(id string) bool { return strings.HasPrefix(id, u.id) }) {
				t.Errorf("%s: no message begins with %q", u.where, u.id)
			}
			continue
		}
		m, ok := all[u.id]
		if !ok {
			t.Errorf("%s: there is no message %q", u.where, u.id)
			continue
		}
		used[u.id] = true
		if !u.known {
			continue
		}
		for _, v := range m.vars() {
			if !slices.Contains(u.vars, v) {
				t.Errorf("%s: %s needs value %s", u.where, u.id, v)
			}
		}
		for _, v := range u.vars {
			if v != "N" && !slices.Contains(m.vars(), v) {
				t.Errorf("%s: %s has no value %s", u.where, u.id, v)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if !used[id] {
			t.Errorf("message %s is not used", id)
		}
	}
}

func TestDetect(t *testing.T) {
	for _, tc := range []struct {
		name, args, env string
		want, bad       string
	}{
		{"nothing", "", "", "en", ""},
		{"LANG", "", "LANG=ru_RU.UTF-8", "ru", ""},
		{"another language", "", "LANG=de_DE.UTF-8", "en", ""},
		{"a language that begins alike", "", "LANG=run_BI", "en", ""},
		{"LC_ALL goes before LANG", "", "LC_ALL=C LANG=ru_RU.UTF-8", "en", ""},
		{"LC_MESSAGES goes before LANG", "", "LC_MESSAGES=ru_RU LANG=en_US", "ru", ""},
		{"TUTOR_LANG goes before the locale", "", "TUTOR_LANG=ru LC_ALL=en_US.UTF-8", "ru", ""},
		{"flag goes before all", "check --lang en", "TUTOR_LANG=ru", "en", ""},
		{"flag with equals sign", "--lang=RU check", "", "ru", ""},
		{"the last flag counts", "--lang=ru --lang en", "", "en", ""},
		{"not after --", "-- --lang ru", "", "en", ""},
		{"bad flag", "--lang rus", "LANG=ru_RU", "ru", "rus"},
		{"flag without value", "--lang", "LANG=ru_RU", "ru", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := make(map[string]string)
			for _, kv := range strings.Fields(tc.env) {
				k, v, _ := strings.Cut(kv, "=")
				env[k] = v
			}
			got, err := Detect(strings.Fields(tc.args), func(k string) string { return env[k] })
			bad := ""
			var e *LangError
			if errors.As(err, &e) {
				bad = e.Value
			}
			if got != tc.want || bad != tc.bad {
				t.Errorf("got %q, bad %q; want %q, bad %q", got, bad, tc.want, tc.bad)
			}
		})
	}
}

func TestQuantities(t *testing.T) {
	ru, en := New("ru"), New("en")
	for _, tc := range []struct{ got, want string }{
		{ru.Seconds(400 * time.Millisecond), "0,4 с"},
		{en.Seconds(12 * time.Second), "12 s"},
		{ru.Seconds(72 * time.Second), "1 мин 12 с"},
		{ru.Seconds(59990 * time.Millisecond), "1 мин"},
		{ru.Seconds(15 * time.Minute), "15 мин"},
		{ru.Bytes(1_500_000_000), "1,5 ГБ"},
		{en.Bytes(999), "999 B"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}
