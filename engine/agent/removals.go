package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/prune"
)

// undoTerm is how long a removal can be undone.
const undoTerm = 30 * 24 * time.Hour

// RemoveFromBackup implements engine.Select. The path is left out of the selection
// and hidden at once; its versions are deleted by Maintain when the term is over.
func (a *Agent) RemoveFromBackup(ctx context.Context, path string) (engine.Removal, error) {
	const op = "remove from backup"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.Removal{}, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return engine.Removal{}, err
	}
	if err := a.browsable(ctx, c); err != nil {
		return engine.Removal{}, explain(op, where.Address, err)
	}
	stored := cleanStored(path)
	if stored == "/" {
		return engine.Removal{}, invalid(op, stored, "This would remove the whole backup of this computer. Remove single folders, or disconnect in Settings.")
	}
	entry, err := c.Lookup(ctx, where.Device, stored)
	if errors.Is(err, catalog.ErrNotFound) {
		return engine.Removal{}, notFound(op, stored)
	}
	if err != nil {
		return engine.Removal{}, explain(op, where.Address, err)
	}
	amount, err := c.AmountAt(ctx, where.Device, stored, a.Now())
	if err != nil {
		return engine.Removal{}, explain(op, where.Address, err)
	}
	if err := a.regain(ctx); err != nil {
		return engine.Removal{}, err
	}
	now := a.Now().Round(0)
	r := removal{Path: stored, Time: now, Final: now.Add(undoTerm), Files: amount.Files, Bytes: amount.Bytes, File: entry.Kind != catalog.Dir}
	err = a.saveSettings(func(s *settingsFile) {
		for _, old := range s.Removals {
			r.ID = max(r.ID, old.ID)
		}
		r.ID++
		r.Choices, r.Once = below(s.Selection.Choices, s.Once, stored)
		s.Removals = append(append([]removal{}, s.Removals...), r)
		s.Selection.Choices = append(withoutBelow(s.Selection.Choices, stored), engine.Choice{Path: onDisk(stored)})
		s.Once = withoutPath(s.Once, stored)
		s.Changed = a.Now()
	})
	if err != nil {
		return engine.Removal{}, err
	}
	a.event(engine.ToneWarn, "settings", "%s was removed from the backup. Until %s this can be undone.", stored, r.Final.Local().Format("2 January 2006"))
	a.notices.tell(engine.TopicSelection, engine.TopicFiles)
	return r.shown(), nil
}

func (r removal) shown() engine.Removal {
	return engine.Removal{ID: r.ID, Path: r.Path, Time: r.Time, Final: r.Final, Amount: engine.Amount{Files: r.Files, Bytes: r.Bytes}}
}

// below are the choices, and the paths captured by hand, on a path and below it.
func below(choices []engine.Choice, once []string, path string) (c []engine.Choice, o []string) {
	for _, choice := range choices {
		if within(choice.Path, onDisk(path)) {
			c = append(c, choice)
		}
	}
	for _, p := range once {
		if within(p, onDisk(path)) {
			o = append(o, p)
		}
	}
	return c, o
}

// withoutBelow drops the choices on a path and below it.
func withoutBelow(choices []engine.Choice, path string) []engine.Choice {
	var kept []engine.Choice
	for _, c := range choices {
		if !within(c.Path, onDisk(path)) {
			kept = append(kept, c)
		}
	}
	return kept
}

func withoutPath(paths []string, path string) []string {
	var kept []string
	for _, p := range paths {
		if !within(p, onDisk(path)) {
			kept = append(kept, p)
		}
	}
	return kept
}

// RemoveAlso implements engine.Select.
func (a *Agent) RemoveAlso(ctx context.Context, path string) ([]string, error) {
	_, where, err := a.connected("remove from backup")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range a.allEarlier() {
		if e.Device != where.Device || e.Over {
			continue
		}
		versions, err := a.Versions(ctx, e.id(), path)
		if err != nil && engine.KindOf(err) != engine.KindNotFound {
			return names, err
		}
		if len(versions) > 0 {
			names = append(names, e.Name)
		}
	}
	return names, nil
}

// UndoRemove implements engine.Select.
func (a *Agent) UndoRemove(ctx context.Context, id int64) error {
	const op = "undo"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return err
	}
	defer end()
	var undone *removal
	err = a.saveSettings(func(s *settingsFile) {
		var kept []removal
		for _, r := range s.Removals {
			if r.ID == id {
				undone = &r
				continue
			}
			kept = append(kept, r)
		}
		if undone == nil {
			return
		}
		s.Removals = kept
		s.Selection.Choices = append(withoutBelow(s.Selection.Choices, undone.Path), undone.Choices...)
		s.Once = append(withoutPath(s.Once, undone.Path), undone.Once...)
		s.Changed = a.Now()
	})
	if err != nil {
		return err
	}
	if undone == nil {
		return invalid(op, fmt.Sprint(id), "This removal cannot be undone any more.")
	}
	a.mu.Lock()
	a.rescan = true
	a.mu.Unlock()
	a.event(engine.ToneOK, "settings", "%s is in the backup again, with all its versions.", undone.Path)
	a.notices.tell(engine.TopicSelection, engine.TopicFiles)
	a.wake()
	return nil
}

