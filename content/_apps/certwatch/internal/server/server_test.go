package server

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/certwatch/internal/certs"
)

var (
	quiet = slog.New(slog.DiscardHandler)
	until = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
)

// fake is a Check without a network: it knows one valid host.
func fake(_ context.Context, host string) certs.Status {
	if host != "good.example:443" {
		return certs.Status{Host: host, Error: "unknown authority"}
	}
	return certs.Status{Host: host, Valid: true, Term: &certs.Term{Expires: until, DaysLeft: 0, Issuer: "Our CA"}}
}

func TestHandler(t *testing.T) {
	for _, test := range []struct {
		name, method, target string
		code                 int
		kind, body           string
	}{
		{"health", "GET", "/healthz", 200, "text/plain; charset=utf-8", "ok\n"},
		{"valid", "GET", "/check?host=good.example:443", 200, "application/json",
			`{"host":"good.example:443","valid":true,"expires":"2026-03-01T12:00:00Z","days_left":0,"issuer":"Our CA"}` + "\n"},
		{"not valid", "GET", "/check?host=bad.example:443", 200, "application/json",
			`{"host":"bad.example:443","valid":false,"error":"unknown authority"}` + "\n"},
		{"no host", "GET", "/check", 400, "application/json",
			`{"error":"host \"\": want HOST:PORT, such as example.com:443"}` + "\n"},
		{"no port", "GET", "/check?host=good.example", 400, "application/json",
			`{"error":"host \"good.example\": want HOST:PORT, such as example.com:443"}` + "\n"},
		{"bad port", "GET", "/check?host=good.example:0", 400, "application/json",
			`{"error":"host \"good.example:0\": want a port from 1 to 65535"}` + "\n"},
		{"wrong method", "POST", "/check?host=good.example:443", 405, "text/plain; charset=utf-8", "Method Not Allowed\n"},
		{"wrong path", "GET", "/", 404, "text/plain; charset=utf-8", "404 page not found\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			Handler(fake, quiet).ServeHTTP(w, httptest.NewRequest(test.method, test.target, nil))
			if w.Code != test.code || w.Header().Get("Content-Type") != test.kind || w.Body.String() != test.body {
				t.Errorf("got  %d %s %s\nwant %d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body, test.code, test.kind, test.body)
			}
		})
	}
}

// A request that is being answered when the server is told to stop gets its answer; a new one does not.
func TestServeStopsGracefully(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	slow := func(ctx context.Context, host string) certs.Status {
		close(asked)
		<-answer
		return fake(ctx, host)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, Handler(slow, quiet), quiet) }()

	got := make(chan string, 1)
	go func() { got <- get("http://" + l.Addr().String() + "/check?host=good.example:443") }()
	<-asked
	stop()
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("the stopping server still takes connections")
		}
	}
	close(answer)

	if body := <-got; !strings.Contains(body, `"valid":true`) {
		t.Errorf("request in flight got %q, want its answer", body)
	}
	select {
	case err := <-served:
		if err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	case <-time.After(2 * time.Second):
		t.Error("Serve did not return")
	}
}

func TestServeTellsWhyItCannot(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler(), quiet); err == nil {
		t.Error("Serve on a closed listener = nil, want an error")
	}
}

// get returns the body of the answer, or the error's text.
func get(url string) string {
	resp, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
