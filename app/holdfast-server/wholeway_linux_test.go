package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/engine/server/browsertest"
	"holdfast/engine/server/institutiontest"
)

// The whole way: a person asks for access, is approved, signs in with the
// institution's single sign-on, backs up, signs in on a second computer and gets the
// files there; a third one takes the place of the first.
func TestAPersonGetsTheirFilesOnTheirOtherComputers(t *testing.T) {
	onBoth(t, func(t *testing.T, p pair) {
		i := found(t, p)
		i.Accept(approved(t, i))

		first := i.Computer("laptop")
		thesis := filepath.Join(first.User, "Documents", "thesis")
		write(t, thesis, 30)
		out := first.SignIn("sign-in", i.Origin, "--name", "Ann's laptop", "--asset", "A-77", "--email", institutiontest.Ann.Email)
		if !strings.Contains(out, "Recovery code") {
			t.Fatalf("no recovery code: %s", out)
		}
		first.Run("backup")

		second := i.Computer("desktop")
		second.SignIn("sign-in", i.Origin, "--name", "Ann's desktop")
		if list := second.Run("computers"); !strings.Contains(list, "Ann's laptop") || !strings.Contains(list, "Ann's desktop") {
			t.Fatalf("computers: %s", list)
		}
		back := filepath.Join(second.User, "back")
		second.Run("get", thesis, "--computer", "Ann's laptop", "--to", back)
		same(t, thesis, back)
		second.Run("backup")

		phrase := i.File("phrase", "only Ann knows this")
		second.WithBrowser("key", "passphrase", "--file", phrase) // the institution cannot open it any more

		third := i.Computer("new-laptop")
		third.SignIn("replace", "Ann's laptop", "--server", i.Origin, "--name", "Ann's new laptop", "--secret-file", phrase)
		again := filepath.Join(third.User, "back")
		third.Run("get", thesis, "--to", again) // its own history now
		same(t, thesis, again)
		third.Run("backup")
		if out, err := first.Cmd("backup").CombinedOutput(); err == nil || !strings.Contains(string(out), "took the place of this one") {
			t.Fatalf("the old computer: %v %s", err, out)
		}
		var list []struct{ Name, State string }
		i.Command(&list, "device", "list")
		list = slices.DeleteFunc(list, func(c struct{ Name, State string }) bool { return c.State == "removed" }) // the seat that was lent
		if len(list) != 2 {
			t.Fatalf("computers: %+v", list)
		}
	})
}

// approved asks for access on the page, and gives the link in the letter that comes
// when an administrator approves.
func approved(t *testing.T, i *institutiontest.Institution) (link string) {
	t.Helper()
	i.Browser().Do("asking for access", browsertest.Steps([]browsertest.Step{chromedp.Navigate(i.Origin + "/request"),
		browsertest.Fill("#name", "Ann"), browsertest.Fill("#email", institutiontest.Ann.Email), browsertest.Fill("#reason", "My thesis"),
		browsertest.Fill("#asset", "A-77")}, browsertest.Press(`form[action="/request"] button`))...)
	var requests []struct{ ID, Email string }
	for deadline := time.Now().Add(3 * time.Minute); len(requests) == 0 && time.Now().Before(deadline); {
		i.Command(&requests, "request", "list")
	}
	if len(requests) != 1 || requests[0].Email != institutiontest.Ann.Email {
		t.Fatalf("requests: %+v", requests)
	}
	var invited struct{ Link string }
	i.Command(&invited, "request", "approve", requests[0].ID)
	if letter := i.Mail.Wait(t, 1)[0]; !strings.Contains(letter.Text, invited.Link) {
		t.Fatalf("the letter does not hold %s:\n%s", invited.Link, letter.Text)
	}
	return invited.Link
}
