package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/tutor/cmd/internal/app"
)

// TestMain makes the test binary tutor itself for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tutor": func() { os.Exit(int(app.Main())) },
	})
}

// TestScripts runs the scripts of testdata/script against the real program
// and, where they check something, the real engine.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("TUTOR_UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("TUTOR_LANG", "en")
			env.Setenv("LC_ALL", "C.UTF-8")
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
			for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"} {
				if v, ok := os.LookupEnv(name); ok {
					env.Setenv(name, v)
				}
			}
			return nil
		},
	})
}
