package user_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/tutor/checker/engine"
)

// TestResolveAsTheEngine starts a container for each case of TestResolve and
// asks its process who it is.
func TestResolveAsTheEngine(t *testing.T) {
	e, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker Engine: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	var id [8]byte
	rand.Read(id[:])
	session := "test" + hex.EncodeToString(id[:])
	for declared, tt := range cases {
		t.Run("USER "+declared, func(t *testing.T) {
			t.Parallel()
			ids, err := ids(t, e, session, declared)
			var refused *engine.StartError
			switch {
			case tt.refused && !errors.As(err, &refused):
				t.Errorf("got %q, %v, want the engine to refuse", ids, err)
			case !tt.refused && err != nil:
				t.Error(err)
			case !tt.refused:
				want := []string{strconv.Itoa(tt.want.UID), strconv.Itoa(tt.want.GID), strconv.Itoa(tt.want.GID)}
				for _, g := range tt.want.Groups {
					want = append(want, strconv.Itoa(g))
				}
				if !slices.Equal(ids, want) {
					t.Errorf("is %q, want %q", ids, want)
				}
			}
		})
	}
}

// ids returns the user ID, the group ID and all groups of a process.
func ids(t *testing.T, e *engine.Engine, session, declared string) ([]string, error) {
	t.Helper()
	c, err := e.CreateContainer(t.Context(), engine.ContainerOptions{
		Session: session, Image: "golang:1.26", User: declared, Cmd: []string{"sh", "-c", "id -u; id -g; id -G"},
	})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := c.Remove(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	err = c.CopyIn(t.Context(), engine.File{Path: "/etc/passwd", Text: []byte(passwd), Mode: 0o644}, engine.File{Path: "/etc/group", Text: []byte(group), Mode: 0o644})
	if err != nil {
		return nil, err
	}
	if err := c.Start(t.Context()); err != nil {
		return nil, err
	}
	if state, err := c.Wait(t.Context()); err != nil || state.ExitCode != 0 {
		return nil, fmt.Errorf("ended with %+v, %w", state, err)
	}
	log, err := c.Logs(t.Context(), 10, 1000)
	return strings.Fields(log), err
}
