package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/people"
	"holdfast/engine/storage"
)

// mayTouch keeps administrators from owners.
func mayTouch(c access.Caller, p people.Person) error {
	if p.Role == people.Owner && c.Person.Role != people.Owner {
		return problem(http.StatusForbidden, "forbidden", "Only an owner can do this to an owner.")
	}
	return nil
}

// subject is the person in the path, whom the caller may touch.
func (a *api) subject(ctx context.Context, r *http.Request, c access.Caller) (people.Person, error) {
	id, err := idOf(r)
	if err != nil {
		return people.Person{}, err
	}
	p, err := a.People.Get(ctx, id)
	if err != nil {
		return people.Person{}, told(err)
	}
	return p, mayTouch(c, p)
}

func (a *api) allComputers(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	list, err := a.Computers.List(r.Context(), "")
	if err != nil {
		return err
	}
	out := make([]computer, 0, len(list))
	for _, one := range list {
		shown := wire(one, c)
		shown.Person = one.Person
		out = append(out, shown)
	}
	return reply(w, http.StatusOK, map[string]any{"computers": out})
}

// administer changes the state of anybody's computer and tells its person.
func (a *api) administer(name, what string, change func(ctx context.Context, person, id string) error) handle {
	return func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
		var in reason
		if err := read(r, &in, true); err != nil {
			return err
		}
		err := a.commit(r.Context(), c, func(ctx context.Context) (act, error) {
			one, p, err := a.subjectComputer(ctx, r, c)
			if err == nil {
				err = change(ctx, p.ID, one.ID)
			}
			d := a.changed(c, name, one.ID, p, called(one)+" "+what)
			d.reason = in.Reason
			return d, err
		})
		if err != nil {
			return err
		}
		return done(w)
	}
}

// subjectComputer is the computer in the path, and its person.
func (a *api) subjectComputer(ctx context.Context, r *http.Request, c access.Caller) (computers.Computer, people.Person, error) {
	id, err := idOf(r)
	if err != nil {
		return computers.Computer{}, people.Person{}, err
	}
	one, err := a.Computers.Get(ctx, "", id)
	if err != nil {
		return computers.Computer{}, people.Person{}, told(err)
	}
	p, err := a.People.Get(ctx, one.Person)
	if err != nil {
		return computers.Computer{}, people.Person{}, told(err)
	}
	return one, p, mayTouch(c, p)
}

func (a *api) held(w http.ResponseWriter, r *http.Request, _ access.Caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if _, err := a.People.Get(r.Context(), id); err != nil {
		return told(err)
	}
	list, err := a.Store.Held(r.Context(), id)
	if err != nil {
		return err
	}
	out := make([]map[string]any, 0, len(list))
	for _, o := range list {
		out = append(out, map[string]any{"kind": o.Kind, "name": o.Name, "size": o.Size, "received": o.Received.UTC(),
			"computer": o.Computer, "held": o.Held.UTC(), "by": o.By})
	}
	return reply(w, http.StatusOK, map[string]any{"held": out})
}

func (a *api) unhold(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in struct {
		Kind storage.Kind `json:"kind"`
		Name string       `json:"name"`
	}
	if err := read(r, &in, false); err != nil {
		return err
	}
	if storage.CheckName(in.Kind, in.Name) != nil {
		return badRequest("This is not the name of a stored file.")
	}
	err := a.commit(r.Context(), c, func(ctx context.Context) (act, error) {
		p, err := a.subject(ctx, r, c)
		if err == nil {
			err = a.Store.Unhold(ctx, p.ID, in.Kind, in.Name)
		}
		return a.changed(c, "held.restore", string(in.Kind)+"/"+in.Name, p, "An administrator brought back a stored file that had been removed from your account"), err
	})
	if err != nil {
		return err
	}
	return done(w)
}

// auditLog lists entries; ?person=, ?limit= and ?before= choose.
func (a *api) auditLog(w http.ResponseWriter, r *http.Request, _ access.Caller) error {
	q := audit.Query{Person: r.FormValue("person")}
	if v := r.FormValue("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1000 {
			return badRequest("limit is a number from 1 to 1000.")
		}
		q.Limit = n
	}
	if v := r.FormValue("before"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 1 {
			return badRequest("before is the number of an entry.")
		}
		q.Before = n
	}
	list, err := a.Audit.List(r.Context(), q)
	if err != nil {
		return err
	}
	out := make([]entry, 0, len(list))
	for _, e := range list {
		out = append(out, wireEntry(e))
	}
	return reply(w, http.StatusOK, map[string]any{"entries": out})
}

// entry is one of the audit log on the wire.
type entry struct {
	Number  int64     `json:"number"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Action  string    `json:"action"`
	Target  string    `json:"target"`
	Person  string    `json:"person"`
	Reason  string    `json:"reason"`
	Address string    `json:"address"`
}

func wireEntry(e audit.Entry) entry {
	return entry{e.Number, e.At.UTC(), e.Actor, e.Action, e.Target, e.Person, e.Reason, e.Address}
}
