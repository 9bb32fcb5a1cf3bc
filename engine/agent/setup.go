package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/keychain"
	"holdfast/engine/repo"
	"holdfast/engine/selection"
	"holdfast/engine/storage"
	"holdfast/engine/storage/local"
)

// What the key files at the destination are for is in their user name field.
const (
	keyComputer   = "holdfast:computer:"
	keyRecovery   = "holdfast:recovery"
	keyPassphrase = "holdfast:passphrase"
)

// Connect implements engine.Setup.
func (a *Agent) Connect(ctx context.Context, q engine.ConnectRequest) (engine.Connected, error) {
	const op = "set up"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.Connected{}, err
	}
	defer end()
	place, why, err := inspect(ctx, q.Address)
	if err != nil {
		return engine.Connected{}, err
	}
	if same, err := a.already(ctx, place, q); same || err != nil {
		return engine.Connected{}, err
	}
	if within(place.Address, a.Home) {
		return engine.Connected{}, invalid(op, place.Address, fmt.Sprintf("%s lies in the folder of Holdfast's own state, which cannot hold the backup too. Nothing was changed. Choose another folder.", place.Address))
	}
	var out engine.Connected
	switch place.State {
	case engine.PlaceEmpty, engine.PlaceMissing:
		out, err = a.make(ctx, place.Address, q)
	case engine.PlaceRepository:
		out, err = a.join(ctx, place.Address, q)
	case engine.PlaceOther:
		err = &engine.Error{Op: op, Kind: why, Path: place.Address, Message: place.Message + " Nothing was changed."}
	default:
		err = &engine.Error{Op: op, Kind: why, Path: place.Address, Message: place.Message + " Nothing was changed."}
	}
	if err != nil {
		return engine.Connected{}, explain(op, place.Address, err)
	}
	a.event(engine.ToneOK, "settings", "Files are kept in %s.", place.Address)
	a.setUpNow()
	a.jobs.goOn()
	a.notices.tell(engine.TopicStatus, engine.TopicSettings, engine.TopicFiles)
	return out, nil
}

// already recognises the destination that is connected. Another one has to be
// disconnected first, so that no one loses sight of a backup by a slip.
func (a *Agent) already(ctx context.Context, place engine.Place, q engine.ConnectRequest) (bool, error) {
	a.mu.Lock()
	where := a.where
	a.mu.Unlock()
	if where == nil {
		return false, nil
	}
	if where.Address != place.Address {
		return false, invalid("set up", place.Address, fmt.Sprintf("Files are kept in %s already. Disconnect it in Settings first (in a terminal: holdfast sign-out); what is stored there stays.", where.Address))
	}
	_, done, err := a.repository(ctx, "set up")
	if err != nil {
		return false, err
	}
	done()
	return true, nil
}

// make makes a new destination. Its first key is the recovery code.
func (a *Agent) make(ctx context.Context, address string, q engine.ConnectRequest) (engine.Connected, error) {
	store, err := local.Create(address)
	if err != nil {
		return engine.Connected{}, err
	}
	code := newRecoveryCode()
	r, err := repo.Init(ctx, store, repo.InitOptions{Key: repo.NewKey{Secret: code, Username: keyRecovery, Random: true}})
	if err != nil {
		store.Close()
		return engine.Connected{}, err
	}
	out := engine.Connected{Made: true, RecoveryCode: code}
	out.KeyNote, err = a.settle(ctx, a.folder(address, r), r, q)
	return out, err
}

// join opens a destination that exists.
func (a *Agent) join(ctx context.Context, address string, q engine.ConnectRequest) (engine.Connected, error) {
	store, err := local.Open(address)
	if err != nil {
		return engine.Connected{}, err
	}
	secret := q.Secret
	if secret == "" {
		secret = a.Password
	}
	if secret == "" {
		store.Close()
		return engine.Connected{}, &engine.Error{Op: "set up", Kind: engine.KindSecret, Path: address,
			Message: fmt.Sprintf("There is a backup in %s already. Its password or recovery code is needed to open it. Nothing was changed.", address)}
	}
	r, err := openWith(ctx, store, secret)
	if err != nil {
		store.Close()
		return engine.Connected{}, err
	}
	var out engine.Connected
	if out.KeyNote, err = a.settle(ctx, a.folder(address, r), r, q); err != nil {
		return out, err
	}
	if err := a.sync(ctx); err != nil {
		return out, err
	}
	out.Computers, err = a.Computers(ctx)
	return out, err
}

