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

// freshSession is the sign-in of the last minutes.
func (a *Agent) freshSession(op string) (*account.Session, error) {
	a.mu.Lock()
	s := a.signing
	a.mu.Unlock()
	if s != nil {
		select {
		case <-s.done:
			if s.err == nil && s.session.Fresh() {
				return s.session, nil
			}
		default:
		}
	}
	kind, text := refusal("fresh_sign_in_needed", "")
	return nil, &engine.Error{Op: op, Kind: kind, Message: text}
}

// keyRemover is how key files are taken away from the destination, or why they cannot
// be now; it is asked before anything is changed.
func (a *Agent) keyRemover(op string, r *repo.Repository) (func(ctx context.Context, id string) error, error) {
	_, where, err := a.connected(op)
	if err != nil || where.Account == nil {
		return r.RemoveKey, err
	}
	session, err := a.freshSession(op)
	if err != nil {
		return nil, err
	}
	return session.RemoveKeyFile, nil
}

// keepNoMore takes the key from the institution: from now on only the person has it.
func (a *Agent) keepNoMore(ctx context.Context) error {
	const op = "change key"
	_, where, err := a.connected(op)
	if err != nil || where.Account == nil {
		return err
	}
	session, err := a.freshSession(op)
	if err != nil {
		return err
	}
	info, err := session.Account(ctx)
	if err == nil && info.Key.Mode == keptStandard {
		err = session.ForgetKey(ctx)
	}
	return explainServer(op, where.Address, err)
}

// keepAgain gives the institution a key, where it has none.
func (a *Agent) keepAgain(ctx context.Context) error {
	const op = "change key"
	_, where, err := a.connected(op)
	if err != nil || where.Account == nil {
		return err
	}
	session, err := a.freshSession(op)
	if err != nil {
		return err
	}
	info, err := session.Account(ctx)
	if err != nil || info.Key.Mode == keptStandard {
		return explainServer(op, where.Address, err)
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
		return explain(op, where.Address, err)
	}
	return explainServer(op, where.Address, session.KeepKey(ctx, made.ID, []byte(text)))
}
