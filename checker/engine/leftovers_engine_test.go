package engine

import (
	"context"
	"slices"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"
)

// TestLeftoversOfEngine leaves objects of sessions that are dead, alive and
// unknown, and a learner's own that look like them.
func TestLeftoversOfEngine(t *testing.T) {
	e := connect(t)
	img := shell(t, e)
	dead, living, unknown, learners := newSession(), newSession(), newSession(), newSession()
	ctx := t.Context()
	forever := context.WithoutCancel(ctx)
	t.Cleanup(func() {
		for _, s := range []string{dead, living, unknown} {
			if err := e.Sweep(forever, s); err != nil {
				t.Error(err)
			}
		}
	})
	cache(t)
	leave(t, dead)
	lease, err := TakeLease(living)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()

	for _, s := range []string{dead, living, unknown} {
		network, err := e.CreateNetwork(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		c, err := e.CreateContainer(ctx, ContainerOptions{Session: s, Image: img, Network: network, Cmd: []string{"/bin/sleep", "60"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(ctx); err != nil {
			t.Fatal(err)
		}
		if err := e.cli.ImageTag(ctx, img, ImageName(s, "it")); err != nil {
			t.Fatal(err)
		}
		if _, err := e.cli.VolumeCreate(ctx, volume.CreateOptions{Name: "v" + s, Labels: sessionLabels(s)}); err != nil {
			t.Fatal(err)
		}
	}
	// The learner's: an image with our label and a container of it.
	b, err := e.Build(ctx, BuildOptions{
		Context: Context{Overlay: map[string][]byte{"x": nil}}, File: "Dockerfile", Dockerfile: []byte("FROM scratch\nLABEL tutor.session=" + dead + "\nCOPY x /\n"),
		Tag: "learner/" + learners + ":1", Key: learners,
	})
	if err != nil || b.Failure != nil {
		t.Fatalf("building: %+v, %v", b, err)
	}
	t.Cleanup(func() {
		if err := e.RemoveImage(forever, "learner/"+learners+":1"); err != nil {
			t.Error(err)
		}
	})
	own, err := e.cli.ContainerCreate(ctx, &container.Config{Image: "learner/" + learners + ":1", Cmd: []string{"/x"}}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	learnersContainer := &Container{e, own.ID}
	t.Cleanup(func() {
		if err := learnersContainer.Remove(forever); err != nil {
			t.Error(err)
		}
	})
	// tutor's container of that image is tutor's.
	c, err := e.CreateContainer(ctx, ContainerOptions{Session: living, Image: "learner/" + learners + ":1", Cmd: []string{"/x"}})
	if err != nil {
		t.Fatal(err)
	}

	found := func() map[string][]Leftover {
		t.Helper()
		all, err := e.Leftovers(ctx)
		if err != nil {
			t.Fatal(err)
		}
		by := make(map[string][]Leftover)
		for _, l := range all {
			by[l.Session] = append(by[l.Session], l)
		}
		return by
	}
	kinds := func(list []Leftover) (kinds []Kind) {
		for _, l := range list {
			kinds = append(kinds, l.Kind)
		}
		return kinds
	}
	left := found()
	four := []Kind{KindContainer, KindNetwork, KindVolume, KindImage} // the order in which they can be removed
	for s, want := range map[string]Owner{dead: Dead, living: Alive, unknown: Unknown} {
		kindsWanted := four
		if s == living {
			kindsWanted = append([]Kind{KindContainer}, four...)
		}
		if got := kinds(left[s]); !slices.Equal(got, kindsWanted) {
			t.Errorf("of the %s session there are %q, want %q", want, got, kindsWanted)
		}
		for _, l := range left[s] {
			if l.Owner != want {
				t.Errorf("%s %s is %s, want %s", l.Kind, l.Name, l.Owner, want)
			}
			if l.ID == own.ID {
				t.Error("the learner's container is among them")
			}
		}
	}
	if !slices.ContainsFunc(left[living], func(l Leftover) bool { return l.ID == c.ID }) {
		t.Error("tutor's container of an image with its label is not among them")
	}

	told := 0
	err = e.Clean(ctx, left[dead], func(l Leftover, err error) {
		if told++; err != nil {
			t.Errorf("removing %s %s: %v", l.Kind, l.Name, err)
		}
	})
	if err != nil || told != 4 {
		t.Errorf("told of %d objects, %v", told, err)
	}
	now := found()
	if len(now[dead]) != 0 || !slices.Equal(kinds(now[unknown]), four) || len(now[living]) != 5 {
		t.Errorf("after cleaning there are %q, %q, %q", kinds(now[dead]), kinds(now[living]), kinds(now[unknown]))
	}
	if got := ownerOf(dead); got != Unknown {
		t.Errorf("the dead session is not forgotten: %s", got)
	}
	if _, err := learnersContainer.State(ctx); err != nil {
		t.Errorf("the learner's container: %v", err)
	}
	if has, err := e.HasImage(ctx, "learner/"+learners+":1"); !has || err != nil {
		t.Errorf("the learner's image: %v, %v", has, err)
	}
	// What was removed meanwhile is fine.
	if err := e.Clean(ctx, left[dead], func(Leftover, error) {}); err != nil {
		t.Errorf("cleaning again: %v", err)
	}
}
