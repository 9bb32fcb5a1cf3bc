package agent

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/engine/backup"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/selection"
)

// BackUp implements engine.Capture.
func (a *Agent) BackUp(ctx context.Context, paths []string) (engine.CaptureResult, error) {
	const op = "back up"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.CaptureResult{}, err
	}
	defer end()
	_, where, err := a.connected(op)
	if err != nil {
		return engine.CaptureResult{}, err
	}
	paths, err = a.chosen(ctx, paths)
	if err != nil {
		return engine.CaptureResult{}, err
	}
	ctx, release, err := a.hold(ctx)
	if err != nil {
		return engine.CaptureResult{}, explain(op, where.Address, err)
	}
	defer release()
	began := a.Now()
	a.mu.Lock()
	heard := a.hints // what is heard from now on is for the next capture
	a.hints = map[string]bool{}
	full := len(paths) == 0 && (a.rescan || a.deaf || !a.Background || a.reread != nil)
	if full {
		a.rescan = false // who asks for one from now on asks for another
	}
	a.mu.Unlock()
	result, err := a.capture(ctx, paths, heard, full)
	err = explain(op, where.Address, err)
	a.ended(result, err, ending{began: began, heard: heard, paths: paths, byHand: len(paths) > 0, full: full})
	if !a.Background { // nobody else will
		a.report(ctx)
		if err == nil {
			a.lookWhatIsDue(ctx)
		}
	}
	return result, err
}

// ending is what a capture that ended had set out to do.
type ending struct {
	began  time.Time
	heard  map[string]bool
	paths  []string
	byHand bool // of these paths only
	full   bool // everything was looked at
}

// capture makes one capture. The caller holds the capturer's token.
func (a *Agent) capture(ctx context.Context, paths []string, heard map[string]bool, full bool) (engine.CaptureResult, error) {
	progress := new(backup.Progress)
	a.mu.Lock()
	a.progress = progress
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.progress = nil
		a.mu.Unlock()
	}()
	a.notices.tell(engine.TopicStatus)
	ticking, stop := context.WithCancel(ctx)
	defer stop()
	go a.tick(ticking)

	r, done, err := a.repository(ctx, "back up")
	if err != nil {
		return engine.CaptureResult{}, err
	}
	defer done()
	lock, err := r.Lock(ctx, false)
	if err != nil {
		return engine.CaptureResult{}, err
	}
	defer lock.Unlock()
	if err := a.sync(ctx); err != nil {
		return engine.CaptureResult{}, err
	}
	if err := a.regain(ctx); err != nil {
		return engine.CaptureResult{}, err
	}
	c, where, err := a.connected("back up")
	if err == nil {
		err = a.leaveOut(ctx, c, where.Device)
	}
	if err != nil {
		return engine.CaptureResult{}, err
	}
	options, err := a.captureOptions(r, paths, heard, full)
	if err != nil {
		return engine.CaptureResult{}, err
	}
	options.Progress, options.Held = progress, lock.Held
	return backup.Run(ctx, options)
}

// captureOptions says what to capture: the selection, or these paths.
func (a *Agent) captureOptions(r *repo.Repository, paths []string, heard map[string]bool, full bool) (backup.Options, error) {
	a.mu.Lock()
	where, c, reread := a.where, a.catalog, a.reread
	a.mu.Unlock()
	if len(paths) > 0 && reread == nil {
		if err := a.rememberOnce(paths); err != nil {
			return backup.Options{}, err
		}
	}
	s := a.current()
	o := backup.Options{
		Repo: r, Catalog: c, FS: a.FS, Now: a.Now,
		Device: where.Device, Computer: s.Settings.Computer, Workers: workers(s.Settings.Usage),
		Extra: a.extra(s), Reread: reread, Always: !a.Background,
	}
	chosen := s.Selection
	if len(paths) > 0 {
		chosen = engine.Selection{}
		for _, p := range paths {
			chosen.Choices = append(chosen.Choices, engine.Choice{Path: p, Include: true, NewItems: true})
		}
		removed := removedFrom(s.Removals)
		o.Set, o.Keep = "paths", func(path string) bool { return !removed(path) }
		o.Retry = []time.Duration{2 * time.Second}
	} else {
		o.Keep = keepOnce(s.Once, s.Removals)
		if !full {
			o.Look = []backup.Look{}
			for path, recursive := range heard {
				o.Look = append(o.Look, backup.Look{Path: path, Recursive: recursive})
			}
		}
	}
	rules, err := selection.Compile(chosen, a.environment())
	if err != nil {
		return o, invalid("back up", "", sentence(err)+" Nothing was backed up. Correct it in Manage Files.")
	}
	o.Rules = rules
	return o, nil
}

