package web_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"holdfast/engine/server/browsertest"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/identity/dextest"
	"holdfast/engine/server/people"
)

// patience ends a step that never ends; other tests may have the processors meanwhile.
const patience = 3 * time.Minute

// chromium is a browser with a passkey in it.
func chromium(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.IgnoreCertErrors, chromedp.WSURLReadTimeout(patience))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, done := chromedp.NewContext(allocator)
	t.Cleanup(done)
	passkey := func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		if _, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return chromedp.Void{}, err
		}
		_, err := cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, AutomaticPresenceSimulation: true, IsUserVerified: true,
		}})
		return chromedp.Void{}, err
	}
	if err := chromedp.Do(ctx); err != nil { // starts it, for as long as this context lasts
		t.Fatal(err)
	}
	steps(t, ctx, chromedp.Navigate("about:blank"), passkey)
	return ctx
}

// steps does one after the other and shows the page when one fails.
func steps(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, action := range actions {
		short, stop := context.WithTimeout(ctx, patience)
		err := chromedp.Do(short, action)
		stop()
		if err != nil {
			text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
			t.Fatalf("step %d: %v\n%s", i+1, err, text)
		}
	}
}

// says waits until the page shows a text.
func says(text string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		for {
			shown, err := chromedp.Evaluate[bool]("!!document.body && document.body.innerText.includes("+strconv.Quote(text)+")")(ctx, target)
			if err == nil && shown {
				return chromedp.Void{}, nil
			}
			select {
			case <-ctx.Done():
				return chromedp.Void{}, fmt.Errorf("the page does not say %q: %w", text, ctx.Err())
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}

func click(button string) chromedp.Action[chromedp.Void] { return browsertest.PressNamed(button) }

func TestInChromiumThroughTheInstitutionAndThenByPasskey(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a browser")
	}
	databasetest.Each(t, inChromium)
}

func inChromium(t *testing.T, db *database.DB) {
	b := newBench(t, db, func(origin string) *identity.ProviderOptions {
		p := dextest.Start(t, origin+"/sign-in/return",
			dextest.User{Email: "ann@college.edu", Name: "ann", Password: "dex password", ID: "1"}, dextest.User{Email: "eve@college.edu", Name: "eve", Password: "dex password", ID: "2"})
		return &identity.ProviderOptions{Name: "College SSO", Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret, NoAuthTime: true}
	})
	_, token, err := b.People.Invite(t.Context(), "ann@college.edu", "Ann", people.Member, "server")
	if err != nil {
		t.Fatal(err)
	}
	login := func(email string) []chromedp.Action[chromedp.Void] {
		return []chromedp.Action[chromedp.Void]{
			click("Continue with College SSO"), browsertest.Fill("#login", email), browsertest.Fill("#password", "dex password"), browsertest.Submit("form"),
		}
	}
	stranger := chromium(t)
	steps(t, stranger, append(append([]chromedp.Action[chromedp.Void]{chromedp.Navigate(b.origin + "/sign-in")}, login("eve@college.edu")...), says("You have no account here yet"))...)

	ann := chromium(t)
	steps(t, ann, append(append([]chromedp.Action[chromedp.Void]{chromedp.Navigate(b.origin + "/invitation/" + token), says("Welcome, Ann")}, login("ann@college.edu")...), says("Nothing to download here"))...)
	steps(t, ann, chromedp.Navigate(b.origin+"/security"), browsertest.Fill("#label", "My laptop"), click("Add"), says("The passkey is added"), says("My laptop"))
	steps(t, ann, browsertest.Press(`button[title="Sign out"]`)[0], says("Request access"), chromedp.Navigate(b.origin+"/sign-in"), click("Use a passkey"), says("My computers"))
	b.pass(16 * time.Minute)
	steps(t, ann, chromedp.Navigate(b.origin+"/device"), says("Confirm that it is you"), click("Use a passkey"), says("Type the code that the computer shows"))

	if all, want := b.logged(new(int64)), "sign_in_failed.provider invitation.accept sign_in.provider passkey.add sign_out sign_in.passkey sign_in_again.passkey"; actions(all) != want {
		t.Errorf("the log has %q, not %q", actions(all), want)
	}
	if said := b.log.String(); strings.Contains(said, token) || strings.Contains(said, "dex password") {
		t.Error("the log holds a secret")
	}
}
