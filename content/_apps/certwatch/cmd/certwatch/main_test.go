package main

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/certwatch/internal/certs"
)

// TestMain lets the test binary be certwatch itself, so that a test can send it signals.
func TestMain(m *testing.M) {
	if os.Getenv("CERTWATCH_UNDER_TEST") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestRunPrintsOneLineAHost(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	host, expires := srv.Listener.Addr().String(), srv.Certificate().NotAfter
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	trusting := certs.Probe{Roots: roots, Now: func() time.Time { return expires.Add(-49 * time.Hour) }}
	valid := fmt.Sprintf("%s: valid, 2 days left, expires %s, issued by O=Acme Co\n", host, expires.UTC().Format(time.RFC3339))

	for _, test := range []struct {
		name  string
		probe certs.Probe
		args  []string
		code  int
		want  string // regular expression
	}{
		{"valid", trusting, []string{host}, 0, "^" + regexp.QuoteMeta(valid) + "$"},
		{"foreign", certs.Probe{}, []string{host}, 1, "^" + regexp.QuoteMeta(host) + ": not valid: .*\n$"},
		{"in order", trusting, []string{"127.0.0.1:1", host}, 1, "^127.0.0.1:1: not valid: .*\n" + regexp.QuoteMeta(valid) + "$"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := program{probe: test.probe, stdout: &stdout, stderr: &stderr}.run(t.Context(), test.args)
			if code != test.code || !regexp.MustCompile(test.want).Match(stdout.Bytes()) || stderr.Len() > 0 {
				t.Errorf("exit %d, stdout %q, stderr %q; want exit %d, stdout %s", code, &stdout, &stderr, test.code, test.want)
			}
		})
	}
}

func TestRunReadsHosts(t *testing.T) {
	none := certs.Probe{Roots: x509.NewCertPool()}
	for _, test := range []struct {
		name, stdin    string
		code           int
		stdout, stderr string // regular expressions
	}{
		{"two", "127.0.0.1:1\n127.0.0.1:2\n", 1, `^127.0.0.1:1: not valid: .*\n127.0.0.1:2: not valid: .*\n$`, `^$`},
		{"empty lines, no last end", "\r\n  127.0.0.1:1\t\r\n\n127.0.0.1:2", 1, `^127.0.0.1:1: .*\n127.0.0.1:2: .*\n$`, `^$`},
		{"none", "\n", 2, `^$`, `^certwatch: no host on stdin\n$`},
		{"bad", "127.0.0.1:1\nlocalhost\n127.0.0.1:2\n", 2, `^127.0.0.1:1: .*\n$`, `^certwatch: host "localhost": .*\n$`},
		{"too long", strings.Repeat("a", 100_000), 1, `^$`, `^certwatch: reading stdin: .*\n$`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := program{probe: none, stdin: strings.NewReader(test.stdin), stdout: &stdout, stderr: &stderr}.run(t.Context(), []string{"-"})
			if code != test.code || !regexp.MustCompile(test.stdout).Match(stdout.Bytes()) || !regexp.MustCompile(test.stderr).Match(stderr.Bytes()) {
				t.Errorf("exit %d, stdout %q, stderr %q; want exit %d, %s, %s", code, &stdout, &stderr, test.code, test.stdout, test.stderr)
			}
		})
	}
}

func TestRunUsage(t *testing.T) {
	for _, test := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{}, 2, "", usage},
		{[]string{"serve", "now"}, 2, "", usage},
		{[]string{"-", "-"}, 2, "", "certwatch: host \"-\": want HOST:PORT, such as example.com:443\n"},
		{[]string{"--help"}, 0, usage, ""},
		{[]string{"example.com"}, 2, "", "certwatch: host \"example.com\": want HOST:PORT, such as example.com:443\n"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := program{stdout: &stdout, stderr: &stderr}.run(t.Context(), test.args)
			if code != test.code || stdout.String() != test.stdout || stderr.String() != test.stderr {
				t.Errorf("exit %d, stdout %q, stderr %q; want exit %d, %q, %q", code, &stdout, &stderr, test.code, test.stdout, test.stderr)
			}
		})
	}
}

// Ctrl-C, and the signal that `docker stop` sends: each ends a command that waits for more hosts, and one that waits for a
// host's answer. What was cut short is no answer.
func TestRunInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signal to send")
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		for _, args := range [][]string{{"-"}, {silent.Addr().String()}} {
			t.Run(signal.String()+" "+args[0], func(t *testing.T) {
				cmd := exec.Command(os.Args[0], args...)
				cmd.Env = append(os.Environ(), "CERTWATCH_UNDER_TEST=1")
				stdin, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				stdout, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				defer cmd.Process.Kill()
				if args[0] == "-" {
					fmt.Fprintln(stdin, "127.0.0.1:1")
					bufio.NewReader(stdout).ReadString('\n') // its answer: the command waits for more
				} else if _, err := silent.Accept(); err != nil {
					t.Fatal(err)
				}
				cmd.Process.Signal(signal)
				rest, _ := io.ReadAll(stdout)
				cmd.Wait()
				if code := cmd.ProcessState.ExitCode(); code != interrupted || len(rest) > 0 || stderr.Len() == 0 {
					t.Errorf("exit %d, stdout %q, stderr %q; want exit %d and a reason", code, rest, &stderr, interrupted)
				}
			})
		}
	}
}

func TestServeBadPort(t *testing.T) {
	var stderr bytes.Buffer
	if code := (program{port: "none", stderr: &stderr}).run(t.Context(), []string{"serve"}); code != 1 || stderr.Len() == 0 {
		t.Errorf("exit %d, stderr %q; want exit 1 and a reason", code, &stderr)
	}
}

// The signal that `docker stop` sends: the request in flight is answered, then the process exits with 0.
func TestServeStopsOnSIGTERM(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGTERM to send")
	}
	slow, err := net.Listen("tcp", "127.0.0.1:0") // takes the probe's connection and keeps it waiting
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()

	cmd := exec.Command(os.Args[0], "serve")
	cmd.Env = append(os.Environ(), "CERTWATCH_UNDER_TEST=1", "PORT=0")
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	stderr := bufio.NewReader(pipe)
	line, _ := stderr.ReadString('\n')
	port := regexp.MustCompile(`msg=listening address=\S*:(\d+)`).FindStringSubmatch(line)
	if port == nil {
		t.Fatalf("first log line %q does not tell the address", line)
	}

	answer := make(chan int, 1)
	go func() {
		resp, err := http.Get("http://127.0.0.1:" + port[1] + "/check?host=" + slow.Addr().String())
		if err != nil {
			answer <- 0
			return
		}
		resp.Body.Close()
		answer <- resp.StatusCode
	}()
	conn, err := slow.Accept() // the request is in flight
	if err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if line, _ := stderr.ReadString('\n'); !strings.Contains(line, "msg=stopping") {
		t.Errorf("log line after SIGTERM: %q", line)
	}
	conn.Close() // the probe's answer, and so the request's

	if code := <-answer; code != http.StatusOK {
		t.Errorf("request in flight: status %d, want 200", code)
	}
	io.Copy(io.Discard, stderr)
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}
