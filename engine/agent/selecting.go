package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/selection"
	"holdfast/engine/source"
)

// Selection implements engine.Select.
func (a *Agent) Selection(ctx context.Context) (engine.Selection, error) {
	a.regainIfIdle(ctx)
	return a.current().Selection, nil
}

// SaveSelection implements engine.Select.
func (a *Agent) SaveSelection(ctx context.Context, s engine.Selection) error {
	ctx, end, err := a.begin(ctx, "select")
	if err != nil {
		return err
	}
	defer end()
	rules, err := a.compile(s)
	if err != nil {
		return err
	}
	var ended []removal
	lost := false
	err = a.saveSettings(func(f *settingsFile) {
		lost, f.Lost = f.Lost, false
		f.Selection, f.Changed = s, a.Now()
		ended = f.endRemovals(func(r removal) bool { return rules.Mark(onDisk(r.Path), !r.File) != engine.MarkEmpty })
	})
	if err != nil {
		return err
	}
	a.tellEnded(ended)
	if lost {
		a.forgiven()
	}
	a.mu.Lock()
	a.rescan = true
	a.dueNow()
	a.mu.Unlock()
	a.event(engine.ToneQuiet, "settings", "The choice of what is backed up was changed.")
	a.notices.tell(engine.TopicSelection, engine.TopicStatus)
	a.wake()
	return nil
}

func (a *Agent) compile(s engine.Selection) (*selection.Rules, error) {
	rules, err := selection.Compile(s, a.environment())
	if err != nil {
		return nil, invalid("select", "", sentence(err)+" Nothing was changed. Correct it, or take it away.")
	}
	return rules, nil
}

