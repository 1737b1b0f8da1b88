// Package user is the fact of the user that an image's containers run as.
package user

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"

	"example.com/tutor/checker"
	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/image"
	"example.com/tutor/checker/facts/rootfs"
)

// User is the user that an image names.
type User struct {
	// Declared is the value of USER in the image's configuration, "" for none.
	Declared string
	// Numeric tells that Declared begins with a number.
	Numeric bool
	// UID is the user ID; valid when Known.
	UID int
	// GID is the group ID: the declared one, else that of the passwd file,
	// else 0. A group that the group file does not have counts as -1.
	GID int
	// Groups are the further groups that a user without a declared one has.
	Groups []int
	// Known is false for a name that the image's passwd file does not have, or
	// a number out of range: a container cannot start then.
	Known bool
}

// Fact resolves the user as the engine does: a number is itself, a name is
// looked up in /etc/passwd of the image, and groups come from there too.
// See https://docs.docker.com/reference/dockerfile/#user.
var Fact = &checker.Fact[build.Spec, *User]{
	Name:     "user",
	Requires: func(s build.Spec) []checker.Need { return []checker.Need{image.Fact.For(s), rootfs.Fact.For(s)} },
	Compute: func(ctx context.Context, sc *checker.Scope, spec build.Spec) (*User, error) {
		img, err := image.Fact.Of(ctx, sc, spec)
		if err != nil {
			return nil, err
		}
		files, err := rootfs.Fact.Of(ctx, sc, spec)
		if err != nil {
			return nil, err
		}
		return Resolve(ctx, img.Config.User, files)
	},
}

// maxPasswd bounds the passwd file, in bytes.
const maxPasswd = 1 << 20

// maxID is the largest user or group ID that an engine takes.
const maxID = 1<<31 - 1

// Resolve finds out what declared stands for in an image with these files. It
// follows the engine's own way (moby/sys/user: GetExecUser).
func Resolve(ctx context.Context, declared string, files engine.Files) (*User, error) {
	u := &User{Declared: declared}
	parts := append(strings.Split(declared, ":"), "")
	name, group := parts[0], parts[1]
	passwd, err := read(ctx, files, "/etc/passwd")
	if err != nil {
		return nil, err
	}
	number, numeric := id(name)
	u.Numeric = numeric
	entry := find(passwd, func(e []string) bool {
		if name == "" || numeric { // no USER, or ":group": root
			return field(e, 2) == number
		}
		return e[0] == name
	})
	switch {
	case entry != nil:
		u.UID, u.GID, u.Known = field(entry, 2), field(entry, 3), true
	case name == "":
		u.Known = true
	case numeric:
		u.UID, u.Known = number, number >= 0 && number <= maxID
	}
	if group == "" && entry == nil {
		return u, nil
	}
	groups, err := read(ctx, files, "/etc/group")
	if err != nil {
		return nil, err
	}
	if group == "" {
		for e := range lines(groups) {
			if len(e) > 3 && slices.Contains(strings.Split(e[3], ","), entry[0]) {
				u.Groups = append(u.Groups, field(e, 2))
			}
		}
		return u, nil
	}
	number, numeric = id(group)
	u.GID = -1
	if e := find(groups, func(e []string) bool { return numeric && field(e, 2) == number || !numeric && e[0] == group }); e != nil {
		u.GID = field(e, 2)
	} else if numeric && number >= 0 && number <= maxID {
		u.GID = number
	}
	return u, nil
}

func id(s string) (n int, numeric bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// read returns the text of a file of the image, nothing if there is none.
func read(ctx context.Context, files engine.Files, name string) ([]byte, error) {
	text, _, err := engine.ReadFile(ctx, files, name, maxPasswd)
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return nil, nil
	}
	return text, err
}

// lines yields the fields of the lines of a passwd or group file.
func lines(text []byte) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for line := range bytes.Lines(text) {
			if line = bytes.TrimSpace(line); len(line) > 0 && !yield(strings.Split(string(line), ":")) {
				return
			}
		}
	}
}

// find returns the fields of the first line that is wanted, nil for none.
func find(text []byte, wanted func([]string) bool) []string {
	for e := range lines(text) {
		if wanted(e) {
			return e
		}
	}
	return nil
}

// field returns a field as a number, 0 where it is none or is not there: an
// engine takes that for root.
func field(e []string, i int) int {
	if i >= len(e) {
		return 0
	}
	n, _ := strconv.Atoi(e[i])
	return n
}

// CanRead tells whether the user may read the file, by its own mode.
func (u *User) CanRead(e engine.Entry) bool { return u.may(e, 0o4) }

// CanEnter tells whether the user may pass through the folder.
func (u *User) CanEnter(e engine.Entry) bool { return u.may(e, 0o1) }

func (u *User) may(e engine.Entry, bit fs.FileMode) bool {
	switch {
	case u.UID == 0:
		return true
	case e.UID == u.UID:
		return e.Mode&(bit<<6) != 0
	case e.GID == u.GID, slices.Contains(u.Groups, e.GID):
		return e.Mode&(bit<<3) != 0
	}
	return e.Mode&bit != 0
}
