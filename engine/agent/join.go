package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"runtime"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// keyEscrow is the key file that the institution's key store opens.
const keyEscrow = "holdfast:escrow"

// keyPending is what the key store has for the name of the key file until that is made.
const keyPending = "pending"

// Join implements engine.Account. The order is: a seat, then the repository, then the
// key of this computer, then the note on this computer. What was done when one of
// them fails is found again by the next try.
func (a *Agent) Join(ctx context.Context, q engine.JoinRequest) (engine.Connected, error) {
	const op = "join"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.Connected{}, err
	}
	defer end()
	s, err := a.signedIn(ctx, op, q.SignIn)
	if err != nil {
		return engine.Connected{}, err
	}
	origin := s.server.Info().Origin
	info, err := s.session.Account(ctx)
	if err != nil {
		return engine.Connected{}, explainServer(op, origin, err)
	}
	before, err := a.mayJoin(s, info)
	if err != nil {
		return engine.Connected{}, err
	}
	if err := a.takeSeat(ctx, s, q, before); err != nil {
		return engine.Connected{}, explainServer(op, origin, err)
	}
	if q.Begin != "" {
		if err := a.beginJoined(ctx, s, q.Begin); err != nil {
			return engine.Connected{}, explainServer(op, origin, err)
		}
	}
	if before != nil && (q.Replace == "" || q.Replace == before.Device) { // the same computer signs in again: its key and its list stay
		return a.comeBack(ctx, s, before, info, q.Secret)
	}
	if before != nil { // it leaves its own seat for that of another
		if _, err := a.Disconnect(ctx); err != nil {
			return engine.Connected{}, err
		}
	}
	out, err := a.openAccount(ctx, s, q)
	if err != nil {
		return engine.Connected{}, explainStored(op, origin, err)
	}
	a.event(engine.ToneOK, "settings", "Signed in to %s as %s; files are kept there.", s.server.Info().Name, info.Person.Email)
	a.setUpNow()
	a.jobs.goOn()
	a.notices.tell(engine.TopicStatus, engine.TopicSettings, engine.TopicFiles, engine.TopicSelection)
	return out, nil
}

// mayJoin gives the destination that is connected when it is this account: then the
// same computer signs in again. Another destination, or the account of somebody else,
// has to be disconnected first.
func (a *Agent) mayJoin(s *signIn, info account.Account) (*destinationFile, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.where == nil {
		return nil, nil
	}
	if a.where.Account != nil && a.where.Account.Server == s.server.Info().ID {
		if !a.where.Account.of(info) {
			return nil, invalid("join", a.where.Address, "This computer backs up to the account of "+a.where.Account.Email+", and you signed in as "+info.Person.Email+". Nothing was changed. Sign in as the same person, or disconnect in Settings first (in a terminal: holdfast sign-out).")
		}
		return a.where, nil
	}
	return nil, invalid("join", a.where.Address, "Files are kept in "+a.where.Address+" already. Disconnect it in Settings first (in a terminal: holdfast sign-out); what is stored there stays.")
}

// of says whether it is this account. A person's e-mail can change, and become somebody
// else's.
func (f *accountFile) of(info account.Account) bool {
	if f.Person == "" {
		return f.Email == info.Person.Email
	}
	return f.Person == info.Person.ID
}

// takeSeat makes this computer one of the account, once for each sign-in.
func (a *Agent) takeSeat(ctx context.Context, s *signIn, q engine.JoinRequest, before *destinationFile) error {
	if s.seat != nil && (q.Begin != "" || !s.seat.computer.Lent) {
		return nil
	}
	name := q.Computer
	if name == "" {
		name = s.computer
	}
	owner := q.Owner
	if owner == "" {
		owner = engine.OwnerInstitution
	}
	fresh := account.NewComputer{Name: name, Asset: q.Asset, Owner: owner, OS: runtime.GOOS, Lent: q.Begin != ""}
	var taken seat
	var err error
	switch {
	case before != nil && (q.Replace == "" || q.Replace == before.Device):
		taken.computer, taken.credential, err = s.session.Authorize(ctx, before.Device, before.Account.Generation)
	case q.Replace != "":
		taken.computer, taken.credential, err = s.session.Replace(ctx, q.Replace, fresh)
	default:
		taken, err = s.register(ctx, fresh)
	}
	if err != nil {
		return err
	}
	s.seat = &taken
	return nil
}

