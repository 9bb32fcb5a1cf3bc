package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/keychain"
	"holdfast/engine/storage"
	"holdfast/engine/storage/local"
	"holdfast/engine/storage/rest"
)

// credentialName is under which name the keychain has the credential with which this
// computer is known to its server.
func credentialName(repository string) string { return repository + "-server" }

// asDevice reaches the server as this computer. Who calls it closes the device.
func (a *Agent) asDevice(ctx context.Context, where *destinationFile) (*account.Device, error) {
	credential, err := a.Keychain.Get(credentialName(where.Repository))
	if errors.Is(err, keychain.ErrNotFound) {
		return nil, &engine.Error{Op: "open", Kind: engine.KindSignIn, Path: where.Address, Err: err,
			Message: "What this computer shows to its server is gone from the keychain. What is stored is safe; backing up waits. Sign in again, and it goes on from where it was."}
	}
	if err != nil {
		return nil, keyLost(where, err)
	}
	server, err := account.FindAgain(ctx, where.Address, where.Account.Fingerprint)
	if err != nil {
		return nil, explainOwn("open", where, err)
	}
	if server.Info().ID != where.Account.Server {
		server.Close()
		return nil, anotherServer("open", where)
	}
	return server.Device(string(credential)), nil
}

func anotherServer(op string, where *destinationFile) error {
	return &engine.Error{Op: op, Kind: engine.KindStranger, Path: where.Address,
		Message: fmt.Sprintf("Another Holdfast server answers at %s than the one that this computer signed in to. Nothing was sent there; backing up waits. Ask your institution whether the server was moved, then sign in again.", where.Address)}
}

// signOutTimeout is how long leaving an account waits for its server.
const signOutTimeout = 5 * time.Second

// signOut has the server end this computer's credential. One that cannot be told keeps
// nobody on it: the credential is forgotten here too, and the sentence says what is
// left to do.
func (a *Agent) signOut(ctx context.Context, where *destinationFile) string {
	if where.Account == nil {
		return ""
	}
	ctx, end := context.WithTimeout(ctx, signOutTimeout)
	defer end()
	device, err := a.asDevice(ctx, where)
	if err == nil {
		defer device.Close()
		err = device.SignOut(ctx)
	}
	if _, _, refused := refusedBy(err); err == nil || refused {
		return "" // it has ended
	}
	a.Log.Warn("the server was not told of the sign-out", "error", err)
	return fmt.Sprintf("%s could not be told, so it still lists this computer as signed in. Sign it out on the server's page of your computers too.", where.Account.Name)
}

// openStore reaches the place of the destination.
func (a *Agent) openStore(ctx context.Context, where *destinationFile) (storage.Store, error) {
	if where.Account == nil {
		return local.Open(where.Address)
	}
	d, err := a.asDevice(ctx, where)
	if err != nil {
		return nil, err
	}
	return d.Store()
}

// refusedBy finds the server's no in an error of a store.
func refusedBy(err error) (code, message string, ok bool) {
	if r, ok := errors.AsType[*rest.Refusal](err); ok { // account.Refusal is the same
		code, message = wordsOf(r)
		return code, message, true
	}
	return "", "", false
}

// others is what the server last said about the computers of the account.
type others struct {
	list   []account.Computer
	asked  time.Time
	asking bool
	// earlier is what some of them were before, by their id and generation.
	earlier map[string][]earlier
}

const (
	othersFor     = time.Minute
	serverPatient = 20 * time.Second // an answer about computers, settings and state
)

