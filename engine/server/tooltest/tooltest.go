// Package tooltest builds the programs that tests of the account server run: its own
// and the real ones around it, an S3 gateway and an OpenID Connect provider. The
// versions of those are pinned in packaging/tools/go.mod, apart from the program's own.
package tooltest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The programs.
const (
	Versitygw = "github.com/versity/versitygw/cmd/versitygw"
	Dex       = "github.com/dexidp/dex/cmd/dex"
	Server    = "holdfast/app/holdfast-server"
	Command   = "holdfast/app/holdfast"
)

// made are the programs that this process has built already.
var made struct {
	sync.Mutex
	paths map[string]string
}

// home is that of who builds, before a test sets another one: the caches are there.
var home = os.Getenv("HOME")

// Path builds one of the programs, once for this process, and gives the path of the
// binary. HOLDFAST_SERVER and HOLDFAST_BIN may name built ones of our own.
func Path(t testing.TB, program string) string {
	t.Helper()
	for ours, variable := range map[string]string{Server: "HOLDFAST_SERVER", Command: "HOLDFAST_BIN"} {
		if path := os.Getenv(variable); program == ours && path != "" {
			return path
		}
	}
	made.Lock()
	defer made.Unlock()
	if path := made.paths[program]; path != "" {
		return path
	}
	path, err := build(moduleRoot(t), program)
	if err != nil {
		t.Fatal(err)
	}
	if made.paths == nil {
		made.paths = map[string]string{}
	}
	made.paths[program] = path
	return path
}

// build takes a second when the program was built before.
func build(root, program string) (string, error) {
	path := filepath.Join(root, "build", "tools", filepath.Base(program))
	next := fmt.Sprintf("%s.%d", path, os.Getpid()) // tests of several packages build at once
	cmd := exec.Command("go", "build", "-o", next, program)
	cmd.Dir = root
	if !strings.HasPrefix(program, "holdfast/") {
		cmd.Dir = filepath.Join(root, "packaging", "tools")
	}
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "HOME="+home)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", program, err, out)
	}
	return path, os.Rename(next, path)
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "FyneApp.toml")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the root of the module was not found")
		}
	}
}
