package agent

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
)

// FinishReplace implements engine.Replace. The order is: what is taken over is known
// and makes sense, then the server fences the old computer, then everything of this
// computer is noted, and last its own seat and the keys that nobody needs any more go.
// A run that is cut short is repeated from the beginning; the server then gives the
// place to this computer once more.
func (a *Agent) FinishReplace(ctx context.Context, computer string) error {
	const op = "replace"
	ctx, f, where, end, err := a.beginReplacing(ctx, op, computer)
	if err != nil {
		return err
	}
	defer end()
	s, _, err := a.freshSession(ctx, op)
	if err != nil {
		return err
	}
	if where.Device != f.Old.ID {
		if err := a.takePlace(ctx, s, f, where); err != nil {
			return explainStored(op, where.Address, err)
		}
	}
	if err := a.clearPlace(ctx, s, f); err != nil {
		return explainStored(op, where.Address, err)
	}
	a.event(engine.ToneOK, "settings", "This computer took the place of %s. Its files as they were then are in Get Files as “%s”.", f.Old.Name, earlierName(f.Old.Name))
	a.setUpNow()
	a.notices.tell(engine.TopicStatus, engine.TopicSettings, engine.TopicFiles, engine.TopicSelection)
	return nil
}

// takePlace makes this computer the old one.
func (a *Agent) takePlace(ctx context.Context, s *account.Session, f *replacementFile, where *destinationFile) error {
	const op = "replace"
	c, _, err := a.connected(op)
	if err != nil {
		return err
	}
	before := f.Moving
	kept, err := a.settingsOf(ctx, where, f.Old.ID)
	if refusedWith(err, "lent_over") { // the person may still ask, and the place is still there to be taken
		kept, err = readSettings(ctx, s, f.Old.ID)
	}
	if err != nil && before { // this computer's own seat may have come to its end meanwhile
		kept, err = f.Kept, nil
	}
	if err != nil {
		return err
	}
	if _, err := a.taken(a.current(), kept, f.Take); err != nil {
		return err
	}
	self, err := a.self(ctx, s, where.Device)
	if err != nil {
		return err
	}
	stay, err := a.leave(ctx) // a capture that runs stops at its next safe point
	if err != nil {
		return err
	}
	defer stay()
	a.jobs.stop()
	defer a.jobs.goOn()
	f.Moving, f.Kept = true, kept
	if err := a.saveReplace(f); err != nil {
		return err
	}
	computer, credential, err := s.Replace(ctx, f.Old.ID, self)
	if err != nil && !before {
		err = a.notMoving(f, err)
	}
	if err != nil {
		return err
	}
	// From here on as the old one, because a seat that was lent may have come to its end.
	if err := a.Keychain.Set(credentialName(where.Repository), []byte(credential)); err != nil {
		return err
	}
	if err := a.dropRepository(); err != nil {
		a.Log.Warn("the destination could not be closed", "error", err)
	}
	if err := a.sync(ctx); err != nil { // the old computer stores nothing any more
		return err
	}
	next := *where
	note := *where.Account
	note.Generation = computer.Generation
	next.Device, next.Account = f.Old.ID, &note
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return err
	}
	if a.Password == "" {
		next.Key, _, _, err = a.computerKey(ctx, r, next.Device)
	}
	done()
	if err != nil {
		return err
	}
	return a.settleInPlace(ctx, c, &next, f, kept)
}

// notMoving takes back that the place may be taken, when the server said that it is not.
// An earlier run may have taken it all the same.
func (a *Agent) notMoving(f *replacementFile, err error) error {
	if _, refused := errors.AsType[*account.Refusal](err); !refused {
		return err
	}
	f.Moving, f.Kept = false, nil
	return errors.Join(err, a.saveReplace(f))
}

// self is this computer as the server has it, for the place that it takes.
func (a *Agent) self(ctx context.Context, s *account.Session, device string) (account.NewComputer, error) {
	me := account.NewComputer{Name: a.current().Settings.Computer, OS: runtime.GOOS}
	list, err := s.Computers(ctx)
	if err != nil {
		return me, err
	}
	if i := slices.IndexFunc(list, func(c account.Computer) bool { return c.ID == device }); i >= 0 {
		me.Asset, me.Owner = list[i].Asset, list[i].Owner
	}
	return me, nil
}

