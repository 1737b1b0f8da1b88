// Command certwatch tells how long TLS certificates stay valid.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"example.com/certwatch/internal/certs"
	"example.com/certwatch/internal/server"
)

const usage = `Usage:
  certwatch HOST:PORT…   print one line a host; exit 1 if a certificate is not valid
  certwatch serve        answer over HTTP on port $PORT (8080)
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	p := program{port: os.Getenv("PORT"), stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(p.run(ctx, os.Args[1:]))
}

// program is certwatch and what it takes from the outside.
type program struct {
	probe          certs.Probe
	port           string // to serve on; empty: 8080
	stdout, stderr io.Writer
}

// run does what args ask for and returns the exit code: 0 done, 1 failed, 2 wrong usage.
func (p program) run(ctx context.Context, args []string) int {
	switch {
	case len(args) == 1 && args[0] == "serve":
		return p.serve(ctx)
	case len(args) == 1 && (args[0] == "-h" || args[0] == "--help"):
		fmt.Fprint(p.stdout, usage)
		return 0
	case len(args) == 0 || args[0] == "serve":
		fmt.Fprint(p.stderr, usage)
		return 2
	}
	for _, host := range args {
		if err := certs.ValidHost(host); err != nil {
			fmt.Fprintf(p.stderr, "certwatch: %v\n", err)
			return 2
		}
	}
	return p.print(ctx, args)
}

// print asks all hosts at once and prints their answers in the order of hosts.
func (p program) print(ctx context.Context, hosts []string) (code int) {
	answers := make([]certs.Status, len(hosts))
	var wg sync.WaitGroup
	for i, host := range hosts {
		wg.Go(func() { answers[i] = p.probe.Check(ctx, host) })
	}
	wg.Wait()

	for _, a := range answers {
		if !a.Valid {
			fmt.Fprintf(p.stdout, "%s: not valid: %s\n", a.Host, a.Error)
			code = 1
			continue
		}
		fmt.Fprintf(p.stdout, "%s: valid, %d days left, expires %s, issued by %s\n",
			a.Host, a.DaysLeft, a.Expires.Format(time.RFC3339), a.Issuer)
	}
	return code
}

// serve answers over HTTP until ctx is done.
func (p program) serve(ctx context.Context) int {
	log := slog.New(slog.NewTextHandler(p.stderr, nil))
	l, err := net.Listen("tcp", ":"+cmp.Or(p.port, "8080"))
	if err != nil {
		log.Error("not serving", "error", err)
		return 1
	}
	if err := server.Serve(ctx, l, server.Handler(p.probe.Check, log), log); err != nil {
		log.Error("stopped", "error", err)
		return 1
	}
	return 0
}
