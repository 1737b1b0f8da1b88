package probe

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"strconv"
	"time"
)

// servers are the two TLS servers of the helper. Their names and ports are made
// anew each time, so that nothing can be told from them.
type servers struct {
	authority        []byte // PEM of the certificate that signed trusted
	trusted, foreign server
}

type server struct {
	host      string
	port      string
	cert, key []byte // PEM
}

func (s server) addr() string { return net.JoinHostPort(s.host, s.port) }

func newServers() (*servers, error) {
	s := &servers{}
	ports := []string{strconv.Itoa(20000 + mathrand.IntN(20000)), strconv.Itoa(40000 + mathrand.IntN(20000))}
	mathrand.Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	var err error
	if s.authority, s.trusted, err = newServer(ports[0]); err != nil {
		return nil, fmt.Errorf("making certificates: %w", err)
	}
	if _, s.foreign, err = newServer(ports[1]); err != nil {
		return nil, fmt.Errorf("making certificates: %w", err)
	}
	return s, nil
}

// config is the helper's argument.
func (s *servers) config() string {
	type listener struct{ Addr, Cert, Key string }
	var c struct{ Listeners []listener }
	for _, srv := range []server{s.trusted, s.foreign} {
		c.Listeners = append(c.Listeners, listener{":" + srv.port, string(srv.cert), string(srv.key)})
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}

// newServer makes an authority and a server certificate of it.
func newServer(port string) (authority []byte, s server, err error) {
	var name [6]byte
	rand.Read(name[:]) // never fails since Go 1.24
	s = server{host: "h" + hex.EncodeToString(name[:]) + ".test", port: port}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, s, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, s, err
	}
	// Both begin in the past: clocks of virtual machines lag.
	from, to := time.Now().Add(-24*time.Hour), time.Now().Add(60*24*time.Hour)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of " + s.host},
		NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: s.host}, DNSNames: []string{s.host},
		NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, s, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, s, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, s, err
	}
	s.cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER})
	s.key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), s, nil
}