// knownOthers is what is known of the computers of the account; when that is old it
// is asked for, and told when it comes.
func (a *Agent) knownOthers(ctx context.Context) []account.Computer {
	a.mu.Lock()
	where := a.where
	ask := where != nil && where.Account != nil && !a.closing && !a.others.asking && a.Now().Sub(a.others.asked) > othersFor
	if ask {
		a.others.asking = true
		if a.Background {
			a.tasks.Go(func() { a.askOthers(a.ctx, where) })
		}
	}
	a.mu.Unlock()
	if ask && !a.Background {
		a.askOthers(ctx, where)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.others.list
}

func (a *Agent) askOthers(ctx context.Context, where *destinationFile) {
	ctx, cancel := context.WithTimeout(ctx, serverPatient)
	defer cancel()
	var list []account.Computer
	a.mu.Lock()
	before := a.others.earlier
	a.mu.Unlock()
	d, err := a.asDevice(ctx, where)
	if err == nil {
		defer d.Close()
		list, err = d.Computers(ctx)
	}
	if err == nil {
		before = askEarlier(ctx, d, list, where.Device, before)
	}
	a.mu.Lock()
	a.others.asking, a.others.asked = false, a.Now()
	if err == nil && a.where == where {
		a.others.list, a.others.earlier = list, before
	}
	a.mu.Unlock()
	if err != nil {
		a.Log.Warn("the server could not be asked for the computers of the account", "error", err)
		return
	}
	a.notices.tell(engine.TopicFiles)
}

// owned adds to this computer whose it is, as the server last said.
func (a *Agent) owned(c engine.Computer) engine.Computer {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.others.list {
		if k.ID == c.ID {
			c.Owner, c.Asset = k.Owner, k.Asset
		}
	}
	return c
}

// withOthers adds what the server knows to the computers of the catalog. One that was
// removed and stored nothing is nobody's to see.
func withOthers(list []engine.Computer, known []account.Computer) []engine.Computer {
	at := map[string]int{}
	for i, c := range list {
		at[c.ID] = i
	}
	for _, k := range known {
		i, ok := at[k.ID]
		if !ok {
			if k.State != stateRemoved {
				list = append(list, computerOf(k))
			}
			continue
		}
		from := computerOf(k)
		list[i].Owner, list[i].Asset, list[i].State, list[i].Seen = from.Owner, from.Asset, from.State, from.Seen
		if !list[i].This && from.Name != "" {
			list[i].Name = from.Name
		}
	}
	return slices.DeleteFunc(list, func(c engine.Computer) bool {
		return c.State == stateRemoved && !c.This && c.LastBackup.IsZero()
	})
}

// report tells the server how this computer is, and keeps its settings there. A
// server that does not take it is told again after the next capture.
func (a *Agent) report(ctx context.Context) {
	_, where, err := a.connected("report")
	if err != nil || where.Account == nil {
		return
	}
	if f, _, err := a.replaceNote(); err == nil && f.between(where) {
		return // it may be known there as the old computer, of which this would then be told
	}
	ctx, cancel := context.WithTimeout(ctx, serverPatient)
	defer cancel()
	status, err := a.Status(ctx)
	if err != nil {
		return
	}
	d, err := a.asDevice(ctx, where)
	if err != nil {
		a.Log.Warn("the server could not be told", "error", err)
		return
	}
	defer d.Close()
	err = d.Report(ctx, account.Report{State: string(status.State), Files: status.Protected.Files, Bytes: status.Protected.Bytes})
	if err == nil {
		err = a.sendSettings(ctx, d)
	}
	if err != nil {
		a.Log.Warn("the server could not be told", "error", err)
	}
}

func (a *Agent) sendSettings(ctx context.Context, d *account.Device) error {
	s := a.current()
	a.mu.Lock()
	sent := a.settingsSent
	a.mu.Unlock()
	if s.Lost || sent.Equal(s.Changed) && !sent.IsZero() {
		return nil
	}
	data, err := json.Marshal(keptOf(s))
	if err != nil {
		return err
	}
	if err := d.SaveSettings(ctx, data); err != nil {
		return err
	}
	a.mu.Lock()
	a.settingsSent = s.Changed
	a.mu.Unlock()
	return nil
}

// takeOver gives this computer the settings of the one whose place it takes when it
// has not adopted them, with the old home folder become the new one, and takes the old
// one's key away.
func (a *Agent) takeOver(ctx context.Context, s *signIn, where *destinationFile, adopted *keptSettings) error {
	r, done, err := a.repository(ctx, "replace")
	if err != nil {
		return err
	}
	defer done()
	if adopted == nil {
		kept, err := a.oldSettings(ctx, where)
		if err != nil {
			a.event(engine.ToneWarn, "settings", "The settings of the old computer could not be read, so this one begins with the usual ones.")
		} else if err := a.adopt(kept, s.seat.computer.Name); err != nil {
			return err
		} else {
			adopted = &kept
		}
	}
	if err := a.noteEarlier(ctx, where.Device, adopted); err != nil {
		return err
	}
	keys, err := r.Keys(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.Username == keyComputer+where.Device && k.ID != r.KeyID() {
			if err := s.session.RemoveKeyFile(ctx, k.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// settingsAt is what the server has of a computer's settings, nil for nothing of use.
func settingsAt(ctx context.Context, s *signIn, device string) (*keptSettings, error) {
	return readSettings(ctx, s.session, device)
}

// settingsKeeper answers what settings a computer keeps at the server.
type settingsKeeper interface {
	Settings(ctx context.Context, id string) ([]byte, error)
}

func readSettings(ctx context.Context, from settingsKeeper, device string) (*keptSettings, error) {
	data, err := from.Settings(ctx, device)
	if refusedWith(err, "not_found") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var kept keptSettings
	if json.Unmarshal(data, &kept) != nil || kept.Settings.Computer == "" {
		return nil, nil
	}
	return &kept, nil
}

func (a *Agent) oldSettings(ctx context.Context, where *destinationFile) (keptSettings, error) {
	var kept keptSettings
	c, _, err := a.connected("replace")
	if err != nil {
		return kept, err
	}
	r, done, err := a.repository(ctx, "replace")
	if err != nil {
		return kept, err
	}
	defer done()
	return readKept(ctx, r, c, where.Device)
}

// adopt makes settings of another computer those of this one.
func (a *Agent) adopt(kept keptSettings, name string) error {
	kept.Selection.Choices, kept.Once = movedChoices(kept.Selection.Choices, kept.Once, kept.here)
	if _, err := a.compile(kept.Selection); err != nil {
		return err
	}
	removals := movedRemovals(kept.Removals, kept.here)
	kept.Settings.Computer = name
	return a.saveSettings(func(s *settingsFile) {
		s.Settings, s.Selection, s.Once, s.Replaced, s.Changed = kept.Settings, kept.Selection, kept.Once, kept.Replaced, a.Now()
		s.Removals = removals
	})
}

// moved puts a path of the old home folder under the new one; others stay.
func moved(path, from, to string) string {
	if from == "" || to == "" {
		return path
	}
	rest, ok := strings.CutPrefix(slashed(path), strings.TrimSuffix(slashed(from), "/"))
	if !ok || rest != "" && rest[0] != '/' {
		return path
	}
	return filepath.Join(to, filepath.FromSlash(rest))
}
