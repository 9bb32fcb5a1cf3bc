package web

import (
	"context"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/pquerna/otp"

	"bytes"
	"image/png"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/people"
	"holdfast/ui/web/pages"
)

func (s *site) invitation(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	p, err := s.People.Invitation(r.Context(), r.PathValue("token"))
	if err != nil {
		return s.badInvitation(w, r, c, err)
	}
	return s.invitationPage(w, r, c, http.StatusOK, p, "")
}

func (s *site) invitationPage(w http.ResponseWriter, r *http.Request, c access.Caller, status int, p people.Person, wrong string) error {
	provider, _ := s.Identity.Provider()
	token := r.PathValue("token")
	return s.draw(w, r, access.Caller{}, status, pages.Invitation{Action: "/invitation/" + url.PathEscape(token), Token: token, Name: p.Name, Email: p.Email, Provider: provider, Anew: anew(p), Wrong: wrong})
}

// badInvitation says that a link is no good.
func (s *site) badInvitation(w http.ResponseWriter, r *http.Request, c access.Caller, err error) error {
	if !errors.Is(err, people.ErrInvitation) {
		return err
	}
	return s.draw(w, r, c, http.StatusNotFound, pages.Problem{Title: "This link is not good any more",
		Message: "A link like this works once, and only for some days. If you used it already, sign in. Otherwise, if you have an account, ask your administrators for another link; if you have none yet, ask for access.",
		Links:   []pages.Action{{Label: "Sign in", Path: "/sign-in"}, {Label: "Request access", Path: "/request"}}})
}

// invited takes the two steps of a password: the password itself, then the first code
// of an authenticator app. The invitation is used up after the second only, so that
// nobody is let in by a password alone.
func (s *site) invited(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	if ok, retry := s.tries.Allow(keyOf(c)); !ok {
		return tooMany(retry)
	}
	token := r.PathValue("token")
	p, err := s.People.Invitation(r.Context(), token)
	if err != nil {
		return s.badInvitation(w, r, c, err)
	}
	if fields.Get("step") == "code" {
		return s.invitedCode(w, r, c, p, fields)
	}
	chosen, err := s.Identity.NewPassword(r.Context(), fields.Get("password"))
	if errors.Is(err, identity.ErrWeak) {
		return s.invitationPage(w, r, c, http.StatusUnprocessableEntity, p, sentence(err))
	}
	if err != nil {
		return err
	}
	if err := s.Identity.SetPassword(r.Context(), p.ID, chosen); err != nil {
		return err
	}
	app, err := s.Identity.BeginTOTP(r.Context(), p.ID, p.Email)
	if err != nil {
		return err
	}
	return s.draw(w, r, access.Caller{}, http.StatusOK, pages.Authenticator{Action: r.URL.EscapedPath(), Secret: app.Secret, URL: app.URL, QR: picture(app.PNG), Invited: true})
}

func (s *site) invitedCode(w http.ResponseWriter, r *http.Request, c access.Caller, p people.Person, fields url.Values) error {
	var codes []string
	err := s.enter(w, r, c, p.ID, byApp, func(ctx context.Context) error {
		has, err := s.Identity.HasPassword(ctx, p.ID)
		if err == nil && !has {
			err = identity.ErrCeremony
		}
		if err == nil {
			err = s.Identity.ConfirmTOTP(ctx, p.ID, fields.Get("code"))
		}
		if err == nil {
			codes, err = s.Identity.NewRecoveryCodes(ctx, p.ID)
		}
		return err
	}, s.accept(c, p, r.PathValue("token")))
	switch {
	case errors.Is(err, identity.ErrCeremony):
		return s.invitationPage(w, r, c, http.StatusUnprocessableEntity, p, "This took too long. Choose your password again.")
	case errors.Is(err, identity.ErrRefused):
		return s.appAgain(w, r, access.Caller{}, fields.Get("setup"), pages.Authenticator{Action: r.URL.EscapedPath(), Invited: true})
	case err != nil:
		return err
	}
	next := "/download"
	if anew(p) {
		next = "/computers"
	}
	return s.draw(w, r, access.Caller{}, http.StatusOK, pages.Codes{Codes: codes, Next: next})
}

// anew says whether a link is not for a new account, but to set up anew how somebody
// signs in to the one they have.
func anew(p people.Person) bool { return p.State == people.Active }

// accept uses an invitation up; signing its person in is the next step.
func (s *site) accept(c access.Caller, invited people.Person, token string) step {
	return func(ctx context.Context) error {
		p, err := s.People.Accept(ctx, token)
		if errors.Is(err, people.ErrInvitation) {
			return badRequest("This invitation was used a moment ago. Sign in instead.", err)
		}
		if err != nil {
			return err
		}
		if anew(invited) {
			return s.tell(c, p, "sign_in.set_anew", p.ID, "How you sign in was set up anew, with the link for it")(ctx)
		}
		return s.Audit.Record(ctx, nil, audit.Entry{Actor: p.ID, Action: "invitation.accept", Target: p.ID, Person: p.ID, Address: c.Address.String()})
	}
}

// appAgain shows the same code to scan after a wrong number: a new one would make the
// person scan again. It is drawn from what the browser was given a moment ago.
func (s *site) appAgain(w http.ResponseWriter, r *http.Request, c access.Caller, setup string, p pages.Authenticator) error {
	key, err := otp.NewKeyFromURL(setup)
	if err != nil || !strings.HasPrefix(setup, "otpauth://totp/") || len(setup) > 1024 {
		return badRequest("The form could not be read. Go back and start again.", err)
	}
	drawn, err := key.Image(200, 200)
	if err != nil {
		return badRequest("The form could not be read. Go back and start again.", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		return err
	}
	p.Secret, p.URL, p.QR = key.Secret(), setup, picture(b.Bytes())
	p.Wrong = "That code is wrong. Wait for the next one in the app, and check that the clock of your phone is right."
	return s.draw(w, r, c, http.StatusUnprocessableEntity, p)
}

func picture(png []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png)) // base64
}

// sentence is an error's text as a sentence.
func sentence(err error) string {
	text := err.Error()
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
