package engine

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// Run is one run of a container with its streams apart, as "docker run" has
// them: started, and perhaps still going on.
type Run struct {
	c        *Container
	conn     types.HijackedResponse
	out, err Output
	read     chan struct{} // closed when the streams have ended
}

// Run starts the container and follows its output; of each stream the first
// limit bytes are kept. The end of ctx ends the following, not the container,
// which the caller removes. A [*StartError] is the image's fault.
func (c *Container) Run(ctx context.Context, limit int) (*Run, error) {
	// Attached before the start, so that nothing is lost. An engine ignores
	// Stdin where the container has none.
	conn, err := c.e.cli.ContainerAttach(ctx, c.ID, container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, c.e.classify(ctx, fmt.Errorf("attaching to container: %w", err))
	}
	r := &Run{c: c, conn: conn, read: make(chan struct{})}
	r.out.limit, r.err.limit = limit, limit
	if err := c.Start(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	// The connection knows nothing of ctx once it is taken over.
	stop := context.AfterFunc(ctx, conn.Close)
	go func() {
		defer close(r.read)
		defer stop()
		defer conn.Close()
		// A stream that is cut off says as much as it did; how the container
		// ended says the engine.
		_, _ = stdcopy.StdCopy(&r.out, &r.err, conn.Reader)
	}()
	return r, nil
}

// Stdin writes text to the container's stdin, which must be open
// (ContainerOptions.Stdin), and ends it if end is true. That nobody reads it
// any more is no error.
func (r *Run) Stdin(text string, end bool) {
	_, _ = r.conn.Conn.Write([]byte(text))
	if end {
		_ = r.conn.CloseWrite()
	}
}

// Stdout is what has come from the container's stdout so far.
func (r *Run) Stdout() *Output { return &r.out }

// Stderr is what has come from the container's stderr so far.
func (r *Run) Stderr() *Output { return &r.err }

// lateOutput is how long the last output of an ended container may take.
const lateOutput = 5 * time.Second

// End waits until the container has ended and its output is here.
func (r *Run) End(ctx context.Context) (State, error) {
	state, err := r.c.Wait(ctx)
	if err != nil {
		return state, err
	}
	select {
	case <-r.read:
	case <-ctx.Done():
	case <-time.After(lateOutput):
	}
	return state, nil
}

// Output is what has come from one stream.
type Output struct {
	mu    sync.Mutex
	limit int
	text  bytes.Buffer
	lost  int64
}

// Write implements io.Writer and never fails: a container is not held up by
// what nobody keeps.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(len(p), o.limit-o.text.Len())
	o.text.Write(p[:n])
	o.lost += int64(len(p) - n)
	return len(p), nil
}

// String returns what was kept.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Lost is how many bytes were not kept.
func (o *Output) Lost() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost
}

// Signal sends a signal, by name or number, to the container's first process.
// One that has ended already is fine.
func (c *Container) Signal(ctx context.Context, signal string) error {
	err := c.e.cli.ContainerKill(ctx, c.ID, signal)
	if isStatus(err, http.StatusConflict) {
		return nil
	}
	return c.e.classify(ctx, err)
}
