// Package keychain keeps the few small secrets of this computer: the key that opens
// its backup.
//
// They lie in the keychain of the operating system (Secret Service on Linux, Keychain
// on macOS, Credential Manager on Windows). Where that does not answer, as on a
// server without a desktop, they lie in a sealed file in the state folder instead,
// and Note says what that means.
//
// The file keys.sealed also records which secrets the operating system holds. So a
// keychain that is locked or still starting is ErrUnavailable, to be tried again,
// and only a secret that is nowhere is ErrNotFound: whoever confuses the two sets up
// a new key over a good one.
//
// A sealed secret is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) under a random key
// beside it that only the user can read, or under scrypt (RFC 7914) of a password
// when there is one.
//
// A desktop's keychain can hang: on a prompt nobody sees, on a bus that is dying. No
// call here takes longer than a few seconds. What hangs is left behind, at most one
// at a time.
package keychain

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Keychain keeps small secrets under names. Methods are safe for use by several
// goroutines and by several programs of one user, may block for a few seconds, and
// must not be called from a goroutine that draws a window.
type Keychain interface {
	// Get reads a secret: ErrNotFound, ErrUnavailable, ErrPassword or ErrDamaged
	// when it cannot.
	Get(name string) ([]byte, error)
	// Set keeps a secret, in place of the one of that name. It can be read back
	// when Set returns nil.
	Set(name string, secret []byte) error
	// Delete forgets a secret. ErrNotFound when there is none.
	Delete(name string) error
	// Place is where the secrets lie, or would lie: InSystem or InFile.
	Place() string
	// Note is what the place means for a person, "" when it is the best there is.
	Note() string
}

// Places.
const (
	InSystem = "OS keychain"
	InFile   = "sealed file"
)

var (
	ErrNotFound    = errors.New("no such secret")
	ErrUnavailable = errors.New("the keychain of this computer does not answer or is locked")
	ErrPassword    = errors.New("the password does not open the sealed file")
	ErrDamaged     = errors.New("the sealed file is damaged")
)

// MaxSecret is the longest secret, as the strictest keychain has it.
const MaxSecret = 1024 // bytes

// service is the name under which the operating system files our secrets.
const service = "Holdfast"

// patience is how long a call may take. A computer that has just started and is busy with
// everything else answers late, and what is then taken for hung goes to the file.
const patience = 15 * time.Second

// Options say where and how.
type Options struct {
	Folder   string // the state folder
	Password string // seals the file instead of a key beside it; may be empty
	FileOnly bool   // do not ask the operating system
}

// Open opens the keychain, and makes the state folder when it is missing. It asks
// the operating system nothing yet.
func Open(o Options) (Keychain, error) {
	var v vault = systemVault{}
	if o.FileOnly {
		v = noVault{}
	}
	return open(o, v, patience)
}

func open(o Options, v vault, patience time.Duration) (*keys, error) {
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for the keys: %w", err)
	}
	return &keys{
		system: newPatient(v, patience),
		file: file{
			path:     filepath.Join(o.Folder, "keys.sealed"),
			keyPath:  filepath.Join(o.Folder, "keys.key"),
			lockPath: filepath.Join(o.Folder, "keys.lock"),
			password: o.Password,
		},
	}, nil
}

// keys is the keychain of the system with the sealed file behind it. The record in
// the file decides where a secret is looked for.
type keys struct {
	system *patient
	file   file
}

func (k *keys) Get(name string) ([]byte, error) {
	records, err := k.file.read()
	if err != nil {
		return nil, err
	}
	record, known := records.Secrets[name]
	if known && record.Place == placeFile {
		return k.file.unseal(name, record)
	}
	// Ask even without a record: the state folder may be new and the keychain not.
	secret, err := k.ask(name)
	if errors.Is(err, ErrUnavailable) && !known {
		return nil, fmt.Errorf("%w: %q (%w)", ErrNotFound, name, err)
	}
	return secret, err
}

func (k *keys) ask(name string) ([]byte, error) {
	text, err := k.system.Get(service, name)
	if err != nil {
		return nil, err
	}
	secret, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: what the keychain holds for %q is not ours", ErrDamaged, name)
	}
	return secret, nil
}

func (k *keys) Set(name string, secret []byte) error {
	if len(secret) > MaxSecret {
		return fmt.Errorf("keeping %q: a secret of %d bytes is longer than %d", name, len(secret), MaxSecret)
	}
	record := record{Place: placeSystem}
	if !k.give(name, secret) {
		var err error
		if record, err = k.file.seal(name, secret); err != nil {
			return err
		}
	}
	return k.file.change(func(r *records) error {
		r.Secrets[name] = record
		return nil
	})
}

// give hands a secret to the system and reads it back: a keychain that takes a key
// and does not give it back would lose somebody's files.
func (k *keys) give(name string, secret []byte) bool {
	text := base64.RawStdEncoding.EncodeToString(secret)
	if k.system.Set(service, name, text) != nil {
		return false
	}
	back, err := k.system.Get(service, name)
	return err == nil && back == text
}

func (k *keys) Delete(name string) error {
	return k.file.change(func(r *records) error {
		record, known := r.Secrets[name]
		err := k.system.Delete(service, name)
		switch {
		case err == nil, known && record.Place == placeFile:
			// A copy that a dead keychain may still have of a secret in the file is
			// not asked for again, and is overwritten by the next Set.
		case errors.Is(err, ErrUnavailable) && !known:
			return fmt.Errorf("%w: %q", ErrNotFound, name)
		case errors.Is(err, ErrNotFound) && known:
		default:
			return err
		}
		delete(r.Secrets, name)
		return nil
	})
}

func (k *keys) Place() string {
	place, _ := k.place()
	return place
}

// place also says whether any secret is sealed without a password.
func (k *keys) place() (place string, open bool) {
	records, err := k.file.read()
	if err != nil {
		return InFile, false
	}
	system := false
	for _, r := range records.Secrets {
		switch {
		case r.Place == placeSystem:
			system = true
		case r.Salt == nil:
			place, open = InFile, true
		default:
			place = InFile
		}
	}
	if place == "" && !system {
		if _, err := k.system.Get(service, "a name that nothing has"); errors.Is(err, ErrUnavailable) {
			return InFile, k.file.password == ""
		}
	}
	if place == "" {
		place = InSystem
	}
	return place, open
}

func (k *keys) Note() string {
	place, open := k.place()
	switch {
	case place == InSystem:
		return ""
	case open:
		return "This computer's keychain does not answer, so the key to your backup lies in a file that only your user account can open. " +
			"Whoever gets into your account, or takes out an unencrypted disk, gets the key with it: keep the disk encrypted."
	}
	return "This computer's keychain does not answer, so the key to your backup lies in a file that is sealed with your password. " +
		"Holdfast needs that password again after each restart."
}
