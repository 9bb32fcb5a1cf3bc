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
		out.Paths = append(out.Paths, engine.PathMove{From: path, To: moved(path, kept.Home, userHome())})
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

// settingsOf are the settings of another computer of the account: as the server has
// them, or else as its last backup does. Nil: neither has any.
func (a *Agent) settingsOf(ctx context.Context, where *destinationFile, device string) (*keptSettings, error) {
	const op = "replace"
	d, err := a.asDevice(ctx, where)
	if err != nil {
		return nil, err
	}
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
	home := userHome()
	where := func(path string) string {
		for _, p := range take.Paths {
			if p.From == path {
				return p.To
			}
		}
		return moved(path, kept.Home, home)
	}
	next := now
	next.Settings.Retention = kept.Settings.Retention
	next.Removals = kept.Removals // what they hide lies in its history
	if take.Schedule {
		next.Settings.Schedule = kept.Settings.Schedule
	}
	if take.Limits {
		next.Settings.Network, next.Settings.Usage = kept.Settings.Network, kept.Settings.Usage
	}
	if take.Selection {
		next.Selection.Choices, next.Once = nil, nil
		for _, c := range kept.Selection.Choices {
			if c.Path = where(c.Path); c.Path != "" {
				next.Selection.Choices = append(next.Selection.Choices, c)
			}
		}
		for _, p := range kept.Once {
			if p = where(p); p != "" {
				next.Once = append(next.Once, p)
			}
		}
	}
	if take.Exclusions {
		next.Selection.Exclusions = nil
		for _, e := range kept.Selection.Exclusions {
			if e.Kind == engine.ExcludeWildcard {
				e.Pattern = moved(e.Pattern, kept.Home, home)
			}
			next.Selection.Exclusions = append(next.Selection.Exclusions, e)
		}
	}
	if len(next.Selection.Choices) == 0 {
		next.Selection.Choices = selection.Default(home).Choices
	}
	next.Lost, next.Changed = false, a.Now()
	_, err := a.compile(next.Selection)
	return next, err
}

// slashed writes a path with slashes, wherever it comes from.
func slashed(path string) string {
	if len(path) > 1 && path[1] == ':' || strings.HasPrefix(path, `\\`) {
		return strings.ReplaceAll(path, `\`, "/")
	}
	return filepath.ToSlash(path)
}
