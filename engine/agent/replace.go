package agent

import (
	"context"
	"path/filepath"
	"slices"

	"holdfast/engine"
	"holdfast/engine/account"
)

// replaceName is the file of the state folder that says how far a replacement is. It
// is of one stay in an account: that of the seat in Own, and of the old computer's
// once that is taken. In another it is void.
const replaceName = "replace.json"

type replacementFile struct {
	Own    string             `json:"own"` // this computer's seat before
	Old    engine.Computer    `json:"old"`
	Step   engine.ReplaceStep `json:"step"`
	Jobs   []int64            `json:"jobs,omitempty"`
	Take   engine.Take        `json:"take"`
	Lent   bool               `json:"lent,omitempty"`
	Moving bool               `json:"moving,omitempty"` // the old computer's place may be taken already
	// Kept are the old computer's settings from when Moving began, for when they cannot
	// be asked for any more. Nil: it kept none, or Moving has not begun.
	Kept *keptSettings `json:"kept,omitempty"`
}

func (f *replacementFile) replacement() engine.Replacement {
	return engine.Replacement{Old: f.Old, Step: f.Step, Jobs: f.Jobs, Take: f.Take, Lent: f.Lent, Moving: f.Moving}
}

// replaceNote is the replacement under way, and the stay it is of; nil: there is none.
func (a *Agent) replaceNote() (*replacementFile, *destinationFile, error) {
	a.mu.Lock()
	where := a.where
	a.mu.Unlock()
	var f replacementFile
	found, err := a.home.read(replaceName, &f)
	if err != nil { // it is put aside, and nothing was taken over yet that is not noted elsewhere
		a.Log.Error("how far a replacement is could not be read", "error", err)
		return nil, where, nil
	}
	if !found || where == nil || where.Account == nil || f.Own != where.Device && f.Old.ID != where.Device {
		return nil, where, nil
	}
	return &f, where, nil
}

// underWay is replaceNote for calls that make no sense without one.
func (a *Agent) underWay(op string) (*replacementFile, *destinationFile, error) {
	f, where, err := a.replaceNote()
	if err == nil && f == nil {
		err = invalid(op, "", "No computer is being replaced here now. Nothing was changed. Begin again with Replace Device in Settings.")
	}
	return f, where, err
}

// about is nil when it is this computer whose place is to be taken: two windows, or a
// window and a terminal, must not finish what the other one chose.
func (f *replacementFile) about(op, computer string) error {
	if f.Old.ID == computer {
		return nil
	}
	return invalid(op, computer, "Meanwhile it was chosen elsewhere on this computer that it takes the place of "+f.Old.Name+". Nothing was changed. Look at it again with Replace Device in Settings, and go on from there.")
}

// between says that the old computer's place may be taken, and this computer does not
// yet know itself as that one.
func (f *replacementFile) between(where *destinationFile) bool {
	return f != nil && f.Moving && where.Device != f.Old.ID
}

func (a *Agent) saveReplace(f *replacementFile) error {
	if err := a.home.write(replaceName, f); err != nil {
		return explain("replace", a.Home, err)
	}
	a.notices.tell(engine.TopicSettings)
	return nil
}

// Replacement implements engine.Replace.
func (a *Agent) Replacement(ctx context.Context) (engine.Replacement, error) {
	_, end, err := a.begin(ctx, "replace")
	if err != nil {
		return engine.Replacement{}, err
	}
	defer end()
	f, _, err := a.replaceNote()
	if err != nil || f == nil {
		return engine.Replacement{}, err
	}
	return f.replacement(), nil
}

// BeginReplace implements engine.Replace.
func (a *Agent) BeginReplace(ctx context.Context, computer string) (engine.Replacement, error) {
	const op = "replace"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.Replacement{}, err
	}
	defer end()
	a.replacing.Lock()
	defer a.replacing.Unlock()
	_, where, err := a.connected(op)
	if err != nil {
		return engine.Replacement{}, err
	}
	if where.Account == nil {
		return engine.Replacement{}, invalid(op, where.Address, "A computer can take the place of another one of its account only, and this one keeps its files in "+where.Address+". Nothing was changed. To go on with that backup on this computer, get your files and choose what is backed up.")
	}
	before, _, err := a.replaceNote()
	if err != nil {
		return engine.Replacement{}, err
	}
	if before != nil && before.Moving {
		return before.replacement(), movingAlready(before)
	}
	d, err := a.asDevice(ctx, where)
	if err != nil {
		return engine.Replacement{}, err
	}
	defer d.Close()
	list, err := d.Computers(ctx)
	if err != nil {
		return engine.Replacement{}, explainServer(op, where.Address, err)
	}
	old, err := replaceable(list, computer, where.Device)
	if err != nil {
		return engine.Replacement{}, err
	}
	f := &replacementFile{Own: where.Device, Old: old, Step: engine.ReplaceFiles}
	if before != nil {
		f.Lent, f.Jobs = before.Lent, before.Jobs
		if before.Old.ID == old.ID {
			f.Take, f.Step = before.Take, before.Step
		}
	}
	return f.replacement(), a.saveReplace(f)
}

func movingAlready(f *replacementFile) error {
	return &engine.Error{Op: "replace", Kind: engine.KindInvalid,
		Message: "This computer is already taking the place of " + f.Old.Name + ", so that cannot be changed any more. Nothing is lost. Press Finish again, and it goes on."}
}

