//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/engine/server/institutiontest"
	"holdfast/engine/server/tooltest"
)

// A command is at work when Ann starts the program. The window says so, a second start
// raises it, and it becomes Home by itself when the command is done.
func TestTheWindowWaitsForACommandAndThenOpensByItself(t *testing.T) {
	home := homeOfItsOwn(t, "waiting")
	keep(t, filepath.Join(home, "Documents", "letter.txt"), []byte("Dear landlord,\n"))
	command, drive := tooltest.Path(t, tooltest.Command), filepath.Join(home, "drive")
	if out, err := exec.Command(command, "setup", drive, "--name", laptop).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	secret := filepath.Join(home, "secret")
	if err := syscall.Mkfifo(secret, 0o600); err != nil {
		t.Fatal(err)
	}
	work := exec.Command(command, "setup", drive, "--secret-file", secret) // it works until it can read this
	if err := work.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { work.Process.Kill(); work.Wait() })
	note, who := filepath.Join(home, ".local", "state", "holdfast", "holder.json"), fmt.Sprintf(`"pid": %d,`, work.Process.Pid)
	for deadline := time.Now().Add(soon); ; time.Sleep(10 * time.Millisecond) {
		if data, err := os.ReadFile(note); err == nil && strings.Contains(string(data), who) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the command does not begin")
		}
	}

	s := start(t)
	s.see(words("Holdfast waits for a command"), soon)
	s.see(words("holdfast setup (process"), soon)
	s.picture("waiting")
	second := s.again()
	select {
	case <-second:
	case <-time.After(soon):
		t.Fatal("a second start does not end")
	}
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	s.see(words("This computer"), soon)
	s.see(state("Protected"), time.Minute)
	s.await()
	s.picture("waited")
}

// The institution renews the certificate of its server. Ann types the fingerprint that
// it gives her, and backing up goes on.
func TestANewCertificateOfTheServerAsAPersonComparesIt(t *testing.T) {
	i := institutiontest.Found(t)
	c := i.Member()
	keep(t, filepath.Join(c.User, "Documents", "letter.txt"), []byte("Dear landlord,\n"))
	c.Run("backup")
	homeOfItsOwn(t, "certificate")
	t.Setenv("HOME", c.User)
	t.Setenv("HOLDFAST_HOME", c.State)
	s := start(t)
	s.see(state("Protected"), time.Minute)

	before := i.Fingerprint()
	i.Stop()
	if err := os.RemoveAll(filepath.Join(i.Data, "tls")); err != nil {
		t.Fatal(err)
	}
	i.Start()
	s.click(button("Back up now"))
	s.see(words("shows another certificate than before"), time.Minute)
	s.click(button("OK").or(button("Close")))
	s.see(state("Needs attention"), soon)
	s.picture("certificate-home")
	s.click(button("Compare the certificate"))
	s.see(words("Is this still your institution’s server?"), soon)
	if shown := fingerprintOn(s); shown != before+i.Fingerprint() {
		t.Errorf("the window shows %q, not %q and %q", shown, before, i.Fingerprint())
	}
	s.picture("certificate-compare")
	s.write(field(1), before)
	s.click(button("Accept this certificate"))
	s.see(words("another certificate than the one whose fingerprint you typed"), soon)
	s.picture("certificate-mistyped")
	s.write(field(1), i.Fingerprint())
	s.click(button("Accept this certificate"))
	s.see(state("Protected"), time.Minute)
	s.picture("certificate-accepted")
}
