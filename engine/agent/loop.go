package agent

import (
	"context"
	"path/filepath"
	"time"

	"holdfast/engine"
	"holdfast/engine/schedule"
	"holdfast/engine/source"
)

const (
	fullEvery  = 24 * time.Hour // every folder is looked at that often, whatever was heard
	tidyEvery  = 24 * time.Hour
	drillEvery = 30 * 24 * time.Hour
	mostHints  = 20000 // folders; with more of them looking at everything is quicker
)

// wake makes the loop decide anew.
func (a *Agent) wake() {
	select {
	case a.woken <- struct{}{}:
	default:
	}
}

// dueNow makes the schedule start a capture as soon as it may: a person changed what
// is backed up, or asked for another look. The caller holds the lock.
func (a *Agent) dueNow() { a.lastStarted, a.lastGood, a.failures = time.Time{}, time.Time{}, 0 }

// nextCapture is when the schedule would start one; zero when nothing runs the
// schedule, or waiting alone brings none.
func (a *Agent) nextCapture() time.Time {
	if !a.Background {
		return time.Time{}
	}
	at, _ := schedule.Next(a.scheduleState(), a.current().Settings, a.Now())
	return at
}

func (a *Agent) scheduleState() schedule.State {
	paused, until := a.paused()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := schedule.State{
		Started: a.lastStarted, Ended: a.lastGood,
		Failures: a.failures, Paused: paused, PausedUntil: until,
		Power: schedule.SystemPower().Power(),
	}
	if a.failures > 0 {
		s.Failed = a.lastTried
	}
	return s
}

// loop captures by schedule until the agent closes, and does in between what has to
// be done now and then.
func (a *Agent) loop() {
	stopWatching := func() {}
	defer func() { stopWatching() }()
	watched := ""
	for {
		err := schedule.Wait(a.ctx, a.woken, func(now time.Time) time.Time {
			if key := a.watchKey(); key != watched {
				stopWatching()
				stopWatching, watched = a.watch(), key
			}
			if _, _, err := a.connected("back up"); err != nil {
				return now.Add(time.Hour)
			}
			at, _ := schedule.Next(a.scheduleState(), a.current().Settings, now)
			if at.IsZero() {
				return now.Add(time.Hour)
			}
			return at
		})
		if err != nil {
			return
		}
		a.scheduled()
	}
}

// scheduled is one turn of the schedule.
func (a *Agent) scheduled() {
	a.mu.Lock()
	if a.Now().Sub(a.lastFull) > fullEvery {
		a.rescan = true
	}
	full := a.rescan
	a.mu.Unlock()
	err := a.backUpUntilPaused()
	a.report(a.ctx)
	if err != nil {
		return
	}
	if full {
		a.mu.Lock()
		a.lastFull = a.Now()
		a.mu.Unlock()
	}
	a.inIdle("last tidy", tidyEvery, func(ctx context.Context) error {
		_, err := a.maintain(ctx, false)
		return err
	})
	a.lookWhatIsDue(a.ctx)
	a.inIdle("last drill", drillEvery, func(ctx context.Context) error {
		_, err := a.Drill(ctx)
		return err
	})
}

// backUpUntilPaused captures; a pause ends it at the next safe point, and it goes on
// from there when it is over.
func (a *Agent) backUpUntilPaused() error {
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	a.mu.Lock()
	a.pause = cancel
	a.mu.Unlock()
	if paused, _ := a.paused(); paused {
		return context.Canceled
	}
	_, err := a.BackUp(ctx, nil)
	return err
}

// inIdle runs a duty that is due. One that fails is due again an interval later,
// not at every capture.
func (a *Agent) inIdle(name string, every time.Duration, duty func(context.Context) error) {
	c, _, err := a.connected(name)
	if err != nil || a.ctx.Err() != nil {
		return
	}
	if text, err := c.Get(a.ctx, name); err == nil {
		if last, err := time.Parse(time.RFC3339, text); err == nil && a.Now().Sub(last) < every && !last.After(a.Now()) {
			return
		}
	}
	if err := duty(a.ctx); err != nil {
		a.Log.Error("a duty failed", "duty", name, "error", err)
	}
	if err := c.Set(a.ctx, name, a.Now().Format(time.RFC3339)); err != nil {
		a.Log.Error("a duty could not be noted", "duty", name, "error", err)
	}
}

// watchKey changes when other folders have to be watched.
func (a *Agent) watchKey() string {
	s := a.current()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.where == nil {
		return ""
	}
	return a.where.Address + s.Changed.String()
}

// watch turns events into hints for the next capture. The function that comes back
// ends it.
func (a *Agent) watch() func() {
	rules, err := a.compile(a.current().Selection)
	if err != nil || a.watchKey() == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(a.ctx)
	hints, err := source.Watch(ctx, rules.Roots(), func(path string) bool {
		d := rules.Decide(path, true)
		return !d.Included && !d.Descend
	}, source.WatchOptions{Canary: a.home.path("canary")})
	if err != nil {
		a.Log.Warn("changes are not watched; folders are looked at by schedule", "error", err)
		cancel()
		a.mu.Lock()
		a.deaf = true
		a.mu.Unlock()
		return func() {}
	}
	a.mu.Lock()
	a.deaf = false
	a.mu.Unlock()
	a.tasks.Go(func() {
		for h := range hints {
			a.hint(h)
		}
	})
	return cancel
}

// hint notes a folder to look at.
func (a *Agent) hint(h source.Hint) {
	a.mu.Lock()
	defer a.mu.Unlock()
	path := filepath.Clean(h.Path)
	a.hints[path] = a.hints[path] || h.Recursive
	if len(a.hints) > mostHints {
		a.rescan = true
		clear(a.hints)
	}
}

// setUpNow starts the first backup as soon as there is a destination.
func (a *Agent) setUpNow() {
	a.mu.Lock()
	a.rescan, a.lastStarted, a.lastGood, a.failures = true, time.Time{}, time.Time{}, 0
	a.mu.Unlock()
	a.wake()
	a.notices.tell(engine.TopicStatus)
}
