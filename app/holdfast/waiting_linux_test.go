package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"holdfast/engine/agent"
	"holdfast/engine/control"
)

// atWork starts a command that works on the state folder until it is let go.
func (m *machine) atWork() (cmd *exec.Cmd, letGo func()) {
	m.t.Helper()
	secret := m.at("secret")
	if err := syscall.Mkfifo(secret, 0o600); err != nil {
		m.t.Fatal(err)
	}
	cmd = m.command("setup", m.dest, "--secret-file", secret) // it has opened the folder when it reads this
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for deadline := time.Now().Add(time.Minute); agent.HolderOf(m.state()).Name != "holdfast setup"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.t.Fatal("the command does not begin")
		}
	}
	return cmd, func() {
		m.t.Helper()
		if err := os.WriteFile(secret, nil, 0o600); err != nil {
			m.t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			m.t.Fatal(err)
		}
	}
}

// state is the state folder.
func (m *machine) state() string {
	for _, v := range m.env {
		if dir, ok := strings.CutPrefix(v, "HOLDFAST_HOME="); ok {
			return dir
		}
	}
	return ""
}

// waitingAgent starts an agent, and returns when it says that it waits.
func (m *machine) waitingAgent() (cmd *exec.Cmd, out *bufio.Reader, says string) {
	m.t.Helper()
	cmd = m.command("agent")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	says, err = bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		m.t.Fatalf("the agent says %q, %v", says, err)
	}
	return cmd, bufio.NewReader(stdout), says
}

func TestAnAgentThatFindsACommandAtWorkWaitsAndThenGoesOnByItself(t *testing.T) {
	m := newMachine(t).setUp()
	m.write("letter.txt", "dear all")
	work, letGo := m.atWork()
	who := fmt.Sprintf("holdfast setup (process %d, since ", work.Process.Pid)

	waits, out, told := m.waitingAgent()
	says(t, told, who, "waits until it is done")
	_, errors := m.call(1, "status")
	says(t, errors, who, "works on "+m.state(), "Nothing was changed", "Wait until it is done")
	ended, _, _ := m.waitingAgent()
	if err := ended.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := ended.Wait(); err != nil {
		t.Errorf("told to end while it waits, it does not: %v", err)
	}

	letGo()
	if line, err := out.ReadString('\n'); err != nil || !strings.Contains(line, filepath.Join(m.state(), "control")) {
		t.Fatalf("then the agent says %q, %v", line, err)
	}
	says(t, agent.HolderOf(m.state()).String(), fmt.Sprintf("holdfast agent (process %d, since ", waits.Process.Pid))
	m.call(0, "backup")
	_, errors = m.call(1, "agent")
	says(t, errors, "running already")
	if err := waits.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(out)
	if err := waits.Wait(); err != nil || len(rest) > 0 {
		t.Errorf("the agent ends with %v, having said %q", err, rest)
	}
	m.call(0, "status")
}

// otherVersion is an engine at work on the state folder to which nobody can talk.
func (m *machine) otherVersion() {
	m.t.Helper()
	lock := flock.New(filepath.Join(m.state(), "lock"))
	if ok, err := lock.TryLock(); err != nil || !ok {
		m.t.Fatal(ok, err)
	}
	listener, err := control.Listen(agent.SocketPath(m.state()))
	if err != nil {
		m.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(conn, `{"holdfast":"control","version":1000}`)
			conn.Close()
		}
	}()
	m.t.Cleanup(func() { listener.Close(); <-ended; lock.Unlock() })
}

func TestNobodyWaitsForAnAgentOfAnotherVersion(t *testing.T) {
	m := newMachine(t).setUp()
	m.otherVersion()
	for _, command := range []string{"status", "agent"} {
		_, errors := m.call(1, command)
		says(t, errors, "of another version than this command", "Nothing was changed", "End it and start it again")
	}
}
