package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/repo"
)

// An account's key files are taken away by a person with a fresh sign-in, never by a
// computer alone: its credential adds and reads only.

// freshSession is the sign-in of the last minutes, of the person whose account this
// computer backs up to, and what the server says about that account.
func (a *Agent) freshSession(ctx context.Context, op string) (*account.Session, account.Account, error) {
	a.mu.Lock()
	s := a.signing
	a.mu.Unlock()
	if s == nil || !s.fresh() {
		kind, text := refusal("fresh_sign_in_needed", "")
		return nil, account.Account{}, &engine.Error{Op: op, Kind: kind, Message: text}
	}
	info, err := s.session.Account(ctx)
	if err != nil {
		return nil, info, explainServer(op, s.server.Info().Origin, err)
	}
	if _, err := a.mayJoin(s, info); err != nil {
		_ = a.CancelSignIn(ctx, s.id) // so that the next try asks who it is
		return nil, info, err
	}
	return s.session, info, nil
}

// fresh says that the person has just signed in.
func (s *signIn) fresh() bool {
	select {
	case <-s.done:
		return s.err == nil && s.session.Fresh()
	default:
		return false
	}
}

// keyRemover is how key files are taken away from the destination, or why they cannot
// be now; it is asked before anything is changed.
func (a *Agent) keyRemover(ctx context.Context, op string, r *repo.Repository) (func(ctx context.Context, id string) error, error) {
	_, where, err := a.connected(op)
	if err != nil || where.Account == nil {
		return r.RemoveKey, err
	}
	session, _, err := a.freshSession(ctx, op)
	if err != nil {
		return nil, err
	}
	return session.RemoveKeyFile, nil
}

// keeping is how the institution keeps the key of an account, and the sign-in that may
// change it.
type keeping struct {
	*account.Session
	address string
	kept    bool
}

// keeping asks for it; nil for a folder, of which no institution keeps a key.
func (a *Agent) keeping(ctx context.Context, op string) (*keeping, error) {
	_, where, err := a.connected(op)
	if err != nil || where.Account == nil {
		return nil, err
	}
	session, info, err := a.freshSession(ctx, op)
	if err != nil {
		return nil, err
	}
	return &keeping{session, where.Address, info.Key.Mode == keptStandard}, nil
}

// keptKeyFile is the key file that the institution has the secret of, "" for none.
func (a *Agent) keptKeyFile(ctx context.Context, op string) (string, error) {
	_, where, err := a.connected(op)
	if err != nil || where.Account == nil {
		return "", err
	}
	d, err := a.asDevice(ctx, where)
	if err != nil {
		return "", err
	}
	defer d.Close()
	info, err := d.Account(ctx)
	return info.Key.KeyFile, explainServer(op, where.Address, err)
}

// keepNoMore takes the key from the institution: from now on only the person has it.
func (a *Agent) keepNoMore(ctx context.Context) error {
	const op = "change key"
	k, err := a.keeping(ctx, op)
	if err != nil || k == nil || !k.kept {
		return err
	}
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return err
	}
	defer done()
	if err := personLeft(ctx, op, r, ""); err != nil {
		return err
	}
	return explainServer(op, k.address, k.ForgetKey(ctx))
}

// mayRevoke keeps a person from shutting themselves out: of an account, the last key
// that opens it on a new computer stays.
func (a *Agent) mayRevoke(ctx context.Context, op string, r *repo.Repository, key engine.Key) error {
	k, err := a.keeping(ctx, op)
	switch {
	case err != nil || k == nil:
		return err
	case k.kept && key.Kind == engine.KeyInstitution:
		return invalid(op, "", "Your institution keeps this key for you, so that you can open the backup on a new computer. Nothing was changed. Set a passphrase instead, and only you have the key from then on.")
	case k.kept || !personal(key.Kind):
		return nil
	}
	return personLeft(ctx, op, r, key.ID)
}

// personLeft is nil when somebody can open the repository on a new computer by what
// they know, once a key is gone.
func personLeft(ctx context.Context, op string, r *repo.Repository, gone string) error {
	infos, err := r.Keys(ctx)
	if err != nil {
		return explain(op, r.Store().Location(), err)
	}
	for _, info := range infos {
		if info.ID != gone && personal(keyKind(info)) && !info.Created.IsZero() { // without that it is damaged
			return nil
		}
	}
	return invalid(op, "", "Without this key nobody could open the backup on a new computer: only the computers that have it now. Nothing was changed. Set a passphrase or make a new recovery code first.")
}

// keepAgain gives the institution a key, where it has none.
func (a *Agent) keepAgain(ctx context.Context) error {
	const op = "change key"
	k, err := a.keeping(ctx, op)
	if err != nil || k == nil || k.kept {
		return err
	}
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return err
	}
	defer done()
	secret := make([]byte, 32)
	rand.Read(secret)
	text := hex.EncodeToString(secret)
	made, err := r.AddKey(ctx, repo.NewKey{Secret: text, Username: keyEscrow, Random: true})
	if err != nil {
		return explain(op, k.address, err)
	}
	return explainServer(op, k.address, k.KeepKey(ctx, made.ID, []byte(text)))
}
