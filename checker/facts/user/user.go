// Package user is the fact of the user that an image's containers run as.
package user

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
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
	// Known is false for a name that the image's passwd file does not have:
	// a container cannot start then.
	Known bool
}

// Fact resolves the user as the engine does: a number is itself, a name is
// looked up in /etc/passwd of the image.
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

// Resolve finds out what declared stands for in an image with these files.
func Resolve(ctx context.Context, declared string, files engine.Files) (*User, error) {
	u := &User{Declared: declared}
	name, group, _ := strings.Cut(declared, ":")
	if name == "" { // no USER, or ":group": root
		u.Known = true
		return u, nil
	}
	passwd, err := read(ctx, files, "/etc/passwd")
	if err != nil {
		return nil, err
	}
	// A name that consists of digits is looked up as a name first, as the
	// engine does (moby: sys/user.GetExecUser).
	if fields, ok := lookup(passwd, name); ok {
		u.UID, u.GID, u.Known = fields[0], fields[1], true
	}
	if n, err := strconv.Atoi(name); err == nil {
		u.Numeric = true
		if !u.Known {
			u.UID, u.Known = n, true
		}
	}
	if group == "" {
		return u, nil
	}
	groups, err := read(ctx, files, "/etc/group")
	if err != nil {
		return nil, err
	}
	u.GID = -1
	if fields, ok := lookup(groups, group); ok {
		u.GID = fields[0]
	} else if n, err := strconv.Atoi(group); err == nil {
		u.GID = n
	}
	return u, nil
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

// lookup returns the third and fourth field of a name's line in the text of a
// passwd or group file as numbers; the fourth is 0 where it is none.
func lookup(text []byte, name string) (numbers [2]int, ok bool) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) < 4 || fields[0] != name {
			continue
		}
		id, err := strconv.Atoi(fields[2])
		if err != nil {
			continue
		}
		numbers[0] = id
		numbers[1], _ = strconv.Atoi(fields[3])
		return numbers, true
	}
	return numbers, false
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
	case e.GID == u.GID:
		return e.Mode&(bit<<3) != 0
	}
	return e.Mode&bit != 0
}
