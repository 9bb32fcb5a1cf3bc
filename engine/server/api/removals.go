package api

import (
	"net/http"

	"holdfast/engine/server/access"
)

// openRemoval gives a computer of the caller's the right to remove. The answer says
// what time it is here, by which removals count.
func (a *api) openRemoval(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in struct {
		Computer string `json:"computer"`
	}
	if err := read(r, &in, false); err != nil {
		return err
	}
	removal, right, err := a.Removals.Open(r.Context(), *c.Person, in.Computer, c.Address.String())
	if err != nil {
		return told(err)
	}
	return reply(w, http.StatusCreated, map[string]any{"id": removal.ID, "right": right, "expires": removal.Expires.UTC(), "now": a.Now().UTC()})
}

// closeRemoval ends the one under which the computer asks.
func (a *api) closeRemoval(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	if _, err := a.Removals.Close(r.Context(), c.Removal, c.Computer.ID); err != nil {
		return told(err)
	}
	return done(w)
}
