package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"holdfast/engine/server/access"
	"holdfast/engine/server/identity"
)

// asked is what passkey.js sends: the fields of its form, and what the browser said.
type asked struct {
	Next     *string         `json:"next"` // of a form that is a whole sign-in, not a second step
	Label    string          `json:"label"`
	Ceremony string          `json:"ceremony"`
	Response json.RawMessage `json:"response"`
}

type begun struct {
	Options  json.RawMessage `json:"options"`
	Ceremony string          `json:"ceremony"`
}

type sentOn struct {
	Next string `json:"next"`
}

// passkeyBegin begins a whole sign-in, of anybody or of who is signed in, or the
// second step after a password.
func (s *site) passkeyBegin(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in asked
	if err := fill(r, &in); err != nil {
		return err
	}
	if ok, retry := s.tries.Allow(keyOf(c)); !ok {
		return tooMany(retry)
	}
	person := ""
	switch {
	case in.Next == nil:
		var err error
		if person, _, err = s.Identity.Pending(r.Context(), kept(r, pendingCookie)); err != nil {
			return refused(err)
		}
	case c.Session != nil:
		person = c.Person.ID
	}
	options, ceremony, err := s.Identity.BeginPasskeyLogin(r.Context(), person)
	if err != nil {
		return refused(err)
	}
	return answer(w, begun{options, ceremony})
}

func (s *site) passkeyFinish(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in asked
	if err := fill(r, &in); err != nil {
		return err
	}
	if in.Next == nil {
		return s.passkeySecond(w, r, c, in)
	}
	person, err := s.Identity.FinishPasskeyLogin(r.Context(), in.Ceremony, in.Response)
	if err != nil {
		return s.noPasskey(r, c, "", byPasskey, err)
	}
	if err := s.enter(w, r, c, person, byPasskey); err != nil {
		return err
	}
	return answer(w, sentOn{local(*in.Next)})
}

func (s *site) passkeySecond(w http.ResponseWriter, r *http.Request, c access.Caller, in asked) error {
	token := kept(r, pendingCookie)
	waits, next, err := s.Identity.Pending(r.Context(), token)
	if err == nil {
		err = s.Identity.FailPending(r.Context(), token)
	}
	if err != nil {
		return refused(err)
	}
	person, err := s.Identity.FinishPasskeyLogin(r.Context(), in.Ceremony, in.Response)
	if err == nil && person != waits {
		err = identity.ErrRefused
	}
	if err != nil {
		return s.noPasskey(r, c, waits, byPasswordPasskey, err)
	}
	if err := s.enter(w, r, c, person, byPasswordPasskey, s.endPending(token)); err != nil {
		return refused(err)
	}
	drop(w, pendingCookie)
	return answer(w, sentOn{next})
}

func (s *site) noPasskey(r *http.Request, c access.Caller, person string, by way, err error) error {
	if errors.Is(err, identity.ErrRefused) {
		return s.not(r, c, person, by, access.Problem{Status: http.StatusForbidden, Code: "forbidden", Err: err, Message: "This passkey is not one of your account’s. Use another way to sign in."})
	}
	return refused(err)
}

func (s *site) addPasskeyBegin(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	options, ceremony, err := s.Identity.BeginPasskey(r.Context(), c.Person.ID, c.Person.Email)
	if err != nil {
		return refused(err)
	}
	return answer(w, begun{options, ceremony})
}

func (s *site) addPasskeyFinish(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in asked
	if err := fill(r, &in); err != nil {
		return err
	}
	err := s.commit(r, func(ctx context.Context) error {
		return s.Identity.FinishPasskey(ctx, c.Person.ID, in.Ceremony, in.Label, in.Response)
	}, s.tell(c, *c.Person, "passkey.add", c.Person.ID, "A passkey was added"))
	if err != nil {
		return refused(err)
	}
	return answer(w, sentOn{"/security?done=passkey"})
}
