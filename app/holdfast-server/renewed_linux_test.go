package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/server/institutiontest"
)

// The institution renews the certificate that its server made for itself, while a
// computer backs up in the background.
func TestAnAgentGoesOnByItselfWhenTheFingerprintOfTheNewCertificateIsTyped(t *testing.T) {
	t.Parallel()
	i := institutiontest.Found(t)
	c := i.Member()
	write(t, filepath.Join(c.User, "Documents"), 3)
	c.Run("backup")
	before := i.Fingerprint()
	runAgent(t, c)

	renewed(t, i)
	later := filepath.Join(c.User, "Documents", "later.txt")
	if err := os.WriteFile(later, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := c.Cmd("backup").CombinedOutput(); err == nil || !strings.Contains(string(out), "shows another certificate than before") {
		t.Fatalf("a backup: %v %s", err, out)
	}
	out, err := c.Cmd("sign-in", i.Origin).CombinedOutput()
	for _, words := range []string{"Accepted: " + before[:4] + " " + before[4:8], i.Fingerprint()[:4] + " " + i.Fingerprint()[4:8], "Ask your institution"} {
		if err == nil || !strings.Contains(string(out), words) {
			t.Fatalf("%q is not in: %v %s", words, err, out)
		}
	}
	if out, err := c.Cmd("sign-in", i.Origin, "--fingerprint", before).CombinedOutput(); err == nil || !strings.Contains(string(out), "another certificate than the one whose fingerprint you typed") {
		t.Fatalf("with the old one: %v %s", err, out)
	}
	if out := c.Run("sign-in", i.Address, "--fingerprint", i.Fingerprint()); !strings.Contains(out, "Backing up goes on") {
		t.Fatalf("with the new one: %s", out)
	}
	for deadline := time.Now().Add(time.Minute); !stored(t, c, later); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not go on by itself: %s", c.Run("status"))
		}
	}
	if s := statusOf(t, c); s.Certificate {
		t.Errorf("the status is %+v", s)
	}
}

// renewed gives the server another certificate.
func renewed(t *testing.T, i *institutiontest.Institution) {
	t.Helper()
	i.Stop()
	if err := os.RemoveAll(filepath.Join(i.Data, "tls")); err != nil {
		t.Fatal(err)
	}
	i.Start()
}

// The institution puts a certificate of an authority that computers know in the place of
// its own, and later something else.
func TestACertificateThatTheSystemTrustsIsAcceptedOnceForAllItsRenewals(t *testing.T) {
	t.Parallel()
	i := institutiontest.Found(t)
	c := i.Member()
	write(t, filepath.Join(c.User, "Documents"), 1)
	trusting := func(args ...string) *exec.Cmd {
		cmd := c.Cmd(args...)
		cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+filepath.Join(i.Data, "tls", "cert.pem"))
		return cmd
	}
	renewed(t, i)
	if out, err := trusting("backup").CombinedOutput(); err == nil || !strings.Contains(string(out), "shows another certificate than before") {
		t.Fatalf("a backup: %v %s", err, out)
	}
	if out, err := trusting("sign-in", i.Origin, "--fingerprint", i.Fingerprint()).CombinedOutput(); err != nil {
		t.Fatalf("with the fingerprint: %v %s", err, out)
	}
	renewed(t, i)
	if out, err := trusting("backup").CombinedOutput(); err != nil {
		t.Fatalf("after a renewal: %v %s", err, out)
	}
	if out, err := c.Cmd("backup").CombinedOutput(); err == nil || !strings.Contains(string(out), "shows another certificate than before") {
		t.Fatalf("signed by nobody known: %v %s", err, out)
	}
	if out, err := c.Cmd("sign-in", i.Origin).CombinedOutput(); err == nil || !strings.Contains(string(out), "Accepted: signed by somebody whom this computer knows") {
		t.Fatalf("signed by nobody known: %v %s", err, out)
	}
	c.Run("sign-in", i.Origin, "--fingerprint", i.Fingerprint())
	c.Run("backup")
}

// A fingerprint that is given is the only one that is taken: where something between this
// computer and the server has a certificate that the computer trusts, nothing is sent to it.
func TestAFingerprintThatIsGivenCountsAloneWhateverTheSystemTrusts(t *testing.T) {
	t.Parallel()
	i := institutiontest.Found(t)
	c := i.Computer("laptop")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // where it is not, somebody is to come to a browser
	defer cancel()
	cmd := c.CmdContext(ctx, "sign-in", i.Origin, "--code", "--fingerprint", strings.Repeat("0", 64))
	cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+filepath.Join(i.Data, "tls", "cert.pem"))
	out, err := cmd.CombinedOutput()
	for _, words := range []string{"another certificate than the one with the fingerprint that was given", "Nothing was sent", "tell your institution"} {
		if err == nil || !strings.Contains(string(out), words) {
			t.Errorf("%q is not in: %v %s", words, err, out)
		}
	}
	if strings.Contains(string(out), "before") || strings.Contains(string(out), "backing up waits") {
		t.Errorf("to one who never signed in: %s", out)
	}
}

func stored(t *testing.T, c *institutiontest.Computer, path string) bool {
	t.Helper()
	out, err := c.Cmd("ls", filepath.Dir(path)).Output()
	return err == nil && strings.Contains(string(out), filepath.Base(path))
}

func statusOf(t *testing.T, c *institutiontest.Computer) (s engine.Status) {
	t.Helper()
	if err := json.Unmarshal([]byte(c.Run("status", "--json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}
