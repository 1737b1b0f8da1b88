package engine

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api"
	"github.com/docker/docker/client"
	"github.com/opencontainers/go-digest"
)

// home gives the test a docker configuration of its own, made of files by
// path, and an environment that says nothing of engines.
func home(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	} {
		t.Setenv(name, "")
	}
	// The library reads DOCKER_CONFIG once in the life of a process.
	before := config.Dir()
	config.SetDir(dir)
	t.Cleanup(func() { config.SetDir(before) })
}

// dockerContext returns the files of a docker context.
func dockerContext(name, host string, tls map[string]string) map[string]string {
	id := digest.FromString(name).Encoded()
	files := map[string]string{
		"contexts/meta/" + id + "/meta.json": fmt.Sprintf(`{"Name":%q,"Metadata":{},"Endpoints":{"docker":{"Host":%q,"SkipTLSVerify":false}}}`, name, host),
	}
	for file, text := range tls {
		files["contexts/tls/"+id+"/docker/"+file] = text
	}
	return files
}

func TestLocate(t *testing.T) {
	remote := dockerContext("remote", "tcp://10.0.0.1:2375", nil)
	colima := dockerContext("colima", "unix:///home/me/.colima/docker.sock", nil)
	with := func(more ...map[string]string) map[string]string {
		all := make(map[string]string)
		for _, m := range more {
			maps.Copy(all, m)
		}
		return all
	}
	current := func(name string) map[string]string {
		return map[string]string{"config.json": fmt.Sprintf(`{"currentContext":%q}`, name)}
	}
	secured := func(tls map[string]string) map[string]string {
		return with(current("secured"), dockerContext("secured", "tcp://10.0.0.1:2376", tls))
	}
	ca, cert, key := credentials(t)
	for name, tt := range map[string]struct {
		files map[string]string
		env   map[string]string
		want  Endpoint
		err   string // part of it; "" for none
	}{
		"nothing is said": {want: Endpoint{Host: client.DefaultDockerHost, Source: "default"}},
		"the environment": {
			env:  map[string]string{"DOCKER_HOST": "unix:///run/other.sock"},
			want: Endpoint{Host: "unix:///run/other.sock", Source: "DOCKER_HOST"},
		},
		"DOCKER_HOST is before DOCKER_CONTEXT": {
			files: remote, env: map[string]string{"DOCKER_HOST": "tcp://1.1.1.1:2375", "DOCKER_CONTEXT": "remote"},
			want: Endpoint{Host: "tcp://1.1.1.1:2375", Source: "DOCKER_HOST"},
		},
		"DOCKER_HOST needs no sound config": {
			files: map[string]string{"config.json": "{"}, env: map[string]string{"DOCKER_HOST": "tcp://1.1.1.1:2375"},
			want: Endpoint{Host: "tcp://1.1.1.1:2375", Source: "DOCKER_HOST"},
		},
		"DOCKER_CONTEXT is before the current context": {
			files: with(current("colima"), colima, remote), env: map[string]string{"DOCKER_CONTEXT": "remote"},
			want: Endpoint{Host: "tcp://10.0.0.1:2375", Source: "DOCKER_CONTEXT", Context: "remote"},
		},
		"the current context": {
			files: with(current("colima"), colima, remote),
			want:  Endpoint{Host: "unix:///home/me/.colima/docker.sock", Source: "config", Context: "colima"},
		},
		"a context that nobody uses": {
			files: with(colima, map[string]string{"config.json": `{"auths":{}}`}),
			want:  Endpoint{Host: client.DefaultDockerHost, Source: "default"},
		},
		"the default by name": {
			files: with(current("colima"), colima), env: map[string]string{"DOCKER_CONTEXT": "default"},
			want: Endpoint{Host: client.DefaultDockerHost, Source: "default"},
		},
		"through ssh": {
			files: with(current("far"), dockerContext("far", "ssh://me@far.example", nil)),
			want:  Endpoint{Host: "ssh://me@far.example", Source: "config", Context: "far"},
		},
		"DOCKER_HOST through ssh": {
			env:  map[string]string{"DOCKER_HOST": "ssh://me@far.example"},
			want: Endpoint{Host: "ssh://me@far.example", Source: "DOCKER_HOST"},
		},
		"broken config": {files: map[string]string{"config.json": "{"}, err: "config.json"},
		"missing context": {
			files: current("gone"), want: Endpoint{Source: "config", Context: "gone"}, err: `docker context "gone"`,
		},
		"missing context of the environment": {
			env: map[string]string{"DOCKER_CONTEXT": "gone"}, want: Endpoint{Source: "DOCKER_CONTEXT", Context: "gone"}, err: `docker context "gone"`,
		},
		"broken context": {
			files: with(current("bad"), map[string]string{"contexts/meta/" + digest.FromString("bad").Encoded() + "/meta.json": "{"}),
			want:  Endpoint{Source: "config", Context: "bad"}, err: `docker context "bad"`,
		},
		"a context for something else": {
			files: with(current("k8s"), map[string]string{
				"contexts/meta/" + digest.FromString("k8s").Encoded() + "/meta.json": `{"Name":"k8s","Metadata":{},"Endpoints":{}}`,
			}),
			want: Endpoint{Source: "config", Context: "k8s"}, err: `docker context "k8s"`,
		},
		"a context with certificates": {
			files: secured(map[string]string{"ca.pem": ca, "cert.pem": cert, "key.pem": key}),
			want:  Endpoint{Host: "tcp://10.0.0.1:2376", Source: "config", Context: "secured", TLS: true},
		},
		"a context with a broken authority": {
			files: secured(map[string]string{"ca.pem": "no certificate"}),
			want:  Endpoint{Host: "tcp://10.0.0.1:2376", Source: "config", Context: "secured", TLS: true}, err: "ca.pem",
		},
		"certificates of the environment": {
			env:  map[string]string{"DOCKER_HOST": "tcp://10.0.0.1:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs"},
			want: Endpoint{Host: "tcp://10.0.0.1:2376", Source: "DOCKER_HOST", TLS: true},
		},
		"a socket needs no certificates": {
			env:  map[string]string{"DOCKER_HOST": "unix:///run/docker.sock", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs"},
			want: Endpoint{Host: "unix:///run/docker.sock", Source: "DOCKER_HOST"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			home(t, tt.files)
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			at, _, err := locate()
			switch {
			case err == nil && tt.err != "":
				t.Errorf("accepted, want an error with %q", tt.err)
			case err != nil && (tt.err == "" || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("got error %v, want %q", err, tt.err)
			}
			if at != tt.want {
				t.Errorf("got %+v, want %+v", at, tt.want)
			}
			if err == nil {
				return
			}
			// Nobody was asked: the configuration alone is at fault.
			_, err = Connect(t.Context())
			expectProblem(t, err, BadContext)
		})
	}
}

// expectProblem fails the test unless err is a problem of that kind, and
// returns it.
func expectProblem(t *testing.T, err error, want ProblemKind) *Problem {
	t.Helper()
	var p *Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want a problem", err)
	}
	if p.Kind != want {
		t.Fatalf("got problem %q (%v), want %q", p.Kind, err, want)
	}
	return p
}

// fakeEngine answers at a unix socket and makes it the engine of the
// environment. It returns the socket's address.
func fakeEngine(t *testing.T, handler http.Handler) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tutor-engine-") // a socket's path has little room
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "e.sock"))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(handler)
	srv.Listener.Close()
	srv.Listener = l
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	host := "unix://" + l.Addr().String()
	t.Setenv("DOCKER_HOST", host)
	return host
}

