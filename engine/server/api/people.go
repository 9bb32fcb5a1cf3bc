package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
)

// person is one on the wire.
type person struct {
	ID      string       `json:"id"`
	Email   string       `json:"email"`
	Name    string       `json:"name"`
	Role    people.Role  `json:"role"`
	State   people.State `json:"state"`
	Seats   int          `json:"seats"`
	Quota   int64        `json:"quota"` // bytes, 0: no limit
	Created time.Time    `json:"created"`
}

func wirePerson(p people.Person) person {
	return person{p.ID, p.Email, p.Name, p.Role, p.State, p.Seats, p.Quota, p.Created.UTC()}
}

// request is a wish for access on the wire.
type request struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Email   string     `json:"email"`
	Reason  string     `json:"reason"`
	Asset   string     `json:"asset"`
	Created time.Time  `json:"created"`
	State   string     `json:"state"`
	Decided *time.Time `json:"decided,omitempty"`
	By      string     `json:"by"`
	Why     string     `json:"why"`
}

func wireRequest(q people.Request) request {
	return request{q.ID, q.Name, q.Email, q.Reason, q.Asset, q.Created.UTC(), q.State, moment(q.Decided), q.By, q.Why}
}

// requests lists the open ones, and with ?all=1 the others too.
func (a *api) requests(w http.ResponseWriter, r *http.Request, _ access.Caller) error {
	list, err := a.People.Requests(r.Context(), r.FormValue("all") == "1")
	if err != nil {
		return err
	}
	out := make([]request, 0, len(list))
	for _, q := range list {
		out = append(out, wireRequest(q))
	}
	return reply(w, http.StatusOK, map[string]any{"requests": out})
}

func (a *api) approve(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	return a.admit(w, r, c, func(ctx context.Context) (act, string, error) {
		p, token, err := a.People.Approve(ctx, id, c.Person.ID)
		return act{name: "request.approve", target: id, person: p}, token, err
	})
}

func (a *api) refuse(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	var in reason
	if err := read(r, &in, true); err != nil {
		return err
	}
	err = a.commit(r.Context(), c, func(ctx context.Context) (act, error) {
		q, err := a.People.Refuse(ctx, id, c.Person.ID, in.Reason)
		return act{name: "request.refuse", target: id, reason: in.Reason,
			letter: mail.Refused(mail.Person{Email: q.Email, Name: q.Name}, in.Reason)}, err
	})
	if err != nil {
		return err
	}
	return done(w)
}

func (a *api) people(w http.ResponseWriter, r *http.Request, _ access.Caller) error {
	list, err := a.People.List(r.Context())
	if err != nil {
		return err
	}
	out := make([]person, 0, len(list))
	for _, p := range list {
		out = append(out, wirePerson(p))
	}
	return reply(w, http.StatusOK, map[string]any{"people": out})
}

func (a *api) invite(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	in := struct {
		Email string      `json:"email"`
		Name  string      `json:"name"`
		Role  people.Role `json:"role"`
	}{Role: people.Member}
	if err := read(r, &in, false); err != nil {
		return err
	}
	if err := mayGive(c, in.Role); err != nil {
		return err
	}
	return a.admit(w, r, c, func(ctx context.Context) (act, string, error) {
		// An invited owner must not be invited anew, to another name, by somebody else.
		before, err := a.People.ByEmail(ctx, in.Email)
		if err == nil {
			err = mayTouch(c, before)
		} else if errors.Is(err, people.ErrNotFound) || errors.Is(err, people.ErrInvalid) {
			err = nil
		}
		if err != nil {
			return act{}, "", err
		}
		p, token, err := a.People.Invite(ctx, in.Email, in.Name, in.Role, c.Person.ID)
		return act{name: "person.invite", target: p.ID, person: p}, token, err
	})
}

// admit invites somebody and sends the link by mail; where there is no mail the
// administrator gets it, to hand it over in another way.
func (a *api) admit(w http.ResponseWriter, r *http.Request, c access.Caller, invite func(ctx context.Context) (d act, token string, err error)) error {
	var invited people.Person
	var link string
	err := a.commit(r.Context(), c, func(ctx context.Context) (act, error) {
		d, token, err := invite(ctx)
		invited, link = d.person, a.Origin+"/invitation/"+token
		d.letter = mail.Invitation(to(invited), link)
		return d, err
	})
	if err != nil {
		return err
	}
	out := map[string]any{"person": wirePerson(invited), "mailed": a.Mail.Configured()}
	if !a.Mail.Configured() {
		out["link"] = link
	}
	return reply(w, http.StatusOK, out)
}

