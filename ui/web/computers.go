package web

import (
	"context"
	"errors"
	"net/http"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/ui/web/pages"
)

func (s *site) computers(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	said := map[string]string{"rename": "The computer has a new name.", "deauthorize": "The computer is signed out.", "remove": "The computer is removed. You can bring it back below.", "restore": "The computer is back."}
	return s.computersPage(w, r, c, http.StatusOK, said[r.URL.Query().Get("done")], "")
}

func (s *site) computersPage(w http.ResponseWriter, r *http.Request, c access.Caller, status int, said, wrong string) error {
	list, err := s.Computers.List(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	usage, err := s.Store.Usage(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	shown := pages.Computers{Seats: c.Person.Seats, Used: usage.Used, Quota: c.Person.Quota, Grace: int(s.Grace.Hours() / 24), Said: said, Wrong: wrong}
	for _, one := range list {
		row := pages.Computer{ID: one.ID, Name: one.Name, Asset: one.Asset, OS: one.OS, Personal: one.Owner == computers.Personal, Lent: one.Lent, State: string(one.State),
			Report: one.Report, Seen: one.Seen, LastBackup: one.LastBackup, Files: one.Files, Bytes: one.Bytes}
		if one.State == computers.Removed {
			row.Until, row.Kept = one.RemovedAt.Add(s.Grace), one.Successor != ""
			shown.Removed = append(shown.Removed, row)
			continue
		}
		shown.Active = append(shown.Active, row)
	}
	return s.draw(w, r, c, status, shown)
}

// changed ends a change to a computer.
func (s *site) changed(w http.ResponseWriter, r *http.Request, c access.Caller, what string, err error) error {
	wrong := ""
	switch {
	case err == nil:
		return see(w, r, "/computers?done="+what)
	case errors.Is(err, computers.ErrNotFound):
		return access.Problem{Status: http.StatusNotFound, Code: "not_found", Message: "Your account has no such computer.", Err: err}
	case errors.Is(err, computers.ErrSeats):
		wrong = "Every seat of your account is taken. Remove another computer first, then bring this one back."
	case errors.Is(err, computers.ErrNoInstitution):
		wrong = "A personal computer is accepted only while a computer of the institution backs up to your account."
	case errors.Is(err, computers.ErrBlocked):
		wrong = "An administrator has blocked this computer. Ask them."
	case errors.Is(err, computers.ErrInvalid):
		wrong = sentence(err)
	default:
		return err
	}
	return s.computersPage(w, r, c, http.StatusConflict, "", wrong)
}

func (s *site) renameComputer(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	fields, err := form(r)
	if err != nil {
		return err
	}
	return s.changed(w, r, c, "rename", s.Computers.Rename(r.Context(), c.Person.ID, r.PathValue("id"), fields.Get("name")))
}

func (s *site) deauthorizeComputer(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return s.alterComputer(w, r, c, "deauthorize", "was signed out of your account and does not back up any more", s.Computers.Deauthorize)
}

func (s *site) removeComputer(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return s.alterComputer(w, r, c, "remove", "was removed from your account and does not back up any more", s.Computers.Remove)
}

func (s *site) restoreComputer(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return s.alterComputer(w, r, c, "restore", "was brought back to your account", s.Computers.Restore)
}

// alterComputer changes the state of a computer of the person's and tells them.
func (s *site) alterComputer(w http.ResponseWriter, r *http.Request, c access.Caller, action, what string, change func(ctx context.Context, person, id string) error) error {
	id := r.PathValue("id")
	err := s.commit(r, func(ctx context.Context) error {
		one, err := s.Computers.Get(ctx, c.Person.ID, id)
		if err != nil {
			return err
		}
		if err := change(ctx, c.Person.ID, id); err != nil {
			return err
		}
		return s.tell(c, *c.Person, "computer."+action, id, "The computer “"+one.Name+"” "+what)(ctx)
	})
	return s.changed(w, r, c, action, err)
}
