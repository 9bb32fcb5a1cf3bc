package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/engine"
)

func TestEverySubcommandSpeaksJSON(t *testing.T) {
	m := newMachine(t).setUp()
	m.write("letter.txt", "dear all", "passphrase", "correct horse battery\n")
	m.call(0, "backup")
	for _, call := range []string{
		"status", "backup", "pause 1h", "resume", "select", "select add music", "select exclude *.iso", "select why letter.txt",
		"ls .", "ls", "find letter", "find nothing-of-this-name", "versions letter.txt", "get letter.txt --to x", "check", "check --data", "check --data=10%",
		"drill", "maintain", "key", "key list", "key recovery", "key passphrase --file passphrase", "key passphrase --remove",
		"computers", "version", "setup " + m.dest, "sign-out",
	} {
		t.Run(call, func(t *testing.T) {
			var any json.RawMessage
			m.decoded(0, &any, strings.Fields(call)...)
			if text := string(any); text == "null" || text == "" {
				t.Errorf("nothing is told: %q", text)
			}
		})
	}
	var failed struct {
		Error string
		Kind  engine.Kind
	}
	m.decoded(1, &failed, "backup")
	if failed.Kind != engine.KindNotSetUp || failed.Error == "" {
		t.Errorf("%+v", failed)
	}
}

func TestExitCodes(t *testing.T) {
	m := newMachine(t).setUp()
	m.write("letter.txt", "dear all")
	m.call(0, "backup")
	for _, c := range []struct {
		code int
		args string
		says string
	}{
		{0, "--help", "Usage: holdfast"},
		{0, "get --help", "--exists"},
		{0, "version", "holdfast "},
		{2, "", "Usage: holdfast"},
		{2, "frobnicate", "Usage: holdfast"},
		{2, "get", "Usage: holdfast get"},
		{2, "get letter.txt --exists=maybe", "--exists"},
		{2, "get letter.txt --at yesterday-ish", "is not a time"},
		{2, "get letter.txt --at 2026-01-01 --version 1234", "can't be used together"},
		{2, "ls --no-such-flag", "--no-such-flag"},
		{2, "pause a-while", "is not a length of time"},
		{2, "select add", "at least one path"},
		{2, "check --data=200%", "between 0 and 100"},
		{2, "key passphrase", "Usage: holdfast key passphrase"},
		{2, "status --password-file nowhere", "cannot be read"},
		{2, "setup " + "sftp:host", "sftp"},
		{1, "ls nowhere", "is not in the backup"},
		{1, "versions nowhere", "is not in the backup"},
		{1, "get nowhere", "is not in the backup"},
		{1, "get letter.txt --version ffffffff", "There is no version"},
		{1, "ls --computer nobody", "There is no computer"},
		{1, "backup leter.txt", "is not there"},
		{1, "key revoke ffffffff", "no such key"},
		{2, "setup elsewhere", "Disconnect"},
	} {
		t.Run(c.args, func(t *testing.T) {
			out, errors := m.call(c.code, strings.Fields(c.args)...)
			says(t, out+errors, c.says)
			if c.code != 0 && out != "" && !strings.Contains(out, "Usage") {
				t.Errorf("an error is on the standard output: %q", out)
			}
		})
	}
}

func TestSkippedFilesAreListedAndGiveThree(t *testing.T) {
	m := newMachine(t).setUp()
	m.write("letter.txt", "dear all", "other.txt", "x")
	m.call(0, "backup")
	m.write("letter.txt", "mine")
	_, errors := m.call(3, "get", "letter.txt", "--to", "original", "--exists", "skip")
	says(t, errors, m.at("letter.txt"), "different file")
	holds(t, m.at("letter.txt"), "mine")
	out, _ := m.call(0, "get", "letter.txt", "--to", "original")
	says(t, out, "is now", "1 restored and verified")
	holds(t, m.at("letter.txt"), "dear all")
	m.write("letter.txt", "mine")
	m.call(0, "get", "letter.txt", "--to", "original", "--exists", "overwrite")
	holds(t, m.at("letter.txt"), "dear all")
}

