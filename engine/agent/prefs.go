package agent

import (
	"context"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/prune"
	"holdfast/engine/repo"
	"holdfast/engine/retention"
	"holdfast/engine/selection"
)

// firstSettings are those of a computer that was never set up.
func (a *Agent) firstSettings() settingsFile {
	s := settingsFile{Settings: engine.DefaultSettings(), Selection: selection.Default(userHome())}
	s.Settings.Computer = hostName()
	s.Changed = a.Now()
	return s
}

// Settings implements engine.Preferences.
func (a *Agent) Settings(ctx context.Context) (engine.Settings, error) {
	a.regainIfIdle(ctx)
	return a.current().Settings, nil
}

// SaveSettings implements engine.Preferences.
func (a *Agent) SaveSettings(ctx context.Context, s engine.Settings) error {
	const op = "save settings"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return err
	}
	defer end()
	s.Computer = strings.TrimSpace(s.Computer)
	switch {
	case s.Computer == "":
		return invalid(op, "", "This computer needs a name. The settings are as before.")
	case s.Schedule.Every < time.Minute:
		return invalid(op, "", "A backup can start every minute at most. The settings are as before.")
	case s.Usage.Present < 1 || s.Usage.Present > 100 || s.Usage.Away < 1 || s.Usage.Away > 100:
		return invalid(op, "", "The share of the processor is between 1 and 100 percent. The settings are as before.")
	case s.Usage.BatteryFloor < 0 || s.Usage.BatteryFloor > 100:
		return invalid(op, "", "The charge of the battery is between 0 and 100 percent. The settings are as before.")
	case min(s.Network.UpPresent, s.Network.UpAway, s.Network.DownPresent, s.Network.DownAway) < 0:
		return invalid(op, "", "A limit of the network is 0 for none, or more. The settings are as before.")
	case !s.Retention.Valid():
		return invalid(op, "", "Every version has to be kept for some time at least. The settings are as before.")
	}
	a.regainIfIdle(ctx)
	if err := a.saveSettings(func(f *settingsFile) { f.Settings, f.Changed = s, a.Now() }); err != nil {
		return err
	}
	if c, _, err := a.connected(op); err == nil {
		if err := a.thisDevice(ctx, c); err != nil {
			return explain(op, "", err)
		}
	}
	a.event(engine.ToneQuiet, "settings", "Settings were changed.")
	a.notices.tell(engine.TopicSettings, engine.TopicStatus)
	a.wake()
	return nil
}

// PreviewRetention implements engine.Preferences.
func (a *Agent) PreviewRetention(ctx context.Context, policy engine.Retention) (engine.RetentionPreview, error) {
	const op = "preview"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.RetentionPreview{}, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return engine.RetentionPreview{}, err
	}
	received := a.receipts(ctx, where)
	var versions [][]retention.Version
	for _, device := range append([]string{where.Device}, a.givenUp(where.Device)...) {
		snapshots, err := c.Snapshots(ctx, device)
		if err != nil {
			return engine.RetentionPreview{}, explain(op, where.Address, err)
		}
		for _, series := range prune.Series(snapshots, a.replacedAt(device)) {
			versions = append(versions, versionsOf(series, received))
		}
	}
	return retention.Preview(versions, prune.Latest(a.Now(), received), policy), nil
}

// versionsOf are versions by the times at which the server received them, as far as it
// says, or their own.
func versionsOf(snapshots []catalog.Snapshot, received map[repo.ID]time.Time) []retention.Version {
	versions := make([]retention.Version, len(snapshots))
	for i, s := range snapshots {
		at, ok := received[s.ID]
		if !ok {
			at = s.Time
		}
		versions[i] = retention.Version{Time: at, ID: s.ID.String()}
	}
	return versions
}

// previewPatience is how long a preview waits for a server; without it, it counts by
// the clock of this computer.
const previewPatience = 5 * time.Second

// receipts are the times by which versions go in an account; nil: their own count.
func (a *Agent) receipts(ctx context.Context, where *destinationFile) map[repo.ID]time.Time {
	if where.Account == nil {
		return nil
	}
	const op = "preview"
	ctx, cancel := context.WithTimeout(ctx, previewPatience)
	defer cancel()
	r, done, err := a.repository(ctx, op)
	if err != nil {
		a.Log.Warn("the server could not be asked when it received what", "error", err)
		return nil
	}
	defer done()
	received, err := prune.Received(ctx, r)
	if err != nil {
		a.Log.Warn("the server could not be asked when it received what", "error", err)
		return nil
	}
	return received
}

// Events implements engine.Preferences.
func (a *Agent) Events(ctx context.Context, q engine.EventQuery) ([]engine.Event, error) {
	const op = "history"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return nil, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		if engine.KindOf(err) == engine.KindNotSetUp {
			return nil, nil
		}
		return nil, err
	}
	if q.Limit == 0 {
		q.Limit = 200
	}
	list, err := c.Events(ctx, q)
	return list, explain(op, where.Address, err)
}