// Roots implements engine.Select.
func (a *Agent) Roots(ctx context.Context, draft engine.Selection) ([]engine.SelectRow, error) {
	ctx, end, err := a.begin(ctx, "select")
	if err != nil {
		return nil, err
	}
	defer end()
	rules, err := a.compile(draft)
	if err != nil {
		return nil, err
	}
	rows := []engine.SelectRow{a.row(ctx, rules, userHome(), "Home", engine.RowHome, true, -1)}
	mounts, err := source.Mounts()
	if err != nil {
		a.Log.Error("drives could not be listed", "error", err)
	}
	seen := map[string]bool{userHome(): true}
	for _, m := range mounts {
		if seen[m.Path] || m.Virtual {
			continue
		}
		seen[m.Path] = true
		name := m.Path
		if m.Path == "/" {
			name = "This computer"
		}
		rows = append(rows, a.row(ctx, rules, m.Path, name, engine.RowDrive, true, -1))
	}
	for _, path := range rules.Roots() {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) && !seen[path] {
			row := a.row(ctx, rules, path, path, engine.RowFolder, false, -1)
			row.State, row.Tone = "Absent", engine.ToneWarn
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// Children implements engine.Select.
func (a *Agent) Children(ctx context.Context, draft engine.Selection, path string) ([]engine.SelectRow, error) {
	ctx, end, err := a.begin(ctx, "select")
	if err != nil {
		return nil, err
	}
	defer end()
	rules, err := a.compile(draft)
	if err != nil {
		return nil, err
	}
	dir, err := a.FS.OpenDir(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer dir.Close()
	entries, err := dir.Read(ctx)
	if err != nil {
		return nil, unreadable(path, err)
	}
	stored := a.storedChildren(ctx, path)
	rows := make([]engine.SelectRow, 0, len(entries))
	for _, e := range entries {
		full := filepath.Join(path, e.Name)
		kind, size := engine.RowFile, e.Size
		switch {
		case e.IsDir():
			kind, size = engine.RowFolder, -1
		case e.Kind == source.KindSymlink:
			kind = engine.RowLink
		case e.Kind != source.KindFile:
			kind = engine.RowOther
		}
		if old, ok := stored[e.Name]; ok && !e.IsDir() && (old.Size != e.Size || old.ModTime != e.ModTime) {
			delete(stored, e.Name) // an older version is; what is there waits
		}
		row := a.rowOf(rules, full, e.Name, kind, e.IsDir(), size, stored)
		rows = append(rows, row)
	}
	sort.SliceStable(rows, func(i, j int) bool {
		if rows[i].Parent != rows[j].Parent {
			return rows[i].Parent
		}
		return strings.ToLower(rows[i].Name) < strings.ToLower(rows[j].Name)
	})
	return rows, nil
}

func unreadable(path string, err error) error {
	_, reason, advice := source.Classify(err)
	return &engine.Error{Op: "look into", Kind: engine.KindDenied, Path: path, Err: err,
		Message: fmt.Sprintf("%s cannot be opened. %s %s", path, reason, advice)}
}

// storedChildren is what the backup holds of a folder, by name; nil when nothing.
func (a *Agent) storedChildren(ctx context.Context, path string) map[string]catalog.Entry {
	c, where, err := a.connected("select")
	if err != nil {
		return nil
	}
	dir, err := c.Lookup(ctx, where.Device, filepath.ToSlash(path))
	if err != nil {
		return nil
	}
	entries, err := c.Children(ctx, dir.ID, catalog.ChildrenOptions{})
	if err != nil {
		return nil
	}
	byName := make(map[string]catalog.Entry, len(entries))
	for _, e := range entries {
		byName[e.Name] = e
	}
	return byName
}

func (a *Agent) row(ctx context.Context, rules *selection.Rules, path, name string, kind engine.RowKind, parent bool, size int64) engine.SelectRow {
	stored := a.storedChildren(ctx, filepath.Dir(path))
	return a.rowOf(rules, path, name, kind, parent, size, stored)
}

// rowOf is one row: its mark by the draft, its state by the backup.
func (a *Agent) rowOf(rules *selection.Rules, path, name string, kind engine.RowKind, parent bool, size int64, stored map[string]catalog.Entry) engine.SelectRow {
	row := engine.SelectRow{Path: path, Name: name, Kind: kind, Parent: parent, Size: size, Mark: rules.Mark(path, parent)}
	d := rules.Decide(path, parent)
	_, known := stored[filepath.Base(path)]
	switch {
	case d.Exclusion != nil:
		row.State, row.Tone = "Excluded: "+selection.Title(*d.Exclusion), engine.ToneWarn
	case row.Mark == engine.MarkEmpty:
		row.State, row.Tone = "Not backed up", engine.ToneQuiet
	case row.Mark == engine.MarkDash:
		row.NewItems = rules.NewItems(path)
		row.State, row.Tone = "Partly", engine.ToneQuiet
		if row.NewItems {
			row.State = "Partly, new items join"
		}
	case kind == engine.RowOther:
		row.State, row.Tone = "Recorded, not read", engine.ToneQuiet
	case known:
		row.State, row.Tone = "Protected", engine.ToneOK
	default:
		row.State, row.Tone = "Waiting", engine.ToneBusy
	}
	return row
}

// Why implements engine.Select.
func (a *Agent) Why(ctx context.Context, draft engine.Selection, path string) (engine.Reason, error) {
	ctx, end, err := a.begin(ctx, "explain")
	if err != nil {
		return engine.Reason{}, err
	}
	defer end()
	rules, err := a.compile(draft)
	if err != nil {
		return engine.Reason{}, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return engine.Reason{}, invalid("explain", path, "This is not a path on this computer.")
	}
	info, statErr := os.Lstat(path)
	d := rules.Decide(path, statErr == nil && info.IsDir())
	r := engine.Reason{Included: d.Included, Rule: d.Rule, Exclusion: d.Exclusion, Choice: d.Choice, State: "Nothing of it is stored."}
	c, where, err := a.connected("explain")
	if err != nil {
		return r, nil
	}
	entry, err := c.Lookup(ctx, where.Device, filepath.ToSlash(path))
	if err != nil {
		return r, nil
	}
	r.Last, r.State = time.Unix(0, entry.Since), "It is stored."
	if entry.Gone != 0 {
		r.State = "It was stored until it went away or was left out; its versions can still be restored."
	}
	return r, nil
}

// sentence makes a sentence of an error's words.
func sentence(err error) string {
	text := err.Error()
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
