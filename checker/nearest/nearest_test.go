package nearest_test

import (
	"testing"

	"example.com/tutor/checker/nearest"
)

func TestOf(t *testing.T) {
	known := []string{"size", "scratch", "Builder"}
	for name, want := range map[string]string{
		"size": "size", "sise": "size", "SIZE": "size", "builder": "Builder", "bulider": "Builder", "scrtch": "scratch",
		"": "", "x": "", "hardened": "",
	} {
		if got := nearest.Of(name, known); got != want {
			t.Errorf("Of(%q) = %q, want %q", name, got, want)
		}
	}
	if got := nearest.Of("size", nil); got != "" {
		t.Errorf("of no candidates: %q", got)
	}
}
