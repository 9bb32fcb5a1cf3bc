// Package tray is the icon in the tray: the state of the backup as a picture and a
// line of words, and the few things one does without the window.
//
// Its one idea: what is shown is made of the engine's Status by two functions, and
// handed to the tray only when it changed, because every change is a message to
// the desktop. Watching goes on while the window is closed, for that is what the
// tray is for.
//
// Whether there is a tray at all is asked with Present; Fyne says nothing where
// there is none. Closing and quitting are the program's.
package tray

import (
	"context"
	"fmt"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/assets/paint"
	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// Engine is what the tray needs of the engine.
type Engine interface {
	Status(ctx context.Context) (engine.Status, error)
	BackUp(ctx context.Context, paths []string) (engine.CaptureResult, error)
	Pause(ctx context.Context, until time.Time) error
	Resume(ctx context.Context) error
	Watch(ctx context.Context) (<-chan engine.Topic, error)
}

// Board is where icon and menu are put; Fyne's desktop.App is one.
type Board interface {
	SetSystemTrayMenu(menu *fyne.Menu)
	SetSystemTrayIcon(icon fyne.Resource)
}

// Deps are what the tray works with.
type Deps struct {
	Engine   Engine
	Board    Board
	Open     func() // shows the window
	GetFiles func() // shows the window, at Get Files
	Quit     func() // asks, then ends the program
	Say      func(error)
	Dark     func() bool
	Do       func(func())     // runs a function on the UI goroutine; nil: fyne.Do
	Now      func() time.Time // nil: time.Now
}

// Tray shows how the backup stands until Close.
type Tray struct {
	deps  Deps
	state State
	drawn State
	menu  *fyne.Menu
	icon  string

	cancel context.CancelFunc
	hands  sync.WaitGroup
}

// State is what the tray shows.
type State struct {
	Line   string // the state in words
	Last   string // the last backup
	Sign   paint.Sign
	Share  float64 // of a running backup, in steps that can be seen
	Ready  bool    // a destination is connected
	Paused bool
	Busy   bool
}

// New puts the icon into the tray and begins to watch.
func New(deps Deps) *Tray {
	if deps.Do == nil {
		deps.Do = fyne.Do
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	t := &Tray{deps: deps, cancel: cancel}
	t.draw(State{Line: "Starting…"})
	t.hands.Go(func() { t.watch(ctx) })
	return t
}

// Close ends the watching.
func (t *Tray) Close() {
	t.cancel()
	t.hands.Wait()
}

// StateOf is what the tray shows of a status.
func StateOf(s engine.Status, now time.Time) State {
	state := State{Line: string(s.State), Last: "Last backup: " + look.Ago(s.LastBackup, now), Ready: s.State != engine.StateSetup}
	switch s.State {
	case engine.StateBackingUp:
		state.Sign, state.Busy = paint.Ring, true
		share := s.Progress.Fraction()
		state.Share = float64(int(share*40)) / 40
		if s.Progress.NewBytes > 0 {
			state.Line = fmt.Sprintf("Backing up, %s stored", look.Percent(share))
		}
	case engine.StateProtected:
		state.Sign = paint.Check
	case engine.StatePaused:
		state.Sign, state.Paused = paint.Pause, true
		if !s.PausedUntil.IsZero() {
			state.Line = "Paused until " + look.When(s.PausedUntil, now)
		}
	case engine.StateAttention:
		state.Sign = paint.Attention
	case engine.StateSetup:
		state.Last = ""
	}
	return state
}

// watch asks for the status whenever it may have moved, and once a minute because
// "4 minutes ago" moves by itself.
func (t *Tray) watch(ctx context.Context) {
	topics, err := t.deps.Engine.Watch(ctx)
	if err != nil {
		topics = nil // the clock still asks
	}
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		if status, err := t.deps.Engine.Status(ctx); err == nil {
			state := StateOf(status, t.deps.Now())
			t.deps.Do(func() { t.draw(state) })
		}
		select { // at most once a second: each change is a message to the desktop
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		if topics = wait(ctx, topics, tick.C); ctx.Err() != nil {
			return
		}
	}
}

// wait returns when something about the state may have changed.
func wait(ctx context.Context, topics <-chan engine.Topic, tick <-chan time.Time) <-chan engine.Topic {
	for {
		select {
		case <-ctx.Done():
			return topics
		case <-tick:
			return topics
		case topic, ok := <-topics:
			switch {
			case !ok:
				topics = nil
			case topic == engine.TopicStatus, topic == engine.TopicFiles:
				return topics
			}
		}
	}
}

// draw hands the tray what changed.
func (t *Tray) draw(state State) {
	t.state = state
	dark := t.deps.Dark != nil && t.deps.Dark()
	icon := fmt.Sprintf("holdfast-%d-%.3f-%v.png", state.Sign, state.Share, dark)
	if icon != t.icon {
		t.icon = icon
		t.deps.Board.SetSystemTrayIcon(fyne.NewStaticResource(icon, paint.Tray(64, state.Sign, state.Share, dark)))
	}
	shown := state
	shown.Share = 0
	if t.menu != nil && shown == t.drawn {
		return
	}
	t.drawn = shown
	t.menu = t.build(state)
	t.deps.Board.SetSystemTrayMenu(t.menu)
}

func (t *Tray) build(state State) *fyne.Menu {
	words := func(s string) *fyne.MenuItem {
		item := fyne.NewMenuItem(s, nil)
		item.Disabled = true
		return item
	}
	items := []*fyne.MenuItem{words(state.Line)}
	if state.Last != "" {
		items = append(items, words(state.Last))
	}
	items = append(items, fyne.NewMenuItemSeparator())
	if state.Ready {
		if !state.Busy {
			items = append(items, fyne.NewMenuItem("Back up now", func() {
				t.run(func(ctx context.Context) error { _, err := t.deps.Engine.BackUp(ctx, nil); return err })
			}))
		}
		if state.Paused {
			items = append(items, fyne.NewMenuItem("Resume", func() { t.run(t.deps.Engine.Resume) }))
		} else {
			items = append(items, t.pauses())
		}
		items = append(items, fyne.NewMenuItem("Get Files", t.deps.GetFiles))
	}
	quit := fyne.NewMenuItem("Quit", t.deps.Quit)
	quit.IsQuit = true
	items = append(items, fyne.NewMenuItem("Open Holdfast", t.deps.Open), fyne.NewMenuItemSeparator(), quit)
	return fyne.NewMenu("Holdfast", items...)
}

func (t *Tray) pauses() *fyne.MenuItem {
	item := fyne.NewMenuItem("Pause", nil)
	until := func(words string, moment func(now time.Time) time.Time) *fyne.MenuItem {
		return fyne.NewMenuItem(words, func() {
			t.run(func(ctx context.Context) error { return t.deps.Engine.Pause(ctx, moment(t.deps.Now())) })
		})
	}
	item.ChildMenu = fyne.NewMenu("",
		until("For 1 hour", func(now time.Time) time.Time { return now.Add(time.Hour) }),
		until("Until tomorrow, 08:00", func(now time.Time) time.Time {
			y, m, d := now.Date()
			return time.Date(y, m, d+1, 8, 0, 0, 0, now.Location())
		}),
		until("Until I resume", func(time.Time) time.Time { return time.Time{} }))
	return item
}

// run does something beside the UI goroutine and says what went wrong.
func (t *Tray) run(do func(ctx context.Context) error) {
	t.hands.Go(func() {
		if err := do(context.Background()); err != nil && t.deps.Say != nil {
			t.deps.Do(func() { t.deps.Say(err) })
		}
	})
}
