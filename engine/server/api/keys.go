package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"holdfast/engine/server/access"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	"holdfast/engine/server/store"
	"holdfast/engine/storage"
)

// errLastKey keeps an account from losing its files.
var errLastKey = problem(http.StatusConflict, "conflict", "This is the last key that opens the stored files, so it stays. Add a passphrase or a recovery code first.")

func (a *api) keepKey(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	var in struct {
		Secret  []byte `json:"secret"`
		KeyFile string `json:"key_file"`
		First   bool   `json:"first"` // only when nothing is kept: two computers may make the repository at once
	}
	if err := read(r, &in, false); err != nil {
		return err
	}
	keep := a.Escrow.Keep
	if in.First {
		keep = a.Escrow.KeepFirst
	}
	if err := keep(r.Context(), c.Person.ID, in.KeyFile, in.Secret); err != nil {
		return told(err)
	}
	err := a.note(r.Context(), c, a.changed(c, "key.keep", in.KeyFile, *c.Person, "The institution's key store now keeps the key to your files"))
	if err != nil {
		return err
	}
	return done(w)
}

// forgetKey leaves the files to what only the person knows: the key file that the
// forgotten secret opens goes too, or a copy of the secret would open them still.
func (a *api) forgetKey(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	kept, keyFile, _, err := a.Escrow.Mode(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	if !kept {
		return done(w)
	}
	err = a.dropKeyFile(r.Context(), *c.Person, keyFile)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return told(err)
	}
	if err := a.Escrow.Forget(r.Context(), c.Person.ID, c.Person.ID); err != nil {
		return told(err)
	}
	err = a.note(r.Context(), c, a.changed(c, "key.forget", keyFile, *c.Person, "The institution's key store no longer keeps the key to your files; only your passphrase or recovery code opens them"))
	if err != nil {
		return err
	}
	return done(w)
}

func (a *api) removeKeyFile(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	name := strings.ToLower(r.PathValue("name"))
	if storage.CheckName(storage.Keys, name) != nil {
		return errNothing
	}
	kept, keyFile, _, err := a.Escrow.Mode(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	if kept && keyFile == name {
		return problem(http.StatusConflict, "conflict", "The institution keeps the secret of this key. Change how the key is kept instead.")
	}
	if err := a.dropKeyFile(r.Context(), *c.Person, name); err != nil {
		return told(err)
	}
	if err := a.note(r.Context(), c, a.changed(c, "key.remove", name, *c.Person, "A key to your files was removed: a passphrase or recovery code no longer opens them")); err != nil {
		return err
	}
	return done(w)
}

// dropKeyFile puts a key file into the hold, but never the last one. Two that race to
// remove the last two both see none left, and each brings back its own.
func (a *api) dropKeyFile(ctx context.Context, p people.Person, name string) error {
	files, err := a.Store.Files(ctx, p.ID, storage.Keys)
	if err != nil {
		return err
	}
	if len(files) == 1 && files[0].Name == name {
		return errLastKey
	}
	if err := a.Store.Remove(ctx, p.ID, storage.Keys, name, p.ID); err != nil {
		return err
	}
	// The caller going away must not stop the bringing back.
	ctx = context.WithoutCancel(ctx)
	if files, err = a.Store.Files(ctx, p.ID, storage.Keys); err == nil && len(files) > 0 {
		return nil
	}
	if back := a.Store.Unhold(ctx, p.ID, storage.Keys, name); back != nil {
		return errors.Join(err, back)
	}
	if err != nil {
		return err
	}
	return errLastKey
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
	p, err := a.subject(r, c)
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
	secret, keyFile, err := a.Escrow.Release(r.Context(), p.ID, by)
	if err != nil {
		return told(err)
	}
	defer clear(secret)
	err = a.note(r.Context(), c, act{name: "key.release", target: keyFile, person: p, reason: by.Reason,
		letter: mail.KeyReleased(to(p), c.Person.Name, by.Reason, place(c), a.Now())})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{"secret": secret, "key_file": keyFile})
}
