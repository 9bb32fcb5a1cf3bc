//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the path of the built program.
var program = os.Getenv("HOLDFAST_DESKTOP")

func TestMain(m *testing.M) {
	if os.Getenv("HOLDFAST_SESSION") != "" {
		os.Exit(m.Run())
	}
	code, err := inSession()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// inSession runs these same tests again, on a private desktop.
func inSession() (int, error) {
	dir, err := os.MkdirTemp("", "holdfast-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if program == "" {
		program = filepath.Join(dir, "holdfast-desktop")
		if out, err := exec.Command("go", "build", "-o", program, "holdfast/app/holdfast-desktop").CombinedOutput(); err != nil {
			return 1, fmt.Errorf("build the program: %w\n%s", err, out)
		}
	}
	if program, err = filepath.Abs(program); err != nil {
		return 1, err
	}
	session := exec.Command("../desktop-session.sh", append([]string{os.Args[0]}, os.Args[1:]...)...)
	session.Env = append(os.Environ(), "HOLDFAST_DESKTOP="+program)
	session.Stdout, session.Stderr = os.Stdout, os.Stderr
	err = session.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}
