// Command certwatch tells how long TLS certificates stay valid.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.com/certwatch/internal/certs"
	"example.com/certwatch/internal/server"
)

const usage = `Usage:
  certwatch HOST:PORT…   print one line a host; exit 1 if a certificate is not valid
  certwatch -            the same for hosts on stdin, one a line, each as it comes
  certwatch serve        answer over HTTP on port $PORT (8080)
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	p := program{port: os.Getenv("PORT"), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(p.run(ctx, os.Args[1:]))
}

// program is certwatch and what it takes from the outside.
type program struct {
	probe          certs.Probe
	port           string // to serve on; empty: 8080
	stdin          io.Reader
	stdout, stderr io.Writer
}

// Exit codes. Shells report a command that Ctrl-C ended by interrupted, too: 128 and the number of SIGINT.
const (
	failed      = 1
	wrongUsage  = 2
	interrupted = 130
)

// run does what args ask for and returns the exit code, 0 for done. A service that is told to stop has done its work,
// a command that is interrupted has not.
func (p program) run(ctx context.Context, args []string) int {
	switch {
	case len(args) == 1 && args[0] == "serve":
		return p.serve(ctx)
	case len(args) == 1 && (args[0] == "-h" || args[0] == "--help"):
		fmt.Fprint(p.stdout, usage)
		return 0
	case len(args) == 1 && args[0] == "-":
		return p.stream(ctx)
	case len(args) == 0 || args[0] == "serve":
		fmt.Fprint(p.stderr, usage)
		return wrongUsage
	}
	for _, host := range args {
		if err := certs.ValidHost(host); err != nil {
			return p.complain(wrongUsage, err)
		}
	}
	return p.list(ctx, args)
}

// complain tells on stderr what went wrong and returns code.
func (p program) complain(code int, err error) int {
	fmt.Fprintf(p.stderr, "certwatch: %v\n", err)
	return code
}

// list asks all hosts at once and prints their answers in the order of hosts.
func (p program) list(ctx context.Context, hosts []string) (code int) {
	answers := make([]certs.Status, len(hosts))
	var wg sync.WaitGroup
	for i, host := range hosts {
		wg.Go(func() { answers[i] = p.probe.Check(ctx, host) })
	}
	wg.Wait()

	if ctx.Err() != nil { // what was cut short says nothing about a certificate
		return p.complain(interrupted, context.Cause(ctx))
	}
	for _, a := range answers {
		code = max(code, p.print(a))
	}
	return code
}

// stream asks the hosts that stdin names, one after the other, and answers each before it reads on.
func (p program) stream(ctx context.Context) (code int) {
	lines, end := p.lines(ctx)
	asked := 0
	for {
		var host string
		select {
		case <-ctx.Done():
			return p.complain(interrupted, context.Cause(ctx))
		case err := <-end:
			switch {
			case err != nil:
				return p.complain(failed, fmt.Errorf("reading stdin: %w", err))
			case asked == 0:
				return p.complain(wrongUsage, errors.New("no host on stdin"))
			}
			return code
		case host = <-lines:
		}
		if err := certs.ValidHost(host); err != nil {
			return p.complain(wrongUsage, err)
		}
		answer := p.probe.Check(ctx, host)
		if ctx.Err() == nil {
			code = max(code, p.print(answer))
		}
		asked++
	}
}

// lines sends the lines of stdin that are not empty, then the error that ended them, nil at the end of stdin. A read
// cannot be interrupted, so it has a goroutine of its own, which nobody waits for.
func (p program) lines(ctx context.Context) (<-chan string, <-chan error) {
	lines, end := make(chan string), make(chan error)
	go func() {
		in := bufio.NewScanner(p.stdin)
		for in.Scan() {
			line := strings.TrimSpace(in.Text())
			if line == "" {
				continue
			}
			select {
			case lines <- line:
			case <-ctx.Done():
				return
			}
		}
		select {
		case end <- in.Err():
		case <-ctx.Done():
		}
	}()
	return lines, end
}

// print prints an answer as one line and returns its exit code.
func (p program) print(a certs.Status) (code int) {
	if !a.Valid {
		fmt.Fprintf(p.stdout, "%s: not valid: %s\n", a.Host, a.Error)
		return failed
	}
	fmt.Fprintf(p.stdout, "%s: valid, %d days left, expires %s, issued by %s\n",
		a.Host, a.DaysLeft, a.Expires.Format(time.RFC3339), a.Issuer)
	return 0
}

// serve answers over HTTP until ctx is done.
func (p program) serve(ctx context.Context) int {
	log := slog.New(slog.NewTextHandler(p.stderr, nil))
	l, err := net.Listen("tcp", ":"+cmp.Or(p.port, "8080"))
	if err != nil {
		log.Error("not serving", "error", err)
		return failed
	}
	if err := server.Serve(ctx, l, server.Handler(p.probe.Check, log), log); err != nil {
		log.Error("stopped", "error", err)
		return failed
	}
	return 0
}
