package engine

import (
	"context"
	"fmt"
	"slices"

	imagetypes "github.com/docker/docker/api/types/image"
)

// imageRepo is the first part of the names of all images that sessions make.
// Images are told by it and not by a label, which a submission could set.
const imageRepo = "tutor-session"

// ImageName returns the name of a session's image: the session's ID stands in
// it, so that Leftovers finds what a killed run left.
func ImageName(session, what string) string {
	return imageRepo + "/" + session + ":" + what
}

// Image is what the engine says of an image.
type Image struct {
	ID     string
	OS     string
	Arch   string // as Go writes it
	Config ImageConfig
	// Size is in bytes as the engine counts: uncompressed files with a graph
	// driver, these plus compressed blobs with containerd's image store. Use it
	// to tell small from large, never to judge.
	Size int64
	// History has one entry an instruction, oldest first.
	History []HistoryEntry
}

// ImageConfig is how containers of the image start.
type ImageConfig struct {
	User       string
	Env        []string // NAME=value
	Entrypoint []string
	Cmd        []string
	WorkingDir string
	Labels     map[string]string
	Volumes    []string
	Ports      []string // of EXPOSE, "8080/tcp"
	StopSignal string   // by name or number, "" for SIGTERM
}

// HistoryEntry is one line of an image's history.
type HistoryEntry struct {
	CreatedBy string
	Size      int64 // bytes of the layer, 0 for metadata
}

// Image inspects an image.
func (e *Engine) Image(ctx context.Context, ref string) (*Image, error) {
	in, err := e.cli.ImageInspect(ctx, ref)
	if err != nil {
		return nil, e.classify(ctx, fmt.Errorf("inspecting image %s: %w", ref, err))
	}
	history, err := e.cli.ImageHistory(ctx, ref)
	if err != nil {
		return nil, e.classify(ctx, fmt.Errorf("reading the history of image %s: %w", ref, err))
	}
	img := &Image{ID: in.ID, OS: in.Os, Arch: in.Architecture, Size: in.Size}
	if c := in.Config; c != nil {
		img.Config = ImageConfig{
			User: c.User, Env: c.Env, Entrypoint: c.Entrypoint, Cmd: c.Cmd,
			WorkingDir: c.WorkingDir, Labels: c.Labels, StopSignal: c.StopSignal,
		}
		for v := range c.Volumes {
			img.Config.Volumes = append(img.Config.Volumes, v)
		}
		slices.Sort(img.Config.Volumes)
		for p := range c.ExposedPorts {
			img.Config.Ports = append(img.Config.Ports, string(p))
		}
		slices.Sort(img.Config.Ports)
	}
	for _, h := range slices.Backward(history) { // the engine tells the newest first
		img.History = append(img.History, HistoryEntry{CreatedBy: h.CreatedBy, Size: h.Size})
	}
	return img, nil
}

// RemoveImage removes the name ref, and the image with it when it has no
// other. An image that is gone already is fine.
func (e *Engine) RemoveImage(ctx context.Context, ref string) error {
	_, err := e.cli.ImageRemove(ctx, ref, imagetypes.RemoveOptions{Force: true, PruneChildren: true})
	return e.gone(ctx, err)
}

// LocalImages returns the names of all images of the engine as people write
// them.
func (e *Engine) LocalImages(ctx context.Context) ([]string, error) {
	list, err := e.cli.ImageList(ctx, imagetypes.ListOptions{})
	if err != nil {
		return nil, e.classify(ctx, err)
	}
	var names []string
	for _, i := range list {
		names = append(names, i.RepoTags...)
	}
	return names, nil
}