// mayGive keeps the role of an owner for owners to give.
func mayGive(c access.Caller, role people.Role) error {
	switch role {
	case people.Member, people.Administrator:
		return nil
	case people.Owner:
		return mayTouch(c, people.Person{Role: people.Owner})
	}
	return badRequest("A role is member, administrator or owner.")
}

func (a *api) blockPerson(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return a.govern(w, r, c, "person.block", "Your account was blocked by an administrator: you cannot sign in; your computers go on backing up", func(ctx context.Context, p people.Person) error {
		if err := a.People.Block(ctx, p.ID, c.Person.ID); err != nil {
			return err
		}
		return a.Sessions.EndAll(ctx, p.ID, "")
	})
}

func (a *api) unblockPerson(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return a.govern(w, r, c, "person.unblock", "Your account is no longer blocked", func(ctx context.Context, p people.Person) error {
		return a.People.Unblock(ctx, p.ID, c.Person.ID)
	})
}

// removePerson ends an account. What it stored and a kept key stay, for whoever has to
// answer for them.
func (a *api) removePerson(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	return a.govern(w, r, c, "person.remove", "Your account was ended by an administrator; your computers no longer back up", func(ctx context.Context, p people.Person) error {
		if err := a.People.Remove(ctx, p.ID, c.Person.ID); err != nil {
			return err
		}
		if err := a.Sessions.EndAll(ctx, p.ID, ""); err != nil {
			return err
		}
		return a.Identity.Forget(ctx, p.ID)
	})
}

func (a *api) role(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in struct {
		Role people.Role `json:"role"`
	}
	if err := read(r, &in, false); err != nil {
		return err
	}
	if err := mayGive(c, in.Role); err != nil {
		return err
	}
	return a.govern(w, r, c, "person.role."+string(in.Role), "Your role on the backup server is now "+string(in.Role), func(ctx context.Context, p people.Person) error {
		return a.People.SetRole(ctx, p.ID, in.Role, c.Person.ID)
	})
}

// changePerson takes what is there of e-mail, name, role, seats and quota. Each is an
// entry of its own, and one letter tells of them all.
func (a *api) changePerson(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in struct {
		Email *string      `json:"email"`
		Name  *string      `json:"name"`
		Role  *people.Role `json:"role"`
		Seats *int         `json:"seats"`
		Quota *int64       `json:"quota"`
	}
	if err := read(r, &in, false); err != nil {
		return err
	}
	if in.Role != nil {
		if err := mayGive(c, *in.Role); err != nil {
			return err
		}
	}
	var after people.Person
	err := a.DB.Atomically(r.Context(), func(ctx context.Context) error {
		before, err := a.subject(ctx, r, c)
		if err != nil {
			return err
		}
		before, after, err = a.People.Change(ctx, before.ID, people.Change{Email: in.Email, Name: in.Name, Role: in.Role, Seats: in.Seats, Quota: in.Quota}, c.Person.ID)
		if err != nil {
			return err
		}
		for _, d := range a.alterations(c, before, after) {
			if err := a.record(ctx, c, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return told(err)
	}
	return reply(w, http.StatusOK, wirePerson(after))
}

// alterations are the traces of a change of a person, the last with the letter: to the
// address before too when that changed, or whoever is there would never know.
func (a *api) alterations(c access.Caller, before, after people.Person) []act {
	var acts []act
	var lines []string
	for _, d := range people.Differences(before, after) {
		acts = append(acts, act{name: d.Action(), target: after.ID, person: after, reason: d.From + " → " + d.To})
		lines = append(lines, d.Line())
	}
	if len(acts) == 0 {
		return nil
	}
	last := &acts[len(acts)-1]
	last.letter = mail.AccountChanged(to(after), lines, place(c), a.Now())
	if before.Email != after.Email {
		last.copy = before.Email
	}
	return acts
}

// govern does something to a person, keeps it and tells them.
func (a *api) govern(w http.ResponseWriter, r *http.Request, c access.Caller, name, what string, change func(context.Context, people.Person) error) error {
	err := a.commit(r.Context(), c, func(ctx context.Context) (act, error) {
		p, err := a.subject(ctx, r, c)
		if err == nil {
			err = change(ctx, p)
		}
		return a.changed(c, name, p.ID, p, what), err
	})
	if err != nil {
		return err
	}
	return done(w)
}
