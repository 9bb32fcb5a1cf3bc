package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"holdfast/engine"
	"holdfast/engine/backup"
	"holdfast/engine/catalog"
	"holdfast/engine/storage"
	"holdfast/engine/storage/local"
)

// counting remembers the last look at a running capture, for its speed.
type counting struct {
	at    time.Time
	bytes int64
	speed float64 // bytes per second, smoothed
}

// Status implements engine.Capture.
func (a *Agent) Status(ctx context.Context) (engine.Status, error) {
	ctx, end, err := a.begin(ctx, "status")
	if err != nil {
		return engine.Status{}, err
	}
	defer end()
	a.mu.Lock()
	where, c, progress, fault := a.where, a.catalog, a.progress, a.fault
	if fault == nil {
		fault = a.shut
	}
	if a.settings.Lost {
		fault = lostSettings(nil)
	}
	a.mu.Unlock()
	var s engine.Status
	s.Computer = engine.Computer{Name: a.current().Settings.Computer, This: true, Home: userHome()}
	if where == nil || c == nil {
		s.State = engine.StateSetup
		s.Reason = "Choose where your files are kept, and the first backup starts by itself."
		return s, nil
	}
	if err := a.browsable(ctx, c); err != nil { // the destination is away: what is known will do
		a.Log.Warn("the list of files could not be filled yet", "error", err)
	}
	device, err := c.Device(ctx, where.Device)
	if err != nil {
		return s, explain("status", where.Address, err)
	}
	s.Computer = a.owned(a.computer(device))
	s.Protected = s.Computer.Stored
	s.LastBackup = lastLook(ctx, c, device)
	s.Destination = a.destination(where)
	if s.Days, err = c.Days(ctx, a.Now(), 14); err != nil {
		return s, explain("status", where.Address, err)
	}
	problems, err := c.Problems(ctx)
	if err != nil {
		return s, explain("status", where.Address, err)
	}
	for _, p := range problems {
		if p.Kind.Counts() {
			s.Problems++
		}
	}
	s.Proven = proven(ctx, c)
	if progress != nil {
		s.Progress = a.progressOf(progress, device)
	}
	s.Due = a.due(ctx, c, where)
	s.NextBackup = a.nextCapture()
	a.decide(&s, fault)
	return s, nil
}

// decide gives the status its state, reason and next step.
func (a *Agent) decide(s *engine.Status, fault error) {
	paused, until := a.paused()
	switch {
	case s.Progress.Active && s.Progress.First:
		s.State, s.Reason = engine.StateBackingUp, "This is the first backup; a large disk can take a day or two. You can close this window."
	case s.Progress.Active:
		s.State, s.Reason = engine.StateBackingUp, "Looking for what changed and storing it."
	case paused:
		s.State, s.PausedUntil = engine.StatePaused, until
		s.Reason = "Nothing is backed up until you resume."
		if !until.IsZero() {
			s.Reason = "Nothing is backed up until " + until.Local().Format("Monday 15:04") + ", or until you resume."
		}
	case fault != nil:
		s.State, s.Reason = engine.StateAttention, fault.Error()
		s.SignIn = s.Destination.Account != "" && a.mendedBySignIn(fault)
		s.Certificate = engine.KindOf(fault) == engine.KindCertificate
	case !s.Destination.Reachable:
		s.State, s.Reason = engine.StateAttention, explain("status", s.Destination.Address, storage.ErrUnreachable).Error()
	case s.LastBackup.IsZero() && !s.NextBackup.IsZero() && !s.NextBackup.After(a.Now()): // nothing keeps it from starting
		s.State, s.Reason = engine.StateBackingUp, "The first backup is about to start. You can close this window."
		s.Progress = engine.Progress{First: true, Counting: true, Left: -1}
	case s.LastBackup.IsZero():
		s.State, s.Reason = engine.StateAttention, "Nothing is backed up yet. "+firstBackup(s.NextBackup, a.Background)
	case s.Problems > 0:
		s.State = engine.StateAttention
		s.Reason = fmt.Sprintf("%s could not be read and are not protected. See Details for which and why.", plural(s.Problems, "file or folder", "files or folders"))
		if s.Problems == 1 {
			s.Reason = "1 file or folder could not be read and is not protected. See Details for which and why."
		}
	default:
		s.State, s.Reason = engine.StateProtected, "Everything that you chose is stored."
	}
}

// mendedBySignIn says whether a new sign-in, with which this computer gets another key
// where it has none, is the next step.
func (a *Agent) mendedBySignIn(fault error) bool {
	switch engine.KindOf(fault) {
	case engine.KindSignIn:
		return true
	case engine.KindSecret:
		return a.Password == "" && !locked(fault)
	}
	return false
}

