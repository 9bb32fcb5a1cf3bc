package institutiontest

import (
	"strings"

	"github.com/chromedp/chromedp"

	"holdfast/engine/server/browsertest"
)

// Browser is Ann's, opened when it is asked for first.
func (i *Institution) Browser() *browsertest.Browser { return i.browser() }

const (
	consent  = `button[value="allow"]` // to connect a computer
	provider = `form[action="/sign-in/provider"] button`
	member   = `a[href="/security"]` // is on every page of somebody who is signed in
)

// proof is Ann's password on the provider's own page.
func proof() []browsertest.Step {
	return []browsertest.Step{
		browsertest.Fill("#login", Ann.Email), browsertest.Fill("#password", Ann.Password), browsertest.Submit("form"),
	}
}

// Invite adds Ann by command and gives the link that she is sent.
func (i *Institution) Invite() string {
	i.t.Helper()
	before := len(i.Mail.Letters())
	var invited struct{ Link string }
	i.Command(&invited, "user", "add", Ann.Email, "--name", Ann.Name)
	letters := i.Mail.Wait(i.t, before+1)
	if letter := letters[len(letters)-1]; letter.To != Ann.Email || !strings.Contains(letter.Text, invited.Link) {
		i.t.Fatalf("the letter to %s does not hold %s:\n%s", letter.To, invited.Link, letter.Text)
	}
	return invited.Link
}

// Accept opens the link of an invitation and proves at the provider who Ann is.
func (i *Institution) Accept(link string) {
	i.t.Helper()
	i.Browser().Do("accepting the invitation", browsertest.Steps(
		[]browsertest.Step{chromedp.Navigate(link)}, browsertest.Press(provider), proof(), []browsertest.Step{browsertest.See(member)})...)
}

// Connect opens the page that a program wants opened, and lets the program in, after
// a sign-in when that is wanted first.
func (i *Institution) Connect(link string) {
	i.t.Helper()
	if !strings.HasPrefix(link, i.Origin+"/oauth/authorize") {
		i.t.Fatalf("the page to be opened is %s", link)
	}
	b := i.Browser()
	b.Do("opening the page that asks", chromedp.Navigate(link), browsertest.See(consent+", "+provider))
	if !b.Has(consent) {
		b.Do("signing in", browsertest.Steps(browsertest.Press(provider), proof(), []browsertest.Step{browsertest.See(consent)})...)
	}
	b.Do("saying yes", browsertest.Press(consent)...)
}
