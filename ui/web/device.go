package web

import (
	"errors"
	"net/http"

	"holdfast/engine/server/access"
	"holdfast/engine/server/session"
	"holdfast/ui/web/pages"
)

const noDevice = "No computer waits with this code. Look at the code again, or start again on the computer."

// device asks for the code that a computer shows, and then whether it is to be
// connected. verification_uri_complete fills the code in (RFC 8628, 3.3.1).
func (s *site) device(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	code := r.URL.Query().Get("user_code")
	if code == "" {
		return s.draw(w, r, c, http.StatusOK, pages.Device{})
	}
	if retry, ok := s.mayTry(c, c.Person.ID+" device"); !ok { // codes are short
		return tooMany(retry)
	}
	waits, err := s.Sessions.FindDevice(r.Context(), code)
	if errors.Is(err, session.ErrNone) {
		return s.draw(w, r, c, http.StatusNotFound, pages.Device{Code: code, Wrong: noDevice})
	}
	if err != nil {
		return err
	}
	return s.draw(w, r, c, http.StatusOK, pages.Consent{Computer: called(waits.Name), Email: c.Person.Email, Address: waits.Address, Code: code, Action: "/device",
		Hidden: []pages.Field{{Name: "user_code", Value: code}}})
}

func (s *site) deviceDecided(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	if retry, ok := s.mayTry(c, c.Person.ID+" device"); !ok {
		return tooMany(retry)
	}
	code, allow := fields.Get("user_code"), fields.Get("answer") == "allow"
	waits, err := s.Sessions.FindDevice(r.Context(), code)
	if err == nil {
		err = s.Sessions.DecideDevice(r.Context(), code, c.Person.ID, allow)
	}
	if errors.Is(err, session.ErrNone) {
		return s.draw(w, r, c, http.StatusNotFound, pages.Device{Code: code, Wrong: noDevice})
	}
	if err != nil {
		return err
	}
	return s.draw(w, r, c, http.StatusOK, pages.Decided{Computer: waits.Name, Allowed: allow})
}
