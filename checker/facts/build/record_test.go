package build

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"example.com/tutor/checker/engine"
	"example.com/tutor/checker/facts/sources"
)

func TestRecord(t *testing.T) {
	r := record{filepath.Join(t.TempDir(), "builds", "a.json")}
	if b, ok := r.load(); ok {
		t.Fatalf("found %+v before there was one", b)
	}
	want := &engine.Build{
		ImageID: "sha256:1", ContextFiles: 2, Elapsed: time.Second,
		Steps:   []engine.Step{{Name: "[1/2] RUN x", Log: "log\n", Cached: true, Started: time.Unix(1, 0).UTC(), Completed: time.Unix(2, 0).UTC()}},
		Failure: &engine.Failure{Message: "m", Image: "i", Step: &engine.Step{Name: "s", Error: "e"}},
	}
	r.save(want)
	if got, ok := r.load(); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	left, err := os.ReadDir(filepath.Dir(r.file))
	if err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}

	// Whatever is wrong with a record, the build is carried out.
	for _, text := range []string{"", "{", `{"Steps":7}`, "\x00"} {
		if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if b, ok := r.load(); ok {
			t.Errorf("%q is read as %+v", text, b)
		}
	}
	none := record{}
	none.save(want)
	if _, ok := none.load(); ok {
		t.Error("something was found where there is no place for records")
	}
	nowhere := record{filepath.Join(r.file, "below a file", "a.json")}
	nowhere.save(want)
	if _, ok := nowhere.load(); ok {
		t.Error("something was found where nothing can be written")
	}
}

func TestPrune(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	name := func(i int) string { return filepath.Join(dir, fmt.Sprintf("%03d.json", i)) }
	for i := range maxRecords + 5 {
		if err := os.WriteFile(name(i), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		at := now.Add(time.Duration(i-1000) * time.Minute)
		if err := os.Chtimes(name(i), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := (record{name(2)}).load(); !ok { // what is used is kept
		t.Fatal("a record is not found")
	}
	prune(dir)
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != maxRecords {
		t.Errorf("%d are left, %v, want %d", len(left), err, maxRecords)
	}
	for i, want := range map[int]bool{0: false, 1: false, 2: true, 3: false, 4: false, 5: false, 6: true, 204: true} {
		if _, err := os.Stat(name(i)); (err == nil) != want {
			t.Errorf("record %d: %v, want it to be there: %v", i, err, want)
		}
	}
	prune(dir) // not one too many
	if again, err := os.ReadDir(dir); err != nil || len(again) != maxRecords {
		t.Errorf("then %d are left, %v", len(again), err)
	}
}

func TestSpecString(t *testing.T) {
	edit := sources.Edit{File: "a.go", Find: "x", Replace: "y"}
	for want, spec := range map[string]Spec{
		"Dockerfile":                             {File: "Dockerfile"},
		"Dockerfile --target build":              {File: "Dockerfile", Target: "build"},
		"t.dockerfile (edit of a.go)":            {File: "t.dockerfile", Edit: edit, Record: true},
		"t.dockerfile --target x (edit of a.go)": {File: "t.dockerfile", Target: "x", Edit: edit},
		"Dockerfile (from nothing, 2)":           {File: "Dockerfile", Uncached: 2},
		"Dockerfile (with canaries)":             {File: "Dockerfile", Canaries: Canaries{Files: ".env"}},
	} {
		if got := spec.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestLogged(t *testing.T) {
	for name, tt := range map[string]struct {
		steps []engine.Step
		want  bool
	}{
		"none":           {nil, true},
		"ran":            {[]engine.Step{{Name: "[2/2] RUN go test"}}, true},
		"cached":         {[]engine.Step{{Name: "[1/2] RUN go build"}, {Name: "[2/2] RUN go test", Cached: true}}, false},
		"cached COPY":    {[]engine.Step{{Name: "[1/2] COPY . .", Cached: true}, {Name: "[2/2] RUN go test"}}, true},
		"COPY of a text": {[]engine.Step{{Name: "[1/2] COPY RUN /", Cached: true}}, true},
	} {
		if got := logged(tt.steps); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
