package history

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
)

// Engine is what this screen needs of the running backup.
type Engine interface {
	Events(ctx context.Context, query engine.EventQuery) ([]engine.Event, error)
	Watch(ctx context.Context) (<-chan engine.Topic, error)
}

// Deps are what the shell gives to the screen.
type Deps struct {
	Engine Engine
	Window fyne.Window
	Desk   *ask.Desk        // nil: one that answers through fyne.Do
	Now    func() time.Time // nil: time.Now
	Settle time.Duration    // how long the search rests before it is asked; 0: a moment
}

// state is all that the screen shows.
type state struct {
	text     string
	pages    pages
	loaded   bool
	failed   string
	selected int64 // id of an event, 0: none
}

// Screen is History. Everything of it belongs to the UI goroutine.
type Screen struct {
	deps  Deps
	desk  *ask.Desk
	state state
	view  *view
	lane  ask.Lane
}

// New makes the screen; Show starts it.
func New(deps Deps) *Screen {
	if deps.Desk == nil {
		deps.Desk = ask.New()
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Settle == 0 {
		deps.Settle = 200 * time.Millisecond
	}
	s := &Screen{deps: deps, desk: deps.Desk}
	newView(s)
	return s
}

// Content is what the shell shows.
func (s *Screen) Content() fyne.CanvasObject { return s.view.page.Content() }

// FocusList gives the keys to the list.
func (s *Screen) FocusList() { s.deps.Window.Canvas().Focus(s.view.list) }

// FocusSearch gives the keys to the search.
func (s *Screen) FocusSearch() { s.deps.Window.Canvas().Focus(s.view.search) }

// Show starts watching and reads the newest page.
func (s *Screen) Show() {
	s.desk.Open()
	s.load(0)
	s.desk.Listen(func(ctx context.Context, apply func(func())) {
		topics, err := s.deps.Engine.Watch(ctx)
		if err != nil {
			return // what is new is read when the screen is shown again
		}
		for topic := range topics {
			if topic == engine.TopicEvents {
				apply(s.renew)
			}
		}
	})
}

// Hide ends every question.
func (s *Screen) Hide() { s.desk.Close() }

// search shows what holds a text.
func (s *Screen) search(text string) {
	s.state.text = strings.TrimSpace(text)
	s.load(s.deps.Settle)
}

// load reads the newest page in the place of what is there, after a rest.
func (s *Screen) load(rest time.Duration) {
	text := s.state.text
	s.desk.Ask(&s.lane, func(ctx context.Context) func() {
		select {
		case <-time.After(rest):
		case <-ctx.Done():
			return nil
		}
		var fresh pages
		page, err := s.deps.Engine.Events(ctx, fresh.query(text))
		return func() {
			s.state.loaded, s.state.failed = true, ""
			if err != nil {
				s.state.failed = look.Sentence(err)
			} else {
				fresh.add(page)
				s.state.pages = fresh
			}
			s.view.draw()
		}
	})
}

// renew puts what happened since in front, unless a question is on its way.
func (s *Screen) renew() {
	if s.lane.Busy() {
		return
	}
	text := s.state.text
	s.desk.Ask(&s.lane, func(ctx context.Context) func() {
		page, err := s.deps.Engine.Events(ctx, engine.EventQuery{Text: text, Limit: pageSize})
		return func() {
			if err == nil {
				s.state.pages.renew(page)
				s.view.draw()
			}
		}
	})
}

// more reads the page below the last one.
func (s *Screen) more() {
	if s.lane.Busy() || s.state.pages.end || !s.state.loaded {
		return
	}
	query := s.state.pages.query(s.state.text)
	s.desk.Ask(&s.lane, func(ctx context.Context) func() {
		page, err := s.deps.Engine.Events(ctx, query)
		return func() {
			if err != nil {
				s.state.pages.end = true // scrolling on would only fail again
				look.Say(s.deps.Window, err)
			} else {
				s.state.pages.add(page)
			}
			s.view.draw()
		}
	})
}

// askExport lets the person choose a file; its ending says which form it has.
func (s *Screen) askExport(asCSV bool) {
	name, end := "Holdfast history "+s.deps.Now().Format("2006-01-02"), ".txt"
	if asCSV {
		end = ".csv"
	}
	d := dialog.NewFileSave(func(to fyne.URIWriteCloser, err error) {
		switch {
		case err != nil:
			look.Say(s.deps.Window, &engine.Error{Op: "export", Kind: engine.KindOther, Message: "The file cannot be written there. Nothing was exported.", Err: err})
		case to != nil:
			s.export(to, strings.EqualFold(filepath.Ext(to.URI().Name()), ".csv"))
		}
	}, s.deps.Window)
	d.SetFileName(name + end)
	d.Resize(s.deps.Window.Canvas().Size().SubtractWidthHeight(120, 100))
	d.SetFilter(storage.NewExtensionFileFilter([]string{end}))
	d.Show()
}

// export reads the history to its end before it touches the file, so that a
// history that cannot be read leaves no half a file.
func (s *Screen) export(to fyne.URIWriteCloser, asCSV bool) {
	text, name := s.state.text, to.URI().Name()
	s.desk.Once(func(ctx context.Context) func() {
		var whole bytes.Buffer
		n, err := export(ctx, s.deps.Engine, text, &whole, asCSV)
		if err == nil {
			_, err = to.Write(whole.Bytes())
		}
		if closing := to.Close(); err == nil {
			err = closing
		}
		return func() {
			if err != nil {
				look.Say(s.deps.Window, &engine.Error{Op: "export", Kind: engine.KindOf(err), Message: "The history could not be written to " + name + ". The history itself is unharmed.", Err: err})
				return
			}
			look.Notice(s.deps.Window, "Exported", look.Plural(int64(n), "event", "events")+" were written to "+name+".")
		}
	})
}
