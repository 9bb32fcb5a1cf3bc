package api

import (
	"context"
	"net/http"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/engine/storage"
)

// How the key of an account is kept.
const (
	keyNone       = "none"       // there is no repository yet
	keyStandard   = "standard"   // the institution keeps the secret
	keyPassphrase = "passphrase" // only the person knows it
)

func (a *api) account(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	ctx, p := r.Context(), c.Person
	list, err := a.Computers.List(ctx, p.ID)
	if err != nil {
		return err
	}
	seats := 0
	for _, computer := range list {
		if computer.State != computers.Removed && !computer.Lent {
			seats++
		}
	}
	usage, err := a.Store.Usage(ctx, p.ID)
	if err != nil {
		return err
	}
	exists, err := a.Store.Exists(ctx, p.ID)
	if err != nil {
		return err
	}
	key, err := a.key(ctx, p.ID)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{
		"person":     map[string]any{"id": p.ID, "email": p.Email, "name": p.Name, "role": p.Role},
		"seats":      map[string]any{"limit": p.Seats, "used": seats},
		"storage":    map[string]any{"used": usage.Used, "quota": usage.Quota},
		"key":        key,
		"repository": exists,
	})
}

func (a *api) key(ctx context.Context, account string) (map[string]any, error) {
	kept, keyFile, since, err := a.Escrow.Mode(ctx, account)
	if err != nil {
		return nil, told(err)
	}
	if kept {
		return map[string]any{"mode": keyStandard, "key_file": keyFile, "since": since.UTC()}, nil
	}
	files, err := a.Store.Files(ctx, account, storage.Keys)
	if err != nil {
		return nil, err
	}
	mode := keyNone
	if len(files) > 0 {
		mode = keyPassphrase
	}
	return map[string]any{"mode": mode, "key_file": ""}, nil
}

func (a *api) snapshots(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	stored, err := a.Store.Snapshots(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	list := make([]map[string]any, 0, len(stored))
	for _, o := range stored {
		list = append(list, map[string]any{"name": o.Name, "received": o.Received.UTC(), "computer": o.Computer})
	}
	return reply(w, http.StatusOK, map[string]any{"snapshots": list})
}
