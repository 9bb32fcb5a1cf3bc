// Package tooltest builds the real programs that tests of the account server talk
// to: an S3 gateway, an OpenID Connect provider. Their versions are pinned in
// packaging/tools/go.mod, apart from the program's own.
package tooltest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The programs.
const (
	Versitygw = "github.com/versity/versitygw/cmd/versitygw"
	Dex       = "github.com/dexidp/dex/cmd/dex"
)

// Path builds one of the programs, which takes a second when it was built before,
// and gives the path of the binary.
func Path(t testing.TB, program string) string {
	t.Helper()
	root := moduleRoot(t)
	path := filepath.Join(root, "build", "tools", filepath.Base(program))
	next := path + "." + strings.ReplaceAll(t.Name(), "/", "_") // tests of several packages build at once
	cmd := exec.Command("go", "build", "-o", next, program)
	cmd.Dir = filepath.Join(root, "packaging", "tools")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", program, err, out)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
	return path
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
