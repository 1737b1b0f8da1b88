package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
)

// tree returns the files of an image: by path, "dir", "file" or "-> target".
// Folders on the way are there by themselves.
func tree(entries map[string]string) *SavedImage {
	s := &SavedImage{merged: map[string]Entry{"/": {Path: "/", Mode: fs.ModeDir | 0o755}}}
	for p, what := range entries {
		for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
			if _, ok := s.merged[dir]; !ok && entries[dir] == "" {
				s.merged[dir] = Entry{Path: dir, Mode: fs.ModeDir | 0o755}
			}
		}
		e := Entry{Path: p, Mode: 0o644}
		if what == "dir" {
			e.Mode = fs.ModeDir | 0o755
		} else if target, ok := strings.CutPrefix(what, "-> "); ok {
			e.Mode, e.Link = fs.ModeSymlink|0o777, target
		}
		s.merged[p] = e
	}
	return s
}

// statCases are trees with a path to look up in them and the path that the
// kernel finds; "" for none.
var statCases = map[string]struct {
	tree       map[string]string
	path, want string
}{
	"a file":                        {map[string]string{"/a/b": "file"}, "/a/b", "/a/b"},
	"a folder":                      {map[string]string{"/a": "dir"}, "/a", "/a"},
	"the root":                      {nil, "/", "/"},
	"without a slash":               {map[string]string{"/a/b": "file"}, "a/b", "/a/b"},
	"with too many":                 {map[string]string{"/a/b": "file"}, "//a/.//b", "/a/b"},
	"nothing":                       {nil, "/a", ""},
	"below a file":                  {map[string]string{"/a": "file"}, "/a/b", ""},
	"absolute link":                 {map[string]string{"/l": "-> /a/b", "/a/b": "file"}, "/l", "/a/b"},
	"relative link":                 {map[string]string{"/a/l": "-> b", "/a/b": "file"}, "/a/l", "/a/b"},
	"relative link up":              {map[string]string{"/a/l": "-> ../c", "/c": "file"}, "/a/l", "/c"},
	"link of a link":                {map[string]string{"/1": "-> 2", "/2": "-> /3", "/3": "file"}, "/1", "/3"},
	"through a linked folder":       {map[string]string{"/bin": "-> usr/bin", "/usr/bin/sh": "file"}, "/bin/sh", "/usr/bin/sh"},
	"link in a linked folder":       {map[string]string{"/bin": "-> usr/bin", "/usr/bin/sh": "-> dash", "/usr/bin/dash": "file"}, "/bin/sh", "/usr/bin/dash"},
	"relative to where it is":       {map[string]string{"/l": "-> a/b", "/a/b/x": "-> ../y", "/a/y": "file", "/y": "file"}, "/l/x", "/a/y"},
	"up from a linked folder":       {map[string]string{"/l": "-> a/b", "/a/b/": "dir", "/a/b": "dir", "/a/c": "file", "/c": "file", "/m": "-> l/../c"}, "/m", "/a/c"},
	"to a folder":                   {map[string]string{"/l": "-> a/", "/a": "dir"}, "/l", "/a"},
	"above the root":                {map[string]string{"/l": "-> ../../../a", "/a": "file"}, "/l", "/a"},
	"above the root from below":     {map[string]string{"/x/y/l": "-> ../../../../../../a", "/a": "file"}, "/x/y/l", "/a"},
	"the path is above the root":    {map[string]string{"/a": "file"}, "/../../a", "/a"},
	"absolute and above":            {map[string]string{"/l": "-> /../../a", "/a": "file"}, "/l", "/a"},
	"to the root":                   {map[string]string{"/l": "-> /"}, "/l", "/"},
	"to the root by name":           {map[string]string{"/a/l": "-> .."}, "/a/l", "/"},
	"to itself":                     {map[string]string{"/l": "-> l"}, "/l", ""},
	"in a circle":                   {map[string]string{"/1": "-> 2", "/2": "-> 3", "/3": "-> 1"}, "/1", ""},
	"into itself":                   {map[string]string{"/l": "-> l/x"}, "/l", ""},
	"a folder that leads to itself": {map[string]string{"/a/l": "-> .", "/a/x": "file"}, "/a/l/l/l/x", "/a/x"},
	"dangling":                      {map[string]string{"/l": "-> nothing"}, "/l", ""},
	"dangling folder":               {map[string]string{"/l": "-> nothing", "/x": "file"}, "/l/x", ""},
	"through a file":                {map[string]string{"/l": "-> a", "/a": "file"}, "/l/x", ""},
	"up from a file":                {map[string]string{"/l": "-> a/../b", "/a": "file", "/b": "file"}, "/l", ""},
	"up from nothing":               {map[string]string{"/l": "-> a/../b", "/b": "file"}, "/l", ""},
	"forty links":                   {chain(40), "/1", "/end"},
	"forty-one links":               {chain(41), "/1", ""},
}

