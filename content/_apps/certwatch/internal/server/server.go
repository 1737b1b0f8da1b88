// Package server answers questions about certificates over HTTP.
package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"example.com/certwatch/internal/certs"
)

// Grace is how long a stopping server waits for the requests in flight. It is longer than
// a probe may take and shorter than the 10 s after which `docker stop` kills.
const Grace = 8 * time.Second

// Check answers about one host, HOST:PORT.
type Check func(ctx context.Context, host string) certs.Status

// Handler serves
//
//	GET /healthz               200 "ok\n"
//	GET /check?host=HOST:PORT  200 with a certs.Status, 400 with {"error": …} for a bad host
func Handler(check Check, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /check", func(w http.ResponseWriter, r *http.Request) {
		host := r.URL.Query().Get("host")
		if err := certs.ValidHost(host); err != nil {
			reply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		start := time.Now()
		status := check(r.Context(), host)
		log.Info("checked", "host", host, "valid", status.Valid, "error", status.Error, "took", time.Since(start))
		reply(w, http.StatusOK, status)
	})
	return mux
}

// reply writes v as JSON. A client that is gone by now is not worth an error.
func reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(v)
}

// Serve answers requests on l until ctx is done, then takes no new ones, waits at most Grace
// for those in flight and returns nil. It closes l.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 2 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	log.Info("listening", "address", l.Addr().String())

	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}

	log.Info("stopping")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), Grace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return fmt.Errorf("waiting for requests in flight: %w", err)
	}
	return nil
}
