package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/identity"
	"holdfast/ui/web/pages"
)

var notWelcome = access.Problem{Status: http.StatusForbidden, Code: "forbidden", Message: "This account cannot sign in now. Ask the administrators of your institution; what is stored is kept."}

// mayTry counts a try of a password: by address, and more closely by address and
// name.
func (s *site) mayTry(c access.Caller, email string) (time.Duration, bool) {
	if ok, retry := s.tries.Allow(keyOf(c)); !ok {
		return retry, false
	}
	if ok, retry := s.closer.Allow(keyOf(c) + " " + email); !ok {
		return retry, false
	}
	return 0, true
}

// refused is what an error of identity is told as.
func refused(err error) error {
	switch {
	case errors.Is(err, identity.ErrCeremony):
		return badRequest("This took too long, or was done already. Go back to the start and sign in again.", err)
	case errors.Is(err, identity.ErrAssurance):
		return access.Problem{Status: http.StatusForbidden, Code: "forbidden", Err: err, Message: "Your institution did not confirm a sign-in that is recent and strong enough. Sign in again, with the second step that it offers."}
	case errors.Is(err, identity.ErrProvider):
		return access.Problem{Status: http.StatusBadGateway, Code: "internal", Err: err, Message: "Your institution's sign-in did not answer as it should, so you are not signed in. Backup goes on. Try again in a moment."}
	case errors.Is(err, identity.ErrRefused):
		return access.Problem{Status: http.StatusForbidden, Code: "forbidden", Err: err, Message: "The sign-in was not accepted. Try again."}
	case errors.Is(err, identity.ErrLastWay):
		return access.Problem{Status: http.StatusConflict, Code: "conflict", Err: err, Message: "This is your only way to sign in. Set up another one first, then remove this one."}
	case errors.Is(err, identity.ErrLinked):
		return access.Problem{Status: http.StatusConflict, Code: "conflict", Err: err, Message: "This sign-in of the institution belongs to another account here."}
	}
	return err
}

// provider goes to the institution's sign-in: to sign in, to sign in again, or to
// accept an invitation.
func (s *site) provider(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	intent := identity.Intent{Next: local(fields.Get("next"))}
	hint := ""
	switch {
	case fields.Get("invitation") != "":
		intent.Invitation, intent.Next = fields.Get("invitation"), "/download"
		invited, err := s.People.Invitation(r.Context(), intent.Invitation)
		if err != nil {
			return s.badInvitation(w, r, c, err)
		}
		if hint = invited.Email; anew(invited) {
			intent.Next = "/computers"
		}
	case fields.Get("again") != "" && c.Session != nil:
		intent.Person, intent.Again, hint = c.Person.ID, true, c.Person.Email
	}
	return s.toProvider(w, r, c, intent, hint)
}

func (s *site) toProvider(w http.ResponseWriter, r *http.Request, c access.Caller, intent identity.Intent, hint string) error {
	name, ok := s.Identity.Provider()
	if !ok {
		return access.Problem{Status: http.StatusNotFound, Code: "not_found", Message: "This server has no sign-in of an institution."}
	}
	if ok, retry := s.tries.Allow(keyOf(c)); !ok {
		return tooMany(retry)
	}
	to, ceremony, err := s.Identity.BeginProvider(r.Context(), intent, hint)
	if err != nil {
		return refused(err)
	}
	keep(w, ceremonyCookie, ceremony)
	return s.draw(w, r, c, http.StatusOK, pages.Leaving{Title: "To " + name, To: to})
}

func (s *site) returned(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	ceremony := kept(r, ceremonyCookie)
	drop(w, ceremonyCookie)
	out, err := s.Identity.FinishProvider(r.Context(), ceremony, r.URL.Query())
	if errors.Is(err, identity.ErrRefused) || errors.Is(err, identity.ErrAssurance) {
		return s.not(r, c, "", byProvider, refused(err))
	}
	if err != nil {
		return refused(err)
	}
	switch {
	case out.Intent.Person != "":
		return s.returnedTo(w, r, c, out)
	case out.Intent.Invitation != "":
		return s.returnedInvited(w, r, c, out)
	case out.Person == "":
		return s.stranger(w, r, c)
	}
	if err := s.enter(w, r, c, out.Person, byProvider); err != nil {
		return err
	}
	return see(w, r, local(out.Intent.Next))
}

// returnedTo is for somebody who is signed in: they prove who they are again, or link
// this way of signing in.
func (s *site) returnedTo(w http.ResponseWriter, r *http.Request, c access.Caller, out identity.Outcome) error {
	if c.Session == nil || c.Person.ID != out.Intent.Person {
		return see(w, r, "/sign-in?"+url.Values{"next": {local(out.Intent.Next)}}.Encode())
	}
	if out.Intent.Again {
		if out.Person != c.Person.ID {
			return s.not(r, c, c.Person.ID, byProvider, access.Problem{Status: http.StatusForbidden, Code: "forbidden", Message: "You signed in at your institution as somebody else. Sign in there as yourself and try again."})
		}
		if err := s.enter(w, r, c, c.Person.ID, byProvider); err != nil {
			return err
		}
		return see(w, r, local(out.Intent.Next))
	}
	err := s.commit(r, s.linkStep(c.Person.ID, out),
		s.tell(c, *c.Person, "provider.link", c.Person.ID, "A sign-in of the institution was linked to your account"))
	if err != nil {
		return refused(err)
	}
	return see(w, r, local(out.Intent.Next))
}

// returnedInvited accepts an invitation with the institution's sign-in.
func (s *site) returnedInvited(w http.ResponseWriter, r *http.Request, c access.Caller, out identity.Outcome) error {
	p, err := s.People.Invitation(r.Context(), out.Intent.Invitation)
	if err != nil {
		return s.badInvitation(w, r, c, err)
	}
	if out.Person != "" && out.Person != p.ID {
		return refused(identity.ErrLinked)
	}
	// One transaction: an invitation that was used up meanwhile leaves nothing linked.
	if err := s.enter(w, r, c, p.ID, byProvider, s.linkStep(p.ID, out), s.accept(c, p, out.Intent.Invitation)); err != nil {
		return refused(err)
	}
	return see(w, r, local(out.Intent.Next))
}

// linkStep makes what the provider proved a way to sign in as the person.
func (s *site) linkStep(person string, out identity.Outcome) step {
	return func(ctx context.Context) error {
		return s.Identity.Link(ctx, person, out.Issuer, out.Subject, out.Email)
	}
}

// stranger is somebody whom the institution knows and this server does not.
func (s *site) stranger(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	if err := s.failed(r.Context(), c, "", byProvider); err != nil {
		return err
	}
	return s.draw(w, r, c, http.StatusForbidden, pages.Problem{Title: "You have no account here yet",
		Message: "Your institution knows you, but this server does not. If you have an invitation, open the link in it. Otherwise request access.",
		Links:   []pages.Action{{Label: "Request access", Path: "/request"}, {Label: "Sign in another way", Path: "/sign-in"}}})
}
