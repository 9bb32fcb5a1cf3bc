//go:build linux

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"holdfast/engine/server/institutiontest"
)

// Ann's old laptop is backed up; on the new one she replaces it, is interrupted after
// the first step, and goes on.
func TestReplacingAComputerAsAPersonDoesIt(t *testing.T) {
	i := institutiontest.Found(t)
	i.Accept(i.Invite())
	old := i.Computer("old")
	thesis := bytes.Repeat([]byte("A kelp holds on to the rock. \x00\xff\n"), 60_000)
	keep(t, filepath.Join(old.User, "Documents", "thesis.pdf"), thesis)
	keep(t, filepath.Join(old.User, "Music", "song.flac"), bytes.Repeat([]byte("la "), 10_000))
	old.SignIn("sign-in", i.Origin, "--name", "Ann's old laptop")
	old.Run("backup")

	home := homeOfItsOwn(t, "replacing")
	keep(t, filepath.Join(home, "Desktop", "new.txt"), []byte("from the first minute\n"))
	pages := pagesToOpen(t)
	s := start(t)
	s.write(field(1), institutiontest.Ann.Email)
	s.write(field(2), i.Address)
	s.click(button("Continue"))
	s.click(words("I have compared it, and it is the same"))
	s.click(button("Continue"))
	s.see(words("Go on in your browser"), soon)
	i.Connect(pages(s))
	s.see(words("Signed in to The College"), soon)
	s.click(words("Replace Existing"))
	s.click(words("Ann's old laptop"))
	s.picture("replace-existing")
	s.click(button("Continue"))
	s.see(words("Which files should come to this computer now?"), soon)
	s.see(row("Documents"), soon)
	s.picture("replace-files")

	s.restart() // and another day
	s.see(words("about to take the place of"), soon)
	s.picture("replace-home")
	s.click(button("Go on"))
	s.see(row("Documents"), soon)
	s.click(button("Get Files and continue"))
	s.see(words("Which settings should this computer take over?"), soon)
	s.picture("replace-settings")
	s.click(button("Continue"))
	s.see(words("This computer takes the place of"), soon)
	s.picture("replace-finish")
	s.click(button("Finish"))
	s.see(words("Sign in to go on"), soon)
	s.picture("replace-sign-in")
	s.click(button("Sign in"))
	i.Connect(pages(s))
	s.see(words("This computer took the place of"), soon)
	s.picture("replace-done")
	s.until(later, "the thesis in the new home folder", func() bool {
		data, err := os.ReadFile(filepath.Join(home, "Documents", "thesis.pdf"))
		return err == nil && bytes.Equal(data, thesis)
	})
	s.click(button("See its files"))
	s.see(row("Documents"), soon)
	s.see(words("Ann's old laptop (before replacement)"), soon)
	s.picture("replace-before")
	if out, err := old.Cmd("backup").CombinedOutput(); err == nil || !bytes.Contains(out, []byte("took the place of this one")) {
		t.Errorf("the old laptop says %v: %s", err, out)
	}
}
