//go:build linux

package interop

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// password opens every repository here. It protects nothing.
const password = "interop"

// program is the path of the built command.
var program string

func TestMain(m *testing.M) {
	code, err := withProgram(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// withProgram builds the command, or takes the one that HOLDFAST_BIN names.
func withProgram(run func() int) (int, error) {
	program = os.Getenv("HOLDFAST_BIN")
	if program != "" {
		path, err := filepath.Abs(program)
		program = path
		if err != nil {
			return 1, err
		}
		return run(), nil
	}
	dir, err := os.MkdirTemp("", "holdfast-interop-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "holdfast")
	build := exec.Command("go", "build", "-o", program, "holdfast/app/holdfast")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the command: %w\n%s", err, out)
	}
	return run(), nil
}

// computer is one installation of Holdfast: a state folder and a home folder.
type computer struct {
	t   *testing.T
	env []string
}

func newComputer(t *testing.T) *computer {
	t.Helper()
	dir := t.TempDir()
	home := filepath.Join(dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"HOLDFAST_HOME=" + filepath.Join(dir, "state"), "HOLDFAST_PASSWORD=" + password,
		"HOME=" + home, "XDG_RUNTIME_DIR=" + dir, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "TMPDIR=" + os.TempDir(),
		// Nothing of a desktop that runs here by chance is asked for keys.
		"DBUS_SESSION_BUS_ADDRESS=unix:path=" + filepath.Join(dir, "no-bus"),
	}
	return &computer{t: t, env: env}
}

func (c *computer) command(args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = c.env
	return cmd
}

// run runs the command to a good end and returns what it printed.
func (c *computer) run(args ...string) string {
	c.t.Helper()
	out, code := c.try(args...)
	if code != 0 {
		c.t.Fatalf("holdfast %s ended with %d:\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// try returns the exit code too.
func (c *computer) try(args ...string) (string, int) {
	c.t.Helper()
	return output(c.t, c.command(args...))
}

// kill starts the command, kills it after some time and says whether it was
// still running then.
func (c *computer) kill(after time.Duration, args ...string) bool {
	c.t.Helper()
	cmd := c.command(args...)
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(after)
	killed := cmd.Process.Kill() == nil
	err := cmd.Wait()
	return killed && err != nil
}

// reader is the independent program that reads the same repository.
type reader struct {
	t   *testing.T
	env []string
}

func newReader(t *testing.T, repository, secret string) *reader {
	t.Helper()
	if _, err := exec.LookPath("restic"); err != nil {
		t.Fatal("restic is not installed: apt-get install restic")
	}
	return &reader{t: t, env: append(os.Environ(), "RESTIC_REPOSITORY="+repository, "RESTIC_PASSWORD="+secret,
		"RESTIC_CACHE_DIR="+t.TempDir(), "RESTIC_PROGRESS_FPS=0.01")}
}

func (r *reader) run(args ...string) string {
	r.t.Helper()
	out, code := r.try(args...)
	if code != 0 {
		r.t.Fatalf("restic %s ended with %d:\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

func (r *reader) try(args ...string) (string, int) {
	r.t.Helper()
	cmd := exec.Command("restic", args...)
	cmd.Env = r.env
	return output(r.t, cmd)
}

// output runs a program that has to end within a quarter of an hour.
func output(t *testing.T, cmd *exec.Cmd) (string, int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(15*time.Minute, func() { cmd.Process.Kill() })
	defer limit.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() != 0 {
		return stdout.String() + stderr.String(), cmd.ProcessState.ExitCode()
	}
	return stdout.String(), 0
}

// stored sums the sizes of the pack files of a repository.
func stored(t *testing.T, repository string) int64 {
	t.Helper()
	var sum int64
	err := filepath.WalkDir(filepath.Join(repository, "data"), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// dice is the randomness of a test; its seed is printed, so that a failure can
// be seen again with SEED.
func dice(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("SEED"); s != "" {
		if _, err := fmt.Sscan(s, &seed); err != nil {
			t.Fatalf("SEED: %v", err)
		}
	}
	t.Logf("SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}
