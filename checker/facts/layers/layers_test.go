package layers

import (
	"slices"
	"strings"
	"testing"

	"example.com/tutor/checker/facts/build"
	"example.com/tutor/checker/facts/dockerfile"
)

func TestPlain(t *testing.T) {
	for createdBy, want := range map[string]string{
		"COPY app /app # buildkit":                            "COPY app /app",
		"RUN /bin/sh -c go build # buildkit":                  "RUN go build",
		"RUN |1 V=1 /bin/sh -c go build # buildkit":           "RUN |1 V=1 /bin/sh -c go build",
		"WORKDIR /app":                                        "WORKDIR /app",
		"/bin/sh -c #(nop) COPY file:0123 in / ":              "COPY file:0123 in /",
		`CMD ["/app"]`:                                        `CMD ["/app"]`,
		"RUN /bin/sh -c echo RUN /bin/sh -c again # buildkit": "RUN echo RUN /bin/sh -c again",
		"": "",
	} {
		if got := plain(createdBy); got != want {
			t.Errorf("%q became %q, want %q", createdBy, got, want)
		}
	}
}

func TestLocate(t *testing.T) {
	for name, tt := range map[string]struct {
		text    string
		target  string
		args    map[string]string
		history []string // of the layers, lowest first
		want    []int    // lines, 0 for the base
	}{
		"from nothing": {
			text: "FROM scratch\nCOPY a /\nCMD [\"a\"]\nCOPY b /\nUSER 1\n", history: []string{"COPY a /", "COPY b /"}, want: []int{2, 4},
		},
		"over a base": {
			text: "FROM golang:1.26\nWORKDIR /src\nCOPY . .\nRUN go build\n", history: []string{"COPY base", "RUN base", "WORKDIR /src", "COPY . .", "RUN go build"},
			want: []int{0, 0, 2, 3, 4},
		},
		"a base without history": {
			text: "FROM golang:1.26\nCOPY a /\n", history: []string{"", "COPY a /"}, want: []int{0, 2},
		},
		"a folder that was there makes no layer": {
			text: "FROM golang:1.26\nCOPY a /\nWORKDIR /go\nCOPY b /\n", history: []string{"RUN base", "COPY a /", "COPY b /"}, want: []int{0, 2, 4},
		},
		"a base of the submission's own": {
			text: "FROM golang:1.26 AS one\nCOPY a /\nFROM scratch AS other\nCOPY x /\nFROM one\nRUN b\n", history: []string{"RUN base", "COPY a /", "RUN b"}, want: []int{0, 2, 6},
		},
		"another target": {
			text: "FROM scratch AS one\nCOPY a /\nFROM scratch\nCOPY b /\n", target: "one", history: []string{"COPY a /"}, want: []int{2},
		},
		"a base by argument": {
			text: "ARG B=none\nFROM scratch AS one\nCOPY a /\nFROM ${B}\nCOPY b /\n", args: map[string]string{"B": "one"}, history: []string{"COPY a /", "COPY b /"}, want: []int{3, 5},
		},
		"whatever the letters": {
			text: "from scratch\ncopy a /\nadd b /\n", history: []string{"COPY a /", "ADD b /"}, want: []int{2, 3},
		},
		"fewer layers than instructions": {
			text: "FROM scratch\nCOPY a /\nCOPY b /\n", history: []string{"COPY b /"}, want: []int{3},
		},
		"no such target": {text: "FROM scratch\nCOPY a /\n", target: "x", history: []string{"COPY a /"}, want: []int{0}},
		"no layers":      {text: "FROM scratch\nCMD a\n"},
	} {
		t.Run(name, func(t *testing.T) {
			df, err := dockerfile.Parse("Dockerfile", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var list []Layer
			for _, h := range tt.history {
				list = append(list, Layer{CreatedBy: h})
			}
			locate(list, df, build.Spec{Target: tt.target}, tt.args)
			var got []int
			for i, l := range list {
				got = append(got, df.At(l.At).Line)
				if l.CreatedBy == "" || l.CreatedBy != tt.history[i] && !strings.HasPrefix(l.CreatedBy, "FROM ") {
					t.Errorf("layer %d is made by %q, was by %q", i, l.CreatedBy, tt.history[i])
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got lines %v, want %v", got, tt.want)
			}
		})
	}
}