// settleInPlace notes on this computer who it is from now on. The note of the
// destination is the last: until it is there, everything is done again.
func (a *Agent) settleInPlace(ctx context.Context, c *catalog.Catalog, next *destinationFile, f *replacementFile, kept *keptSettings) error {
	earlier, err := a.earlierOf(ctx, c, f, kept)
	if err != nil {
		return err
	}
	settings, err := a.taken(a.current(), kept, f.Take)
	if err != nil {
		return err
	}
	settings.Replaced = a.replacedBy(earlier, kept)
	rules, err := a.compile(settings.Selection)
	if err != nil {
		return err
	}
	ended := settings.endRemovals(func(r removal) bool { return rules.Mark(onDisk(r.Path), !r.File) != engine.MarkEmpty })
	if err := a.saveSettings(func(s *settingsFile) {
		settings.PausedUntil = s.PausedUntil
		*s = settings
	}); err != nil {
		return err
	}
	if err := a.home.write("destination.json", next); err != nil {
		return err
	}
	a.dropRepository()
	a.mu.Lock()
	a.where, a.fault, a.shut = next, nil, nil
	a.others, a.settingsSent, a.freshened = others{}, time.Time{}, time.Time{}
	a.mu.Unlock()
	a.tellEnded(ended)
	return a.thisDevice(ctx, c)
}

// replacedBy are all earlier computers, of both histories, each once: one that stored
// nothing of its own was none, and a run that was cut short may have noted some.
func (a *Agent) replacedBy(fresh []earlier, kept *keptSettings) []earlier {
	all := slices.Clone(a.current().Replaced)
	if kept != nil {
		all = append(all, kept.Replaced...)
	}
	var out []earlier
	for _, e := range append(all, fresh...) {
		i := slices.IndexFunc(out, func(o earlier) bool { return o.Device == e.Device && (o.Over && e.Over || o.Last.Equal(e.Last)) })
		switch {
		case i < 0:
			out = append(out, e)
		case e.Over: // it went on for a while
			out[i] = e
		}
	}
	return out
}

// earlierOf are the two computers that are no more: the old one, and this one as it
// was until now.
func (a *Agent) earlierOf(ctx context.Context, c *catalog.Catalog, f *replacementFile, kept *keptSettings) ([]earlier, error) {
	home := ""
	if kept != nil {
		home = kept.Home
	}
	var out []earlier
	for _, e := range []earlier{
		{Device: f.Old.ID, Name: earlierName(f.Old.Name), Home: home},
		{Device: f.Own, Name: fmt.Sprintf("%s (before it replaced %s)", a.current().Settings.Computer, f.Old.Name), Home: userHome(), Over: true},
	} {
		found, err := a.endedNow(ctx, c, &e)
		if err != nil {
			return nil, err
		}
		if found {
			out = append(out, e)
		}
	}
	return out, nil
}

// endedNow fills in what an earlier computer held in the end; false: it stored nothing.
func (a *Agent) endedNow(ctx context.Context, c *catalog.Catalog, e *earlier) (bool, error) {
	d, err := c.Device(ctx, e.Device)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && d.LastTime.IsZero() {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	e.Last, e.Files, e.Bytes = d.LastTime, d.Files, d.Bytes
	e.Until = e.Last // and not now: this computer's clock may run ahead, and what it stores be taken for the other's
	return true, nil
}

// clearPlace takes away what nobody needs any more: the keys of the old computer and
// of the seat that this one had, and that seat.
func (a *Agent) clearPlace(ctx context.Context, s *account.Session, f *replacementFile) error {
	r, done, err := a.repository(ctx, "replace")
	if err != nil {
		return err
	}
	defer done()
	keys, err := r.Keys(ctx)
	if err != nil {
		return err
	}
	idle := func(k repo.KeyInfo) bool {
		return k.ID != r.KeyID() && (k.Username == keyComputer+f.Old.ID || k.Username == keyComputer+f.Own)
	}
	for _, k := range keys {
		if !idle(k) {
			continue
		}
		if err := s.RemoveKeyFile(ctx, k.ID); err != nil && !refusedWith(err, "not_found") {
			return err
		}
	}
	if err := s.GiveUp(ctx, f.Own, f.Old.ID); err != nil && !refusedWith(err, "not_found") {
		return err
	}
	return a.home.remove(replaceName)
}

func refusedWith(err error, code string) bool {
	refused, ok := errors.AsType[*account.Refusal](err)
	return ok && refused.Code == code
}