func TestDamageIsToldAndGivesOne(t *testing.T) {
	m := newMachine(t).setUp()
	m.write("letter.txt", strings.Repeat("dear all ", 1000))
	m.call(0, "backup")
	if err := os.Remove(m.at("letter.txt")); err != nil {
		t.Fatal(err)
	}
	m.call(0, "backup")
	err := filepath.WalkDir(filepath.Join(m.dest, "data"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil {
			data[20] ^= 1
			os.Chmod(path, 0o600)
			err = os.WriteFile(path, data, 0o600)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var result engine.CheckResult
	m.decoded(1, &result, "check", "--data")
	if len(result.Errors) == 0 || len(result.Damaged) == 0 {
		t.Errorf("%+v", result)
	}
	_, errors := m.call(1, "check", "--data")
	says(t, errors, "affected: Ada's laptop: ", "faults were found")
}

func TestNamesAreNoCommandsToATerminal(t *testing.T) {
	m := newMachine(t).setUp()
	m.write("bell\a\x1b[2J.txt", "x", "line\nbreak", "x", "bytes\xff\xfe", "x", "plain ü.txt", "x", "c1\u009b2J", "x", "rtl\u202egpj.exe", "x")
	for _, args := range [][]string{{"backup"}, {"ls", "."}, {"ls", "-l", "."}, {"find", "bell"}, {"get", ".", "--to", "y"}, {"versions", m.at("line\nbreak")}, {"select", "why", m.at("bell\a\x1b[2J.txt")}, {"get", m.at("bell\a\x1b[2J.txt"), "--to", "original"}} {
		out, errors := m.call(0, args...)
		for _, bad := range []string{"\a", "\x1b", "\u009b", "\u202e", "line\nbreak", "\xff"} {
			if strings.Contains(out+errors, bad) {
				t.Errorf("%q: %q is printed as it is: %q", args, bad, out+errors)
			}
		}
	}
	out, _ := m.call(0, "ls", ".")
	says(t, out, `"bell\a\x1b[2J.txt"`, `"line\nbreak"`, "plain ü.txt\n")
	_, errors := m.call(1, "ls", "no\x1b[2Jthing")
	if strings.Contains(errors, "\x1b") {
		t.Errorf("an error prints a name as it is: %q", errors)
	}
}

func TestPassphrasesAndCodesOpenADestination(t *testing.T) {
	m := newMachine(t).setUp()
	m.write("letter.txt", "dear all", "passphrase", "correct horse battery\n", "code", strings.ToLower(m.code)+"\n", "wrong", "wrong horse\n")
	m.call(0, "backup")
	m.call(0, "key", "passphrase", "--file", "passphrase")
	out, _ := m.call(0, "key")
	says(t, out, "computer", "recovery code", "passphrase", "in use")
	for name, secret := range map[string]string{"passphrase": "passphrase", "code": "code"} {
		other := newMachine(t)
		other.call(0, "setup", m.dest, "--secret-file", m.at(secret), "--name", name)
		other.call(0, "get", m.at("letter.txt"), "--computer", "Ada's laptop", "--to", "z")
		holds(t, other.at("z/letter.txt"), "dear all")
	}
	other := newMachine(t)
	_, errors := other.call(1, "setup", m.dest, "--secret-file", m.at("wrong"))
	says(t, errors, "does not open", m.dest)
	other.call(0, "setup", m.dest, "--password-file", m.at("passphrase"))
	other.call(0, "backup", "--password-file", m.at("passphrase"))
	other.call(1, "backup", "--password-file", m.at("wrong"))
	other.env = append(other.env, "HOLDFAST_PASSWORD=correct horse battery")
	other.call(0, "backup")
	var made map[string]string
	m.decoded(0, &made, "key", "recovery")
	m.write("new", made["recovery_code"])
	newMachine(t).call(1, "setup", m.dest, "--secret-file", m.at("code"))
	newMachine(t).call(0, "setup", m.dest, "--secret-file", m.at("new"))
	m.call(1, "setup", m.dest+"2", "--secret-file", m.at("no such file"))
}

// agent starts the command in the background.
func (m *machine) agent() (kill func(syscall.Signal) int) {
	m.t.Helper()
	cmd := m.command("agent")
	out, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, "holdfast.sock") {
		m.t.Fatalf("the agent says %q, %v", line, err)
	}
	ended := false
	kill = func(s syscall.Signal) int {
		m.t.Helper()
		if ended {
			return 0
		}
		ended = true
		if err := cmd.Process.Signal(s); err != nil {
			m.t.Fatal(err)
		}
		cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
	m.t.Cleanup(func() { kill(syscall.SIGKILL) })
	return kill
}

func TestCommandsAttachToTheAgentThatRuns(t *testing.T) {
	m := newMachine(t).setUp()
	m.write("letter.txt", "dear all")
	kill := m.agent()
	m.call(0, "backup")
	out, _ := m.call(0, "ls", ".")
	says(t, out, "letter.txt")
	m.call(0, "get", "letter.txt", "--to", "x")
	holds(t, m.at("x/letter.txt"), "dear all")
	_, errors := m.call(1, "agent")
	says(t, errors, "running already")
	m.call(1, "ls", "nowhere")
	m.call(2, "pause", "a-while")
	m.call(0, "pause")
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, _ = m.call(0, "status") // a backup that runs ends first
		if strings.Contains(out, "Paused") || time.Now().After(deadline) {
			break
		}
	}
	says(t, out, "Paused")
	if code := kill(syscall.SIGTERM); code != 0 {
		t.Errorf("told to end, it exits with %d", code)
	}
	out, _ = m.call(0, "status")
	says(t, out, "Paused")

	m.agent()(syscall.SIGKILL)
	out, _ = m.call(0, "ls", ".")
	says(t, out, "letter.txt")
	m.call(0, "backup")
	m.agent()(syscall.SIGKILL)
	kill = m.agent() // over the socket that the killed one left
	out, _ = m.call(0, "ls", ".")
	says(t, out, "letter.txt")
	kill(syscall.SIGTERM)
}
