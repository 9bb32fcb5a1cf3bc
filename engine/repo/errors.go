package repo

import (
	"errors"
	"fmt"

	"holdfast/engine/storage"
)

var (
	// ErrSecret says that no key file opens with the secret.
	ErrSecret = errors.New("repository: the secret opens none of its keys")
	// ErrNotRepository says that there is no repository at this place.
	ErrNotRepository = errors.New("repository: there is none here")
	// ErrNewer says that the repository is of a version this program cannot read.
	ErrNewer = errors.New("repository: made by a newer program")
	// ErrExists says that there is a repository already where one was to be made.
	ErrExists = errors.New("repository: there is one here already")
	// ErrDamaged says that bytes are not what was once written: wrong length,
	// wrong authentication code, wrong hash, or not decodable.
	ErrDamaged = errors.New("repository: damaged")
	// ErrLocked says that somebody else holds a lock that excludes ours; the
	// error is a *LockedError, which says who.
	ErrLocked = errors.New("repository: locked")
	// ErrKeyInUse says that the key to be removed is the one the repository was
	// opened with.
	ErrKeyInUse = errors.New("repository: this key is the one in use")
	// ErrTooLarge says that something to be written exceeds what the format or
	// this package can read back.
	ErrTooLarge = errors.New("repository: too large")
)

// ErrNotFound says that a blob is in no index, or that a file is not in the
// store. It is the store's own value, so that either can be asked for.
var ErrNotFound = storage.ErrNotFound

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}
