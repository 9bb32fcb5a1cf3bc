package agent

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"holdfast/engine"
	"holdfast/engine/backup"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// keptFile is the file in the virtual folder of every snapshot that tells a computer's
// settings.
const keptFile = "settings.json"

// keptSettings is its content: what Replace Device needs of this computer, and this
// computer itself when its own file is damaged.
type keptSettings struct {
	Home      string           `json:"home"`
	Settings  engine.Settings  `json:"settings"`
	Selection engine.Selection `json:"selection"`
	Once      []string         `json:"once,omitempty"`
	Removals  []removal        `json:"removals,omitempty"`
	Replaced  []earlier        `json:"replaced,omitempty"`
}

func keptOf(s settingsFile) keptSettings {
	return keptSettings{userHome(), s.Settings, s.Selection, s.Once, s.Removals, s.Replaced}
}

// extra is the virtual folder of the tree.
func (a *Agent) extra(s settingsFile) []backup.Extra {
	data, err := json.MarshalIndent(keptOf(s), "", "  ")
	if err != nil {
		return nil
	}
	return []backup.Extra{{Name: keptFile, Data: data, ModTime: s.Changed}}
}

// regain takes settings that were lost on this computer from its last snapshot. Until
// that works, or a person saves a selection, nothing is captured and nothing thinned: by
// the selection that every computer begins with, what was chosen elsewhere would count
// as gone.
func (a *Agent) regain(ctx context.Context) error {
	const op = "read the settings"
	if !a.current().Lost {
		return nil
	}
	c, where, err := a.connected(op)
	if err != nil {
		return err
	}
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return err
	}
	defer done()
	if err := a.filled(ctx, c); err != nil {
		return explain(op, where.Address, err)
	}
	kept, err := readKept(ctx, r, c, where.Device)
	if err == nil {
		_, err = a.compile(kept.Selection)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, storage.ErrUnreachable) {
		return explain(op, where.Address, err)
	}
	if err != nil {
		return lostSettings(err)
	}
	err = a.saveSettings(func(s *settingsFile) {
		if s.Lost { // and nobody chose meanwhile
			*s = settingsFile{Settings: kept.Settings, Selection: kept.Selection, Once: kept.Once, Removals: kept.Removals, Replaced: kept.Replaced, PausedUntil: s.PausedUntil, Changed: a.Now()}
		}
	})
	if err != nil {
		return err
	}
	a.event(engine.ToneWarn, "settings", "The settings on this computer were damaged. They are again as they were at the last backup.")
	a.notices.tell(engine.TopicSettings, engine.TopicSelection, engine.TopicStatus)
	a.wake()
	return nil
}

// regainIfIdle is for calls that show or change settings where nobody regains them in
// the background. What cannot be regained now is shown as it is.
func (a *Agent) regainIfIdle(ctx context.Context) {
	if a.Background {
		return
	}
	if err := a.regain(ctx); err != nil {
		a.Log.Warn("the settings could not be regained yet", "error", err)
	}
}

// readKept reads the settings in the last snapshot of a computer.
func readKept(ctx context.Context, r *repo.Repository, c *catalog.Catalog, device string) (keptSettings, error) {
	const most = 16 << 20 // bytes
	var kept keptSettings
	s, err := c.SnapshotAt(ctx, device, time.Time{})
	if err != nil {
		return kept, err
	}
	node, err := nodeAt(ctx, r, c, s.Tree, "/"+backup.ExtraFolder+"/"+keptFile)
	if err != nil {
		return kept, err
	}
	data, err := content(ctx, r, c, node, most)
	if err != nil {
		return kept, err
	}
	err = json.Unmarshal(data, &kept)
	if err == nil && kept.Settings.Computer == "" {
		err = errNoSettings
	}
	return kept, err
}

var errNoSettings = errors.New("these are no settings")

func lostSettings(cause error) error {
	return &engine.Error{Op: "back up", Kind: engine.KindDamaged, Err: cause,
		Message: "Holdfast lost its note of what you chose, because its settings on this computer were damaged, and there is no copy in the backup. Nothing is backed up until you choose again; what is stored is safe. Look through Manage Files and save (in a terminal: holdfast select add FOLDER)."}
}
