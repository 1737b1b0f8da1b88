package roots

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/rootfs"
)

// authority makes the certificate of an authority, in PEM.
func authority(t testing.TB, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// found is what Find found, in words.
func found(r *Roots) string {
	var certs, files []string
	for _, c := range r.Certs {
		certs = append(certs, c.Subject.CommonName)
	}
	for _, e := range r.Files {
		files = append(files, e.Path)
	}
	return fmt.Sprintf("bundle=%s folder=%s files=%s certs=%s broken=%s elsewhere=%s",
		r.Bundle.Path, r.Folder, strings.Join(files, ","), strings.Join(certs, ","), strings.Join(r.Broken, ","), r.Elsewhere)
}

// link makes a symbolic link.
func link(name, target string) *tar.Header {
	return &tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target, Mode: 0o777}
}

func TestFind(t *testing.T) {
	a, b, c := authority(t, "A"), authority(t, "B"), authority(t, "C")
	const debian, alpine = "etc/ssl/certs/ca-certificates.crt", "etc/ssl/cert.pem"
	type files = map[*tar.Header]string
	cases := map[string]struct {
		files files
		env   []string
		want  string
	}{
		"nothing": {nil, nil, "bundle= folder= files= certs= broken= elsewhere="},

		// Bundles.
		"the first one": {
			files{regular(debian): a + b},
			nil,
			"bundle=/etc/ssl/certs/ca-certificates.crt folder= files=/etc/ssl/certs/ca-certificates.crt certs=A,B broken= elsewhere=",
		},
		"the last one": {
			files{regular(alpine): a},
			nil,
			"bundle=/etc/ssl/cert.pem folder= files=/etc/ssl/cert.pem certs=A broken= elsewhere=",
		},
		"only the first of two": {
			files{regular(debian): a, regular(alpine): b, regular("etc/pki/tls/cacert.pem"): c},
			nil,
			"bundle=/etc/ssl/certs/ca-certificates.crt folder= files=/etc/ssl/certs/ca-certificates.crt certs=A broken= elsewhere=",
		},
		"a folder in place of the first": {
			files{{Name: debian + "/", Typeflag: tar.TypeDir, Mode: 0o755}: "", regular(alpine): b},
			nil,
			"bundle=/etc/ssl/cert.pem folder= files=/etc/ssl/cert.pem certs=B broken= elsewhere=",
		},
		"a link to nothing in place of the first": {
			files{link(debian, "/nothing"): "", regular(alpine): b},
			nil,
			"bundle=/etc/ssl/cert.pem folder= files=/etc/ssl/cert.pem certs=B broken= elsewhere=",
		},
		"a link": {
			files{link(alpine, "certs/all.pem"): "", regular("etc/ssl/certs/all.pem"): a},
			nil,
			"bundle=/etc/ssl/certs/all.pem folder= files=/etc/ssl/certs/all.pem certs=A broken= elsewhere=",
		},
		"a linked folder": {
			files{link("etc/ssl/certs", "/opt/certs"): "", regular("opt/certs/ca-certificates.crt"): a},
			nil,
			"bundle=/opt/certs/ca-certificates.crt folder= files=/opt/certs/ca-certificates.crt certs=A broken= elsewhere=",
		},
		"an empty one": { // and Go looks no further
			files{regular(debian): "", regular(alpine): b},
			nil,
			"bundle=/etc/ssl/certs/ca-certificates.crt folder= files=/etc/ssl/certs/ca-certificates.crt certs= broken=/etc/ssl/certs/ca-certificates.crt elsewhere=",
		},
		"no certificates at all": {
			files{regular(debian): "<html>not found</html>"},
			nil,
			"bundle=/etc/ssl/certs/ca-certificates.crt folder= files=/etc/ssl/certs/ca-certificates.crt certs= broken=/etc/ssl/certs/ca-certificates.crt elsewhere=",
		},
		"cut off": {
			files{regular(debian): a + b[:len(b)-60]},
			nil,
			"bundle=/etc/ssl/certs/ca-certificates.crt folder= files=/etc/ssl/certs/ca-certificates.crt certs=A broken=/etc/ssl/certs/ca-certificates.crt elsewhere=",
		},
		"text around, the end of DOS": {
			files{regular(debian): "# A\r\n" + strings.ReplaceAll(a, "\n", "\r\n") + "\nSHA1: 12\n" + b + "# end"},
			nil,
			"bundle=/etc/ssl/certs/ca-certificates.crt folder= files=/etc/ssl/certs/ca-certificates.crt certs=A,B broken= elsewhere=",
		},
		"too large to be one": {
			files{regular(debian): strings.Repeat("x", maxBundle+1), regular(alpine): a},
			nil,
			"bundle=/etc/ssl/cert.pem folder= files=/etc/ssl/cert.pem certs=A broken= elsewhere=",
		},

		// Folders.
		"a folder": {
			files{regular("etc/ssl/certs/b.pem"): b, regular("etc/ssl/certs/a.crt"): a, regular("etc/ssl/certs/c"): c},
			nil,
			"bundle= folder=/etc/ssl/certs files=/etc/ssl/certs/a.crt,/etc/ssl/certs/b.pem,/etc/ssl/certs/c certs=A,B,C broken= elsewhere=",
		},
		"both folders": {
			files{regular("etc/pki/tls/certs/b.pem"): b, regular("etc/ssl/certs/a.pem"): a},
			nil,
			"bundle= folder=/etc/ssl/certs files=/etc/ssl/certs/a.pem,/etc/pki/tls/certs/b.pem certs=A,B broken= elsewhere=",
		},
		"the second folder": {
			files{regular("etc/pki/tls/certs/b.pem"): b, regular("etc/ssl/certs/README"): "text"},
			nil,
			"bundle= folder=/etc/pki/tls/certs files=/etc/pki/tls/certs/b.pem certs=B broken= elsewhere=",
		},
		"a bundle and a folder": {
			files{regular(alpine): a, regular("etc/ssl/certs/b.pem"): b},
			nil,
			"bundle=/etc/ssl/cert.pem folder=/etc/ssl/certs files=/etc/ssl/cert.pem,/etc/ssl/certs/b.pem certs=A,B broken= elsewhere=",
		},
		"the bundle is not read twice": {
			files{regular(debian): a, regular("etc/ssl/certs/b.pem"): b},
			nil,
			"bundle=/etc/ssl/certs/ca-certificates.crt folder=/etc/ssl/certs files=/etc/ssl/certs/ca-certificates.crt,/etc/ssl/certs/b.pem certs=A,B broken= elsewhere=",
		},
		"links within it, as c_rehash makes them": {
			files{regular("etc/ssl/certs/a.pem"): a, link("etc/ssl/certs/0123abcd.0", "a.pem"): "", link("etc/ssl/certs/gone.0", "gone.pem"): ""},
			nil,
			"bundle= folder=/etc/ssl/certs files=/etc/ssl/certs/a.pem certs=A broken= elsewhere=",
		},
		"links out of it, as Debian makes them": {
			files{link("etc/ssl/certs/A.pem", "/usr/share/ca-certificates/a.crt"): "", regular("usr/share/ca-certificates/a.crt"): a},
			nil,
			"bundle= folder=/etc/ssl/certs files=/usr/share/ca-certificates/a.crt certs=A broken= elsewhere=",
		},
		"a folder in it is not looked into": {
			files{regular("etc/ssl/certs/java/a.pem"): a},
			nil,
			"bundle= folder= files= certs= broken= elsewhere=/etc/ssl/certs/java/a.pem",
		},
		"other files in it": {
			files{regular("etc/ssl/certs/README"): "text", regular("etc/ssl/certs/empty"): "", regular("etc/ssl/certs/a.pem"): a, regular("etc/ssl/certs/key.pem"): "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
			nil,
			"bundle= folder=/etc/ssl/certs files=/etc/ssl/certs/a.pem certs=A broken= elsewhere=",
		},
		"a broken one in it": {
			files{regular("etc/ssl/certs/a.pem"): a, regular("etc/ssl/certs/b.pem"): b[:100]},
			nil,
			"bundle= folder=/etc/ssl/certs files=/etc/ssl/certs/a.pem,/etc/ssl/certs/b.pem certs=A broken=/etc/ssl/certs/b.pem elsewhere=",
		},
		"a linked one": {
			files{link("etc/ssl/certs", "../../opt"): "", regular("opt/a.pem"): a},
			nil,
			"bundle= folder=/etc/ssl/certs files=/opt/a.pem certs=A broken= elsewhere=",
		},

		// The environment.
		"SSL_CERT_FILE": {
			files{regular(debian): a, regular("my/ca.pem"): b},
			[]string{"PATH=/bin", "SSL_CERT_FILE=/my/ca.pem"},
			"bundle=/my/ca.pem folder=/etc/ssl/certs files=/my/ca.pem,/etc/ssl/certs/ca-certificates.crt certs=B,A broken= elsewhere=",
		},
		"SSL_CERT_FILE of nothing": {
			files{regular(alpine): a},
			[]string{"SSL_CERT_FILE=/my/ca.pem"},
			"bundle= folder= files= certs= broken= elsewhere=/etc/ssl/cert.pem",
		},
		"SSL_CERT_FILE is empty": {
			files{regular(alpine): a},
			[]string{"SSL_CERT_FILE="},
			"bundle=/etc/ssl/cert.pem folder= files=/etc/ssl/cert.pem certs=A broken= elsewhere=",
		},
		"SSL_CERT_DIR": {
			files{regular("my/a.pem"): a, regular("etc/ssl/certs/b.pem"): b},
			[]string{"SSL_CERT_DIR=/my"},
			"bundle= folder=/my files=/my/a.pem certs=A broken= elsewhere=",
		},
		"SSL_CERT_DIR with several": {
			files{regular("my/a.pem"): a, regular("your/b.pem"): b},
			[]string{"SSL_CERT_DIR=/nothing:/your/:/my"},
			"bundle= folder=/your files=/your/b.pem,/my/a.pem certs=B,A broken= elsewhere=",
		},
		"both": {
			files{regular("my/a.pem"): a, regular("your/b.pem"): b, regular(debian): c},
			[]string{"SSL_CERT_DIR=/my", "SSL_CERT_FILE=/your/b.pem"},
			"bundle=/your/b.pem folder=/my files=/your/b.pem,/my/a.pem certs=B,A broken= elsewhere=",
		},
		"another variable": {
			files{regular(alpine): a},
			[]string{"MY_SSL_CERT_FILE=/x", "ssl_cert_file=/y", "SSL_CERT_FILE_X=/z"},
			"bundle=/etc/ssl/cert.pem folder= files=/etc/ssl/cert.pem certs=A broken= elsewhere=",
		},

		// Elsewhere.
		"in a near place": {
			files{regular("etc/ssl/ca-certificates.crt"): a},
			nil,
			"bundle= folder= files= certs= broken= elsewhere=/etc/ssl/ca-certificates.crt",
		},
		"a key is none": {
			files{regular("app/key.pem"): "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", regular("app/z.cer"): a},
			nil,
			"bundle= folder= files= certs= broken= elsewhere=/app/z.cer",
		},
		"an odd ending is not looked at": {files{regular("app/a.txt"): a}, nil, "bundle= folder= files= certs= broken= elsewhere="},
		"not looked for when there is one": {
			files{regular("a.pem"): a, regular(alpine): b},
			nil,
			"bundle=/etc/ssl/cert.pem folder= files=/etc/ssl/cert.pem certs=B broken= elsewhere=",
		},
	}
	for _, p := range bundles {
		cases["alone: "+p] = struct {
			files files
			env   []string
			want  string
		}{
			files{regular(p[1:]): a},
			nil,
			fmt.Sprintf("bundle=%s folder= files=%s certs=A broken= elsewhere=", p, p),
		}
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			r, err := Find(t.Context(), tt.env, imageOf(t, tt.files))
			if err != nil {
				t.Fatal(err)
			}
			if got := found(r); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestLooked(t *testing.T) {
	for _, tt := range []struct {
		env  []string
		want []string
	}{
		{nil, append(slices.Clone(bundles), folders...)},
		{[]string{"SSL_CERT_FILE=/f"}, append([]string{"/f"}, folders...)},
		{[]string{"SSL_CERT_DIR=/d:/e"}, append(slices.Clone(bundles), "/d", "/e")},
		{[]string{"SSL_CERT_DIR=/d", "SSL_CERT_FILE=/f"}, []string{"/f", "/d"}},
	} {
		r, err := Find(t.Context(), tt.env, imageOf(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Looked, tt.want) {
			t.Errorf("%q: looked at %q, want %q", tt.env, r.Looked, tt.want)
		}
	}
}

// TestFindInALargeImage searches no place beside those of Go: that would take
// seconds.
func TestFindInALargeImage(t *testing.T) {
	files := imageOf(t, map[*tar.Header]string{regular("app/a.pem"): authority(t, "A")})
	for _, tt := range []struct {
		layers []engine.Layer
		want   string
	}{{nil, ""}, {[]engine.Layer{{}}, "/app/a.pem"}} {
		r, err := Find(t.Context(), nil, &rootfs.Rootfs{Files: files, Layers: tt.layers})
		if err != nil || r.Elsewhere != tt.want {
			t.Errorf("with %d layers: found %q, %v, want %q", len(tt.layers), r.Elsewhere, err, tt.want)
		}
	}
}

// half are files of an engine that goes away while it is asked about a path.
type half struct {
	engine.Files
	away string
}

func (h half) Lstat(ctx context.Context, p string) (engine.Entry, error) {
	if p == h.away {
		return engine.Entry{}, errAway
	}
	return h.Files.Lstat(ctx, p)
}

func (h half) List(ctx context.Context, p string) ([]engine.Entry, error) {
	if p == h.away {
		return nil, errAway
	}
	return h.Files.List(ctx, p)
}

func (h half) All(ctx context.Context) ([]engine.Entry, error) {
	if h.away == "all" {
		return nil, errAway
	}
	return h.Files.All(ctx)
}

// TestFindWithoutEngine makes sure that an engine that is away is not taken
// for an image without authorities.
func TestFindWithoutEngine(t *testing.T) {
	a := authority(t, "A")
	for away, files := range map[string]map[*tar.Header]string{
		"/etc/ssl/cert.pem":        {regular("etc/ssl/x"): ""},
		"/etc":                     nil,
		"/etc/ssl/certs":           {regular("etc/ssl/certs/a.pem"): a},
		"/etc/pki/tls/certs":       nil,
		"/etc/ssl/certs/a.pem":     {regular("etc/ssl/certs/a.pem"): a},
		"/app/a.pem":               {regular("app/a.pem"): a},
		"all":                      nil,
		"/etc/pki/tls/cacert.pem":  {regular("etc/pki/tls/x"): ""},
		"/etc/ssl/ca-bundle.pem":   {regular("etc/ssl/x"): ""},
		"/usr/share/ca/a.crt":      {link("etc/ssl/certs/a", "/usr/share/ca/a.crt"): "", regular("usr/share/ca/a.crt"): a},
		"/usr/share/ca/bundle.crt": {link("etc/ssl/cert.pem", "/usr/share/ca/bundle.crt"): "", regular("usr/share/ca/bundle.crt"): a},
	} {
		if _, err := Find(t.Context(), nil, half{imageOf(t, files), away}); !errors.Is(err, errAway) {
			t.Errorf("%s: got %v, want the engine's error", away, err)
		}
	}
}

// goroot is where the Go of this machine lies.
func goroot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestAsGo compares the places with those in this machine's Go source, so that
// a new version of Go is noticed.
func TestAsGo(t *testing.T) {
	file := filepath.Join(goroot(t), "src/crypto/x509/root_linux.go")
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list := func(name string) (paths []string) {
		_, text, ok := strings.Cut(string(source), "var "+name+" = []string{")
		text, _, closed := strings.Cut(text, "\n}")
		if !ok || !closed {
			t.Fatalf("%s has no list %s", file, name)
		}
		for _, m := range regexp.MustCompile(`(?m)^\s*"(.*)"`).FindAllStringSubmatch(text, -1) {
			paths = append(paths, m[1])
		}
		return paths
	}
	if got := list("certFiles"); !slices.Equal(bundles, got) {
		t.Errorf("bundles are %q, Go has %q", bundles, got)
	}
	if got := list("certDirectories"); !slices.Equal(folders, got) {
		t.Errorf("folders are %q, Go has %q", folders, got)
	}
}

func TestParse(t *testing.T) {
	a, b := authority(t, "A"), authority(t, "B")
	noCert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no certificate")}))
	withHeader := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Headers: map[string]string{"a": "b"}, Bytes: []byte("x")}))
	trusted := strings.ReplaceAll(a, "CERTIFICATE", "TRUSTED CERTIFICATE")
	for name, tt := range map[string]struct {
		text string
		n    int
		ok   bool
	}{
		"nothing":                     {"", 0, true},
		"text":                        {"hello", 0, true},
		"one":                         {a, 1, true},
		"two":                         {a + b, 2, true},
		"the same twice":              {a + a, 2, true},
		"without the last line's end": {strings.TrimSpace(a), 1, true},
		"cut in the first line":       {a[:40], 0, false},
		"cut in the last line":        {a[:len(a)-10], 0, false},
		"cut, and another":            {a[:100] + "\n" + b, 1, false},
		"a letter is wrong":           {strings.Replace(a, "MII", "M*I", 1) + b, 1, false},
		"PEM of something else":       {noCert + a, 1, false},
		"with headers":                {withHeader + a, 1, false}, // which Go passes over
		"of OpenSSL's own kind":       {trusted, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			certs, ok := parse([]byte(tt.text))
			if strings.Contains(name, "letter") && !strings.Contains(tt.text, "M*I") {
				t.Fatal("the certificate does not begin as they do")
			}
			if len(certs) != tt.n || ok != tt.ok {
				t.Errorf("got %d certificates, %v, want %d, %v", len(certs), ok, tt.n, tt.ok)
			}
		})
	}
}

// FuzzParse compares with the pool that a Go program makes of a file.
func FuzzParse(f *testing.F) {
	a, b := authority(f, "A"), authority(f, "B")
	for _, seed := range []string{"", a, a + b, "x\r\n" + a[:100] + b, strings.ReplaceAll(a, "\n", "\r\n"), a + "-----BEGIN CERTIFICATE-----\nA: b\n\nAAAA\n-----END CERTIFICATE-----\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		certs, ok := parse(text)
		mine := x509.NewCertPool()
		for _, c := range certs {
			mine.AddCert(c)
		}
		theirs := x509.NewCertPool()
		any := theirs.AppendCertsFromPEM(text)
		if !mine.Equal(theirs) || any != (len(certs) > 0) {
			t.Errorf("found %d certificates, a Go program finds others", len(certs))
		}
		if ok && len(certs) != bytes.Count(text, begin) {
			t.Errorf("%d certificates are said to be all of %d", len(certs), bytes.Count(text, begin))
		}
	})
}