// pong answers pings as an engine does.
func pong(api, system string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/_ping") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Api-Version", api)
		w.Header().Set("Ostype", system)
	}
}

func TestConnect(t *testing.T) {
	refuse := func(status int, message string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Api-Version", "1.41")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"message":%q}`, message)
		}
	}
	for name, tt := range map[string]struct {
		engine http.HandlerFunc
		env    map[string]string
		want   ProblemKind // "" for a connection
		api    string      // that is spoken then
	}{
		"oldest that will do":          {engine: pong("1.41", "linux"), api: "1.41"},
		"newer than the client":        {engine: pong("1.99", "linux"), api: api.DefaultVersion},
		"says nothing of its system":   {engine: pong("1.45", ""), api: "1.45"},
		"too old":                      {engine: pong("1.40", "linux"), want: APITooOld},
		"so old that it has no number": {engine: pong("", "linux"), want: APITooOld},
		"the user asks for too old":    {engine: pong("1.45", "linux"), env: map[string]string{"DOCKER_API_VERSION": "1.30"}, want: APITooOld},
		"the user asks for another":    {engine: pong("1.45", "linux"), env: map[string]string{"DOCKER_API_VERSION": "1.42"}, api: "1.42"},
		"Windows containers":           {engine: pong("1.45", "windows"), want: NotLinux},
		"500":                          {engine: refuse(500, "what a pity"), want: Failed},
		"502 of a proxy":               {engine: refuse(502, "Bad Gateway"), want: Failed},
		"403 of a plug-in":             {engine: refuse(403, "authorization denied by plugin"), want: Failed},
		"the engine dies meanwhile":    {engine: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, want: Lost},
	} {
		t.Run(name, func(t *testing.T) {
			home(t, nil)
			host := fakeEngine(t, tt.engine)
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			e, err := Connect(t.Context())
			if tt.want != "" {
				p := expectProblem(t, err, tt.want)
				if p.At.Host != host || p.At.Source != "DOCKER_HOST" {
					t.Errorf("the problem is at %+v", p.At)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := e.cli.ClientVersion(); got != tt.api {
				t.Errorf("speaks API %s, want %s", got, tt.api)
			}
			if got := e.At().Host; got != host {
				t.Errorf("is at %s, want %s", got, host)
			}
			if err := e.Close(); err != nil {
				t.Errorf("closing: %v", err)
			}
		})
	}
}

func TestConnectToNobody(t *testing.T) {
	home(t, nil)
	dir := machine(t, []string{"docker"}, nil)
	t.Setenv("DOCKER_HOST", "unix://"+dir+"/nobody.sock")
	_, err := Connect(t.Context())
	expectProblem(t, err, NotRunning)

	t.Setenv("DOCKER_HOST", "no address")
	_, err = Connect(t.Context())
	expectProblem(t, err, BadContext)
}

// TestConnectTLS meets engines whose idea of encryption is another.
func TestConnectTLS(t *testing.T) {
	ca, cert, key := credentials(t)
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	serve := func(t *testing.T, encrypted, mutual bool) string {
		t.Helper()
		srv := httptest.NewUnstartedServer(pong("1.45", "linux"))
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		if !encrypted {
			srv.Start()
		} else {
			srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
			if mutual {
				srv.TLS.ClientAuth = tls.RequireAndVerifyClientCert
			}
			srv.StartTLS()
		}
		t.Cleanup(srv.Close)
		return "tcp://" + srv.Listener.Addr().String()
	}
	other, _, _ := credentials(t)
	for name, tt := range map[string]struct {
		encrypted, mutual bool
		tls               map[string]string // of the docker context
		want              ProblemKind       // "" for a connection
	}{
		"both are":                       {encrypted: true, tls: map[string]string{"ca.pem": ca}},
		"neither is":                     {},
		"only the engine is":             {encrypted: true, want: BadTLS},
		"only tutor is":                  {tls: map[string]string{"ca.pem": ca}, want: BadTLS},
		"of another authority":           {encrypted: true, tls: map[string]string{"ca.pem": other}, want: BadTLS},
		"the engine wants a certificate": {encrypted: true, mutual: true, tls: map[string]string{"ca.pem": ca}, want: BadTLS},
	} {
		t.Run(name, func(t *testing.T) {
			host := serve(t, tt.encrypted, tt.mutual)
			files := dockerContext("it", host, tt.tls)
			files["config.json"] = `{"currentContext":"it"}`
			home(t, files)
			e, err := Connect(t.Context())
			if tt.want != "" {
				expectProblem(t, err, tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.At().TLS != (tt.tls != nil) {
				t.Errorf("TLS is %v", e.At().TLS)
			}
			e.Close()
		})
	}
}

// credentials makes a certificate for this machine that is its own authority.
func credentials(t *testing.T) (ca, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "engine"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return cert, cert, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

func TestProxyArgs(t *testing.T) {
	home(t, map[string]string{"config.json": `{"proxies":{
		"default": {"httpProxy": "http://proxy:3128", "noProxy": "localhost"},
		"tcp://10.0.0.1:2375": {"httpsProxy": "http://other:3128"}
	}}`})
	for host, want := range map[string]map[string]string{
		client.DefaultDockerHost: {
			"HTTP_PROXY": "http://proxy:3128", "http_proxy": "http://proxy:3128", "NO_PROXY": "localhost", "no_proxy": "localhost",
		},
		"tcp://10.0.0.1:2375": {"HTTPS_PROXY": "http://other:3128", "https_proxy": "http://other:3128"},
	} {
		if got := proxyArgs(host); !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", host, got, want)
		}
	}
	home(t, nil)
	if got := proxyArgs(client.DefaultDockerHost); len(got) != 0 {
		t.Errorf("without a config: %v", got)
	}
}