// comeBack is for a computer that the server had signed out, or that lost what its
// keychain had.
func (a *Agent) comeBack(ctx context.Context, s *signIn, where *destinationFile, info account.Account, secret string) (engine.Connected, error) {
	const op = "sign in"
	if err := a.Keychain.Set(credentialName(where.Repository), []byte(s.seat.credential)); err != nil {
		return engine.Connected{}, explain(op, where.Address, err)
	}
	next := *where
	out, err := a.renewKey(ctx, s, &next, info, secret)
	if err != nil {
		return out, explainStored(op, where.Address, err)
	}
	note := *where.Account
	note.Generation, note.Fingerprint = s.seat.computer.Generation, s.server.Info().Fingerprint
	note.Person, note.Email, note.Name = info.Person.ID, info.Person.Email, s.server.Info().Name
	next.Address = s.server.Info().Origin
	next.Account = &note
	if err := a.home.write("destination.json", next); err != nil {
		return engine.Connected{}, explain(op, where.Address, err)
	}
	a.dropRepository()
	a.mu.Lock()
	a.where, a.shut = &next, nil
	a.mu.Unlock()
	a.forgiven()
	a.event(engine.ToneOK, "settings", "Signed in again to %s.", note.Name)
	a.setUpNow()
	a.notices.tell(engine.TopicStatus, engine.TopicSettings)
	return out, nil
}

// renewKey gives this computer another key when the one it had is gone or opens
// nothing any more. A server that cannot be asked for that now changes nothing.
func (a *Agent) renewKey(ctx context.Context, s *signIn, where *destinationFile, info account.Account, secret string) (engine.Connected, error) {
	var out engine.Connected
	store, err := s.server.Device(s.seat.credential).Store()
	if err != nil {
		return out, err
	}
	defer store.Close()
	_, err = a.unlock(ctx, store, where)
	if locked(err) { // nothing that a person could type opens it
		return out, &engine.Error{Op: "sign in", Kind: engine.KindOther, Path: where.Address, Err: err, Message: err.Error()}
	}
	if engine.KindOf(err) == engine.KindSecret && a.Password != "" {
		return out, err
	}
	if engine.KindOf(err) != engine.KindSecret {
		return out, nil
	}
	r, err := a.openEscrowed(ctx, s.session, store, info, secret)
	if err != nil || r.Config().ID != where.Repository { // another repository is told of when it is opened
		return out, err
	}
	where.Key, _, out.KeyNote, err = a.computerKey(ctx, r, where.Device)
	return out, err
}

