package web

import (
	"context"
	"errors"
	"net/http"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/session"
	"holdfast/ui/web/pages"
)

func (s *site) security(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	said := map[string]string{
		"password": "Your password is changed, and you are signed out everywhere else.", "totp": "The authenticator app is on.", "totp-removed": "The authenticator app is removed.",
		"link": "The institution’s sign-in is linked.", "unlink": "The institution’s sign-in is unlinked.", "passkey": "The passkey is added.", "passkey-removed": "The passkey is removed.", "ended": "Signed out there.",
	}
	return s.securityPage(w, r, c, http.StatusOK, said[r.URL.Query().Get("done")], "")
}

func (s *site) securityPage(w http.ResponseWriter, r *http.Request, c access.Caller, status int, said, wrong string) error {
	has, err := s.Identity.Factors(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	sessions, err := s.Sessions.List(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	provider, _ := s.Identity.Provider()
	shown := pages.Security{Name: c.Person.Name, Email: c.Person.Email, Password: has.Password, TOTP: has.TOTP, Recovery: has.RecoveryCodes, CanAdd: s.Identity.Passkeys(), Provider: provider, Said: said, Wrong: wrong}
	for _, k := range has.Passkeys {
		shown.Passkeys = append(shown.Passkeys, pages.Passkey{ID: k.ID, Name: k.Name, Created: k.Created, Used: k.Used})
	}
	for _, l := range has.Links {
		shown.Links = append(shown.Links, pages.Link{Issuer: l.Issuer, Subject: l.Subject, Email: l.Email, Created: l.Created})
	}
	for _, one := range sessions {
		shown.Sessions = append(shown.Sessions, pages.Session{ID: one.ID, Name: one.Name, Address: one.Address, App: one.Kind == session.App, This: one.ID == c.Session.ID, Created: one.Created, Seen: one.Seen})
	}
	return s.draw(w, r, c, status, shown)
}

// secured changes how one signs in: it is told, and the page says so.
func (s *site) secured(w http.ResponseWriter, r *http.Request, c access.Caller, change step, action, what, done string) error {
	err := s.commit(r, change, s.tell(c, *c.Person, action, c.Person.ID, what))
	switch {
	case errors.Is(err, identity.ErrLastWay):
		return s.securityPage(w, r, c, http.StatusConflict, "", "This is your only way to sign in, so it stays. Set up another one first.")
	case err != nil:
		return refused(err)
	}
	return see(w, r, "/security?done="+done)
}

func (s *site) setPassword(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	chosen, err := s.Identity.NewPassword(r.Context(), fields.Get("password"))
	if errors.Is(err, identity.ErrWeak) {
		return s.securityPage(w, r, c, http.StatusUnprocessableEntity, "", sentence(err))
	}
	if err != nil {
		return err
	}
	return s.secured(w, r, c, func(ctx context.Context) error {
		if err := s.Identity.SetPassword(ctx, c.Person.ID, chosen); err != nil {
			return err
		}
		return s.Sessions.EndAll(ctx, c.Person.ID, c.Session.ID)
	}, "password.set", "Your password was changed", "password")
}

func (s *site) beginTOTP(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	app, err := s.Identity.BeginTOTP(r.Context(), c.Person.ID, c.Person.Email)
	if err != nil {
		return err
	}
	return s.draw(w, r, c, http.StatusOK, pages.Authenticator{Action: "/security/totp/confirm", Back: "/security", Secret: app.Secret, URL: app.URL, QR: picture(app.PNG)})
}

func (s *site) confirmTOTP(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	if retry, ok := s.mayTry(c, c.Person.ID+" app"); !ok {
		return tooMany(retry)
	}
	err = s.commit(r, func(ctx context.Context) error {
		return s.Identity.ConfirmTOTP(ctx, c.Person.ID, fields.Get("code"))
	}, s.tell(c, *c.Person, "totp.add", c.Person.ID, "An authenticator app was set up"))
	if errors.Is(err, identity.ErrRefused) {
		return s.appAgain(w, r, c, fields.Get("setup"), pages.Authenticator{Action: "/security/totp/confirm", Back: "/security"})
	}
	if err != nil {
		return refused(err)
	}
	return see(w, r, "/security?done=totp")
}

func (s *site) removeTOTP(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return s.secured(w, r, c, func(ctx context.Context) error { return s.Identity.RemoveTOTP(ctx, c.Person.ID) }, "totp.remove", "The authenticator app was removed", "totp-removed")
}

func (s *site) newCodes(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var codes []string
	err := s.commit(r, func(ctx context.Context) (err error) {
		codes, err = s.Identity.NewRecoveryCodes(ctx, c.Person.ID)
		return err
	}, s.tell(c, *c.Person, "recovery_code.new", c.Person.ID, "New recovery codes were made, and the old ones ended"))
	if err != nil {
		return err
	}
	return s.draw(w, r, c, http.StatusOK, pages.Codes{Codes: codes, Next: "/security"})
}

func (s *site) link(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return s.toProvider(w, r, c, identity.Intent{Person: c.Person.ID, Next: "/security?done=link"}, c.Person.Email)
}

func (s *site) unlink(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	return s.secured(w, r, c, func(ctx context.Context) error {
		return s.Identity.Unlink(ctx, c.Person.ID, fields.Get("issuer"), fields.Get("subject"))
	}, "provider.unlink", "A sign-in of the institution was unlinked from your account", "unlink")
}

func (s *site) removePasskey(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	return s.secured(w, r, c, func(ctx context.Context) error {
		return s.Identity.RemovePasskey(ctx, c.Person.ID, fields.Get("id"))
	}, "passkey.remove", "A passkey was removed", "passkey-removed")
}

// endSessions signs out elsewhere. That is no weakening: it is what one does when
// something is wrong, so it needs no fresh sign-in.
func (s *site) endSessions(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	target, action := fields.Get("id"), "session.end"
	if fields.Get("all") != "" {
		target, action = c.Person.ID, "session.end_all"
	}
	err = s.commit(r, func(ctx context.Context) error {
		if fields.Get("all") != "" {
			return s.Sessions.EndAll(ctx, c.Person.ID, c.Session.ID)
		}
		return s.Sessions.End(ctx, c.Person.ID, target)
	}, func(ctx context.Context) error {
		return s.Audit.Record(ctx, nil, audit.Entry{Actor: c.Person.ID, Action: action, Target: target, Person: c.Person.ID, Address: c.Address.String()})
	})
	if err != nil && !errors.Is(err, session.ErrNone) {
		return err
	}
	return see(w, r, "/security?done=ended")
}
