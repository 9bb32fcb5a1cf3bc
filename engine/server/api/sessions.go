package api

import (
	"context"
	"net/http"

	"holdfast/engine/server/access"
)

func (a *api) sessions(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	list, err := a.Sessions.List(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	out := make([]map[string]any, 0, len(list))
	for _, s := range list {
		out = append(out, map[string]any{"id": s.ID, "kind": s.Kind, "name": s.Name, "address": s.Address,
			"created": s.Created.UTC(), "seen": s.Seen.UTC(), "expires": s.Expires.UTC(), "this": s.ID == c.Session.ID})
	}
	return reply(w, http.StatusOK, map[string]any{"sessions": out})
}

func (a *api) endSession(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	err = a.commit(r.Context(), c, func(ctx context.Context) (act, error) {
		return act{name: "session.end", target: id, person: *c.Person}, a.Sessions.End(ctx, c.Person.ID, id)
	})
	if err != nil {
		return err
	}
	return done(w)
}

func (a *api) signOut(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	err := a.commit(r.Context(), c, func(ctx context.Context) (act, error) {
		return act{name: "sign_out", target: c.Session.ID, person: *c.Person, reason: c.Session.Name}, a.Sessions.End(ctx, c.Person.ID, c.Session.ID)
	})
	if err != nil {
		return err
	}
	return done(w)
}
