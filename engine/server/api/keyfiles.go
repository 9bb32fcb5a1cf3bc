package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"holdfast/engine/server/store"
	"holdfast/engine/storage"
)

// What a key file is for stands in its user name, in the open, where the computers
// write it (restic, doc/design.rst, "Keys"; the words are Holdfast's).
const (
	keyOfComputer    = "holdfast:computer:"
	keyOfInstitution = "holdfast:escrow"
)

// keyFilePending is what the key store has for the name of a key file that was not
// made yet, or whose maker did not come as far as saying which it is.
const keyFilePending = "pending"

// maxKeyFile is how much of one is read, in bytes; a longer one is none.
const maxKeyFile = 64 << 10

// keyFile is what can be seen of a key file without any secret.
type keyFile struct {
	name  string
	user  string
	whole bool // it is one, as far as can be seen
}

// persons says that the key is one that a person can open the files with anywhere: a
// recovery code, a passphrase, a password of restic's. That is what the file says of
// itself; whoever writes another word there shuts out nobody but themselves.
func (k keyFile) persons() bool {
	return k.whole && k.user != keyOfInstitution && !strings.HasPrefix(k.user, keyOfComputer)
}

// keyFiles are the stored ones of an account.
func (a *api) keyFiles(ctx context.Context, account string) ([]keyFile, error) {
	list, err := a.Store.Files(ctx, account, storage.Keys)
	if err != nil {
		return nil, err
	}
	files := make([]keyFile, 0, len(list))
	for _, o := range list {
		b, err := a.Store.Head(ctx, account, storage.Keys, o.Name, maxKeyFile)
		if errors.Is(err, store.ErrNotFound) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		files = append(files, readKeyFile(o.Name, b))
	}
	return files, nil
}

func readKeyFile(name string, b []byte) keyFile {
	var says struct {
		Username string `json:"username"`
		KDF      string `json:"kdf"`
		Data     []byte `json:"data"`
	}
	if json.Unmarshal(b, &says) != nil || says.KDF == "" || len(says.Data) == 0 {
		return keyFile{name: name}
	}
	return keyFile{name: name, user: says.Username, whole: true}
}

// keptKeyFiles are those that the secret in the key store opens, which has a name for
// one.
func keptKeyFiles(files []keyFile, named string) []keyFile {
	return slices.DeleteFunc(slices.Clone(files), func(k keyFile) bool {
		if named == keyFilePending {
			return k.user != keyOfInstitution
		}
		return k.name != named
	})
}

// errLastKey keeps an account from losing its files.
var errLastKey = problem(http.StatusConflict, "conflict", "Without this key nobody could open the stored files on a new computer, so it stays. Set a passphrase or make a new recovery code first. Nothing was changed.")

// dropKeyFiles puts key files into the hold, as long as what is left is enough. Two
// that race to remove the last two both see too little left, and each brings back its
// own.
func (a *api) dropKeyFiles(ctx context.Context, account string, drop []keyFile, enough func(left []keyFile) bool) error {
	check := func(ctx context.Context) error {
		files, err := a.keyFiles(ctx, account)
		if err == nil && !enough(without(files, drop)) {
			err = errLastKey
		}
		return err
	}
	if err := check(ctx); err != nil {
		return err
	}
	gone, err := a.holdKeyFiles(ctx, account, drop)
	ctx = context.WithoutCancel(ctx) // the caller going away must not stop the bringing back
	if err == nil {
		err = check(ctx)
	}
	if err == nil {
		return nil
	}
	for _, k := range gone {
		if back := a.Store.Unhold(ctx, account, storage.Keys, k.name); back != nil {
			return fmt.Errorf("a key file that has to stay could not be brought back: %w", back)
		}
	}
	return err
}

// holdKeyFiles says which it has put into the hold: not those where somebody else was
// faster.
func (a *api) holdKeyFiles(ctx context.Context, account string, files []keyFile) (gone []keyFile, err error) {
	for _, k := range files {
		err := a.Store.Remove(ctx, account, storage.Keys, k.name, account)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return gone, err
		}
		gone = append(gone, k)
	}
	return gone, nil
}

// without are the files that stay when some are dropped.
func without(files, drop []keyFile) []keyFile {
	return slices.DeleteFunc(slices.Clone(files), func(k keyFile) bool {
		return slices.ContainsFunc(drop, func(d keyFile) bool { return d.name == k.name })
	})
}

// anyPersons says that a person can open the files on a new computer by what they know.
func anyPersons(files []keyFile) bool { return slices.ContainsFunc(files, keyFile.persons) }
