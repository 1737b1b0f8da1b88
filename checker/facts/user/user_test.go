package user_test

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/user"
)

// The files of cases, and what they are called in a container.
const (
	passwd = `root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/:/sbin/nologin

app:x:10001:10002:the app:/app:
  spaced:x:21:22::/:
toor:x:0:7::/root:
123:x:45:46::/:
short:x:31
broken:x:many:9::/:
app:x:99:99:a second time:/:
`
	group = `root:x:0:
app:x:10002:
certs:x:50:app,nobody
media:x:51:nobody,app
broken:x:some:
nobody:x:65534:
`
)

// cases say what a declared user stands for with the files above. The engine
// itself proves them in user_engine_test.go.
var cases = map[string]struct {
	want    user.User
	refused bool // a container does not start
}{
	"":          {want: user.User{Known: true}},
	":":         {want: user.User{Known: true}},
	":5":        {want: user.User{Known: true, GID: 5}},
	":certs":    {want: user.User{Known: true, GID: 50}},
	"root":      {want: user.User{Known: true}},
	"root:root": {want: user.User{Known: true}},
	"0":         {want: user.User{Known: true, Numeric: true}},
	"00":        {want: user.User{Known: true, Numeric: true}},
	"0:0":       {want: user.User{Known: true, Numeric: true}},
	"0:certs":   {want: user.User{Known: true, Numeric: true, GID: 50}},
	"toor":      {want: user.User{Known: true, GID: 7}},

	"app":           {want: user.User{Known: true, UID: 10001, GID: 10002, Groups: []int{50, 51}}},
	"app:":          {want: user.User{Known: true, UID: 10001, GID: 10002, Groups: []int{50, 51}}},
	"app:certs":     {want: user.User{Known: true, UID: 10001, GID: 50}},
	"app:7":         {want: user.User{Known: true, UID: 10001, GID: 7}},
	"app:9":         {want: user.User{Known: true, UID: 10001, GID: 9}},
	"spaced":        {want: user.User{Known: true, UID: 21, GID: 22}},
	"nobody:nobody": {want: user.User{Known: true, UID: 65534, GID: 65534}},

	"10001":       {want: user.User{Known: true, Numeric: true, UID: 10001, GID: 10002, Groups: []int{50, 51}}}, // is app
	"10001:10001": {want: user.User{Known: true, Numeric: true, UID: 10001, GID: 10001}},
	"20000":       {want: user.User{Known: true, Numeric: true, UID: 20000}},
	"20000:20001": {want: user.User{Known: true, Numeric: true, UID: 20000, GID: 20001}},
	"20000:certs": {want: user.User{Known: true, Numeric: true, UID: 20000, GID: 50}},
	"123":         {want: user.User{Known: true, Numeric: true, UID: 123}}, // not the user called so
	"2147483647":  {want: user.User{Known: true, Numeric: true, UID: 2147483647}},

	// Broken lines have zeroes.
	"short":      {want: user.User{Known: true, UID: 31}},
	"broken":     {want: user.User{Known: true, GID: 9}},
	"app:broken": {want: user.User{Known: true, UID: 10001}},

	"unknown":              {want: user.User{}, refused: true},
	"App":                  {want: user.User{}, refused: true},
	"2147483648":           {want: user.User{Numeric: true, UID: 2147483648}, refused: true},
	"-1":                   {want: user.User{Numeric: true, UID: -1}, refused: true},
	"99999999999999999999": {want: user.User{}, refused: true}, // no number any more, but a name
	"app:unknown":          {want: user.User{Known: true, UID: 10001, GID: -1}, refused: true},
	"20000:unknown":        {want: user.User{Known: true, Numeric: true, UID: 20000, GID: -1}, refused: true},
	"20000:2147483648":     {want: user.User{Known: true, Numeric: true, UID: 20000, GID: -1}, refused: true},
}

func same(a, b user.User) bool {
	return a.UID == b.UID && a.GID == b.GID && a.Known == b.Known && a.Numeric == b.Numeric && slices.Equal(a.Groups, b.Groups)
}

func TestResolve(t *testing.T) {
	files := image(t, map[*tar.Header]string{regular("etc/passwd"): passwd, regular("etc/group"): group})
	for declared, tt := range cases {
		got, err := user.Resolve(t.Context(), declared, files)
		if err != nil {
			t.Fatal(err)
		}
		if got.Declared != declared || !same(*got, tt.want) {
			t.Errorf("USER %s is %+v, want %+v", declared, *got, tt.want)
		}
	}
}

