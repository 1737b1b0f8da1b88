package engine

import (
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// wire stands between tutor and the real engine, and can be cut.
type wire struct {
	listener net.Listener
	mu       sync.Mutex
	cut      bool
	conns    []net.Conn
}

// newWire leads to the engine at host and becomes the engine of the
// environment.
func newWire(t *testing.T, host string) *wire {
	t.Helper()
	to, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	address := to.Host
	if to.Scheme == "unix" {
		address = to.Path
	}
	dir, err := os.MkdirTemp("", "tutor-wire-") // a socket's path has little room
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &wire{}
	if w.listener, err = net.Listen("unix", filepath.Join(dir, "e.sock")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Cut)
	go func() {
		for {
			near, err := w.listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial(to.Scheme, address)
			if err != nil {
				near.Close()
				continue
			}
			w.join(near, far)
		}
	}()
	t.Setenv("DOCKER_HOST", "unix://"+w.listener.Addr().String())
	return w
}

func (w *wire) join(near, far net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		near.Close()
		far.Close()
		return
	}
	w.conns = append(w.conns, near, far)
	for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			if half, ok := pair[0].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
		}()
	}
}

// Cut ends all connections and takes no more.
func (w *wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	w.listener.Close()
	for _, c := range w.conns {
		c.Close()
	}
}

// TestEngineGoesAway loses the engine in the middle of a build.
func TestEngineGoesAway(t *testing.T) {
	real := connect(t)
	w := newWire(t, real.At().Host)
	far, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	t.Setenv("DOCKER_HOST", real.At().Host) // for all others
	marker, done := slowBuild(t.Context(), t, far)
	w.Cut()
	expectProblem(t, <-done, Lost)
	awaitEnd(t, real, marker)
	_, err = far.Info(t.Context())
	expectProblem(t, err, NotRunning)
}

// TestEngineGoesAwayFromContainer loses it while a container is waited for.
func TestEngineGoesAwayFromContainer(t *testing.T) {
	real := connect(t)
	c := start(t, real, ContainerOptions{}, "sleep 60; true")
	w := newWire(t, real.At().Host)
	far, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	ends := make(chan error, 2)
	go func() {
		_, err := (&Container{far, c.ID}).Wait(t.Context())
		ends <- err
	}()
	go func() {
		_, _, _, err := (&Container{far, c.ID}).Exec(t.Context(), "/bin/sh", "-c", "echo >/tmp/running; sleep 60")
		ends <- err
	}()
	// The file says that the command is under way.
	if _, _, code, err := c.Exec(t.Context(), "/bin/sh", "-c", "while [ ! -e /tmp/running ]; do sleep 0.05; done"); err != nil || code != 0 {
		t.Fatalf("waiting: %d, %v", code, err)
	}
	w.Cut()
	for range 2 {
		// Exec asks for the exit code first and finds nobody.
		var p *Problem
		if err := <-ends; !errors.As(err, &p) || p.Kind != Lost && p.Kind != NotRunning {
			t.Errorf("got %v, want the engine to be away", err)
		}
	}
}
