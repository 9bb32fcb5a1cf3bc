package tray

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/assets/paint"
	"holdfast/engine"
)

var now = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func TestEachStateHasItsWordsAndSign(t *testing.T) {
	cases := []struct {
		name   string
		status engine.Status
		line   string
		sign   paint.Sign
		items  string
	}{
		{"setup", engine.Status{State: engine.StateSetup}, "Setup is incomplete", paint.Plain, "Setup is incomplete||Open Holdfast||Quit"},
		{"protected", engine.Status{State: engine.StateProtected, LastBackup: now.Add(-4 * time.Minute)}, "Protected", paint.Check,
			"Protected|Last backup: 4 minutes ago||Back up now|Pause|Get Files|Open Holdfast||Quit"},
		{"backing up", engine.Status{State: engine.StateBackingUp, Progress: engine.Progress{NewBytes: 200, Uploaded: 124}}, "Backing up, 62 % stored", paint.Ring,
			"Backing up, 62 % stored|Last backup: never||Pause|Get Files|Open Holdfast||Quit"},
		{"paused", engine.Status{State: engine.StatePaused, PausedUntil: now.Add(time.Hour), LastBackup: now}, "Paused until Today 10:30", paint.Pause,
			"Paused until Today 10:30|Last backup: just now||Back up now|Resume|Get Files|Open Holdfast||Quit"},
		{"attention", engine.Status{State: engine.StateAttention}, "Needs attention", paint.Attention,
			"Needs attention|Last backup: never||Back up now|Pause|Get Files|Open Holdfast||Quit"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			state := StateOf(c.status, now)
			if state.Line != c.line || state.Sign != c.sign {
				t.Errorf("it is %+v", state)
			}
			var words []string
			for _, item := range (&Tray{}).build(state).Items {
				words = append(words, item.Label)
			}
			if got := strings.Join(words, "|"); got != c.items {
				t.Errorf("the menu is %s", got)
			}
		})
	}
}

type board struct{ menus, icons int }

func (b *board) SetSystemTrayMenu(*fyne.Menu)    { b.menus++ }
func (b *board) SetSystemTrayIcon(fyne.Resource) { b.icons++ }

type fake struct{ status chan engine.Status }

func (f *fake) Status(ctx context.Context) (engine.Status, error) {
	select {
	case s := <-f.status:
		return s, nil
	case <-ctx.Done():
		return engine.Status{}, ctx.Err()
	}
}
func (f *fake) BackUp(context.Context, []string) (engine.CaptureResult, error) {
	return engine.CaptureResult{}, nil
}
func (f *fake) Pause(context.Context, time.Time) error { return nil }
func (f *fake) Resume(context.Context) error           { return nil }
func (f *fake) Watch(context.Context) (<-chan engine.Topic, error) {
	return nil, errors.New("none")
}

func TestOnlyAChangeReachesTheDesktop(t *testing.T) {
	b := &board{}
	tr := &Tray{deps: Deps{Board: b, Now: func() time.Time { return now }}}
	calm := StateOf(engine.Status{State: engine.StateProtected, LastBackup: now}, now)
	tr.draw(calm)
	tr.draw(calm)
	if b.menus != 1 || b.icons != 1 {
		t.Fatalf("%d menus and %d icons", b.menus, b.icons)
	}
	busy := StateOf(engine.Status{State: engine.StateBackingUp, Progress: engine.Progress{NewBytes: 1000, Uploaded: 400}}, now)
	tr.draw(busy)
	busy.Share = 0.5
	tr.draw(busy)
	if b.menus != 2 || b.icons != 3 {
		t.Fatalf("while the ring turns: %d menus and %d icons", b.menus, b.icons)
	}
}

func TestCloseEndsTheWatching(t *testing.T) {
	f := &fake{status: make(chan engine.Status, 1)}
	drawn := make(chan struct{}, 8)
	tr := New(Deps{Engine: f, Board: &board{}, Do: func(do func()) { do(); drawn <- struct{}{} }})
	f.status <- engine.Status{State: engine.StateProtected}
	<-drawn
	tr.Close()
}
