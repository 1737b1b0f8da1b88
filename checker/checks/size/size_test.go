package size

import (
	"slices"
	"strings"
	"testing"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/dockerfile"
	"example.com/tutor/checker/facts/layers"
)

func TestHeaviest(t *testing.T) {
	df, err := dockerfile.Parse("Dockerfile", []byte("ARG BASE=golang:1.26\nFROM ${BASE} AS build\nRUN go build\nFROM build AS again\nCOPY a /\nCOPY b /\nFROM scratch\nCOPY --from=build /x /\n"))
	if err != nil {
		t.Fatal(err)
	}
	a, b := df.Stages[1].Commands[0].Location(), df.Stages[1].Commands[1].Location()
	for name, tt := range map[string]struct {
		target string
		list   []layers.Layer
		line   int
	}{
		"an instruction":       {"again", []layers.Layer{{Size: 1}, {Size: 3, At: a}, {Size: 2, At: b}}, 5},
		"the first of equals":  {"again", []layers.Layer{{Size: 3, At: a}, {Size: 3, At: b}}, 5},
		"the base of the base": {"again", []layers.Layer{{Size: 9}, {Size: 3, At: a}}, 2},
		"the base":             {"build", []layers.Layer{{Size: 9}}, 2},
		"the last stage":       {"", []layers.Layer{{Size: 9}}, 7},
	} {
		at := heaviest(tt.list, df, build.Spec{Target: tt.target}, nil)
		if got := df.At(at).Line; got != tt.line {
			t.Errorf("%s: line %d, want %d", name, got, tt.line)
		}
	}
}

func TestDetail(t *testing.T) {
	files := func(sizes map[string]int64) (entries []engine.Entry) {
		for p, n := range sizes {
			entries = append(entries, engine.Entry{Path: p, Size: n})
		}
		return entries
	}
	list := []layers.Layer{
		{Size: 100, CreatedBy: "COPY smallest /"},
		{Size: 5_000_000, CreatedBy: "COPY app /", Entries: files(map[string]int64{"/app": 4_000_000, "/b": 600_000, "/c": 300_000, "/d": 100_000, "/": 0})},
		{Size: 70_000_000, CreatedBy: "FROM golang:1.26"},
		{Size: 2_000, CreatedBy: "COPY conf /", Entries: files(map[string]int64{"/conf": 2_000, "/etc": 0})},
	}
	var got []string
	for _, line := range detail(list) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{"70 MB FROM golang:1.26", "5 MB COPY app /", "4 MB /app", "600 kB /b", "300 kB /c", "2 kB COPY conf /", "2 kB /conf"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if list[0].Size != 100 || list[1].Entries == nil {
		t.Error("the layers themselves are sorted anew")
	}
	if got := detail(nil); got != nil {
		t.Errorf("of no layers: %q", got)
	}
}

func TestValidate(t *testing.T) {
	for _, p := range []Params{{Max: 1}, {Max: 12_000_000}} {
		if err := p.Validate(); err != nil {
			t.Errorf("%d: %v", p.Max, err)
		}
	}
	for _, p := range []Params{{}, {Max: -1}} {
		if err := p.Validate(); err == nil {
			t.Errorf("%d is accepted", p.Max)
		}
	}
}
