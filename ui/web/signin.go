package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"holdfast/engine/server/access"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/limit"
	"holdfast/engine/server/people"
	"holdfast/ui/web/pages"
)

func (s *site) start(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	if c.Session != nil {
		return see(w, r, "/computers")
	}
	return s.draw(w, r, c, http.StatusOK, pages.Start{})
}

func (s *site) static(w http.ResponseWriter, r *http.Request, _ access.Caller) error {
	if !s.pages.Static().Serve(w, r) {
		return access.Problem{Status: http.StatusNotFound, Code: "not_found", Message: "There is nothing at this address."}
	}
	return nil
}

func (s *site) signIn(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	next := local(r.URL.Query().Get("next"))
	if c.Session != nil {
		return see(w, r, next)
	}
	return s.draw(w, r, c, http.StatusOK, s.signInPage(next, r.URL.Query().Get("login_hint"), ""))
}

func (s *site) signInPage(next, email, wrong string) pages.SignIn {
	provider, _ := s.Identity.Provider()
	return pages.SignIn{Next: next, Email: email, Provider: provider, Password: true, Passkey: s.Identity.Passkeys(), Wrong: wrong}
}

const wrongPassword = "The e-mail or the password is wrong. Check both and try again."

func (s *site) password(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	email, next := fields.Get("email"), local(fields.Get("next"))
	// What is typed is read as people write it, so that one name is one key.
	if parsed, err := people.ParseEmail(email); err == nil {
		email = parsed
	}
	if retry, ok := s.mayTry(c, email); !ok {
		return tooMany(retry)
	}
	person := ""
	if p, err := s.People.ByEmail(r.Context(), email); err == nil && p.State == people.Active {
		person = p.ID
	} else if err != nil && !errors.Is(err, people.ErrNotFound) {
		return err
	}
	right, err := s.Identity.CheckPassword(r.Context(), person, fields.Get("password"))
	if err != nil {
		return err
	}
	if !right || person == "" {
		if err := s.failed(r.Context(), c, person, byPassword); err != nil {
			return err
		}
		return s.draw(w, r, c, http.StatusUnprocessableEntity, s.signInPage(next, fields.Get("email"), wrongPassword))
	}
	return s.toSecond(w, r, person, next)
}

// toSecond goes on to the second step, which a password always needs.
func (s *site) toSecond(w http.ResponseWriter, r *http.Request, person, next string) error {
	token, err := s.Identity.BeginPending(r.Context(), person, next)
	if err != nil {
		return err
	}
	keep(w, pendingCookie, token)
	return see(w, r, "/sign-in/second")
}

func (s *site) second(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	person, _, err := s.Identity.Pending(r.Context(), kept(r, pendingCookie))
	if errors.Is(err, identity.ErrCeremony) {
		return see(w, r, "/sign-in")
	}
	if err != nil {
		return err
	}
	return s.secondPage(w, r, c, http.StatusOK, person, "")
}

func (s *site) secondPage(w http.ResponseWriter, r *http.Request, c access.Caller, status int, person, wrong string) error {
	has, err := s.Identity.Factors(r.Context(), person)
	if err != nil {
		return err
	}
	shown := pages.Second{TOTP: has.TOTP, Passkey: len(has.Passkeys) > 0, Recovery: has.RecoveryCodes > 0, Wrong: wrong}
	if !shown.TOTP && !shown.Passkey && !shown.Recovery {
		return s.draw(w, r, c, http.StatusForbidden, pages.Problem{Title: "A second step is missing",
			Message: "A password alone does not sign in, and your account has no second step yet. Sign in another way and set one up under Security, or ask an administrator for a link with which you set up anew how you sign in.",
			Links:   []pages.Action{{Label: "Sign in another way", Path: "/sign-in"}}})
	}
	return s.draw(w, r, c, status, shown)
}

func (s *site) secondCode(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	token := kept(r, pendingCookie)
	person, next, err := s.Identity.Pending(r.Context(), token)
	if err == nil {
		err = s.Identity.FailPending(r.Context(), token) // counted before it is looked at
	}
	if errors.Is(err, identity.ErrCeremony) {
		drop(w, pendingCookie)
		return s.draw(w, r, c, http.StatusUnprocessableEntity, s.signInPage("/", "", "This took too long, or there were too many tries. Sign in again."))
	}
	if err != nil {
		return err
	}
	by, steps := byApp, []step{s.secondStep(person, fields), s.endPending(token)}
	if fields.Get("recovery") != "" {
		by, steps = byRecoveryCode, append(steps, s.codeUsed(c, person))
	}
	err = s.enter(w, r, c, person, by, steps...)
	if errors.Is(err, errWrongCode) {
		if err := s.failed(r.Context(), c, person, by); err != nil {
			return err
		}
		return s.secondPage(w, r, c, http.StatusUnprocessableEntity, person, "That code is wrong or was used already. Try the next one.")
	}
	if err != nil {
		return refused(err)
	}
	drop(w, pendingCookie)
	return see(w, r, next)
}

// errWrongCode is a second step that did not hold.
var errWrongCode = errors.New("the code is wrong or was used already")

// secondStep uses a code up.
func (s *site) secondStep(person string, fields url.Values) step {
	return func(ctx context.Context) (err error) {
		var right bool
		if code := fields.Get("recovery"); code != "" {
			right, err = s.Identity.UseRecoveryCode(ctx, person, code)
		} else {
			right, err = s.Identity.CheckTOTP(ctx, person, fields.Get("code"))
		}
		if err == nil && !right {
			err = errWrongCode
		}
		return err
	}
}

func (s *site) endPending(token string) step {
	return func(ctx context.Context) error { return s.Identity.EndPending(ctx, token) }
}

// codeUsed tells of a recovery code.
func (s *site) codeUsed(c access.Caller, person string) step {
	return func(ctx context.Context) error {
		p, err := s.People.Get(ctx, person)
		if err != nil {
			return err
		}
		return s.tell(c, p, "recovery_code.use", person, "A recovery code was used to sign in")(ctx)
	}
}

func (s *site) again(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return s.againPage(w, r, c, http.StatusOK, local(r.URL.Query().Get("next")), "")
}

func (s *site) againPage(w http.ResponseWriter, r *http.Request, c access.Caller, status int, next, wrong string) error {
	has, err := s.Identity.Factors(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	shown := pages.SignIn{Again: true, Next: next, Email: c.Person.Email, Password: has.Password, Passkey: len(has.Passkeys) > 0, Wrong: wrong}
	if len(has.Links) > 0 {
		shown.Provider, _ = s.Identity.Provider()
	}
	return s.draw(w, r, c, status, shown)
}

func (s *site) againPassword(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	if retry, ok := s.mayTry(c, c.Person.Email); !ok {
		return tooMany(retry)
	}
	next := local(fields.Get("next"))
	right, err := s.Identity.CheckPassword(r.Context(), c.Person.ID, fields.Get("password"))
	if err != nil {
		return err
	}
	if !right {
		if err := s.failed(r.Context(), c, c.Person.ID, byPassword); err != nil {
			return err
		}
		return s.againPage(w, r, c, http.StatusUnprocessableEntity, next, "The password is wrong. Check it and try again.")
	}
	return s.toSecond(w, r, c.Person.ID, next)
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	if c.Session != nil {
		if err := s.commit(r, func(ctx context.Context) error { return s.end(ctx, c) }); err != nil {
			return err
		}
	}
	access.DropSession(w)
	return see(w, r, "/")
}

// keyOf is an address as the limits know it.
func keyOf(c access.Caller) string { return limit.Address(c.Address) }
