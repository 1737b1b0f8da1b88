package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cache gives the test a cache folder of its own, and returns the folder of
// the leases in it.
func cache(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("HOME", dir)
	leases, err := leaseDir()
	if err != nil {
		t.Fatal(err)
	}
	return leases
}

// leave makes the lease of a session that was killed: a file that nobody locks.
func leave(t *testing.T, session string) {
	t.Helper()
	l, err := TakeLease(session)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.lock.Unlock(); err != nil { // as the system does
		t.Fatal(err)
	}
}

func TestLease(t *testing.T) {
	dir := cache(t)
	if got := ownerOf("mine"); got != Unknown {
		t.Errorf("before it begins: %s", got)
	}
	mine, err := TakeLease("mine")
	if err != nil {
		t.Fatal(err)
	}
	leave(t, "killed")
	for session, want := range map[string]Owner{
		"mine": Alive, "killed": Dead, "other": Unknown, "": Unknown, "../../etc/passwd": Unknown, "/etc/passwd": Unknown,
	} {
		for range 2 { // asking changes nothing
			if got := ownerOf(session); got != want {
				t.Errorf("%q is %s, want %s", session, got, want)
			}
		}
	}
	if err := forget(nil); err != nil {
		t.Fatal(err)
	}
	if got := ownerOf("killed"); got != Unknown {
		t.Errorf("forgotten: %s", got)
	}
	if got := ownerOf("mine"); got != Alive {
		t.Errorf("the living one after the dead were forgotten: %s", got)
	}
	if err := mine.Release(); err != nil {
		t.Fatal(err)
	}
	if got := ownerOf("mine"); got != Unknown {
		t.Errorf("after its end: %s", got)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestForgetKeeps(t *testing.T) {
	cache(t)
	if err := forget(nil); err != nil {
		t.Errorf("without any: %v", err)
	}
	leave(t, "kept")
	leave(t, "gone")
	if err := forget(map[string]bool{"kept": true}); err != nil {
		t.Fatal(err)
	}
	if k, g := ownerOf("kept"), ownerOf("gone"); k != Dead || g != Unknown {
		t.Errorf("kept is %s, gone is %s", k, g)
	}
}

func TestLeaseNeedsAFolder(t *testing.T) {
	dir := cache(t)
	if err := os.MkdirAll(filepath.Dir(filepath.Dir(dir)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Dir(dir), nil, 0o644); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	if _, err := TakeLease("mine"); err == nil || !strings.Contains(err.Error(), "taking session lease") {
		t.Errorf("got %v", err)
	}
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	if _, err := TakeLease("mine"); err == nil || !strings.Contains(err.Error(), "cache folder") {
		t.Errorf("got %v", err)
	}
	if got := ownerOf("mine"); got != Unknown {
		t.Errorf("without a folder: %s", got)
	}
}

// warehouse is an engine with objects that can be listed and removed.
type warehouse struct {
	t       *testing.T
	lists   map[string]any // by the end of the path
	refuse  string         // part of the path of what cannot be removed
	removed []string
}

func (w *warehouse) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodDelete && w.refuse != "" && strings.Contains(r.URL.Path, w.refuse):
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprint(rw, `{"message":"it is in use"}`)
	case r.Method == http.MethodDelete:
		_, what, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/") // without the version
		w.removed = append(w.removed, what)
		fmt.Fprint(rw, "[]")
	default:
		for suffix, list := range w.lists {
			if strings.HasSuffix(r.URL.Path, suffix) {
				if err := json.NewEncoder(rw).Encode(list); err != nil {
					w.t.Error(err)
				}
				return
			}
		}
		pong("1.41", "linux")(rw, r)
	}
}

func labels(session string) map[string]string { return map[string]string{sessionLabel: session} }

func TestLeftovers(t *testing.T) {
	home(t, nil)
	cache(t)
	leave(t, "dead")
	alive, err := TakeLease("alive")
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Release()
	w := &warehouse{t: t, lists: map[string]any{
		"/containers/json": []any{
			map[string]any{"Id": "c1", "Names": []string{"/brave_bell"}, "ImageID": "sha256:plain", "Labels": labels("dead")},
			map[string]any{"Id": "c2", "ImageID": "sha256:gone", "Labels": labels("alive")},
			// A learner's own, of an image with LABEL tutor.session=dead.
			map[string]any{"Id": "c3", "Names": []string{"/learners"}, "ImageID": "sha256:labelled", "Labels": labels("dead")},
			// tutor's, of the same image: the label is its own.
			map[string]any{"Id": "c4", "Names": []string{"/tutors"}, "ImageID": "sha256:labelled", "Labels": labels("alive")},
		},
		"/images/sha256:plain/json":    map[string]any{"Id": "sha256:plain", "Config": map[string]any{}},
		"/images/sha256:labelled/json": map[string]any{"Id": "sha256:labelled", "Config": map[string]any{"Labels": labels("dead")}},
		"/networks":                    []any{map[string]any{"Id": "n1", "Name": "tutor-session-dead", "Labels": labels("dead")}},
		"/volumes":                     map[string]any{"Volumes": []any{map[string]any{"Name": "v1", "Labels": labels("far")}}},
		"/images/json": []any{
			map[string]any{"Id": "sha256:1", "RepoTags": []string{"tutor-session/dead:1", "learners/app:1", "tutor-session/alive:2"}},
			map[string]any{"Id": "sha256:2", "RepoTags": []string{"tutor-sessions/x:1"}},
		},
	}}
	fakeEngine(t, w)
	e, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	found, err := e.Leftovers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Leftover{
		{KindContainer, "c1", "brave_bell", "dead", Dead},
		{KindContainer, "c2", "c2", "alive", Alive},
		{KindContainer, "c4", "tutors", "alive", Alive},
		{KindNetwork, "n1", "tutor-session-dead", "dead", Dead},
		{KindVolume, "v1", "v1", "far", Unknown},
		{KindImage, "tutor-session/dead:1", "tutor-session/dead:1", "dead", Dead},
		{KindImage, "tutor-session/alive:2", "tutor-session/alive:2", "alive", Alive},
	}
	if !slices.Equal(found, want) {
		t.Errorf("got\n%v\nwant\n%v", found, want)
	}

	t.Run("sweep", func(t *testing.T) {
		w.removed = nil
		if err := e.Sweep(t.Context(), "dead"); err != nil {
			t.Fatal(err)
		}
		if want := []string{"containers/c1", "networks/n1", "images/tutor-session/dead:1"}; !slices.Equal(w.removed, want) {
			t.Errorf("removed %q, want %q", w.removed, want)
		}
	})

	t.Run("clean", func(t *testing.T) {
		w.removed = nil
		dead := slices.DeleteFunc(slices.Clone(found), func(l Leftover) bool { return l.Owner != Dead })
		var told []string
		err := e.Clean(t.Context(), dead, func(l Leftover, err error) { told = append(told, fmt.Sprint(l.ID, " ", err)) })
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"containers/c1", "networks/n1", "images/tutor-session/dead:1"}; !slices.Equal(w.removed, want) {
			t.Errorf("removed %q, want %q", w.removed, want)
		}
		if want := []string{"c1 <nil>", "n1 <nil>", "tutor-session/dead:1 <nil>"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		if got := ownerOf("dead"); got != Unknown {
			t.Errorf("the session is still %s", got)
		}
	})

	t.Run("what cannot be removed is remembered", func(t *testing.T) {
		leave(t, "dead")
		leave(t, "other")
		w.removed, w.refuse = nil, "networks/"
		dead := slices.DeleteFunc(slices.Clone(found), func(l Leftover) bool { return l.Session != "dead" })
		var failed []string
		err := e.Clean(t.Context(), dead, func(l Leftover, err error) {
			if err != nil {
				failed = append(failed, l.ID)
			}
		})
		if err == nil || !strings.Contains(err.Error(), "removing network tutor-session-dead") || !slices.Equal(failed, []string{"n1"}) {
			t.Errorf("got %v about %q", err, failed)
		}
		if len(w.removed) != 2 { // and the rest goes on
			t.Errorf("removed %q", w.removed)
		}
		if d, o := ownerOf("dead"), ownerOf("other"); d != Dead || o != Unknown {
			t.Errorf("dead is %s, other is %s", d, o)
		}
	})

	if err := e.removeLeftover(t.Context(), Leftover{Kind: "cat"}); err == nil {
		t.Error("a cat was removed")
	}
}

// TestLeftoversNeedTheEngine breaks each of its lists.
func TestLeftoversNeedTheEngine(t *testing.T) {
	lists := []string{"/containers/json", "/networks", "/volumes", "/images/json"}
	for i := range lists {
		home(t, nil)
		w := &warehouse{t: t, lists: make(map[string]any)}
		for _, l := range lists[:i] {
			w.lists[l] = []any{}
		}
		if _, ok := w.lists["/volumes"]; ok {
			w.lists["/volumes"] = map[string]any{}
		}
		fakeEngine(t, w)
		e, err := Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if _, err := e.Leftovers(t.Context()); err == nil {
			t.Errorf("%s was not needed", lists[i])
		}
		var p *Problem
		if err := e.Sweep(t.Context(), "x"); !errors.As(err, &p) {
			t.Errorf("%s: got %v", lists[i], err)
		}
	}
}
