package agent

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"holdfast/engine"
	"holdfast/engine/repo"
)

// KeyList implements engine.Keys.
func (a *Agent) KeyList(ctx context.Context) ([]engine.Key, error) {
	const op = "list keys"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return nil, err
	}
	defer end()
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	infos, err := r.Keys(ctx)
	if err != nil {
		return nil, explain(op, r.Store().Location(), err)
	}
	kept, err := a.keptKeyFile(ctx, op)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	if computers, err := a.Computers(ctx); err == nil {
		for _, c := range computers {
			names[c.ID] = c.Name
		}
	}
	keys := make([]engine.Key, 0, len(infos))
	for _, info := range infos {
		k := engine.Key{ID: info.ID, Kind: keyKind(info), Computer: info.Hostname, Created: info.Created, Current: info.ID == r.KeyID()}
		if name := names[strings.TrimPrefix(info.Username, keyComputer)]; name != "" && k.Kind == engine.KeyComputer {
			k.Computer = name
		}
		if k.Kind == engine.KeyInstitution && kept != info.ID && kept != keyPending { // whose secret it never got, or forgot
			k.Kind = engine.KeyOther
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// keyKind is what a key file says that it is for.
func keyKind(info repo.KeyInfo) engine.KeyKind {
	switch info.Username {
	case keyRecovery:
		return engine.KeyRecovery
	case keyPassphrase:
		return engine.KeyPassphrase
	case keyEscrow:
		return engine.KeyInstitution
	}
	if strings.HasPrefix(info.Username, keyComputer) {
		return engine.KeyComputer
	}
	return engine.KeyOther
}

// personal says that a person knows what opens the key, and so can use it anywhere.
func personal(kind engine.KeyKind) bool {
	return kind != engine.KeyComputer && kind != engine.KeyInstitution
}

// NewRecoveryCode implements engine.Keys. The new code is stored before the old one
// is taken away, so that there is one at any time.
func (a *Agent) NewRecoveryCode(ctx context.Context) (string, error) {
	ctx, end, err := a.begin(ctx, "change key")
	if err != nil {
		return "", err
	}
	defer end()
	code := newRecoveryCode()
	if err := a.replaceKey(ctx, keyRecovery, repo.NewKey{Secret: code, Username: keyRecovery, Random: true}); err != nil {
		return "", err
	}
	a.event(engine.ToneOK, "key", "A new recovery code was made; the old one opens nothing any more.")
	return code, nil
}

// SetPassphrase implements engine.Keys.
func (a *Agent) SetPassphrase(ctx context.Context, passphrase string) error {
	ctx, end, err := a.begin(ctx, "change key")
	if err != nil {
		return err
	}
	defer end()
	if passphrase == "" {
		if err := a.keepAgain(ctx); err != nil {
			return err
		}
		if err := a.replaceKey(ctx, keyPassphrase, repo.NewKey{}); err != nil {
			return err
		}
		a.event(engine.ToneOK, "key", "The passphrase was taken away.")
		return nil
	}
	if utf8.RuneCountInString(passphrase) < engine.MinPassphrase {
		return tooShort("set passphrase")
	}
	if err := a.replaceKey(ctx, keyPassphrase, repo.NewKey{Secret: passphrase, Username: keyPassphrase}); err != nil {
		return err
	}
	if err := a.keepNoMore(ctx); err != nil {
		return err
	}
	a.event(engine.ToneOK, "key", "The passphrase was changed.")
	return nil
}

func tooShort(op string) error {
	return invalid(op, "", fmt.Sprintf("A passphrase needs at least %d characters; several words are best. Nothing was changed.", engine.MinPassphrase))
}

// replaceKey adds a key and removes those that had the same purpose. A key without
// a secret is only removed.
func (a *Agent) replaceKey(ctx context.Context, purpose string, key repo.NewKey) error {
	const op = "change key"
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return err
	}
	defer done()
	remove, err := a.keyRemover(ctx, op, r)
	if err != nil {
		return err
	}
	old, err := r.Keys(ctx)
	if err != nil {
		return explain(op, r.Store().Location(), err)
	}
	for _, info := range old {
		if info.Username == purpose && info.ID == r.KeyID() {
			return invalid(op, "", "The old one opens the backup just now, so it cannot be replaced. Nothing was changed. Open the backup in another way, then change it.")
		}
	}
	if key.Secret != "" {
		if _, err := r.AddKey(ctx, key); err != nil {
			return explain(op, r.Store().Location(), err)
		}
	}
	for _, info := range old {
		if info.Username != purpose {
			continue
		}
		if err := remove(ctx, info.ID); err != nil {
			return explain(op, r.Store().Location(), err)
		}
	}
	a.notices.tell(engine.TopicSettings)
	return nil
}

// RevokeKey implements engine.Keys. An id may be cut short as long as it is
// unambiguous.
func (a *Agent) RevokeKey(ctx context.Context, id string) error {
	const op = "revoke key"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return err
	}
	defer end()
	keys, err := a.KeyList(ctx)
	if err != nil {
		return err
	}
	var match []engine.Key
	for _, k := range keys {
		if id != "" && strings.HasPrefix(k.ID, id) {
			match = append(match, k)
		}
	}
	switch {
	case len(match) == 0:
		return &engine.Error{Op: op, Kind: engine.KindNotFound, Message: "There is no such key. Nothing was changed."}
	case len(match) > 1:
		return invalid(op, id, "Several keys begin like this. Nothing was changed. Give more of it.")
	case match[0].Current:
		return invalid(op, id, "This is the key that this computer uses. To stop using it here, disconnect in Settings. Nothing was changed.")
	}
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return err
	}
	defer done()
	if err := a.mayRevoke(ctx, op, r, match[0]); err != nil {
		return err
	}
	remove, err := a.keyRemover(ctx, op, r)
	if err != nil {
		return err
	}
	if err := remove(ctx, match[0].ID); err != nil {
		return explain(op, r.Store().Location(), err)
	}
	a.event(engine.ToneWarn, "key", "A key (%s, %s) was revoked.", match[0].Kind, match[0].Computer)
	a.notices.tell(engine.TopicSettings)
	return nil
}
