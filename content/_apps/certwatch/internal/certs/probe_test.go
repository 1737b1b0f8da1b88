package certs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// authority is a certificate authority made for one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes an authority with a root of its own.
func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	a := authority{key: newKey(t)}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotAfter:              now.Add(1000 * day),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	a.cert = a.sign(t, template, template, a.key)
	return a
}

// sign makes a certificate for key from template.
func (a authority) sign(t *testing.T, template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template.SerialNumber = big.NewInt(1)
	template.NotBefore = now.Add(-1000 * day)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// serve starts a TLS server for name whose certificate a has signed until end, and returns its address.
func (a authority) serve(t *testing.T, name string, end time.Time) string {
	t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotAfter: end}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	key := newKey(t)
	cert := a.sign(t, template, a.cert, key)

	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what we test
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// probe returns a Probe that trusts a alone and takes it to be now.
func (a authority) probe() Probe {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return Probe{Roots: roots, Now: func() time.Time { return now }}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCheckValid(t *testing.T) {
	ca := newAuthority(t, "Our CA")
	host := ca.serve(t, "127.0.0.1", now.Add(41*day+time.Hour))

	got := ca.probe().Check(t.Context(), host)
	if !got.Valid || got.Error != "" {
		t.Fatalf("Check = %+v, want valid", got)
	}
	if got.Host != host || got.DaysLeft != 41 || got.Issuer != "Our CA" || !got.Expires.Equal(now.Add(41*day+time.Hour)) {
		t.Errorf("Check = %+v with %+v", got, *got.Term)
	}
}

func TestCheckRefuses(t *testing.T) {
	ca, foreign := newAuthority(t, "Our CA"), newAuthority(t, "Foreign CA")
	for _, test := range []struct{ name, host, want string }{
		{"foreign authority", foreign.serve(t, "127.0.0.1", now.Add(day)), "unknown authority"},
		{"expired", ca.serve(t, "127.0.0.1", now.Add(-time.Second)), "expired"},
		{"other name", ca.serve(t, "example.org", now.Add(day)), "127.0.0.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ca.probe().Check(t.Context(), test.host)
			if got.Valid || got.Term != nil {
				t.Fatalf("Check = %+v, want it refused", got)
			}
			if got.Host != test.host || !strings.Contains(got.Error, test.want) {
				t.Errorf("Check = %+v, want an error that tells %q", got, test.want)
			}
		})
	}
}

func TestCheckUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if got := (Probe{}).Check(t.Context(), l.Addr().String()); got.Valid || got.Error == "" {
		t.Errorf("Check = %+v, want an error", got)
	}
}

// A host that takes the connection and then says nothing must not hold the probe for ever.
func TestCheckSilentHost(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()

	start := time.Now()
	got := Probe{Timeout: 20 * time.Millisecond}.Check(t.Context(), l.Addr().String())
	if got.Valid || got.Error == "" {
		t.Errorf("Check = %+v, want an error", got)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("Check took %s in spite of its timeout", took)
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := (Probe{}).Check(ctx, "127.0.0.1:1"); got.Valid || !strings.Contains(got.Error, "canceled") {
		t.Errorf("Check = %+v, want it canceled", got)
	}
}

func TestValidHost(t *testing.T) {
	for _, host := range []string{"example.com:443", "127.0.0.1:8443", "[::1]:1", "localhost:65535"} {
		if err := ValidHost(host); err != nil {
			t.Errorf("ValidHost(%q) = %v", host, err)
		}
	}
	for _, host := range []string{"", "example.com", ":443", "example.com:", "example.com:https", "example.com:0", "example.com:65536", "example.com:-1", "::1:443", "https://example.com:443"} {
		if err := ValidHost(host); err == nil {
			t.Errorf("ValidHost(%q) = nil, want an error", host)
		}
	}
}
