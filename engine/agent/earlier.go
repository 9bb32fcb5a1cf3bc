package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/catalog"
	"holdfast/engine/prune"
)

// earlier is what a computer was until its identity went to this one, or until this
// one took that of another: a tree that nobody adds to, in the list of computers under
// a name of its own. It is kept with the settings, here, in the backup and at the
// server, so that it outlives this computer.
type earlier struct {
	Device string    `json:"device"` // whose snapshots
	Until  time.Time `json:"until"`  // and up to which
	Name   string    `json:"name"`
	Over   bool      `json:"over,omitempty"` // nobody goes on as this one; else somebody has its identity
	Home   string    `json:"home,omitempty"`
	Last   time.Time `json:"last"` // its last backup
	Files  int64     `json:"files"`
	Bytes  int64     `json:"bytes"`
}

// earlierName is what a computer is called once another one has its place.
func earlierName(name string) string { return name + " (before replacement)" }

// id tells it from the computer that has its identity now.
func (e earlier) id() string { return fmt.Sprintf("%s@%d", e.Device, e.Until.UnixNano()) }

func (e earlier) computer() engine.Computer {
	return engine.Computer{ID: e.id(), Name: e.Name, LastBackup: e.Last, Home: e.Home,
		Stored: engine.Amount{Files: e.Files, Bytes: e.Bytes}, Until: e.Until}
}

// withEarlier adds them to the computers; one as which nobody goes on is not listed
// twice.
func withEarlier(list []engine.Computer, replaced []earlier) []engine.Computer {
	out := make([]engine.Computer, 0, len(list)+len(replaced))
	for _, c := range list {
		over := false
		for _, e := range replaced {
			over = over || e.Over && e.Device == c.ID
		}
		if !over {
			out = append(out, c)
		}
	}
	for _, e := range replaced {
		out = append(out, e.computer())
	}
	return out
}

// seen is the device that a request is about, and the moment: of an earlier computer
// none after its end. The time is as it came where the computer is of now.
func (a *Agent) seen(ctx context.Context, c *catalog.Catalog, computer string, at time.Time) (device string, moment time.Time, err error) {
	e, ok := a.earlierCalled(computer)
	if !ok {
		device, err = a.device(ctx, c, computer)
		return device, at, err
	}
	if at.IsZero() || at.After(e.Until) {
		at = e.Until
	}
	return e.Device, at, nil
}

// orLater is a moment for questions that need one.
func (a *Agent) orLater(at time.Time) time.Time {
	if at.IsZero() {
		return a.Now().AddDate(1, 0, 0)
	}
	return at
}

// earlierCalled finds one by id or name.
func (a *Agent) earlierCalled(computer string) (earlier, bool) {
	for _, e := range a.allEarlier() {
		if computer != "" && (e.id() == computer || strings.EqualFold(e.Name, computer)) {
			return e, true
		}
	}
	return earlier{}, false
}

// allEarlier are those that this computer knows of: by itself, and as the server last
// told of the other computers of the account.
func (a *Agent) allEarlier() []earlier {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := slices.Clone(a.settings.Replaced)
	for _, list := range a.others.earlier {
		for _, e := range list {
			if !slices.ContainsFunc(all, func(o earlier) bool { return o.id() == e.id() }) {
				all = append(all, e)
			}
		}
	}
	return all
}

// askEarlier asks for the earlier computers that others of the account are the
// successors of. What was learned before is not asked for again.
func askEarlier(ctx context.Context, d *account.Device, list []account.Computer, own string, known map[string][]earlier) map[string][]earlier {
	out := map[string][]earlier{}
	for _, c := range list {
		if c.Generation < 2 || c.ID == own || c.State == stateRemoved {
			continue
		}
		key := fmt.Sprintf("%s %d", c.ID, c.Generation)
		if out[key] = known[key]; len(out[key]) > 0 {
			continue
		}
		if kept, err := readSettings(ctx, d, c.ID); err == nil && kept != nil {
			out[key] = kept.Replaced
		}
	}
	return out
}

// replacedAt are the moments up to which a device was another computer.
func (a *Agent) replacedAt(device string) []time.Time {
	var ends []time.Time
	for _, e := range a.allEarlier() {
		if e.Device == device && !e.Over {
			ends = append(ends, e.Until)
		}
	}
	return ends
}

// thinned is what becomes of the snapshots of this computer, and of those of the seats
// that it gave up.
func (a *Agent) thinned(device string, removed []prune.Removal) []prune.Device {
	policy := a.current().Settings.Retention
	list := []prune.Device{{ID: device, Policy: policy, Removed: removed, Replaced: a.replacedAt(device)}}
	for _, id := range a.givenUp(device) {
		list = append(list, prune.Device{ID: id, Policy: policy})
	}
	return list
}

// givenUp are the seats that this computer had before it took the place of another. As
// them nobody goes on, so that nobody else thins what they stored.
func (a *Agent) givenUp(device string) []string {
	var devices []string
	for _, e := range a.current().Replaced {
		if e.Over && e.Device != device && !slices.Contains(devices, e.Device) {
			devices = append(devices, e.Device)
		}
	}
	return devices
}

// noteEarlier notes what the computer was whose place this one took in one go.
func (a *Agent) noteEarlier(ctx context.Context, device string, kept *keptSettings) error {
	c, _, err := a.connected("replace")
	if err != nil {
		return err
	}
	e := earlier{Device: device, Name: earlierName("The old computer")}
	if kept != nil {
		e.Name, e.Home = earlierName(kept.Settings.Computer), kept.Home
	}
	found, err := a.endedNow(ctx, c, &e)
	if err != nil || !found {
		return err
	}
	return a.saveSettings(func(s *settingsFile) { s.Replaced = append(slices.Clone(s.Replaced), e) })
}
