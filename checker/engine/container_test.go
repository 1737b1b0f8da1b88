package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestStartFault tells an image that cannot start from a machine that cannot
// start it. The texts are those of real engines.
func TestStartFault(t *testing.T) {
	const daemon = "Error response from daemon: "
	for name, tt := range map[string]struct {
		err     string
		message string      // of the image's fault
		problem ProblemKind // where it is the machine's
	}{
		"20.10: no such program": {
			err:     daemon + `OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "/app": stat /app: no such file or directory: unknown`,
			message: `exec: "/app": stat /app: no such file or directory`,
		},
		"24: no such program": {
			err:     daemon + `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/app": stat /app: no such file or directory: unknown`,
			message: `exec: "/app": stat /app: no such file or directory`,
		},
		"28: no such program": {
			err:     daemon + `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "/app": stat /app: no such file or directory: unknown`,
			message: `error during container init: exec: "/app": stat /app: no such file or directory`,
		},
		"20.10: not on PATH": {
			err:     daemon + `OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "app": executable file not found in $PATH: unknown`,
			message: `exec: "app": executable file not found in $PATH`,
		},
		"18.09: may not be executed, with quotes": {
			err:     daemon + `OCI runtime create failed: container_linux.go:344: starting container process caused "exec: \"/app\": permission denied": unknown`,
			message: `OCI runtime create failed: container_linux.go:344: starting container process caused "exec: \"/app\": permission denied"`,
		},
		"24: may not be executed": {
			err:     daemon + `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/app": permission denied: unknown`,
			message: `exec: "/app": permission denied`,
		},
		"no such user":  {err: daemon + "unable to find user app: no matching entries in passwd file", message: "unable to find user app: no matching entries in passwd file"},
		"no such group": {err: daemon + "unable to find group app: no matching entries in group file", message: "unable to find group app: no matching entries in group file"},
		"user too large": {
			err: daemon + "uids and gids must be in range 0-2147483647", message: "uids and gids must be in range 0-2147483647",
		},
		"no command":     {err: daemon + "No command specified", message: "No command specified"},
		"28: no command": {err: daemon + "no command specified", message: "no command specified"},
		"a WORKDIR that is a file": {
			err:     daemon + `OCI runtime create failed: container_linux.go:380: starting container process caused: process_linux.go:545: container init caused: rootfs_linux.go:76: mkdir /app: not a directory: unknown`,
			message: "process_linux.go:545: container init caused: rootfs_linux.go:76: mkdir /app: not a directory",
		},

		"no room": {
			err:     daemon + `OCI runtime create failed: container_linux.go:380: starting container process caused: process_linux.go:545: container init caused: mkdir /sys/fs/cgroup/memory/docker/1: no space left on device: unknown`,
			problem: DiskFull,
		},
		"no control groups": {
			err:     daemon + `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: unable to apply cgroup configuration: mkdir /sys/fs/cgroup/docker: read-only file system: unknown`,
			problem: Failed,
		},
		"no control group of memory": {
			err:     daemon + `OCI runtime create failed: container_linux.go:380: starting container process caused: process_linux.go:545: container init caused: process_linux.go:508: setting cgroup config for procHooks process caused: failed to write "536870912": write /sys/fs/cgroup/memory/memory.limit_in_bytes: device or resource busy: unknown`,
			problem: Failed,
		},
		"no system call filter": {
			err:     daemon + `OCI runtime create failed: runc create failed: unable to start container process: error during container init: error loading seccomp filter into kernel: invalid argument: unknown`,
			problem: Failed,
		},
		"/proc cannot be mounted": { // in an engine that itself runs in a container
			err:     daemon + `OCI runtime create failed: container_linux.go:349: starting container process caused: process_linux.go:449: container init caused: rootfs_linux.go:58: mounting "proc" to rootfs "/var/lib/docker/overlay2/c1/merged" at "/proc" caused: permission denied: unknown`,
			problem: Failed,
		},
		"the runtime is gone": {err: daemon + `failed to create task for container: failed to start shim: exec: "containerd-shim-runc-v2": executable file not found in $PATH: unknown`, problem: Failed},
		"the network is gone": {err: daemon + "network 7f3 not found", problem: Failed},
		"the image is gone":   {err: daemon + "No such image: app:1", problem: NoImage},
		"the engine is gone":  {err: "read unix @->/run/docker.sock: connection reset by peer", problem: Lost},
	} {
		t.Run(name, func(t *testing.T) {
			err := (&Engine{}).startFault(t.Context(), errors.New(tt.err))
			if tt.problem != "" {
				expectProblem(t, err, tt.problem)
				return
			}
			var start *StartError
			if !errors.As(err, &start) {
				t.Fatalf("got %v, want the image to be blamed", err)
			}
			if start.Message != tt.message {
				t.Errorf("says\n%s\nwant\n%s", start.Message, tt.message)
			}
			if got, want := err.Error(), "starting container: "+tt.message; got != want {
				t.Errorf("error is %q, want %q", got, want)
			}
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&Engine{}).startFault(ended, errors.New("no command specified")); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
	if err := (&Engine{}).startFault(t.Context(), nil); err != nil {
		t.Errorf("nothing became %v", err)
	}
}

// containerEngine answers about one container and about the engine itself.
func containerEngine(t *testing.T, answers map[string]any) *Engine {
	t.Helper()
	home(t, nil)
	fakeEngine(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for suffix, answer := range answers {
			if strings.HasSuffix(r.URL.Path, suffix) {
				if err := json.NewEncoder(w).Encode(answer); err != nil {
					t.Error(err)
				}
				return
			}
		}
		pong("1.41", "linux")(w, r)
	}))
	e, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestUID(t *testing.T) {
	info := func(root string, options ...string) any {
		return map[string]any{"DockerRootDir": root, "SecurityOptions": options}
	}
	plain := info("/var/lib/docker", "name=seccomp,profile=default")
	for name, tt := range map[string]struct {
		processes [][]string
		info      any
		want      int
		err       string // part of it
	}{
		"one process":    {[][]string{{"42", "10001"}}, plain, 10001, ""},
		"root":           {[][]string{{"42", "0"}}, plain, 0, ""},
		"others too":     {[][]string{{"41", "0"}, {"42", "7"}, {"421", "0"}}, plain, 7, ""},
		"remapped":       {[][]string{{"42", "241073"}}, info("/var/lib/docker/231072.231072", "name=userns"), 10001, ""},
		"remapped root":  {[][]string{{"42", "231072"}}, info("/var/lib/docker/231072.231072", "name=seccomp", "name=userns"), 0, ""},
		"remapped oddly": {[][]string{{"42", "231072"}}, info("/data", "name=userns"), 0, "first user ID"},
		"gone":           {[][]string{{"43", "1"}}, plain, 0, "process 42 is not among them"},
		"a name":         {[][]string{{"42", "root"}}, plain, 0, `"root" is no number`},
	} {
		t.Run(name, func(t *testing.T) {
			e := containerEngine(t, map[string]any{
				"/containers/c/json": map[string]any{"Id": "c", "State": map[string]any{"Running": true, "Pid": 42}},
				"/containers/c/top":  map[string]any{"Titles": []string{"PID", "UID"}, "Processes": tt.processes},
				"/info":              tt.info,
			})
			uid, err := (&Container{e, "c"}).UID(t.Context())
			if tt.err != "" {
				if p := expectProblem(t, err, Failed); !strings.Contains(p.Error(), tt.err) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || uid != tt.want {
				t.Errorf("got %d, %v, want %d", uid, err, tt.want)
			}
		})
	}
}

func TestInfo(t *testing.T) {
	for name, tt := range map[string]struct {
		info map[string]any
		want Info
	}{
		"graph driver": {
			map[string]any{"ServerVersion": "20.10.24", "Driver": "overlay2", "OperatingSystem": "Debian", "MemTotal": 8, "NCPU": 2, "Images": 3, "DockerRootDir": "/var/lib/docker", "DriverStatus": [][2]string{{"Backing Filesystem", "extfs"}}},
			Info{Version: "20.10.24", Store: "overlay2", OS: "Debian", MemoryBytes: 8, CPUs: 2, Images: 3, RootDir: "/var/lib/docker"},
		},
		"containerd, rootless": {
			map[string]any{"Driver": "overlayfs", "DriverStatus": [][2]string{{"driver-type", "io.containerd.snapshotter.v1"}}, "SecurityOptions": []string{"name=seccomp,profile=builtin", "name=rootless"}},
			Info{Store: "overlayfs", Containerd: true, Rootless: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := containerEngine(t, map[string]any{"/info": tt.info, "/version": map[string]any{"Arch": "arm64", "ApiVersion": "1.41"}})
			got, err := e.Info(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tt.want.At, tt.want.API, tt.want.Arch = e.At(), "1.41", "arm64"
			if got != tt.want {
				t.Errorf("got\n%+v, want\n%+v", got, tt.want)
			}
		})
	}
}

// TestGone has objects that somebody else removed, or that are being removed.
func TestGone(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		want   ProblemKind // "" for success
	}{
		"removed":        {204, ""},
		"is not there":   {404, ""},
		"engine refuses": {500, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			home(t, nil)
			fakeEngine(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodDelete {
					pong("1.41", "linux")(w, r)
					return
				}
				status := tt.status
				if strings.Contains(r.URL.Path, "/images/") && status == 204 {
					fmt.Fprint(w, "[]")
					return
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				if status >= 400 {
					fmt.Fprint(w, `{"message":"what a pity"}`)
				}
			}))
			e, err := Connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			for what, err := range map[string]error{
				"container": (&Container{e, "c"}).Remove(t.Context()),
				"network":   e.RemoveNetwork(t.Context(), "n"),
				"image":     e.RemoveImage(t.Context(), "i"),
				"volume":    e.removeLeftover(t.Context(), Leftover{Kind: KindVolume, ID: "v"}),
			} {
				if tt.want == "" && err != nil {
					t.Errorf("%s: %v", what, err)
				} else if tt.want != "" {
					expectProblem(t, err, tt.want)
				}
			}
		})
	}
}