// firstBackup says when the first one comes.
func firstBackup(next time.Time, background bool) string {
	switch {
	case !background:
		return "Start the first backup."
	case next.IsZero():
		return "The first backup starts by itself as soon as Settings allow it."
	}
	return "The first backup starts by itself on " + next.Local().Format("Monday at 15:04") + "."
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// progressOf makes the two honest figures of a running capture.
func (a *Agent) progressOf(p *backup.Progress, device catalog.Device) engine.Progress {
	out := engine.Progress{
		Active:       true,
		First:        device.LastTime.IsZero(),
		Checked:      p.Checked.Load(),
		CheckTotal:   max(device.Files, p.Checked.Load()),
		Counting:     !p.ScanDone.Load(),
		NewBytes:     p.NewBytes.Load(),
		Uploaded:     p.Read.Load(),
		StoredBefore: p.StoredBefore.Load(),
		Current:      p.Current(),
		Left:         -1,
	}
	if !out.Counting {
		out.CheckTotal = out.Checked
	}
	a.mu.Lock()
	speed := a.counting.update(a.Now(), out.Uploaded)
	a.mu.Unlock()
	out.Speed = int64(speed)
	if !out.Counting && speed > 1 {
		out.Left = time.Duration(float64(out.NewBytes-out.Uploaded) / speed * float64(time.Second))
	}
	out.Limit = limitOf(p, a.Now())
	return out
}

// update smooths the speed over some seconds.
func (c *counting) update(now time.Time, bytes int64) float64 {
	passed := now.Sub(c.at).Seconds()
	switch {
	case bytes < c.bytes || passed > 30:
		*c = counting{at: now, bytes: bytes}
	case passed >= 0.25:
		lately := float64(bytes-c.bytes) / passed
		weight := min(1, passed/5)
		c.speed += (lately - c.speed) * weight
		c.at, c.bytes = now, bytes
	}
	return c.speed
}

// limitOf names what the parts of a capture wait for most.
func limitOf(p *backup.Progress, now time.Time) string {
	passed := now.Sub(p.Started())
	if passed < 2*time.Second {
		return ""
	}
	disk, storage := time.Duration(p.WaitedForDisk.Load()), time.Duration(p.WaitedForStorage.Load())
	switch {
	case storage > passed/2 && storage > disk:
		return "disk" // the destination is a folder or a drive
	case disk > passed:
		return "disk"
	}
	return "processor"
}

func (a *Agent) destination(where *destinationFile) engine.Destination {
	d := engine.Destination{Address: where.Address, ID: where.Repository, Free: -1}
	if where.Account != nil {
		d.Account, d.Server = where.Account.Email, where.Account.Name
	}
	switch {
	case a.Password != "":
		d.KeyNote = "No key is kept on this computer: a password that was given at the start opens the backup."
	case a.Keychain != nil:
		d.KeyNote = a.Keychain.Note()
	}
	if c, _, err := a.connected("status"); err == nil {
		if stored, err := c.StoredBytes(a.ctx); err == nil {
			d.Stored = stored
		}
	}
	if where.Account != nil { // the last try to reach it tells; asking would make the status wait
		a.mu.Lock()
		d.Reachable = engine.KindOf(a.fault) != engine.KindUnreachable
		a.mu.Unlock()
		if !d.Reachable {
			d.Message = where.Address + " does not answer now."
		}
		return d
	}
	store, err := local.Open(where.Address)
	if err != nil {
		d.Message = where.Address + " is not there now."
		return d
	}
	defer store.Close()
	d.Reachable = true
	if free, err := store.Free(a.ctx); err == nil {
		d.Free = free
	}
	return d
}

// lastLook is the last time that everything selected was known to be stored.
func lastLook(ctx context.Context, c *catalog.Catalog, device catalog.Device) time.Time {
	text, err := c.Get(ctx, lastLookKey)
	if err == nil {
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil && at.After(device.LastTime) {
			return at
		}
	}
	return device.LastTime
}

const provenKey = "last proof"

func proven(ctx context.Context, c *catalog.Catalog) engine.Proof {
	var p engine.Proof
	text, err := c.Get(ctx, provenKey)
	if err != nil || json.Unmarshal([]byte(text), &p) != nil {
		return engine.Proof{}
	}
	return p
}

// computer is a device as the window shows it.
func (a *Agent) computer(d catalog.Device) engine.Computer {
	return engine.Computer{
		ID: d.ID, Name: d.Name, This: d.This, LastBackup: d.LastTime, Home: d.Home,
		Stored: engine.Amount{Files: d.Files, Bytes: d.Bytes},
	}
}

// Details implements engine.Capture.
func (a *Agent) Details(ctx context.Context) (engine.Details, error) {
	ctx, end, err := a.begin(ctx, "details")
	if err != nil {
		return engine.Details{}, err
	}
	defer end()
	c, where, err := a.connected("details")
	if err != nil {
		return engine.Details{}, err
	}
	var d engine.Details
	if d.Days, err = c.Days(ctx, a.Now(), 60); err != nil {
		return d, explain("details", where.Address, err)
	}
	snapshots, err := c.Snapshots(ctx, where.Device)
	if err != nil {
		return d, explain("details", where.Address, err)
	}
	d.Versions = int64(len(snapshots))
	sizes, err := c.Sizes(ctx)
	if err != nil {
		return d, explain("details", where.Address, err)
	}
	d.Stored, d.Unique, d.Original = sizes.Stored, sizes.Unique, sizes.Original
	a.mu.Lock()
	progress := a.progress
	a.mu.Unlock()
	if progress != nil {
		d.ToDo.Bytes = max(0, progress.NewBytes.Load()-progress.Read.Load())
	}
	d.Space, err = a.space(ctx, c, where.Device)
	return d, explain("details", where.Address, err)
}

// space is what takes the room: the folders below the home folder, or below the
// top where nothing of the home is stored.
func (a *Agent) space(ctx context.Context, c *catalog.Catalog, device string) ([]engine.SpaceItem, error) {
	for _, top := range []string{userHome(), "/"} {
		items, err := c.Space(ctx, device, top)
		if err != nil {
			return nil, err
		}
		if len(items) > 0 {
			return items, nil
		}
	}
	return nil, nil
}