// environment is what rules need to know of this computer.
func (a *Agent) environment() selection.Env {
	a.mu.Lock()
	defer a.mu.Unlock()
	env := selection.Env{Home: userHome(), OwnDirs: []string{a.Home}, CaseFold: runtime.GOOS == "windows" || runtime.GOOS == "darwin"}
	if a.where != nil && a.where.Account == nil {
		env.OwnDirs = append(env.OwnDirs, a.where.Address)
	}
	return env
}

// workers is how many processors a capture may use.
func workers(u engine.Usage) int {
	share := min(100, max(u.Away, u.Present, 1))
	return (runtime.GOMAXPROCS(0)*share + 99) / 100
}

// ended notes how a capture went.
func (a *Agent) ended(result engine.CaptureResult, err error, e ending) {
	a.mu.Lock()
	a.lastTried = a.Now()
	c := a.catalog
	if err != nil || e.byHand {
		for path, recursive := range e.heard { // still to be looked at
			a.hints[path] = a.hints[path] || recursive
		}
	}
	switch {
	case err == nil && !e.byHand:
		a.fault, a.failures = nil, 0
		a.lastStarted, a.lastGood = e.began, a.Now()
	case err != nil && engine.KindOf(err) != engine.KindCancelled:
		a.fault, a.rescan = err, true
		a.failures++
	}
	if err != nil && e.full {
		a.rescan = true
	}
	fault, first := a.fault, a.failures == 1
	a.mu.Unlock()
	a.keepFault(c, fault)
	a.afterFault(err, first)
	if err == nil && c != nil {
		a.record(c, result, e)
	}
	a.notices.tell(engine.TopicStatus, engine.TopicFiles)
}

// afterFault tells of a failure once, and forgets a store that may be gone.
func (a *Agent) afterFault(err error, first bool) {
	if err == nil || engine.KindOf(err) == engine.KindCancelled {
		return
	}
	a.Log.Error("capture failed", "error", errors.Unwrap(err))
	if first {
		a.event(engine.ToneBad, "backup", "%s", err.Error())
	}
	switch engine.KindOf(err) {
	case engine.KindUnreachable, engine.KindOther, engine.KindReadOnly, engine.KindDenied,
		engine.KindSignIn, engine.KindReplaced, engine.KindRefused, engine.KindStranger, engine.KindCertificate:
		a.dropRepository()
	}
}

// record writes down what a capture did.
func (a *Agent) record(c *catalog.Catalog, result engine.CaptureResult, e ending) {
	ctx := context.WithoutCancel(a.ctx)
	if err := keepProblems(ctx, c, result.Skipped, e); err != nil {
		a.Log.Error("problems could not be kept", "error", err)
	}
	if e.byHand {
		// says nothing about the selection
	} else if err := c.Set(ctx, lastLookKey, a.Now().Format(time.RFC3339Nano)); err != nil {
		a.Log.Error("the time of the last look could not be kept", "error", err)
	}
	if result.Snapshot == "" || result.New+result.Changed+result.Deleted == 0 {
		return
	}
	if err := c.AddDay(ctx, a.Now(), result.New+result.Changed, result.Stored); err != nil {
		a.Log.Error("the day could not be kept", "error", err)
	}
	a.event(engine.ToneOK, "backup", "Backed up: %s.", strings.Join(changes(result), ", "))
}