// replaceable is the computer of an account by its id, if its place can be taken.
func replaceable(list []account.Computer, id, own string) (engine.Computer, error) {
	const op = "replace"
	i := slices.IndexFunc(list, func(c account.Computer) bool { return c.ID == id })
	switch {
	case i < 0 || list[i].State == stateRemoved || list[i].Lent:
		return engine.Computer{}, &engine.Error{Op: op, Kind: engine.KindNotFound, Path: id,
			Message: "This computer is not in your account any more. Nothing was changed. Choose another one."}
	case id == own:
		return engine.Computer{}, invalid(op, id, "A computer cannot take its own place. Nothing was changed. Choose another one.")
	case list[i].State == account.StateBlocked:
		return engine.Computer{}, &engine.Error{Op: op, Kind: engine.KindRefused, Path: id,
			Message: "Your institution blocked " + list[i].Name + ", so its place cannot be taken. Nothing was changed. Ask your institution."}
	}
	return computerOf(list[i]), nil
}

// beginJoined notes what JoinRequest.Begin asks for, before this computer is connected,
// so that there is no moment at which it is in the account for no reason.
func (a *Agent) beginJoined(ctx context.Context, s *signIn, old string) error {
	list, err := s.session.Computers(ctx)
	if err != nil {
		return err
	}
	c, err := replaceable(list, old, s.seat.computer.ID)
	if err != nil {
		return err
	}
	return a.saveReplace(&replacementFile{Own: s.seat.computer.ID, Old: c, Step: engine.ReplaceFiles, Lent: s.seat.computer.Lent})
}

// register takes a seat, or is lent one. Who was lent one and then wants its own is
// another computer to the server: what was lent ends by itself.
func (s *signIn) register(ctx context.Context, fresh account.NewComputer) (taken seat, err error) {
	fresh.ID = s.device
	taken.computer, taken.credential, err = s.session.Register(ctx, fresh)
	if err == nil && taken.computer.Lent && !fresh.Lent {
		s.device = newID()
		fresh.ID = s.device
		taken.computer, taken.credential, err = s.session.Register(ctx, fresh)
	}
	return taken, err
}

// beginReplacing begins work on the replacement that is under way, which has to be that
// of the computer; until end is called nobody else changes it.
func (a *Agent) beginReplacing(ctx context.Context, op, computer string) (_ context.Context, f *replacementFile, where *destinationFile, end func(), err error) {
	ctx, ended, err := a.begin(ctx, op)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	a.replacing.Lock()
	end = func() { a.replacing.Unlock(); ended() }
	if f, where, err = a.underWay(op); err == nil {
		err = f.about(op, computer)
	}
	if err != nil {
		end()
		return nil, nil, nil, nil, err
	}
	return ctx, f, where, end, nil
}

// SaveReplace implements engine.Replace.
func (a *Agent) SaveReplace(ctx context.Context, r engine.Replacement) error {
	const op = "replace"
	_, f, _, end, err := a.beginReplacing(ctx, op, r.Old.ID)
	if err != nil {
		return err
	}
	defer end()
	if f.Moving {
		return movingAlready(f)
	}
	if r.Step != engine.ReplaceFiles && r.Step != engine.ReplaceSettings && r.Step != engine.ReplaceFinish {
		return invalid(op, "", "There is no such step of a replacement. Nothing was changed.")
	}
	for _, p := range r.Take.Paths {
		if p.To != "" && !filepath.IsAbs(p.To) {
			return invalid(op, p.To, p.To+" is no whole path. Nothing was changed. Write it from the top, or leave it empty to leave it out.")
		}
	}
	f.Step, f.Jobs, f.Take = r.Step, r.Jobs, r.Take
	return a.saveReplace(f)
}

// CancelReplace implements engine.Replace.
func (a *Agent) CancelReplace(ctx context.Context) error {
	const op = "cancel the replacement"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return err
	}
	defer end()
	a.replacing.Lock()
	defer a.replacing.Unlock()
	f, where, err := a.replaceNote()
	if err != nil || f == nil {
		return err
	}
	if f.Moving {
		return movingAlready(f)
	}
	for _, id := range f.Jobs {
		if err := a.CancelJob(ctx, id); err != nil && engine.KindOf(err) != engine.KindNotFound {
			return err
		}
	}
	if f.Lent {
		a.giveBack(ctx, where)
		if _, err := a.Disconnect(ctx); err != nil {
			return err
		}
	} else {
		a.event(engine.ToneQuiet, "settings", "Taking the place of %s was cancelled; nothing was changed.", f.Old.Name)
	}
	err = a.home.remove(replaceName)
	a.notices.tell(engine.TopicSettings, engine.TopicStatus)
	return explain(op, a.Home, err)
}

// giveBack takes a computer with a lent seat out of the account again, if the person
// is still signed in. Otherwise the seat ends by itself, and nobody needs it meanwhile.
func (a *Agent) giveBack(ctx context.Context, where *destinationFile) {
	s, _, err := a.freshSession(ctx, "cancel the replacement")
	if err == nil {
		if err = s.RemoveKeyFile(ctx, where.Key); err == nil {
			err = s.Remove(ctx, where.Device)
		}
	}
	if err != nil {
		a.Log.Warn("the lent seat ends by itself", "error", err)
	}
}
