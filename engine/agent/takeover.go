package agent

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/selection"
)

// OldSettings implements engine.Replace.
func (a *Agent) OldSettings(ctx context.Context) (engine.OldSettings, error) {
	const op = "replace"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.OldSettings{}, err
	}
	defer end()
	f, where, err := a.underWay(op)
	if err != nil {
		return engine.OldSettings{}, err
	}
	kept, err := a.settingsOf(ctx, where, f.Old.ID)
	if err != nil || kept == nil {
		return engine.OldSettings{}, err
	}
	out := engine.OldSettings{Known: true, Home: kept.Home, Settings: kept.Settings, Selection: kept.Selection}
	for _, path := range kept.paths() {
		out.Paths = append(out.Paths, engine.PathMove{From: path, To: kept.here(path)})
	}
	return out, nil
}

// paths are those that the selection names, each once.
func (k *keptSettings) paths() []string {
	var out []string
	for _, c := range k.Selection.Choices {
		out = append(out, c.Path)
	}
	out = append(out, k.Once...)
	slices.Sort(out)
	return slices.Compact(out)
}

// here is where a path of the old computer lies on this one, moved with the home folder;
// "": it can lie nowhere, as one of another system, and is left out.
func (k *keptSettings) here(path string) string {
	if to := moved(path, k.Home, userHome()); filepath.IsAbs(to) {
		return to
	}
	return ""
}

// settingsOf are the settings of another computer of the account: as the server has
// them, or else as its last backup does. Nil: neither has any.
func (a *Agent) settingsOf(ctx context.Context, where *destinationFile, device string) (*keptSettings, error) {
	const op = "replace"
	d, err := a.asDevice(ctx, where)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	kept, err := readSettings(ctx, d, device)
	if err != nil {
		return nil, explainServer(op, where.Address, err)
	}
	if kept != nil {
		return kept, nil
	}
	c, _, err := a.connected(op)
	if err != nil {
		return nil, err
	}
	r, done, err := a.freshen(ctx, op)
	if err != nil {
		return nil, err
	}
	defer done()
	last, err := readKept(ctx, r, c, device)
	switch {
	case errors.Is(err, catalog.ErrNotFound), errors.Is(err, errNoNode), errors.Is(err, errNoSettings):
		return nil, nil
	case err != nil:
		return nil, explain(op, where.Address, err)
	}
	return &last, nil
}

// taken are the settings of this computer once it has taken over what was chosen.
func (a *Agent) taken(now settingsFile, kept *keptSettings, take engine.Take) (settingsFile, error) {
	if kept == nil {
		return now, nil
	}
	if !take.Decided {
		take = engine.Take{Selection: true, Exclusions: true, Schedule: true, Limits: true}
	}
	where := func(path string) string {
		for _, p := range take.Paths {
			if p.From == path {
				return p.To
			}
		}
		return kept.here(path)
	}
	next := now
	next.Settings.Retention = kept.Settings.Retention
	next.Removals = movedRemovals(kept.Removals, where) // what they hide lies in its history
	if take.Schedule {
		next.Settings.Schedule = kept.Settings.Schedule
	}
	if take.Limits {
		next.Settings.Network, next.Settings.Usage = kept.Settings.Network, kept.Settings.Usage
	}
	if take.Selection {
		next.Selection.Choices, next.Once = movedChoices(kept.Selection.Choices, kept.Once, where)
	}
	if take.Exclusions {
		next.Selection.Exclusions = nil
		for _, e := range kept.Selection.Exclusions {
			if e.Kind == engine.ExcludeWildcard {
				e.Pattern = moved(e.Pattern, kept.Home, userHome())
			}
			next.Selection.Exclusions = append(next.Selection.Exclusions, e)
		}
	}
	if !slices.ContainsFunc(next.Selection.Choices, func(c engine.Choice) bool { return c.Include }) { // nothing would be backed up
		home := userHome()
		left := slices.DeleteFunc(next.Selection.Choices, func(c engine.Choice) bool { return c.Path == home })
		next.Selection.Choices = append(selection.Default(home).Choices, left...)
	}
	next.Lost, next.Changed = false, a.Now()
	_, err := a.compile(next.Selection)
	return next, err
}

// movedChoices are choices, and paths captured by hand, as they are on this computer.
func movedChoices(choices []engine.Choice, once []string, where func(string) string) (c []engine.Choice, o []string) {
	for _, choice := range choices {
		if choice.Path = where(choice.Path); choice.Path != "" {
			c = append(c, choice)
		}
	}
	for _, p := range once {
		if p = where(p); p != "" {
			o = append(o, p)
		}
	}
	return c, o
}

// movedRemovals hide what they hid in the history; what an undo chooses again is chosen
// where it lies on this computer.
func movedRemovals(removals []removal, where func(string) string) []removal {
	out := slices.Clone(removals)
	for i := range out {
		out[i].Choices, out[i].Once = movedChoices(out[i].Choices, out[i].Once, where)
	}
	return out
}

// slashed writes a path with slashes, wherever it comes from.
func slashed(path string) string {
	if len(path) > 1 && path[1] == ':' || strings.HasPrefix(path, `\\`) {
		return strings.ReplaceAll(path, `\`, "/")
	}
	return filepath.ToSlash(path)
}
