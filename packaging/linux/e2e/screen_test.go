//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/ui/desktop/uimap"
)

// soon ends a wait for what does not come to the screen. A person would wonder sooner,
// but has a computer that draws nothing else beside it.
const soon = 3 * time.Minute

// later is soon for what all the files of a person go through.
const later = 10 * time.Minute

// screen is the running program and the hands and eyes of the person before it.
type screen struct {
	t        *testing.T
	process  *exec.Cmd
	exited   chan struct{} // closed when the process has ended
	window   string        // X window id
	mapPath  string
	pictures string
	step     int
}

// start runs the program and waits for its window.
func start(t *testing.T, arguments ...string) *screen {
	t.Helper()
	s := &screen{t: t, mapPath: filepath.Join(t.TempDir(), "map.json"), pictures: pictureFolder(t)}
	s.launch(arguments...)
	s.await()
	t.Cleanup(s.end)
	return s
}

func pictureFolder(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("HOLDFAST_PICTURES")
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "holdfast-pictures-"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// launch starts the process; its output goes to the logs of the session.
func (s *screen) launch(arguments ...string) {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(os.Getenv("HOLDFAST_LOGS"), "holdfast.log"),
		os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.process = exec.Command(program, arguments...)
	s.process.Env = append(os.Environ(), uimap.Variable+"="+s.mapPath)
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	process, exited := s.process, make(chan struct{})
	s.exited = exited
	go func() {
		defer close(exited)
		_ = process.Wait() // how it ended is in ProcessState
	}()
}

// await finds the window and brings it to the front.
func (s *screen) await() {
	s.t.Helper()
	s.until(soon, "a window", func() bool { s.window = s.find(); return s.window != "" })
	s.x("windowactivate", "--sync", s.window) // the keys go there when this returns
}

// find is the id of the window that is on the screen, "" when there is none.
func (s *screen) find() string {
	out, _ := exec.Command("xdotool", "search", "--onlyvisible", "--pid", fmt.Sprint(s.process.Process.Pid),
		"--name", "Holdfast").Output() // fails when it finds none
	first, _, _ := strings.Cut(string(out), "\n")
	return first
}

func (s *screen) visible() bool { return s.find() != "" }

// again starts the program a second time; the channel is closed when that ends.
func (s *screen) again() <-chan struct{} {
	s.t.Helper()
	second := exec.Command(program)
	if err := second.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = second.Wait() // only that it ends matters
	}()
	s.t.Cleanup(func() { _ = second.Process.Kill() })
	return ended
}

// restart ends the program and starts it again.
func (s *screen) restart() {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	<-s.exited
	if err := os.Remove(s.mapPath); err != nil {
		s.t.Fatal(err)
	}
	s.launch()
	s.await()
}

// running says that the process has not ended.
func (s *screen) running() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// end asks the program to end, and makes it.
func (s *screen) end() {
	if s.t.Failed() {
		s.picture("failed")
	}
	_ = s.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(time.Minute):
		_ = s.process.Process.Kill()
		<-s.exited
	}
}

// x runs xdotool.
func (s *screen) x(arguments ...string) {
	s.t.Helper()
	if out, err := exec.Command("xdotool", arguments...).CombinedOutput(); err != nil {
		s.t.Fatalf("xdotool %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

// until waits for something to be true.
func (s *screen) until(limit time.Duration, what string, true func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(limit); !true(); time.Sleep(50 * time.Millisecond) {
		if !s.running() {
			s.t.Fatalf("the program ended (%v) while waiting for %s\n%s", s.process.ProcessState, what, s.log())
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no %s within %v. The screen says:\n%s\n%s", what, limit, s.said(), s.log())
		}
	}
}

// log is the end of what the program printed.
func (s *screen) log() string {
	data, err := os.ReadFile(filepath.Join(os.Getenv("HOLDFAST_LOGS"), "holdfast.log"))
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-4000):])
}

// look reads the map.
func (s *screen) look() uimap.Map {
	var m uimap.Map
	data, err := os.ReadFile(s.mapPath)
	if err != nil {
		return m // not written yet
	}
	if err := json.Unmarshal(data, &m); err != nil {
		s.t.Fatalf("the map is not whole: %v", err)
	}
	return m
}

// said lists what is on the screen, for the message of a failure.
func (s *screen) said() string {
	var b strings.Builder
	for i, c := range s.look().Controls {
		fmt.Fprintf(&b, "  %3d %-7s %q %s%s at %d,%d %dx%d inside %d", i, c.Kind, c.Text, c.Name, c.Icon, c.X, c.Y, c.W, c.H, c.Inside)
		for word, is := range map[string]bool{"covered": c.Covered, "disabled": c.Disabled, "focused": c.Focused, "checked": c.Checked} {
			if is {
				b.WriteString(" " + word)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// picture keeps what is on the whole screen.
func (s *screen) picture(name string) {
	s.t.Helper()
	s.step++
	path := filepath.Join(s.pictures, fmt.Sprintf("%02d-%s.png", s.step, name))
	if out, err := exec.Command("import", "-silent", "-window", "root", path).CombinedOutput(); err != nil {
		s.t.Errorf("no picture: %v\n%s", err, out)
		return
	}
	s.t.Logf("picture %s", path)
}