// keepProblems replaces the problems of what was looked at.
func keepProblems(ctx context.Context, c *catalog.Catalog, found []engine.Problem, e ending) error {
	known, err := c.Problems(ctx)
	if err != nil {
		return err
	}
	still := map[string]bool{}
	for _, p := range found {
		still[p.Path] = true
	}
	var over []string
	for _, p := range known {
		if !still[p.Path] && e.looked(p.Path) {
			over = append(over, p.Path)
		}
	}
	return errors.Join(c.ClearProblems(ctx, over), c.SetProblems(ctx, found))
}

// looked says whether a path was looked at.
func (e ending) looked(path string) bool {
	for folder, recursive := range e.heard {
		if e.byHand {
			break // these are still to be looked at
		}
		if filepath.Dir(path) == folder || recursive && within(path, folder) {
			return true
		}
	}
	for _, p := range e.paths {
		if within(path, p) {
			return true
		}
	}
	return e.full
}

// lastLookKey is when the selection was looked at last, whether anything had
// changed or not.
const lastLookKey = "last look"

func changes(r engine.CaptureResult) []string {
	var parts []string
	for _, p := range []struct {
		n    int64
		word string
	}{{r.New, "new"}, {r.Changed, "changed"}, {r.Deleted, "deleted"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	return parts
}

// tick tells watchers about a running capture.
func (a *Agent) tick(ctx context.Context) {
	t := time.NewTicker(250 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			a.notices.tell(engine.TopicStatus)
		case <-ctx.Done():
			return
		}
	}
}

// Pause implements engine.Capture.
func (a *Agent) Pause(ctx context.Context, until time.Time) error {
	if err := a.saveSettings(func(s *settingsFile) { s.PausedUntil = &until }); err != nil {
		return err
	}
	a.mu.Lock()
	end := a.pause
	a.mu.Unlock()
	if end != nil {
		end()
	}
	if until.IsZero() {
		a.event(engine.ToneWarn, "settings", "Backup was paused until it is resumed.")
	} else {
		a.event(engine.ToneWarn, "settings", "Backup was paused until %s.", until.Local().Format("Mon 2 Jan 15:04"))
	}
	a.notices.tell(engine.TopicStatus)
	return nil
}

// Resume implements engine.Capture.
func (a *Agent) Resume(ctx context.Context) error {
	if a.current().PausedUntil == nil {
		return nil
	}
	if err := a.saveSettings(func(s *settingsFile) { s.PausedUntil = nil }); err != nil {
		return err
	}
	a.event(engine.ToneOK, "settings", "Backup was resumed.")
	a.wake()
	a.notices.tell(engine.TopicStatus)
	return nil
}

// paused says whether captures wait now, and until when.
func (a *Agent) paused() (bool, time.Time) {
	p := a.current().PausedUntil
	if p == nil || !p.IsZero() && !a.Now().Before(*p) {
		return false, time.Time{}
	}
	return true, *p
}

// Problems implements engine.Capture.
func (a *Agent) Problems(ctx context.Context) ([]engine.Problem, error) {
	ctx, end, err := a.begin(ctx, "list problems")
	if err != nil {
		return nil, err
	}
	defer end()
	c, where, err := a.connected("list problems")
	if err != nil {
		return nil, err
	}
	list, err := c.Problems(ctx)
	return list, explain("list problems", where.Address, err)
}

// Retry implements engine.Capture.
func (a *Agent) Retry(ctx context.Context, path string) error {
	if _, _, err := a.connected("retry"); err != nil {
		return err
	}
	a.mu.Lock()
	if path == "" {
		a.rescan = true
	} else {
		a.hints[filepath.Dir(path)] = true
	}
	a.dueNow()
	a.mu.Unlock()
	a.wake()
	return nil
}