// openWith tries a secret as it was typed, and as a recovery code that lost its
// case or dashes on the way.
func openWith(ctx context.Context, store storage.Store, secret string) (*repo.Repository, error) {
	r, err := repo.Open(ctx, store, secret)
	if errors.Is(err, repo.ErrSecret) {
		if code, ok := normalRecoveryCode(secret); ok && code != secret {
			return repo.Open(ctx, store, code)
		}
	}
	return r, err
}

// folder is what is noted of a destination without a server.
func (a *Agent) folder(address string, r *repo.Repository) *destinationFile {
	return &destinationFile{Address: address, Repository: r.Config().ID, Device: newID(), Connected: a.Now()}
}

// settle gives this computer its key at a destination, and notes both.
func (a *Agent) settle(ctx context.Context, where *destinationFile, r *repo.Repository, q engine.ConnectRequest) (note string, err error) {
	name := q.Computer
	if name == "" {
		name = hostName()
	}
	if q.Passphrase != "" {
		if _, err := r.AddKey(ctx, repo.NewKey{Secret: q.Passphrase, Username: keyPassphrase}); err != nil {
			return "", err
		}
	}
	secret := a.Password
	if secret != "" {
		where.Key, err = a.passwordKey(ctx, r)
	} else {
		where.Key, secret, note, err = a.computerKey(ctx, r, where.Device)
	}
	if err != nil {
		return "", err
	}
	// From here on by the key that stays, so that the one it was opened with can be
	// replaced.
	if r, err = repo.OpenHinted(ctx, r.Store(), where.Key, secret); err != nil {
		return note, err
	}
	if err := a.saveSettings(func(s *settingsFile) {
		s.Settings.Computer = name
		s.Once, s.Removals, s.Replaced, s.Lost = nil, nil, nil, false // of another destination
		if s.Selection.Choices == nil {
			s.Selection = selection.Default(userHome())
			s.Changed = a.Now()
		}
	}); err != nil {
		return note, err
	}
	if err := a.openCatalog(ctx, where); err != nil {
		return note, err
	}
	a.mu.Lock()
	a.repo, a.shut = &opened{Repository: r}, nil
	a.mu.Unlock()
	c, _, err := a.connected("set up")
	if err != nil {
		return note, err
	}
	device := catalog.Device{ID: where.Device, Name: name, This: true, Home: userHome()}
	if err := c.PutDevice(ctx, device); err != nil {
		return note, err
	}
	return note, a.home.write("destination.json", where)
}

// passwordKey makes the given password a key of its own, unless it opened the
// repository itself.
func (a *Agent) passwordKey(ctx context.Context, r *repo.Repository) (string, error) {
	if again, err := repo.OpenHinted(ctx, r.Store(), r.KeyID(), a.Password); err == nil {
		return again.KeyID(), nil
	}
	info, err := r.AddKey(ctx, repo.NewKey{Secret: a.Password, Username: keyPassphrase})
	return info.ID, err
}

// computerKey makes a key for this computer and puts it into the keychain.
func (a *Agent) computerKey(ctx context.Context, r *repo.Repository, device string) (id, text, note string, err error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", "", "", err
	}
	text = hex.EncodeToString(secret)
	info, err := r.AddKey(ctx, repo.NewKey{Secret: text, Username: keyComputer + device, Random: true})
	if err != nil {
		return "", "", "", err
	}
	if err := a.Keychain.Set(r.Config().ID, []byte(text)); err != nil {
		return "", "", "", errors.Join(err, r.RemoveKey(ctx, info.ID))
	}
	return info.ID, text, a.Keychain.Note(), nil
}

