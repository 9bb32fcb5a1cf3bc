package web

import (
	"errors"
	"net/http"

	"holdfast/engine/server/access"
	"holdfast/engine/server/people"
	"holdfast/ui/web/pages"
)

func (s *site) request(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return s.draw(w, r, c, http.StatusOK, pages.Request{})
}

// requested takes a request down. The answer is the same whoever has an account.
func (s *site) requested(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	if ok, retry := s.asks.Allow(keyOf(c)); !ok {
		return tooMany(retry)
	}
	asked := people.Request{Name: fields.Get("name"), Email: fields.Get("email"), Reason: fields.Get("reason"), Asset: fields.Get("asset"), Address: c.Address.String()}
	err = s.People.Request(r.Context(), asked)
	if errors.Is(err, people.ErrInvalid) {
		return s.draw(w, r, c, http.StatusUnprocessableEntity, pages.Request{Name: asked.Name, Email: asked.Email, Reason: asked.Reason, Asset: asked.Asset, Wrong: sentence(err)})
	}
	if err != nil {
		return err
	}
	return s.draw(w, r, c, http.StatusOK, pages.Requested{})
}
