// Package engine speaks to a Docker Engine: it finds the engine as the docker
// command does, builds with BuildKit over the session protocol, reads images
// and runs containers. It is the only importer of the Docker client, BuildKit's
// session and the docker command's context store; all others see the types of
// this package.
package engine
