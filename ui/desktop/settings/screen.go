package settings

import (
	"context"
	"reflect"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/afresh"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
)

// Engine is what this screen needs of the running backup.
type Engine interface {
	engine.Preferences
	engine.Keep
	engine.Keys
	engine.Trust
	engine.Watch
	afresh.Engine
	Status(ctx context.Context) (engine.Status, error)
	Disconnect(ctx context.Context) (engine.Disconnected, error)
	Computers(ctx context.Context) ([]engine.Computer, error)
	Replacement(ctx context.Context) (engine.Replacement, error)
}

// Deps are what the shell gives to the screen.
type Deps struct {
	Engine  Engine
	Window  fyne.Window
	Desk    *ask.Desk             // nil: one that answers through fyne.Do
	Now     func() time.Time      // nil: time.Now
	Changed func(engine.Settings) // told of what was saved and of what others saved; nil: nobody
	Replace func()                // leads to where a computer is replaced; nil: it cannot be
	Gone    func()                // told after the destination was disconnected; nil: nobody
	OpenURL func(string) error    // shows a page in the browser; nil: there is none
	Raise   func()                // brings the window before the others; may be nil
	Print   func(string) error    // sends a text to the printer; nil: there is none

	Version  string // of the program
	Licences string // notices of what is built in
}

// state is all that the screen shows.
type state struct {
	loaded   bool
	failed   string
	settings engine.Settings // as shown
	saved    engine.Settings // as the engine has them
	note     note

	computers []engine.Computer // without what they were before a replacement
	replacing engine.Replacement

	status  engine.Status
	keys    []engine.Key
	keysBad string

	preview engine.RetentionPreview // of the retention in force
	known   bool                    // the preview is there
	check   task
	drill   task
	space   task
}

// note is the line that says what was changed, with its undo.
type note struct {
	words string
	tone  engine.Tone
	undo  *engine.Settings // nil: nothing to undo
}

// task is something that takes a while and ends in a sentence.
type task struct {
	running bool
	says    string
	tone    engine.Tone
	lines   []string
}

// Screen is Settings. Everything of it belongs to the UI goroutine.
type Screen struct {
	deps   Deps
	desk   *ask.Desk
	afresh *afresh.Asker
	state  state
	view   *view

	loading, reading, opening, previewing, listing ask.Lane
	saving                                         bool
	stopCheck, stopDrill, stopSpace                context.CancelFunc // nil: it does not run
}

// New makes the screen; Show starts it.
func New(deps Deps) *Screen {
	if deps.Desk == nil {
		deps.Desk = ask.New()
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Changed == nil {
		deps.Changed = func(engine.Settings) {}
	}
	if deps.Gone == nil {
		deps.Gone = func() {}
	}
	s := &Screen{deps: deps, desk: deps.Desk}
	s.afresh = afresh.New(afresh.Deps{Engine: deps.Engine, Window: deps.Window, Desk: deps.Desk, OpenURL: deps.OpenURL, Raise: deps.Raise})
	newView(s)
	return s
}

// Content is what the shell shows.
func (s *Screen) Content() fyne.CanvasObject { return s.view.page.Content() }

// FocusList gives the keys to the list.
func (s *Screen) FocusList() { s.deps.Window.Canvas().Focus(s.view.list) }

// Show starts watching and reads everything anew.
func (s *Screen) Show() {
	s.desk.Open()
	s.load()
	s.readStatus()
	s.readKeys()
	s.readDevices()
	s.desk.Listen(func(ctx context.Context, apply func(func())) {
		topics, err := s.deps.Engine.Watch(ctx)
		if err != nil {
			return // everything is read again when the screen is shown again
		}
		for topic := range topics {
			switch topic {
			case engine.TopicSettings:
				apply(s.load)
				apply(s.readDevices)
			case engine.TopicFiles:
				apply(s.readDevices)
			case engine.TopicStatus:
				apply(s.readStatus)
			}
		}
	})
}

// Hide ends every question. A check or a test that runs goes on.
func (s *Screen) Hide() { s.desk.Close() }

// load reads the settings, unless a change of this screen is just being saved.
func (s *Screen) load() {
	s.desk.Ask(&s.loading, func(ctx context.Context) func() {
		settings, err := s.deps.Engine.Settings(ctx)
		return func() {
			switch {
			case err != nil:
				s.state.failed = look.Sentence(err)
			case !s.saving:
				other := s.state.loaded && !reflect.DeepEqual(settings, s.state.saved)
				s.state.loaded, s.state.failed = true, ""
				s.state.settings, s.state.saved = settings, settings
				if other {
					s.deps.Changed(settings)
				}
				s.previewRetention()
			}
			s.view.draw()
		}
	})
}

func (s *Screen) readStatus() {
	if s.reading.Busy() {
		return // the answer on its way is as new as another one
	}
	s.desk.Ask(&s.reading, func(ctx context.Context) func() {
		status, err := s.deps.Engine.Status(ctx)
		return func() {
			if err == nil {
				s.state.status = status
				s.view.draw()
			}
		}
	})
}

func (s *Screen) readKeys() {
	s.desk.Ask(&s.opening, func(ctx context.Context) func() {
		keys, err := s.deps.Engine.KeyList(ctx)
		return func() {
			s.state.keys, s.state.keysBad = keys, ""
			if err != nil {
				s.state.keysBad = look.Sentence(err)
			}
			s.view.draw()
		}
	})
}

// change edits the settings and saves them at once.
func (s *Screen) change(words string, edit func(*engine.Settings)) {
	before, after := s.state.settings, s.state.settings
	edit(&after)
	if !s.state.loaded || reflect.DeepEqual(before, after) {
		return
	}
	s.state.settings = after
	s.state.note = note{words: words, tone: engine.ToneOK, undo: &before}
	s.view.draw()
	s.save()
}

// undo goes back to what was before the last change.
func (s *Screen) undo() {
	if before := s.state.note.undo; before != nil {
		s.state.settings = *before
		s.state.note = note{words: "Changed back.", tone: engine.ToneQuiet}
		s.view.draw()
		s.save()
	}
}

// save brings what is shown to the engine. One save runs at a time; what changed
// meanwhile is saved after it, so that the engine ends with what is shown.
func (s *Screen) save() {
	if s.saving {
		return
	}
	s.saving = true
	settings := s.state.settings
	s.desk.Once(func(ctx context.Context) func() {
		err := s.deps.Engine.SaveSettings(ctx, settings)
		return func() {
			s.saving = false
			if err != nil {
				s.state.settings = s.state.saved
				s.state.note = note{words: "Not changed. " + look.Sentence(err), tone: engine.ToneBad}
				s.view.draw()
				return
			}
			s.state.saved = settings
			s.deps.Changed(settings)
			if !reflect.DeepEqual(settings, s.state.settings) {
				s.save()
			}
			s.previewRetention()
		}
	})
}

// previewRetention asks what the retention in force keeps.
func (s *Screen) previewRetention() {
	retention := s.state.settings.Retention
	s.desk.Ask(&s.previewing, func(ctx context.Context) func() {
		preview, err := s.deps.Engine.PreviewRetention(ctx, retention)
		return func() {
			s.state.preview, s.state.known = preview, err == nil
			s.view.draw()
		}
	})
}