func TestResolveInOtherImages(t *testing.T) {
	unknown, known := user.User{}, user.User{Known: true, UID: 7, GID: 8}
	const line = "app:x:7:8::/:\n"
	for name, tt := range map[string]struct {
		files    map[*tar.Header]string
		declared string
		want     user.User
	}{
		"no files, a name":    {nil, "app", unknown},
		"no files, a number":  {nil, "7", user.User{Known: true, Numeric: true, UID: 7}},
		"no files, root":      {nil, "root", unknown},
		"no files, a group":   {nil, "7:app", user.User{Known: true, Numeric: true, UID: 7, GID: -1}},
		"no files, none":      {nil, "", user.User{Known: true}},
		"only passwd":         {map[*tar.Header]string{regular("etc/passwd"): line}, "app", known},
		"an empty passwd":     {map[*tar.Header]string{regular("etc/passwd"): ""}, "app", unknown},
		"with the end of DOS": {map[*tar.Header]string{regular("etc/passwd"): "app:x:7:8\r\n"}, "app", known},
		"without an end":      {map[*tar.Header]string{regular("etc/passwd"): "app:x:7:8"}, "app", known},
		"a link": {map[*tar.Header]string{
			regular("usr/lib/passwd"): line, {Name: "etc/passwd", Typeflag: tar.TypeSymlink, Linkname: "../usr/lib/passwd"}: "",
		}, "app", known},
		"a linked folder": {map[*tar.Header]string{
			regular("real/passwd"): line, {Name: "etc", Typeflag: tar.TypeSymlink, Linkname: "/real"}: "",
		}, "app", known},
		"a link to nothing": {map[*tar.Header]string{{Name: "etc/passwd", Typeflag: tar.TypeSymlink, Linkname: "/nothing"}: ""}, "app", unknown},
		"a link to itself":  {map[*tar.Header]string{{Name: "etc/passwd", Typeflag: tar.TypeSymlink, Linkname: "passwd"}: ""}, "app", unknown},
		"a folder":          {map[*tar.Header]string{{Name: "etc/passwd/", Typeflag: tar.TypeDir, Mode: 0o755}: ""}, "app", unknown},
		"too long":          {map[*tar.Header]string{regular("etc/passwd"): line + strings.Repeat("#\n", 1<<19)}, "app", unknown},
		"root is another":   {map[*tar.Header]string{regular("etc/passwd"): "root:x:7:8::/:\n"}, "root", known},
		"0 is another":      {map[*tar.Header]string{regular("etc/passwd"): "0:x:7:8::/:\n"}, "0", user.User{Known: true, Numeric: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := user.Resolve(t.Context(), tt.declared, image(t, tt.files))
			if err != nil {
				t.Fatal(err)
			}
			if !same(*got, tt.want) {
				t.Errorf("USER %s is %+v, want %+v", tt.declared, *got, tt.want)
			}
		})
	}
	// That there is no such file must not be taken from an engine that is away.
	if _, err := user.Resolve(t.Context(), "app", deaf{}); !errors.Is(err, errAway) {
		t.Errorf("got %v, want the engine's error", err)
	}
}

func TestMay(t *testing.T) {
	app := &user.User{UID: 10001, GID: 10002, Groups: []int{50}, Known: true}
	root := &user.User{Known: true}
	lost := &user.User{UID: 7, GID: -1, Known: true}
	for _, tt := range []struct {
		u            *user.User
		mode         fs.FileMode
		uid, gid     int
		reads, enter bool
	}{
		{app, 0o644, 0, 0, true, false},
		{app, 0o755, 0, 0, true, true},
		{app, 0o600, 0, 0, false, false},
		{app, 0o711, 0, 0, false, true},
		{app, 0o600, 10001, 0, true, false},
		{app, 0o500, 10001, 0, true, true},
		{app, 0o044, 10001, 10002, false, false}, // an owner has no more than the owner's bits
		{app, 0o640, 0, 10002, true, false},
		{app, 0o604, 0, 10002, false, false}, // nor has the group
		{app, 0o750, 0, 50, true, true},      // a further group
		{app, 0o750, 0, 51, false, false},
		{app, 0, 0, 0, false, false},
		{root, 0, 7, 8, true, true},
		{lost, 0o640, 0, 0, false, false},
		{lost, 0o644, 0, 0, true, false},
	} {
		e := engine.Entry{Mode: tt.mode, UID: tt.uid, GID: tt.gid}
		if r, x := tt.u.CanRead(e), tt.u.CanEnter(e); r != tt.reads || x != tt.enter {
			t.Errorf("%+v with %s of %d:%d: reads %v, enters %v", *tt.u, fmt.Sprint(tt.mode), tt.uid, tt.gid, r, x)
		}
	}
}
