//go:build linux

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"holdfast/engine/server/institutiontest"
	"holdfast/ui/desktop/uimap"
)

const (
	laptop     = "Ann's laptop"
	passphrase = "seven quiet owls at noon"
)

// Ann is invited, signs in from the window with her browser, and gets the files of
// this computer on another one. Then she takes the key from her institution, and gets
// them with her passphrase.
func TestSigningInToAServerAsAPersonDoesIt(t *testing.T) {
	i := institutiontest.Found(t)
	i.Accept(i.Invite())
	home := homeOfItsOwn(t, "account")
	pages := pagesToOpen(t)
	thesis := filepath.Join(home, "Documents", "thesis.pdf")
	keep(t, thesis, bytes.Repeat([]byte("A kelp holds on to the rock. \x00\xff\n"), 60_000))
	keep(t, filepath.Join(home, "Documents", "letter.txt"), []byte("Dear landlord,\n"))

	keys := inTheKeyring(t)
	s := start(t)
	s.see(words("Your files, safe by themselves."), soon)
	s.picture("server-first-window")
	s.write(field(1), institutiontest.Ann.Email)
	s.write(field(2), i.Address)
	s.picture("server-typed")
	s.click(button("Continue"))

	s.see(words("Is this your institution’s server?"), soon)
	if shown := fingerprintOn(s); shown != i.Fingerprint() {
		t.Errorf("the window shows the fingerprint %q, the server %q", shown, i.Fingerprint())
	}
	s.picture("server-fingerprint")
	if next := s.see(button("Continue"), soon); !next.Disabled {
		t.Error("a server can be taken without comparing it")
	}
	s.click(words("I have compared it, and it is the same"))
	s.picture("server-compared")
	s.click(button("Continue"))

	s.see(words("Go on in your browser"), soon)
	s.picture("server-browser")
	i.Connect(pages(s))
	s.see(words("Signed in to The College"), soon)
	i.Browser().Says("You are signed in")
	s.write(field(1), laptop)
	s.write(field(2), "A-77")
	s.picture("server-this-computer")
	s.click(button("Continue"))

	s.see(words("Your recovery code"), soon)
	s.picture("server-recovery-code")
	if inTheKeyring(t) <= keys {
		t.Error("what opens the account does not lie in the keyring")
	}
	s.click(button("I have kept it in a safe place"))
	s.click(button("Done"))
	s.see(state("Backing up").or(state("Protected")), soon)
	s.picture("server-home")
	s.see(state("Protected"), later)
	s.picture("server-protected")

	gotElsewhere(t, i, thesis, "Ann's desktop")
	takePassphrase(s, i, pages)
	secret := filepath.Join(t.TempDir(), "secret")
	keep(t, secret, []byte(passphrase+"\n"))
	gotElsewhere(t, i, thesis, "Ann's tower", "--secret-file", secret)
}

// takePassphrase changes in the window how the key is kept, some time after the
// sign-in: the browser opens once more, and what was asked for is done after it.
func takePassphrase(s *screen, i *institutiontest.Institution, pages func(*screen) string) {
	s.t.Helper()
	s.restart() // which is as good as waiting for the sign-in to grow old
	s.click(button("Settings"))
	s.click(words("Security"))
	s.see(words("keeps a key for you"), soon)
	s.picture("keys-standard")
	s.click(button("Set…"))
	s.see(button("Set the passphrase"), soon)
	s.hide(field(1), passphrase)
	s.hide(field(2), passphrase)
	s.picture("keys-passphrase")
	s.click(button("Set the passphrase"))
	s.see(words("Sign in to go on"), soon)
	s.picture("keys-sign-in-needed")
	s.click(button("Sign in"))
	s.see(words("Go on in your browser"), soon)
	s.picture("keys-browser")
	i.Connect(pages(s))
	s.see(words("The passphrase now opens the backup."), soon)
	s.see(words("Only you have the key"), soon)
	if s.shows(words("Key of your institution")) {
		s.t.Error("the institution still has a key")
	}
	s.picture("keys-only-mine")
}

// homeOfItsOwn is a home folder in which nothing was set up, for this test alone.
func homeOfItsOwn(t *testing.T, name string) string {
	t.Helper()
	home := filepath.Join(os.Getenv("HOLDFAST_SESSION"), name)
	for variable, folder := range map[string]string{"HOME": "", "XDG_CONFIG_HOME": ".config", "XDG_DATA_HOME": ".local/share",
		"XDG_STATE_HOME": ".local/state", "XDG_CACHE_HOME": ".cache"} {
		path := filepath.Join(home, folder)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv(variable, path)
	}
	return home
}

// pagesToOpen takes the place of the desktop's own way to open a page. The function
// that it returns waits for the next one.
func pagesToOpen(t *testing.T) func(*screen) string {
	t.Helper()
	dir := t.TempDir()
	asked := filepath.Join(dir, "asked")
	script := "#!/bin/sh\nprintf %s \"$1\" >'" + asked + ".part' && mv '" + asked + ".part' '" + asked + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func(s *screen) (page string) {
		s.t.Helper()
		s.until(soon, "a page to open", func() bool {
			data, err := os.ReadFile(asked)
			page = string(data)
			return err == nil
		})
		_ = os.Remove(asked)
		return page
	}
}

// fingerprintOn reads the groups of the fingerprint as they stand in the window.
func fingerprintOn(s *screen) string {
	s.t.Helper()
	group := regexp.MustCompile(`^[0-9a-f]{4}$`)
	var all strings.Builder
	for _, c := range s.look().Controls {
		if c.Kind == uimap.Text && group.MatchString(c.Text) {
			all.WriteString(c.Text)
		}
	}
	return all.String()
}

// gotElsewhere signs in on another computer, by command, and gets a file of the first
// one there.
func gotElsewhere(t *testing.T, i *institutiontest.Institution, path, name string, flags ...string) {
	t.Helper()
	c := i.Computer(name)
	c.SignIn(append([]string{"sign-in", i.Origin, "--name", name}, flags...)...)
	back := filepath.Join(c.User, "back")
	c.Run("get", path, "--computer", laptop, "--to", back)
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(back, filepath.Base(path)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the file came back with %d bytes of %d: %v", len(got), len(want), err)
	}
}