// Removals implements engine.Select.
func (a *Agent) Removals(ctx context.Context) ([]engine.Removal, error) {
	var list []engine.Removal
	for _, r := range a.current().Removals {
		list = append(list, r.shown())
	}
	return list, nil
}

// hidden says whether a path of this computer was removed from the backup.
func (a *Agent) hidden(device, path string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.where == nil || device != a.where.Device {
		return false
	}
	for _, r := range a.settings.Removals {
		if within(path, r.Path) {
			return true
		}
	}
	return false
}

// endRemovals ends the removals of which something is chosen again, and gives them.
func (s *settingsFile) endRemovals(chosen func(removal) bool) []removal {
	var kept, ended []removal
	for _, r := range s.Removals {
		if chosen(r) {
			ended = append(ended, r)
		} else {
			kept = append(kept, r)
		}
	}
	s.Removals = kept
	return ended
}

func (a *Agent) tellEnded(ended []removal) {
	for _, r := range ended {
		a.event(engine.ToneOK, "settings", "%s was chosen again, so it is in the backup with all its versions.", r.Path)
	}
	if len(ended) > 0 {
		a.notices.tell(engine.TopicSelection, engine.TopicFiles)
	}
}

// removedFrom says which paths on this computer are removed from the backup.
func removedFrom(removals []removal) func(path string) bool {
	return func(path string) bool {
		for _, r := range removals {
			if within(path, onDisk(r.Path)) {
				return true
			}
		}
		return false
	}
}

// leaveOut notes, at the beginning of a capture, up to when captures may hold what was
// removed before it: one that ran at that moment still stored it.
func (a *Agent) leaveOut(ctx context.Context, c *catalog.Catalog, device string) error {
	var left []int64
	for _, r := range a.current().Removals {
		if r.Held.IsZero() {
			left = append(left, r.ID)
		}
	}
	if len(left) == 0 {
		return nil
	}
	next, err := c.NextTime(ctx, device, a.Now())
	if err != nil {
		return err
	}
	return a.saveSettings(func(s *settingsFile) {
		s.Removals = slices.Clone(s.Removals)
		for i := range s.Removals {
			if slices.Contains(left, s.Removals[i].ID) {
				s.Removals[i].Held = next.Add(-1).Round(0)
			}
		}
	})
}

// finalRemovals are those whose time to undo is over, and their numbers. What was
// captured without them stays. In an account the server's clock must say so too, since
// it received the first capture without them.
func (a *Agent) finalRemovals(ctx context.Context, c *catalog.Catalog, device string, run *removing) (final []prune.Removal, ids []int64, err error) {
	now, err := c.NextTime(ctx, device, a.Now())
	if err != nil {
		return nil, nil, err
	}
	if run.received {
		if err := a.noteSince(ctx, c, device, run); err != nil {
			return nil, nil, err
		}
	}
	for _, r := range a.current().Removals {
		if !a.Now().After(r.Final) || run.received && (r.Since.IsZero() || !run.now().After(r.Since.Add(undoTerm))) {
			continue
		}
		before := r.Held
		if before.IsZero() {
			before = now
		}
		final, ids = append(final, prune.Removal{Path: r.Path, Before: before}), append(ids, r.ID)
	}
	return final, ids, nil
}

// noteSince notes for each removal when the server received the first capture without
// its path: thinning may take that capture away before the removal is final.
func (a *Agent) noteSince(ctx context.Context, c *catalog.Catalog, device string, run *removing) error {
	if len(a.current().Removals) == 0 {
		return nil
	}
	received, err := prune.Received(ctx, run.repo)
	if err != nil {
		return err
	}
	snapshots, err := c.Snapshots(ctx, device) // newest first
	if err != nil {
		return err
	}
	return a.saveSettings(func(s *settingsFile) {
		s.Removals = slices.Clone(s.Removals)
		for i := range s.Removals {
			r := &s.Removals[i]
			if !r.Since.IsZero() || r.Held.IsZero() {
				continue
			}
			for _, n := range snapshots {
				if at, ok := received[n.ID]; ok && n.Time.After(r.Held) {
					r.Since = at
				}
			}
		}
	})
}

// dropRemovals forgets removals that were carried out.
func (a *Agent) dropRemovals(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return a.saveSettings(func(s *settingsFile) {
		s.endRemovals(func(r removal) bool { return slices.Contains(ids, r.ID) })
	})
}
