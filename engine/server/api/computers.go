package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/mail"
)

// computer is one on the wire.
type computer struct {
	ID         string          `json:"id"`
	Person     string          `json:"person,omitempty"` // for administrators
	Name       string          `json:"name"`
	Owner      computers.Owner `json:"owner"`
	Asset      string          `json:"asset"`
	OS         string          `json:"os"`
	State      computers.State `json:"state"`
	Generation int             `json:"generation"` // 1, and one more with every replacement
	Created    time.Time       `json:"created"`
	Seen       *time.Time      `json:"seen,omitempty"`
	LastBackup *time.Time      `json:"last_backup,omitempty"`
	RemovedAt  *time.Time      `json:"removed_at,omitempty"`
	Files      int64           `json:"files"`
	Bytes      int64           `json:"bytes"`
	Report     string          `json:"report"`
	Version    string          `json:"version"`
	This       bool            `json:"this"` // it is the one that asks
	Lent       bool            `json:"lent"` // it is about to take the place of another
}

func wire(c computers.Computer, caller access.Caller) computer {
	return computer{ID: c.ID, Name: c.Name, Owner: c.Owner, Asset: c.Asset, OS: c.OS, State: c.State, Generation: c.Generation,
		Created: c.Created.UTC(), Seen: moment(c.Seen), LastBackup: moment(c.LastBackup), RemovedAt: moment(c.RemovedAt),
		Files: c.Files, Bytes: c.Bytes, Report: c.Report, Version: c.Version,
		Lent: c.Lent, This: caller.Computer != nil && caller.Computer.ID == c.ID}
}

func (a *api) computers(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	list, err := a.Computers.List(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	out := make([]computer, 0, len(list))
	for _, one := range list {
		out = append(out, wire(one, c))
	}
	return reply(w, http.StatusOK, map[string]any{"computers": out})
}

// newComputer is what a computer says of itself when it comes.
type newComputer struct {
	ID    string          `json:"id"`
	Name  string          `json:"name"`
	Asset string          `json:"asset"`
	OS    string          `json:"os"`
	Owner computers.Owner `json:"owner"`
	Lent  bool            `json:"lent"`
}

func (n newComputer) registration() computers.Registration {
	return computers.Registration{ID: n.ID, Name: n.Name, Asset: n.Asset, OS: n.OS, Owner: n.Owner, Lent: n.Lent}
}

// grant answers with a computer and its credential, which is told this once.
func grant(w http.ResponseWriter, status int, one computers.Computer, credential string, c access.Caller) error {
	return reply(w, status, map[string]any{"computer": wire(one, c), "credential": credential})
}

func (a *api) register(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in newComputer
	if err := read(r, &in, false); err != nil {
		return err
	}
	var one computers.Computer
	var credential string
	err := a.commit(r.Context(), c, func(ctx context.Context) (_ act, err error) {
		one, credential, err = a.Computers.Register(ctx, c.Person.ID, in.registration())
		if err == nil && in.Lent { // which may end the seat of another one
			err = a.lending.Tell(ctx, c.Person.ID)
		}
		return act{name: "computer.add", target: one.ID, person: *c.Person,
			letter: mail.NewComputer(to(*c.Person), one.Name, place(c), a.Now())}, err
	})
	if err != nil {
		return err
	}
	return grant(w, http.StatusCreated, one, credential, c)
}

func (a *api) authorize(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	var in struct {
		Generation int `json:"generation"`
	}
	if err := read(r, &in, false); err != nil {
		return err
	}
	var one computers.Computer
	var credential string
	err = a.commit(r.Context(), c, func(ctx context.Context) (_ act, err error) {
		one, credential, err = a.Computers.Authorize(ctx, c.Person.ID, id, in.Generation)
		return a.changed(c, "computer.authorize", id, *c.Person, called(one)+" was signed in again"), err
	})
	if err != nil {
		return err
	}
	return grant(w, http.StatusOK, one, credential, c)
}

func (a *api) replace(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	var in newComputer
	if err := read(r, &in, true); err != nil {
		return err
	}
	var one computers.Computer
	var credential string
	err = a.commit(r.Context(), c, func(ctx context.Context) (act, error) {
		before, err := a.Computers.Get(ctx, c.Person.ID, id)
		if err == nil {
			one, credential, err = a.Computers.Replace(ctx, c.Person.ID, id, in.registration())
		}
		return act{name: "computer.replace", target: id, person: *c.Person,
			letter: mail.ComputerReplaced(to(*c.Person), before.Name, one.Name, place(c), a.Now())}, err
	})
	if err != nil {
		return err
	}
	return grant(w, http.StatusOK, one, credential, c)
}

func (a *api) deauthorize(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return a.alter(w, r, c, "computer.deauthorize", "was signed out and no longer backs up", a.Computers.Deauthorize)
}

// signOutComputer is for the computer that asks. Nobody gains by it, so there is no
// letter.
func (a *api) signOutComputer(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	err := a.commit(r.Context(), c, func(ctx context.Context) (act, error) {
		return act{name: "computer.sign_out", target: c.Computer.ID, person: *c.Person}, a.Computers.Deauthorize(ctx, c.Person.ID, c.Computer.ID)
	})
	if err != nil {
		return err
	}
	return done(w)
}

func (a *api) restore(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return a.alter(w, r, c, "computer.restore", "was brought back", a.Computers.Restore)
}

func (a *api) remove(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	successor := r.URL.Query().Get("successor")
	if successor == "" {
		return a.alter(w, r, c, "computer.remove", "was removed and no longer backs up", a.Computers.Remove)
	}
	return a.alter(w, r, c, "computer.give_up", "gave up its own seat, because it has the place of another computer of yours now",
		func(ctx context.Context, person, id string) error {
			return a.Computers.GiveUp(ctx, person, id, successor)
		})
}

// alter changes the state of a computer of the caller's.
func (a *api) alter(w http.ResponseWriter, r *http.Request, c access.Caller, name, what string, change func(ctx context.Context, person, id string) error) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	err = a.commit(r.Context(), c, func(ctx context.Context) (act, error) {
		one, err := a.Computers.Get(ctx, c.Person.ID, id)
		if err == nil {
			err = change(ctx, c.Person.ID, id)
		}
		return a.changed(c, name, id, *c.Person, called(one)+" "+what), err
	})
	if err != nil {
		return err
	}
	return done(w)
}

