// Package getfiles is the screen Get Files: a look into the backup of any computer
// at any moment, out of which files and folders are chosen to be brought back.
//
// Its one idea: State is plain values and one function, draw, shows them; every
// question to the engine is asked beside the UI goroutine on a lane of its own, and
// an answer that came too late, because another folder was opened meanwhile, is
// dropped. So a folder opens as fast as the catalog answers and a slow answer never
// freezes or confuses the window.
//
// What is chosen is kept for each computer until it is cleared or got; a chosen
// folder stands for all that is in it. Bringing the files back is the engine's, and
// showing how that goes is the screen Downloads'.
package getfiles

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// Engine is what this screen needs of engine.Engine.
type Engine interface {
	engine.Browse
	PlanGet(ctx context.Context, request engine.GetRequest) (engine.Plan, error)
	Get(ctx context.Context, request engine.GetRequest) (int64, error)
	Watch(ctx context.Context) (<-chan engine.Topic, error)
}

// Deps is what the screen is given. Engine and Window are needed.
type Deps struct {
	Engine Engine
	Window fyne.Window
	// Queued is told the number of a job that was just begun: time to show Downloads.
	Queued func(job int64)
	// PickFolder asks for a folder on this computer and calls done with its path,
	// or not at all. Nil: Fyne's own dialog.
	PickFolder func(done func(path string))
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Screen is Get Files.
type Screen struct {
	engine Engine
	window fyne.Window
	queued func(int64)
	pick   func(done func(path string))
	now    func() time.Time
	read   func(path string, limit int64) ([]byte, bool, error)

	desk  *desk
	state State
	*view

	computers, content, branches lane
	amount, splits, clock        lane
	calendar, sheet, options     lane
	gets                         lane

	wanted   string    // id of the computer to show once it is known
	first    bool      // the first folder of a computer has not been answered yet
	keep     string    // path of the row that was selected before rows change
	scroll   bool      // draw shows the first row
	reveal   int       // draw brings this row into sight, -1 for none
	sought   string    // the folder that the tree was scrolled to
	ahead    time.Time // when a name was last typed at
	floating *bubble
}

// New builds the screen; nothing is asked before Show.
func New(deps Deps) *Screen {
	s := &Screen{
		engine: deps.Engine, window: deps.Window, queued: deps.Queued, pick: deps.PickFolder,
		now: deps.Now, read: readPresent, desk: newDesk(), reveal: -1,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.pick == nil {
		s.pick = s.pickFolder
	}
	s.state = newState(s.now())
	s.view = newView(s)
	s.draw()
	return s
}

// Content is what the shell shows.
func (s *Screen) Content() fyne.CanvasObject { return s.page.Content() }

// Show begins to ask and to listen for changes.
func (s *Screen) Show() {
	s.desk.open()
	s.state.Now = s.now()
	s.loadComputers()
	if s.state.Computer != "" {
		s.again()
	}
	s.listen()
	if s.window != nil {
		s.window.Canvas().AddShortcut(findKey, func(fyne.Shortcut) { s.window.Canvas().Focus(s.search) })
	}
}

// Hide ends all questions. What is chosen stays.
func (s *Screen) Hide() {
	s.closeBubble()
	s.desk.close()
	if s.window != nil {
		s.window.Canvas().RemoveShortcut(findKey)
	}
}

// Close is Hide for good: it returns when nothing of the screen runs any more.
func (s *Screen) Close() {
	s.Hide()
	s.desk.hands.Wait()
}

var findKey = &desktop.CustomShortcut{KeyName: fyne.KeyF, Modifier: fyne.KeyModifierShortcutDefault}

// listen asks again when a capture was committed while today is shown.
func (s *Screen) listen() {
	ctx, d := s.desk.ctx, s.desk
	d.start(func() {
		topics, err := s.engine.Watch(ctx)
		if err != nil {
			return // without notices the screen is right when it is shown again
		}
		for topic := range topics {
			if topic != engine.TopicFiles {
				continue
			}
			d.finish(func() {
				if ctx.Err() != nil {
					return
				}
				s.state.Now = s.now()
				s.loadComputers()
				if s.state.At.IsZero() {
					s.again()
				}
			})
		}
	})
}

func (s *Screen) say(err error) {
	if s.window != nil {
		look.Say(s.window, err)
	}
}

// readPresent reads the beginning of a file of this computer. Only a regular file
// is opened: opening a FIFO would wait for its writer.
func readPresent(path string, limit int64) (data []byte, truncated bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		return nil, false, os.ErrInvalid
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	data = make([]byte, min(limit+1, info.Size()+1))
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	return data[:min(int64(n), limit)], int64(n) > limit, nil
}