// chain returns n links, each to the next, the last to a file.
func chain(n int) map[string]string {
	links := map[string]string{"/end": "file", fmt.Sprintf("/%d", n): "-> end"}
	for i := 1; i < n; i++ {
		links[fmt.Sprintf("/%d", i)] = fmt.Sprintf("-> %d", i+1)
	}
	return links
}

func TestStat(t *testing.T) {
	for name, tt := range statCases {
		t.Run(name, func(t *testing.T) {
			e, err := Stat(t.Context(), tree(tt.tree), tt.path)
			var pathErr *fs.PathError
			switch {
			case err != nil && !errors.As(err, &pathErr):
				t.Fatalf("got error %#v, want one about a path", err)
			case err != nil && tt.want != "":
				t.Fatalf("got %v, want %s", err, tt.want)
			case err == nil && e.Path != tt.want:
				t.Fatalf("got %q, want %q", e.Path, tt.want)
			}
		})
	}
}

func TestReadFile(t *testing.T) {
	s := saved(t, layer{files: []file{
		{path: "/a", text: "12345"}, {path: "/l", link: "a"}, {path: "/d", dir: true}, {path: "/dl", link: "d"},
	}})
	for _, tt := range []struct {
		path  string
		limit int64
		text  string
		err   string // part of it
	}{
		{"/a", 5, "12345", ""},
		{"/a", 100, "12345", ""},
		{"/l", 5, "12345", ""},
		{"/a", 4, "", "5 bytes, more than 4"},
		{"/d", 5, "", "not a regular file"},
		{"/dl", 5, "", "not a regular file"},
		{"/", 5, "", "not a regular file"},
		{"/b", 5, "", "file does not exist"},
	} {
		text, e, err := ReadFile(t.Context(), s, tt.path, tt.limit)
		switch {
		case tt.err == "" && err != nil:
			t.Errorf("%s: %v", tt.path, err)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: got %v, want %q", tt.path, err, tt.err)
		case tt.err == "" && (string(text) != tt.text || e.Path != "/a"):
			t.Errorf("%s: got %q of %s", tt.path, text, e.Path)
		}
	}
}

func TestChildren(t *testing.T) {
	s := tree(map[string]string{"/a/x": "file", "/a/b/y": "file", "/ab": "file", "/l": "-> a", "/e": "dir"})
	for p, want := range map[string][]string{
		"/":    {"/a", "/ab", "/e", "/l"},
		"/a":   {"/a/b", "/a/x"},
		"/l":   {"/a/b", "/a/x"}, // where it leads
		"/a/b": {"/a/b/y"},
		"/e":   nil,
	} {
		list, err := s.List(t.Context(), p)
		if err != nil {
			t.Errorf("%s: %v", p, err)
		}
		if got := paths(list); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", p, got, want)
		}
	}
	if _, err := s.List(t.Context(), "/nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func paths(entries []Entry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Path)
	}
	return all
}
