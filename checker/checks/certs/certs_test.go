package certs

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/user"
)

// TestWellKnown looks the keys up among the roots of this machine.
func TestWellKnown(t *testing.T) {
	roots := machineRoots(t)
	if lacking := lackingRoots(roots); len(lacking) > 0 {
		t.Errorf("this machine's %d roots lack %q", len(roots), lacking)
	}
	names := make(map[string]string)
	for _, c := range roots {
		sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
		names[hex.EncodeToString(sum[:])] = c.Subject.CommonName
	}
	for _, w := range wellKnown {
		if names[w.key] != w.name {
			t.Errorf("the key of %s is %q's", w.name, names[w.key])
		}
	}
}

func TestLackingRoots(t *testing.T) {
	var all []string
	for _, w := range wellKnown {
		all = append(all, w.name)
	}
	if got := lackingRoots(nil); !slices.Equal(got, all) {
		t.Errorf("no roots lack %q, want %q", got, all)
	}
	roots := machineRoots(t)
	without := slices.DeleteFunc(slices.Clone(roots), func(c *x509.Certificate) bool { return c.Subject.CommonName == "ISRG Root X1" })
	if got := lackingRoots(without); !slices.Equal(got, []string{"ISRG Root X1"}) {
		t.Errorf("without one: %q", got)
	}
	only := slices.DeleteFunc(slices.Clone(roots), func(c *x509.Certificate) bool { return c.Subject.CommonName != "ISRG Root X1" })
	if got := lackingRoots(only); !slices.Equal(got, all[1:]) {
		t.Errorf("with only one: %q", got)
	}
	// A name is nothing: the key counts.
	forged := *only[0]
	forged.RawSubjectPublicKeyInfo = []byte("another key")
	if got := lackingRoots([]*x509.Certificate{&forged}); !slices.Equal(got, all) {
		t.Errorf("with a forged one: %q", got)
	}
}

// machineRoots returns the roots of this machine.
func machineRoots(t *testing.T) []*x509.Certificate {
	t.Helper()
	for _, file := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		var roots []*x509.Certificate
		for b, rest := pem.Decode(text); b != nil; b, rest = pem.Decode(rest) {
			if c, err := x509.ParseCertificate(b.Bytes); err == nil {
				roots = append(roots, c)
			}
		}
		return roots
	}
	t.Fatal("this machine has no roots to compare with")
	return nil
}

// tree are the files of an image by path.
type tree struct {
	engine.Files
	entries map[string]engine.Entry
	err     error
}

func (f tree) Lstat(_ context.Context, p string) (engine.Entry, error) {
	e, ok := f.entries[p]
	switch {
	case f.err != nil && p != "/":
		return engine.Entry{}, f.err
	case !ok:
		return engine.Entry{}, &fs.PathError{Op: "stat", Path: p, Err: fs.ErrNotExist}
	}
	return e, nil
}

func TestUnreadable(t *testing.T) {
	bundle := func(mode fs.FileMode, owner ...int) engine.Entry {
		e := engine.Entry{Path: "/etc/ssl/cert.pem", Mode: mode}
		if len(owner) == 2 {
			e.UID, e.GID = owner[0], owner[1]
		}
		return e
	}
	dir := func(p string, mode fs.FileMode) engine.Entry { return engine.Entry{Path: p, Mode: fs.ModeDir | mode} }
	app, root := &user.User{UID: 10001, GID: 10001, Known: true}, &user.User{Known: true}
	for name, tt := range map[string]struct {
		u    *user.User
		e    engine.Entry
		dirs []engine.Entry
		want string
	}{
		"open":                      {app, bundle(0o644), []engine.Entry{dir("/etc", 0o755), dir("/etc/ssl", 0o755)}, ""},
		"no layer has the folders":  {app, bundle(0o644), nil, ""},
		"only for root":             {app, bundle(0o600), nil, "-rw------- /etc/ssl/cert.pem 0:0"},
		"root may":                  {root, bundle(0o600), []engine.Entry{dir("/etc", 0o700)}, ""},
		"its own":                   {app, bundle(0o400, 10001, 0), nil, ""},
		"of its group":              {app, bundle(0o440, 0, 10001), nil, ""},
		"of another group":          {app, bundle(0o440, 0, 7), nil, "-r--r----- /etc/ssl/cert.pem 0:7"},
		"a closed folder":           {app, bundle(0o644), []engine.Entry{dir("/etc", 0o755), dir("/etc/ssl", 0o700)}, "drwx------ /etc/ssl 0:0"},
		"a closed folder above":     {app, bundle(0o644), []engine.Entry{dir("/etc", 0o700), dir("/etc/ssl", 0o755)}, "drwx------ /etc 0:0"},
		"a folder without a list":   {app, bundle(0o644), []engine.Entry{dir("/etc", 0o711), dir("/etc/ssl", 0o711)}, ""}, // may be passed through
		"a folder without a way in": {app, bundle(0o644), []engine.Entry{dir("/etc", 0o744)}, "drwxr--r-- /etc 0:0"},
	} {
		t.Run(name, func(t *testing.T) {
			files := tree{entries: map[string]engine.Entry{"/": dir("/", 0o755)}}
			for _, d := range tt.dirs {
				files.entries[d.Path] = d
			}
			got, err := unreadable(t.Context(), tt.u, tt.e, files)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	away := errors.New("the engine is away")
	if _, err := unreadable(t.Context(), app, bundle(0o644), tree{err: away}); !errors.Is(err, away) {
		t.Errorf("got %v, want the engine's error", err)
	}
}

func TestParams(t *testing.T) {
	for _, tt := range []struct{ request, accepted, want string }{
		{"/check?host={host}", "valid", ""},
		{"check?host={host}", "valid", "must be a path"},
		{"/check", "valid", "{host}"},
		{"", "valid", "must be a path"},
		{"/check?host={host}", "", "must name a field"},
	} {
		err := Params{Request: tt.request, Accepted: tt.accepted}.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", fmt.Sprint(tt), err, tt.want)
		}
	}
}