// change takes what is there of name, asset number and owner. A computer changes
// itself only.
func (a *api) change(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if c.Computer != nil && c.Computer.ID != id {
		return problem(http.StatusForbidden, "forbidden", "A computer can change itself only. Sign in to change another one.")
	}
	var in struct {
		Name  *string          `json:"name"`
		Asset *string          `json:"asset"`
		Owner *computers.Owner `json:"owner"`
	}
	if err := read(r, &in, false); err != nil {
		return err
	}
	if c.Computer != nil && in.Owner != nil {
		return problem(http.StatusForbidden, "forbidden", "A computer cannot say whose it is. Sign in to change its owner.")
	}
	var one computers.Computer
	err = a.commit(r.Context(), c, func(ctx context.Context) (d act, err error) {
		person := c.Person.ID
		if in.Owner != nil {
			err = a.Computers.SetOwner(ctx, person, id, *in.Owner)
			d = act{name: "computer.owner", target: id, person: *c.Person, reason: string(*in.Owner)}
		}
		if err == nil && in.Name != nil {
			err = a.Computers.Rename(ctx, person, id, *in.Name)
		}
		if err == nil && in.Asset != nil {
			err = a.Computers.SetAsset(ctx, person, id, *in.Asset)
		}
		if err == nil {
			one, err = a.Computers.Get(ctx, person, id)
		}
		return d, err
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, wire(one, c))
}

func (a *api) settings(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if _, err := a.Computers.Get(r.Context(), c.Person.ID, id); err != nil {
		return told(err)
	}
	settings, changed, err := a.Computers.Settings(r.Context(), id)
	if err != nil {
		return told(err)
	}
	if len(settings) == 0 {
		return problem(http.StatusNotFound, "not_found", "This computer has not kept any settings at the server yet.")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Last-Modified", changed.UTC().Format(http.TimeFormat))
	_, err = w.Write(settings)
	return err
}

func (a *api) saveSettings(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if c.Computer.ID != id {
		return problem(http.StatusForbidden, "forbidden", "A computer keeps its own settings only.")
	}
	settings, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := a.Computers.SaveSettings(r.Context(), id, settings); err != nil {
		return told(err)
	}
	return done(w)
}

func (a *api) report(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in struct {
		State   string `json:"state"`
		Files   int64  `json:"files"`
		Bytes   int64  `json:"bytes"`
		Version string `json:"version"`
	}
	if err := read(r, &in, false); err != nil {
		return err
	}
	err := a.Computers.Reported(r.Context(), c.Computer.ID, computers.Report{State: in.State, Files: in.Files, Bytes: in.Bytes, Version: in.Version})
	if err != nil {
		return told(err)
	}
	return done(w)
}
