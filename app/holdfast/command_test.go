package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test program be the command itself.
func TestMain(m *testing.M) {
	if os.Getenv("HOLDFAST_TEST_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

// machine is a made-up computer on which the command runs.
type machine struct {
	t    *testing.T
	user string // home folder
	dest string
	code string // recovery code
	env  []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	root := t.TempDir()
	m := &machine{t: t, user: filepath.Join(root, "ada"), dest: filepath.Join(root, "drive", "backup")}
	for _, dir := range []string{m.user, filepath.Dir(m.dest)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.env = []string{"HOLDFAST_TEST_COMMAND=1", "HOME=" + m.user, "HOLDFAST_HOME=" + filepath.Join(root, "state"), "PATH=" + os.Getenv("PATH"), "TZ=UTC",
		"GORACE=atexit_sleep_ms=0"} // or each call under the race detector lasts a second longer
	return m
}

func (m *machine) at(name string) string { return filepath.Join(m.user, name) }

func (m *machine) write(pairs ...string) {
	m.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if err := os.MkdirAll(filepath.Dir(m.at(pairs[i])), 0o755); err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(m.at(pairs[i]), []byte(pairs[i+1]), 0o644); err != nil {
			m.t.Fatal(err)
		}
	}
}

// command is a call in the home folder.
func (m *machine) command(args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	cmd := exec.CommandContext(m.t.Context(), exe, args...)
	cmd.Env, cmd.Dir = m.env, m.user
	return cmd
}

// call runs the command and expects an exit code.
func (m *machine) call(code int, args ...string) (out, errors string) {
	m.t.Helper()
	cmd := m.command(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		m.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		m.t.Fatalf("holdfast %s: exit code %d, not %d\n%s%s", strings.Join(args, " "), got, code, stdout.String(), stderr.String())
	}
	return stdout.String(), stderr.String()
}

// decoded runs the command with --json and expects one document.
func (m *machine) decoded(code int, into any, args ...string) {
	m.t.Helper()
	out, errors := m.call(code, append(args, "--json")...)
	d := json.NewDecoder(strings.NewReader(out))
	if err := d.Decode(into); err != nil || d.More() {
		m.t.Fatalf("holdfast %s --json: %v, more: %v\n%s%s", strings.Join(args, " "), err, d.More(), out, errors)
	}
}

// setUp makes a destination.
func (m *machine) setUp() *machine {
	m.t.Helper()
	var made struct{ RecoveryCode string }
	m.decoded(0, &made, "setup", m.dest, "--name", "Ada's laptop")
	m.code = made.RecoveryCode
	return m
}

// says expects parts of a text.
func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("it does not say %q:\n%s", part, text)
		}
	}
}

// holds expects the content of a file.
func holds(t *testing.T, path, want string) {
	t.Helper()
	if data, err := os.ReadFile(path); err != nil || string(data) != want {
		t.Errorf("%s: %q, %v", path, data, err)
	}
}

func TestTheWholeJobInATerminal(t *testing.T) {
	m := newMachine(t)
	out, _ := m.call(0, "status")
	says(t, out, "Setup is incomplete")
	_, errors := m.call(1, "backup")
	says(t, errors, "holdfast setup FOLDER")
	out, _ = m.call(0, "setup", m.dest)
	says(t, out, "Recovery code: ", "it is shown this once")
	m.write("letter.txt", "dear all", "a/photo.jpg", "a", "b/photo.jpg", "b")
	out, errors = m.call(0, "backup")
	says(t, out, "3 new, 0 changed, 0 deleted", "version ")
	if errors != "" {
		t.Errorf("without a terminal there is no progress line: %q", errors)
	}
	out, _ = m.call(0, "status")
	says(t, out, "Protected: ", "3 files", m.dest)
	time.Sleep(1100 * time.Millisecond) // --at counts in seconds
	before := time.Now().UTC()
	time.Sleep(10 * time.Millisecond)
	m.write("letter.txt", "dear friends")
	m.call(0, "backup")
	out, _ = m.call(0, "ls", ".")
	says(t, out, "a/\n", "b/\n", "letter.txt\n")
	out, _ = m.call(0, "ls", "-l", ".")
	says(t, out, "12 B")
	out, _ = m.call(0, "find", "PHOTO")
	says(t, out, m.at("a/photo.jpg"), m.at("b/photo.jpg"))
	out, _ = m.call(0, "versions", "letter.txt")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], "newest") {
		t.Fatalf("versions:\n%s", out)
	}
	oldest := strings.Fields(lines[2])[0]

	m.call(0, "get", "a", "--to", "x1")
	holds(t, m.at("x1/photo.jpg"), "a")
	m.call(0, "get", "a/photo.jpg", "b/photo.jpg", "--to", "x2")
	holds(t, m.at("x2/photo.jpg"), "a")
	holds(t, m.at("x2/photo (2).jpg"), "b")
	m.call(0, "get", "letter.txt", "--version", oldest, "--to", "x3")
	holds(t, m.at("x3/letter.txt"), "dear all")
	m.call(0, "get", "letter.txt", "--at", before.Format(time.RFC3339Nano), "--to", "x4")
	holds(t, m.at("x4/letter.txt"), "dear all")
	m.call(0, "get", "letter.txt")
	holds(t, m.at("Downloads/letter.txt"), "dear friends")
	m.call(0, "get", m.at("b"), "--computer", hostOf(t), "--to", "x5")
	holds(t, m.at("x5/photo.jpg"), "b")
}

// hostOf is the name that a computer has when none is given.
func hostOf(t *testing.T) string {
	t.Helper()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return name
}
