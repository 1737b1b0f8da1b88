package markdown

import (
	"os"
	"strings"
	"testing"

	"example.com/tutor/cmd/internal/golden"
	"example.com/tutor/cmd/internal/iostreams"
)

func TestRender(t *testing.T) {
	text, err := os.ReadFile("testdata/all.md")
	if err != nil {
		t.Fatal(err)
	}
	golden.Equal(t, "all.80.txt", Render(string(text), 80, iostreams.Style{Unicode: true}))
	golden.Equal(t, "all.40.txt", Render(string(text), 40, iostreams.Style{Unicode: true}))
	golden.Equal(t, "all.ascii.txt", Render(string(text), 80, iostreams.Style{}))
	golden.Equal(t, "all.colour.txt", strings.ReplaceAll(Render(string(text), 80, iostreams.Style{Unicode: true, Color: true}), "\x1b", "ESC"))
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{"# a\n\n- b\n  1. c\n", "|a|b|\n|-|-|\n|c|\n", "```x y\nz", "> `a", "<!-- x -->", "[a](b)\\*"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) { Render(s, 40, iostreams.Style{}) })
}
