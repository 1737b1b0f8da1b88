package bytecount_test

import (
	"testing"

	"example.com/tutor/checker/bytecount"
)

func TestBytes(t *testing.T) {
	for text, want := range map[string]bytecount.Bytes{"0": 0, "12MB": 12_000_000, "100kB": 100_000, "1.5 GB": 1_500_000_000} {
		var got bytecount.Bytes
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MB", "12 parsecs", "-1MB"} {
		var b bytecount.Bytes
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %d", text, b)
		}
	}
	for n, want := range map[bytecount.Bytes]string{0: "0 B", 999: "999 B", 4096: "4.096 kB", 12_345_678: "12.35 MB"} {
		if got := n.String(); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