// openRepository opens the connected destination with the key of this computer.
func (a *Agent) openRepository(ctx context.Context, where *destinationFile) (*repo.Repository, error) {
	store, err := a.openStore(ctx, where)
	if err != nil {
		return nil, err
	}
	r, err := a.unlock(ctx, store, where)
	if err != nil {
		store.Close()
		return nil, err
	}
	if r.Config().ID != where.Repository {
		store.Close()
		return nil, &engine.Error{Op: "open", Kind: engine.KindNotRepo, Path: where.Address,
			Message: fmt.Sprintf("The backup in %s is not the one that this computer uses. Nothing was changed. Connect the right drive, or disconnect in Settings and set it up anew.", where.Address)}
	}
	return r, nil
}

func (a *Agent) unlock(ctx context.Context, store storage.Store, where *destinationFile) (*repo.Repository, error) {
	if a.Password != "" {
		return repo.OpenHinted(ctx, store, where.Key, a.Password)
	}
	secret, err := a.Keychain.Get(where.Repository)
	if err != nil {
		return nil, keyLost(where, err)
	}
	r, err := repo.OpenHinted(ctx, store, where.Key, string(secret))
	if errors.Is(err, repo.ErrSecret) { // nobody typed it, so nobody mistyped it
		return nil, &engine.Error{Op: "open", Kind: engine.KindSecret, Path: where.Address, Err: err,
			Message: fmt.Sprintf("The key of this computer does not open the backup in %s any more: it was revoked, or its file there is damaged. What is stored is safe. %s", where.Address, where.another())}
	}
	return r, err
}

// another is how this computer gets another key.
func (where *destinationFile) another() string {
	if where.Account != nil {
		return "Sign in again, and this computer gets another key."
	}
	return "Disconnect in Settings and open the same folder again with your recovery code."
}

// locked says that the keychain may have the key and does not give it now. Without a
// keychain, one that the sealed file does not have is gone.
func locked(err error) bool {
	return errors.Is(err, keychain.ErrUnavailable) && !errors.Is(err, keychain.ErrNotFound)
}

func keyLost(where *destinationFile, err error) error {
	address := where.Address
	e := &engine.Error{Op: "open", Kind: engine.KindSecret, Path: address, Err: err}
	if locked(err) {
		e.Message = fmt.Sprintf("The keychain of this computer is locked or does not answer, so the backup in %s cannot be opened now. What is stored is safe. Unlock the keychain; Holdfast tries again by itself.", address)
		return e
	}
	e.Message = fmt.Sprintf("The key of this computer for the backup in %s is gone from the keychain. What is stored is safe. %s", address, where.another())
	return e
}

// Disconnect implements engine.Setup.
func (a *Agent) Disconnect(ctx context.Context) (engine.Disconnected, error) {
	var out engine.Disconnected
	ctx, end, err := a.begin(ctx, "disconnect")
	if err != nil {
		return out, err
	}
	defer end()
	c, where, err := a.connected("disconnect")
	if err != nil {
		return out, err
	}
	stay, err := a.leave(ctx)
	if err != nil {
		return out, explain("disconnect", where.Address, err)
	}
	defer stay()
	if _, now, err := a.connected("disconnect"); err != nil || now != where {
		return out, notSetUp("disconnect")
	}
	a.jobs.stop()
	defer a.jobs.goOn()
	out.Note = a.signOut(ctx, where)
	for _, name := range []string{where.Repository, credentialName(where.Repository)} {
		if err := a.Keychain.Delete(name); err != nil && !errors.Is(err, keychain.ErrNotFound) {
			a.Log.Error("a secret could not be taken out of the keychain", "error", err)
		}
	}
	if err := errors.Join(a.home.remove("destination.json"), a.home.remove(replaceName)); err != nil {
		return out, explain("disconnect", where.Address, err)
	}
	if err := a.saveSettings(func(s *settingsFile) { s.Once, s.Removals, s.Replaced = nil, nil, nil }); err != nil {
		a.Log.Error("what belonged to the destination could not be forgotten", "error", err)
	}
	a.dropRepository()
	a.mu.Lock()
	a.where, a.catalog, a.fault, a.shut = nil, nil, nil, nil
	signing := a.signing
	a.signing, a.others, a.settingsSent = nil, others{}, time.Time{}
	a.mu.Unlock()
	if signing != nil {
		signing.end() // nobody waits in vain for a browser
	}
	err = c.Close()
	a.notices.tell(engine.TopicStatus, engine.TopicSettings, engine.TopicFiles)
	return out, err
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "This computer"
	}
	return name
}
