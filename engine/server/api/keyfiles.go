package api

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"holdfast/engine/server/access"
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

// readKeyFiles adds the stored ones of an account, by name; those that are known are not read
// again, because what a name stands for never changes.
func (a *api) readKeyFiles(ctx context.Context, account string, known map[string]keyFile) error {
	list, err := a.Store.Files(ctx, account, storage.Keys)
	if err != nil {
		return err
	}
	for _, o := range list {
		if _, is := known[o.Name]; is {
			continue
		}
		b, err := a.Store.Head(ctx, account, storage.Keys, o.Name, maxKeyFile)
		if errors.Is(err, store.ErrNotFound) {
			continue // removed meanwhile
		}
		if err != nil {
			return err
		}
		known[o.Name] = readKeyFile(o.Name, b)
	}
	return nil
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

// errUnread says that there is a key file that was not read yet.
var errUnread = errors.New("another key file has come meanwhile")

// changeKeys is commit with the key files of the caller's account, and with what the key
// store keeps of it: the secret of which key file, if any. Both are asked for before,
// because that may take as long as the storage and the key store like, and begin anew
// when another key file has come meanwhile. Of two changes at once the second finds the
// key files as the first has left them, whatever the key store said.
func (a *api) changeKeys(ctx context.Context, c access.Caller, change func(ctx context.Context, files []keyFile, kept bool, named string) (act, error)) error {
	known := map[string]keyFile{}
	for {
		if err := a.readKeyFiles(ctx, c.Person.ID, known); err != nil {
			return err
		}
		kept, named, _, err := a.Escrow.Mode(ctx, c.Person.ID)
		if err != nil {
			return told(err)
		}
		err = a.commit(ctx, c, func(ctx context.Context) (act, error) {
			files, err := a.takeKeyFiles(ctx, c.Person.ID, known)
			if err != nil {
				return act{}, err
			}
			return change(ctx, files, kept, named)
		})
		if !errors.Is(err, errUnread) {
			return err
		}
	}
}

// takeKeyFiles are the key files that nobody else drops before the end of the
// transaction: it takes the account first.
func (a *api) takeKeyFiles(ctx context.Context, account string, known map[string]keyFile) ([]keyFile, error) {
	err := a.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := a.People.Take(ctx, tx, account)
		return err
	})
	if err != nil {
		return nil, err
	}
	list, err := a.Store.Files(ctx, account, storage.Keys)
	if err != nil {
		return nil, err
	}
	files := make([]keyFile, 0, len(list))
	for _, o := range list {
		k, is := known[o.Name]
		if !is {
			return nil, errUnread
		}
		files = append(files, k)
	}
	return files, nil
}

// dropKeyFiles puts some of an account's key files, which were taken, into the hold, as
// long as what is left is enough.
func (a *api) dropKeyFiles(ctx context.Context, account string, files, drop []keyFile, enough func(left []keyFile) bool) error {
	if !enough(without(files, drop)) {
		return errLastKey
	}
	for _, k := range drop {
		err := a.Store.Remove(ctx, account, storage.Keys, k.name, account)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// without are the files that stay when some are dropped.
func without(files, drop []keyFile) []keyFile {
	return slices.DeleteFunc(slices.Clone(files), func(k keyFile) bool {
		return slices.ContainsFunc(drop, func(d keyFile) bool { return d.name == k.name })
	})
}

// anyPersons says that a person can open the files on a new computer by what they know.
func anyPersons(files []keyFile) bool { return slices.ContainsFunc(files, keyFile.persons) }
