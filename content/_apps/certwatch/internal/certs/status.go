package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

const day = 24 * time.Hour

// Status is the answer about one host: how long its certificate stays valid, or why it is not.
type Status struct {
	Host  string `json:"host"`  // as asked, HOST:PORT
	Valid bool   `json:"valid"` // a client with the same roots would accept the certificate
	*Term        // nil if the certificate is not valid
	Error string `json:"error,omitempty"`
}

// Term tells how long a valid certificate stays so.
type Term struct {
	Expires  time.Time `json:"expires"`   // last moment of validity, in UTC
	DaysLeft int       `json:"days_left"` // whole days until then, rounded down
	Issuer   string    `json:"issuer"`    // common name of who signed the certificate
}

// Judge tells how host stands at now, given the chains that its certificate was verified by.
// A chain holds until the first of its certificates expires. One chain is enough for a client,
// so the one that holds longest counts.
func Judge(host string, chains [][]*x509.Certificate, now time.Time) Status {
	if len(chains) == 0 {
		return refuse(host, errors.New("no chain leads to a trusted root"))
	}
	expires := end(chains[0])
	for _, chain := range chains[1:] {
		if e := end(chain); e.After(expires) {
			expires = e
		}
	}
	if now.After(expires) {
		return refuse(host, fmt.Errorf("certificate expired at %s", expires.Format(time.RFC3339)))
	}
	return Status{Host: host, Valid: true, Term: &Term{
		Expires:  expires,
		DaysLeft: int(expires.Sub(now) / day),
		Issuer:   issuer(chains[0][0]),
	}}
}

// refuse is the answer about a host whose certificate is not valid, or was not to be had.
func refuse(host string, why error) Status {
	return Status{Host: host, Valid: false, Error: why.Error()}
}

// end is the last moment at which all certificates of the chain are valid, in UTC.
func end(chain []*x509.Certificate) time.Time {
	first := chain[0].NotAfter
	for _, cert := range chain[1:] {
		if cert.NotAfter.Before(first) {
			first = cert.NotAfter
		}
	}
	return first.UTC()
}

// issuer names who signed the certificate: by common name or, without one, by the whole name.
func issuer(cert *x509.Certificate) string {
	if name := cert.Issuer.CommonName; name != "" {
		return name
	}
	return cert.Issuer.String()
}
