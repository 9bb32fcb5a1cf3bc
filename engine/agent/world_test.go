package agent

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/keychain"
	"holdfast/engine/repo"
	"holdfast/engine/source"
	"holdfast/engine/storage/local"
)

// TestMain lets the test program be another process: one that a test kills, or
// that has fewer rights.
func TestMain(m *testing.M) {
	if role := os.Getenv("HOLDFAST_TEST_ROLE"); role != "" {
		os.Exit(play(role))
	}
	os.Exit(runAll(m))
}

// runAll runs the tests: those that can, side by side in one home folder. A capture
// waits for its lock to settle most of the time, so more of them than there are
// processors take less time.
func runAll(m *testing.M) int {
	home, err := os.MkdirTemp("", "home-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(home)
	for key, value := range map[string]string{"HOME": home, "XDG_CONFIG_HOME": ""} {
		if err := os.Setenv(key, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// world is a made-up computer: a home folder, a state folder and a drive, with a
// clock that goes on by itself and can be set.
type world struct {
	t     *testing.T
	user  string // home folder
	state string
	dest  string // does not exist at first; its parent does
	code  string // recovery code
	clock *clock
	fs    source.FS
	undo  func() // of what a test has done to it
	apart bool   // chooses its own folder, because the home folder is shared
	*Agent
}

type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) jump(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += by
}

// newWorld makes a computer on which nothing is set up.
func newWorld(t *testing.T) *world {
	t.Helper()
	root := t.TempDir()
	w := &world{t: t, user: filepath.Join(root, "home", "ada"), state: filepath.Join(root, "state"), dest: filepath.Join(root, "drive", "backup"), clock: new(clock)}
	for _, dir := range []string{w.user, filepath.Dir(w.dest)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", w.user)
	t.Setenv("XDG_CONFIG_HOME", "")
	w.open()
	t.Cleanup(func() { w.close() })
	return w
}

// newWorldApart is newWorld for a test that runs beside others: it has a folder in
// the home folder, and chooses that alone.
func newWorldApart(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	root := t.TempDir()
	user, err := os.MkdirTemp(mkdir(t, os.Getenv("HOME")), "ada-")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, user: filepath.Join(user, "files"), state: filepath.Join(root, "state"), dest: filepath.Join(root, "drive", "backup"), clock: new(clock), apart: true}
	mkdir(t, w.user)
	mkdir(t, filepath.Dir(w.dest))
	w.open()
	t.Cleanup(func() { w.close() })
	w.chooseOwn()
	return w
}

func mkdir(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// another is a second computer with the same home folder and destination.
func (w *world) another() *world {
	w.t.Helper()
	o := &world{t: w.t, user: w.user, state: filepath.Join(w.t.TempDir(), "state"), dest: w.dest, code: w.code, clock: new(clock)}
	o.open()
	w.t.Cleanup(func() { o.close() })
	if o.apart = w.apart; o.apart {
		o.chooseOwn()
	}
	return o
}

// open starts the engine; the changes are to its options.
func (w *world) open(changes ...func(*Options)) {
	w.t.Helper()
	keys, err := keychain.Open(keychain.Options{Folder: filepath.Join(w.state, "keys"), FileOnly: true})
	if err != nil {
		w.t.Fatal(err)
	}
	o := Options{Home: w.state, Keychain: keys, Now: w.clock.now, FS: w.fs}
	for _, change := range changes {
		change(&o)
	}
	a, err := Open(w.t.Context(), o)
	if err != nil {
		w.t.Fatalf("the engine did not start: %v", err)
	}
	w.Agent = a
}

func (w *world) close() {
	w.t.Helper()
	if w.Agent == nil {
		return
	}
	if err := w.Agent.Close(); err != nil {
		w.t.Errorf("the engine did not end well: %v", err)
	}
	w.Agent = nil
}

func (w *world) reopen(changes ...func(*Options)) {
	w.t.Helper()
	w.close()
	w.open(changes...)
}

func background(o *Options) { o.Background = true }

// ctx is the test's.
func (w *world) ctx() context.Context { return w.t.Context() }

// setUp makes the destination and chooses the home folder.
func (w *world) setUp() *world {
	w.t.Helper()
	out, err := w.Connect(w.ctx(), engine.ConnectRequest{Address: w.dest, Computer: "Ada's laptop"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.code = out.RecoveryCode
	return w
}

// chooseOwn chooses its own folder, and no other.
func (w *world) chooseOwn() {
	w.t.Helper()
	chosen := engine.Selection{Choices: []engine.Choice{{Path: w.user, Include: true, NewItems: true}}}
	if err := w.SaveSelection(w.ctx(), chosen); err != nil {
		w.t.Fatal(err)
	}
}

// at is a path in the home folder.
func (w *world) at(name string) string { return filepath.Join(w.user, name) }

// write makes files in the home folder: pairs of name and content.
func (w *world) write(pairs ...string) *world {
	w.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		path := w.at(pairs[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pairs[i+1]), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	return w
}

func (w *world) remove(name string) {
	w.t.Helper()
	if err := os.RemoveAll(w.at(name)); err != nil {
		w.t.Fatal(err)
	}
}

// backUp captures and expects it to work.
func (w *world) backUp(paths ...string) engine.CaptureResult {
	w.t.Helper()
	result, err := w.BackUp(w.ctx(), paths)
	if err != nil {
		w.t.Fatalf("back up: %v (%v)", err, errors.Unwrap(err))
	}
	return result
}

// get restores into a folder and expects it to work; it gives the job.
func (w *world) get(q engine.GetRequest) engine.Job {
	w.t.Helper()
	id, err := w.Get(w.ctx(), q)
	if err != nil {
		w.t.Fatalf("get: %v", err)
	}
	job, err := w.WaitJob(w.ctx(), id)
	if err != nil {
		w.t.Fatalf("wait for restore: %v", err)
	}
	return job
}

// restored gets a folder back to a new place and reads it.
func (w *world) restored(ref engine.Ref) map[string]string {
	w.t.Helper()
	target := filepath.Join(w.t.TempDir(), "restored")
	job := w.get(engine.GetRequest{Refs: []engine.Ref{ref}, To: engine.ToFolder, Folder: target, Contents: true})
	if job.State != engine.JobDone || job.Failed > 0 {
		items, _ := w.JobItems(w.ctx(), job.ID)
		w.t.Fatalf("restore of %s: %s, %d failed: %s %v", ref.Path, job.State, job.Failed, job.Message, items)
	}
	return read(w.t, target)
}

// read is the regular files below a folder.
func read(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(folder, path)
		files[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// is compares what was restored: pairs of name and content, and nothing else.
func is(t *testing.T, got map[string]string, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		content, ok := got[pairs[i]]
		switch {
		case !ok:
			t.Errorf("%s is missing", pairs[i])
		case content != pairs[i+1]:
			t.Errorf("%s is %.40q (%d bytes), not %.40q (%d bytes)", pairs[i], content, len(content), pairs[i+1], len(pairs[i+1]))
		}
	}
	if len(got) != len(pairs)/2 {
		var names []string
		for name := range got {
			names = append(names, name)
		}
		t.Errorf("there are %d files, not %d: %s", len(got), len(pairs)/2, strings.Join(names, ", "))
	}
}

// noise is text that does not shrink.
func noise(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return string(b)
}

// status expects a state.
func (w *world) status(state engine.State) engine.Status {
	w.t.Helper()
	s, err := w.Status(w.ctx())
	if err != nil {
		w.t.Fatal(err)
	}
	if s.State != state {
		w.t.Errorf("state is %q (%s), not %q", s.State, s.Reason, state)
	}
	return s
}

// repositoryOf opens the destination beside the engine, with the recovery code.
func (w *world) repositoryOf() *repo.Repository {
	w.t.Helper()
	store, err := local.Open(w.dest)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { store.Close() })
	r, err := repo.Open(w.ctx(), store, w.code)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// stored lists the files of one kind at the destination.
func (w *world) stored(kind string) []string {
	w.t.Helper()
	var paths []string
	err := filepath.WalkDir(filepath.Join(w.dest, kind), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return paths
}

// spoil flips a bit in the middle of a file.
func spoil(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	replaceFile(t, path, data)
}

func replaceFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.Chmod(path, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// kind expects an error of a kind whose words a person can use: whole sentences
// that name what it is about and hold no secret.
func kind(t *testing.T, err error, want engine.Kind, about string, secrets ...string) {
	t.Helper()
	var e *engine.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error is %v (%T), not one with a sentence", err, err)
	}
	if e.Kind != want {
		t.Errorf("the kind is %q, not %q: %s (%v)", e.Kind, want, e.Message, e.Err)
	}
	readable(t, e.Message, about)
	for _, s := range secrets {
		if s != "" && (strings.Contains(e.Message, s) || e.Err != nil && strings.Contains(e.Err.Error(), s)) {
			t.Errorf("the error holds a secret: %s", e.Message)
		}
	}
}

// readable expects at least two sentences: what happened, and what it means or
// what to do.
func readable(t *testing.T, message, about string) {
	t.Helper()
	switch {
	case message == "":
		t.Error("there is no message")
	case !strings.HasSuffix(message, "."):
		t.Errorf("the message does not end as a sentence does: %s", message)
	case !strings.Contains(message, ". "):
		t.Errorf("the message says one thing only: %s", message)
	case !strings.Contains(message, about):
		t.Errorf("the message does not name %s: %s", about, message)
	}
}

// hang is after how long a test takes something for hung. It is no measure of how fast
// anything is: a loaded machine may be tens of times slower than an idle one.
const hang = 2 * time.Minute

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hang); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("it never came to be that %s", what)
}

// playing starts the test program as another process and waits for its first line. The
// process ends when the test does, if it is not killed before.
func playing(t *testing.T, role string, env ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(append(os.Environ(), "HOLDFAST_TEST_ROLE="+role), env...)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // it waits for the end of this
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the other process said nothing: %v", err)
	}
	return cmd
}

// kill ends a process as a power cut would.
func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
}
