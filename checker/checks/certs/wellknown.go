package certs

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
)

// wellKnown are authorities that every bundle made from Mozilla's list has had
// since 2019 and that between them vouch for most of the web, by the SHA-256 of
// their public key (SubjectPublicKeyInfo): an authority's certificate may be
// issued anew, its key stays. A bundle that lacks one is old or is not a bundle
// of public roots.
var wellKnown = []struct{ name, key string }{
	{"ISRG Root X1", "0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3"}, // Let's Encrypt
	{"DigiCert Global Root G2", "8bb593a93be1d0e8a822bb887c547890c3e706aad2dab76254f97fb36b82fc26"},
	{"GTS Root R1", "871a9194f4eed5b312ff40c84c1d524aed2f778bbff25f138cf81f680a7adc67"}, // Google
	{"Amazon Root CA 1", "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2"},
}

// lackingRoots returns the names of the well-known authorities that are not
// among certs.
func lackingRoots(certs []*x509.Certificate) []string {
	has := make(map[string]bool, len(certs))
	for _, c := range certs {
		sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
		has[hex.EncodeToString(sum[:])] = true
	}
	var lacking []string
	for _, w := range wellKnown {
		if !has[w.key] {
			lacking = append(lacking, w.name)
		}
	}
	return lacking
}
