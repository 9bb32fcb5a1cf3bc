package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"holdfast/engine/server/access"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/keylog"
	"holdfast/engine/server/people"
	"holdfast/engine/storage"
)

func (a *api) keepKey(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in struct {
		Secret  []byte `json:"secret"`
		KeyFile string `json:"key_file"`
		First   bool   `json:"first"` // only when nothing is kept: two computers may make the repository at once
	}
	if err := read(r, &in, false); err != nil {
		return err
	}
	if in.KeyFile != keyFilePending && storage.CheckName(storage.Keys, in.KeyFile) != nil {
		return told(escrow.ErrSecret)
	}
	keep := a.Escrow.Keep
	if in.First {
		keep = a.Escrow.KeepFirst
	}
	// The key store is another database, and may take its time: nothing here is held
	// meanwhile. What could not be logged or told is not kept, so that is tried first; and
	// what is kept when this server dies is told of later (package keylog).
	d := a.changed(c, "key.keep", in.KeyFile, *c.Person, "The institution's key store now keeps the key to your files")
	if err := a.rehearse(r.Context(), c, d); err != nil {
		return err
	}
	kept, err := keep(r.Context(), c.Person.ID, in.KeyFile, in.Secret)
	if err != nil {
		return told(err)
	}
	if err := a.note(r.Context(), c, d, kept); err != nil {
		return err
	}
	return done(w)
}

// forgetKey leaves the files to what only the person knows, which there has to be: the
// key files of the institution go too, or a copy of the secret would open them still. The
// key store, another database, forgets last: until then asking again does all of it.
func (a *api) forgetKey(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	account := c.Person.ID
	err := a.changeKeys(r.Context(), c, func(ctx context.Context, files []keyFile, kept bool, named string) (act, error) {
		if !kept {
			return act{}, nil
		}
		institutions := slices.DeleteFunc(slices.Clone(files), func(k keyFile) bool { return k.name != named && k.user != keyOfInstitution })
		return a.changed(c, "key.forget", named, *c.Person, "The institution's key store no longer keeps the key to your files; only your passphrase or recovery code opens them"),
			a.dropKeyFiles(ctx, account, files, institutions, anyPersons)
	})
	if err != nil {
		return err
	}
	if err := a.Escrow.Forget(r.Context(), account, account); err != nil {
		return told(err)
	}
	return done(w)
}

// removeKeyFile takes one key away. The last one stays, and so does the last that a
// person can open the files with on a new computer: one of their own, or the one that
// the institution keeps for them.
func (a *api) removeKeyFile(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	name := strings.ToLower(r.PathValue("name"))
	if storage.CheckName(storage.Keys, name) != nil {
		return errNothing
	}
	err := a.changeKeys(r.Context(), c, func(ctx context.Context, files []keyFile, kept bool, named string) (act, error) {
		return a.dropKeyFile(ctx, c, files, name, kept, named)
	})
	if err != nil {
		return err
	}
	return done(w)
}

func (a *api) dropKeyFile(ctx context.Context, c access.Caller, files []keyFile, name string, kept bool, named string) (act, error) {
	at := slices.IndexFunc(files, func(k keyFile) bool { return k.name == name })
	if at < 0 {
		return act{}, errNothing
	}
	gone := files[at]
	if kept && slices.Contains(keptKeyFiles(files, named), gone) {
		return act{}, problem(http.StatusConflict, "conflict", "The institution keeps the secret of this key. Change how the key is kept instead.")
	}
	what := "A key to your files was removed: a passphrase or recovery code no longer opens them"
	if !gone.persons() {
		what = "A key to your files was removed: a computer no longer opens them by itself"
	}
	err := a.dropKeyFiles(ctx, c.Person.ID, files, []keyFile{gone}, func(left []keyFile) bool {
		if !gone.persons() {
			return len(left) > 0
		}
		return anyPersons(left) || kept && len(keptKeyFiles(left, named)) > 0
	})
	return a.changed(c, "key.remove", name, *c.Person, what), err
}

// reason is why a key is asked for.
type reason struct {
	Reason string `json:"reason"`
}

func (a *api) releaseKey(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in reason
	if err := read(r, &in, true); err != nil {
		return err
	}
	return a.release(w, r, c, *c.Person, escrow.Release{By: c.Person.ID, Reason: in.Reason, Address: c.Address.String()})
}

func (a *api) releaseKeyOf(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	p, err := a.subject(r.Context(), r, c)
	if err != nil {
		return err
	}
	var in reason
	if err := read(r, &in, false); err != nil {
		return err
	}
	if strings.TrimSpace(in.Reason) == "" {
		return told(escrow.ErrReason)
	}
	return a.release(w, r, c, p, escrow.Release{By: c.Person.ID, Reason: in.Reason, Address: c.Address.String(), Administrator: true})
}

// release hands a secret out once the log has it and the letter is on its way.
func (a *api) release(w http.ResponseWriter, r *http.Request, c access.Caller, p people.Person, by escrow.Release) error {
	out, err := a.Escrow.Release(r.Context(), p.ID, by)
	if err != nil {
		return told(err)
	}
	defer clear(out.Secret)
	err = a.note(r.Context(), c, act{name: "key.release", target: out.KeyFile, person: p, reason: by.Reason,
		letter: keylog.Released(p, *c.Person, by.Reason, place(c), a.Now())}, out.Entry)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{"secret": out.Secret, "key_file": out.KeyFile})
}