// openAccount makes or opens the repository of the account and gives this computer
// its key.
func (a *Agent) openAccount(ctx context.Context, s *signIn, q engine.JoinRequest) (engine.Connected, error) {
	info, err := s.session.Account(ctx)
	if err != nil {
		return engine.Connected{}, err
	}
	store, err := s.server.Device(s.seat.credential).Store()
	if err != nil {
		return engine.Connected{}, err
	}
	var out engine.Connected
	var r *repo.Repository
	if _, err = store.Stat(ctx, storage.Config, ""); errors.Is(err, storage.ErrNotFound) {
		r, out.RecoveryCode, err = makeEscrowed(ctx, s.session, store)
		out.Made = err == nil && out.RecoveryCode != ""
	} else if err == nil {
		r, err = a.openEscrowed(ctx, s.session, store, info, q.Secret)
	}
	if err != nil {
		store.Close()
		return out, err
	}
	where := &destinationFile{
		Address: s.server.Info().Origin, Repository: r.Config().ID, Device: s.seat.computer.ID, Connected: a.Now(),
		Account: &accountFile{Server: s.server.Info().ID, Name: s.server.Info().Name, Person: info.Person.ID, Email: info.Person.Email,
			Generation: s.seat.computer.Generation, Fingerprint: s.server.Info().Fingerprint},
	}
	// Read before this computer is connected: from then on it may write its own there.
	var kept *keptSettings
	if q.Replace != "" {
		if kept, err = settingsAt(ctx, s, where.Device); err != nil {
			return out, err
		}
	}
	if err := a.Keychain.Set(credentialName(where.Repository), []byte(s.seat.credential)); err != nil {
		return out, err
	}
	if out.KeyNote, err = a.settle(ctx, where, r, engine.ConnectRequest{Computer: s.seat.computer.Name}); err != nil {
		return out, err
	}
	if kept != nil {
		if err := a.adopt(*kept, s.seat.computer.Name); err != nil {
			return out, err
		}
	}
	if out.Made {
		return out, nil
	}
	if err := a.sync(ctx); err != nil {
		return out, err
	}
	if q.Replace != "" {
		if err := a.takeOver(ctx, s, where, kept); err != nil {
			return out, err
		}
	}
	out.Computers, err = a.Computers(ctx)
	return out, err
}

// makeEscrowed makes the repository of an account. The key store has its key before
// the repository exists, so that there is never one that nobody can open. Of two
// computers that begin at once, and of a second try, all use the secret that was kept
// first, and the repository that was first there; then no recovery code comes back.
func makeEscrowed(ctx context.Context, session *account.Session, store storage.Store) (*repo.Repository, string, error) {
	secret := make([]byte, 32)
	rand.Read(secret)
	text := hex.EncodeToString(secret)
	err := session.KeepFirstKey(ctx, keyPending, []byte(text))
	if refused, ok := errors.AsType[*account.Refusal](err); ok && refused.Code == "exists" {
		var kept []byte
		kept, _, err = session.ReleaseKey(ctx, "A computer makes the first backup")
		text = string(kept)
	}
	if err != nil {
		return nil, "", err
	}
	r, err := repo.Init(ctx, store, repo.InitOptions{Key: repo.NewKey{Secret: text, Username: keyEscrow, Random: true}})
	if errors.Is(err, repo.ErrExists) {
		r, err = repo.Open(ctx, store, text)
		return r, "", err
	}
	if err != nil {
		return nil, "", err
	}
	if err := session.KeepKey(ctx, r.KeyID(), []byte(text)); err != nil {
		return nil, "", err
	}
	code := newRecoveryCode()
	_, err = r.AddKey(ctx, repo.NewKey{Secret: code, Username: keyRecovery, Random: true})
	return r, code, err
}

// openEscrowed opens the repository of an account with the key that the institution
// keeps, or with what only the person knows.
func (a *Agent) openEscrowed(ctx context.Context, session *account.Session, store storage.Store, info account.Account, secret string) (*repo.Repository, error) {
	if info.Key.Mode != keptStandard {
		if secret == "" {
			secret = a.Password
		}
		if secret == "" {
			return nil, &engine.Error{Op: "join", Kind: engine.KindSecret,
				Message: "Only you have the key of this account. Type your passphrase or your recovery code. Nothing was changed."}
		}
		return openWith(ctx, store, secret)
	}
	kept, keyFile, err := session.ReleaseKey(ctx, "A computer signs in")
	if err != nil {
		return nil, err
	}
	if keyFile == keyPending { // whoever made it did not come as far as saying which key it is
		r, err := repo.Open(ctx, store, string(kept))
		if err == nil {
			err = session.KeepKey(ctx, r.KeyID(), kept)
		}
		return r, err
	}
	return repo.OpenHinted(ctx, store, keyFile, string(kept))
}

// explainStored is explain for what goes wrong while an account's repository is
// opened: the server's refusals first.
func explainStored(op, address string, err error) error {
	if _, ok := errors.AsType[*account.Refusal](err); ok {
		return explainServer(op, address, err)
	}
	return explain(op, address, err)
}
