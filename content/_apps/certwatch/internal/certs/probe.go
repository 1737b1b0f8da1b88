// Package certs asks hosts for their TLS certificates and judges how long these stay valid.
package certs

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strconv"
	"time"
)

// DefaultTimeout is how long a probe waits for one host: dialling and handshake together.
const DefaultTimeout = 5 * time.Second

// Probe asks hosts for their certificates. The zero Probe trusts the roots of the system it runs on.
type Probe struct {
	Roots   *x509.CertPool   // trusted roots; nil: those of the system
	Now     func() time.Time // clock; nil: time.Now
	Timeout time.Duration    // for one host; 0: DefaultTimeout
}

// Check asks host, HOST:PORT, for its certificate and judges it. Not reaching the host
// and refusing its certificate are answers too: Status.Error then says why.
func (p Probe) Check(ctx context.Context, host string) Status {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(p.Timeout, DefaultTimeout))
	defer cancel()

	now := p.Now
	if now == nil {
		now = time.Now
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: p.Roots, Time: now}}
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return refuse(host, err)
	}
	defer conn.Close()
	return Judge(host, conn.(*tls.Conn).ConnectionState().VerifiedChains, now())
}

// ValidHost returns an error unless host has the form HOST:PORT.
func ValidHost(host string) error {
	name, port, err := net.SplitHostPort(host)
	if err != nil || name == "" {
		return fmt.Errorf("host %q: want HOST:PORT, such as example.com:443", host)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("host %q: want a port from 1 to 65535", host)
	}
	return nil
}
