// Command helper is tutor's hand inside a network without a way out: it serves
// TLS with the certificates it is given and makes HTTP requests there. tutor
// compiles it in the learner's own base image, so that it fits the engine's
// architecture; it imports the standard library only.
//
//	helper serve '{"listeners":[{"addr":":8443","cert":"PEM","key":"PEM"}]}'
//	helper get '[{"url":"http://…","wait_ms":10000}]'
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

type config struct {
	Listeners []struct{ Addr, Cert, Key string }
}

type request struct {
	URL string `json:"url"`
	// WaitMS is how long to try again while nobody answers, in milliseconds.
	WaitMS int `json:"wait_ms"`
}

type answer struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
	Error  string `json:"error"`
}

// maxBody bounds what is kept of an answer, in bytes.
const maxBody = 64 << 10

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: helper serve|get JSON")
	}
	if args[0] == "serve" {
		return serve(args[1])
	}
	var requests []request
	if err := json.Unmarshal([]byte(args[1]), &requests); err != nil {
		return err
	}
	var answers []answer
	for _, r := range requests {
		answers = append(answers, get(r))
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func serve(text string) error {
	var c config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	failed := make(chan error)
	for _, l := range c.Listeners {
		pair, err := tls.X509KeyPair([]byte(l.Cert), []byte(l.Key))
		if err != nil {
			return err
		}
		ln, err := tls.Listen("tcp", l.Addr, &tls.Config{Certificates: []tls.Certificate{pair}})
		if err != nil {
			return err
		}
		srv := &http.Server{
			Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }),
			ReadHeaderTimeout: 10 * time.Second,
		}
		go func() { failed <- srv.Serve(ln) }()
	}
	return <-failed
}

func get(r request) answer {
	client := &http.Client{
		Timeout: 15 * time.Second,
		// A redirect is the service's answer, and would lead anywhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	deadline := time.Now().Add(time.Duration(r.WaitMS) * time.Millisecond)
	for {
		resp, err := client.Get(r.URL)
		if err == nil {
			defer resp.Body.Close()
			body, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody))
			return answer{Status: resp.StatusCode, Body: string(body)}
		}
		if time.Now().After(deadline) {
			return answer{Error: err.Error()}
		}
		time.Sleep(20 * time.Millisecond)
	}
}
