package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	imagetypes "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/gofrs/flock"
)

// sessionLabel marks every container, network and volume with the session
// that made it.
const sessionLabel = "tutor.session"

func sessionLabels(session string) map[string]string {
	return map[string]string{sessionLabel: session}
}

// Lease is a session's sign of life: a locked file that the system unlocks
// when the process ends, however it ends. It tells what a killed run left from
// what a run in another terminal is using.
type Lease struct {
	file string
	lock *flock.Flock
}

func leaseDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return filepath.Join(cache, "tutor", "sessions"), nil
}

// TakeLease takes the lease of a session.
func TakeLease(session string) (*Lease, error) {
	dir, err := leaseDir()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("taking session lease: %w", err)
	}
	l := &Lease{file: filepath.Join(dir, session)}
	l.lock = flock.New(l.file)
	if err := l.lock.Lock(); err != nil {
		return nil, fmt.Errorf("taking session lease: %w", err)
	}
	return l, nil
}

// Release gives the lease back.
func (l *Lease) Release() error {
	return errors.Join(os.Remove(l.file), l.lock.Unlock())
}

// Owner says what is known of the run that made an object.
type Owner string

// What is known of a run.
const (
	// Dead: it ran here and has ended without cleaning up.
	Dead Owner = "dead"
	// Alive: it runs here now.
	Alive Owner = "alive"
	// Unknown: it ran on another machine or under another user.
	Unknown Owner = "unknown"
)

func ownerOf(session string) Owner {
	dir, err := leaseDir()
	if err != nil || !filepath.IsLocal(session) {
		return Unknown
	}
	file := filepath.Join(dir, session)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return Unknown
	}
	lock := flock.New(file, flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryLock()
	switch {
	case err != nil:
		return Unknown
	case !free:
		return Alive
	}
	_ = lock.Unlock()
	return Dead
}

// Kind is a kind of object on the engine.
type Kind string

// The kinds of objects that sessions make.
const (
	KindContainer Kind = "container"
	KindNetwork   Kind = "network"
	KindVolume    Kind = "volume"
	KindImage     Kind = "image"
)

// Leftover is an object of tutor's on the engine.
type Leftover struct {
	Kind    Kind
	ID      string // what Remove goes by
	Name    string // what people see
	Session string
	Owner   Owner
}

// Leftovers lists everything that sessions made and that is still there, in
// the order in which it can be removed. Nothing of anyone else is among it.
func (e *Engine) Leftovers(ctx context.Context) ([]Leftover, error) {
	mine := filters.NewArgs(filters.Arg("label", sessionLabel))
	var found []Leftover
	add := func(kind Kind, id, name, session string) {
		found = append(found, Leftover{kind, id, name, session, ownerOf(session)})
	}
	containers, err := e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: mine})
	if err != nil {
		return nil, e.classify(ctx, err)
	}
	for _, c := range containers {
		// A container has the labels of its image, too, and that may be anyone's.
		inherited, err := e.inherits(ctx, c)
		if err != nil {
			return nil, err
		}
		if inherited {
			continue
		}
		add(KindContainer, c.ID, strings.TrimPrefix(slices.Concat(c.Names, []string{c.ID})[0], "/"), c.Labels[sessionLabel])
	}
	networks, err := e.cli.NetworkList(ctx, network.ListOptions{Filters: mine})
	if err != nil {
		return nil, e.classify(ctx, err)
	}
	for _, n := range networks {
		add(KindNetwork, n.ID, n.Name, n.Labels[sessionLabel])
	}
	volumes, err := e.cli.VolumeList(ctx, volume.ListOptions{Filters: mine})
	if err != nil {
		return nil, e.classify(ctx, err)
	}
	for _, v := range volumes.Volumes {
		add(KindVolume, v.Name, v.Name, v.Labels[sessionLabel])
	}
	images, err := e.cli.ImageList(ctx, imagetypes.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("reference", imageRepo+"/*"))})
	if err != nil {
		return nil, e.classify(ctx, err)
	}
	for _, i := range images {
		for _, tag := range i.RepoTags {
			if rest, ok := strings.CutPrefix(tag, imageRepo+"/"); ok {
				session, _, _ := strings.Cut(rest, ":")
				add(KindImage, tag, tag, session)
			}
		}
	}
	return found, nil
}

// inherits tells whether the session label of a container is its image's.
func (e *Engine) inherits(ctx context.Context, c container.Summary) (bool, error) {
	image, err := e.cli.ImageInspect(ctx, c.ImageID)
	if isStatus(err, http.StatusNotFound) {
		return false, nil
	}
	if err != nil {
		return false, e.classify(ctx, err)
	}
	if image.Config == nil {
		return false, nil
	}
	label, labelled := image.Config.Labels[sessionLabel]
	return labelled && label == c.Labels[sessionLabel], nil
}

// Clean removes objects and tells each of what became of it; then it forgets
// the sessions of which nothing is left.
func (e *Engine) Clean(ctx context.Context, found []Leftover, each func(Leftover, error)) error {
	var errs []error
	kept := make(map[string]bool)
	for _, l := range found {
		err := e.removeLeftover(ctx, l)
		if err != nil {
			err = fmt.Errorf("removing %s %s: %w", l.Kind, l.Name, err)
			errs = append(errs, err)
			kept[l.Session] = true
		}
		each(l, err)
	}
	errs = append(errs, forget(kept))
	return errors.Join(errs...)
}

// Sweep removes whatever is left of one session.
func (e *Engine) Sweep(ctx context.Context, session string) error {
	found, err := e.Leftovers(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range found {
		if l.Session == session {
			errs = append(errs, e.removeLeftover(ctx, l))
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) removeLeftover(ctx context.Context, l Leftover) error {
	switch l.Kind {
	case KindContainer:
		return (&Container{e, l.ID}).Remove(ctx)
	case KindNetwork:
		return e.RemoveNetwork(ctx, l.ID)
	case KindVolume:
		return e.gone(ctx, e.cli.VolumeRemove(ctx, l.ID, true))
	case KindImage:
		return e.RemoveImage(ctx, l.ID)
	}
	return fmt.Errorf("unknown kind %q", l.Kind)
}

// forget removes the leases of dead sessions but those kept.
func forget(kept map[string]bool) error {
	dir, err := leaseDir()
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var errs []error
	for _, f := range entries {
		if !kept[f.Name()] && ownerOf(f.Name()) == Dead {
			errs = append(errs, os.Remove(filepath.Join(dir, f.Name())))
		}
	}
	return errors.Join(append(errs, err)...)
}
