package certs

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"
)

var now = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// chain is a chain of which the host's certificate and its issuers expire at ends.
func chain(ends ...time.Time) []*x509.Certificate {
	var c []*x509.Certificate
	for _, end := range ends {
		c = append(c, &x509.Certificate{NotAfter: end, Issuer: pkix.Name{CommonName: "Test CA"}})
	}
	return c
}

func TestJudgeDaysLeft(t *testing.T) {
	for _, test := range []struct {
		name string
		left time.Duration
		days int
	}{
		{"a moment", time.Nanosecond, 0},
		{"the very end", 0, 0},
		{"just under a day", day - time.Nanosecond, 0},
		{"a day", day, 1},
		{"just under two days", 2*day - time.Nanosecond, 1},
		{"41 and a half days", 41*day + 12*time.Hour, 41},
		{"a year", 365 * day, 365},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Judge("a:1", [][]*x509.Certificate{chain(now.Add(test.left))}, now)
			if !got.Valid || got.Error != "" {
				t.Fatalf("Valid = %v, Error = %q; want valid", got.Valid, got.Error)
			}
			if got.DaysLeft != test.days {
				t.Errorf("DaysLeft = %d, want %d", got.DaysLeft, test.days)
			}
			if want := now.Add(test.left); !got.Expires.Equal(want) {
				t.Errorf("Expires = %s, want %s", got.Expires, want)
			}
		})
	}
}

func TestJudgeRefuses(t *testing.T) {
	for name, chains := range map[string][][]*x509.Certificate{
		"expired":              {chain(now.Add(-time.Nanosecond))},
		"expired issuer":       {chain(now.Add(day), now.Add(-time.Nanosecond))},
		"expired in all ways":  {chain(now.Add(-day)), chain(now.Add(-2 * day))},
		"no chain to any root": nil,
	} {
		t.Run(name, func(t *testing.T) {
			got := Judge("a:1", chains, now)
			if got.Valid || got.Term != nil || got.Error == "" {
				t.Errorf("Judge = %+v, want an error and no term", got)
			}
			if got.Host != "a:1" {
				t.Errorf("Host = %q, want it as asked", got.Host)
			}
		})
	}
}

// A chain is as short-lived as its first certificate to expire.
func TestJudgeTakesTheEarliestEndOfAChain(t *testing.T) {
	got := Judge("a:1", [][]*x509.Certificate{chain(now.Add(90*day), now.Add(7*day), now.Add(900*day))}, now)
	if !got.Valid || got.DaysLeft != 7 {
		t.Errorf("Judge = %+v, want 7 days left", got)
	}
}

// Of several chains the client needs only one.
func TestJudgeTakesTheChainThatHoldsLongest(t *testing.T) {
	short, long := chain(now.Add(90*day), now.Add(-day)), chain(now.Add(90*day), now.Add(30*day))
	for _, chains := range [][][]*x509.Certificate{{short, long}, {long, short}} {
		if got := Judge("a:1", chains, now); !got.Valid || got.DaysLeft != 30 {
			t.Errorf("Judge = %+v, want 30 days left", got)
		}
	}
}

func TestJudgeTellsInUTC(t *testing.T) {
	end := now.Add(day).In(time.FixedZone("east", 3*60*60))
	got := Judge("a:1", [][]*x509.Certificate{chain(end)}, now)
	if want := "2026-03-02T12:00:00Z"; got.Expires.Format(time.RFC3339) != want {
		t.Errorf("Expires = %s, want %s", got.Expires.Format(time.RFC3339), want)
	}
}

func TestIssuerWithoutCommonName(t *testing.T) {
	cert := &x509.Certificate{Issuer: pkix.Name{Organization: []string{"Quiet Org"}}}
	if got := issuer(cert); got != "O=Quiet Org" {
		t.Errorf("issuer = %q, want the whole name", got)
	}
}
