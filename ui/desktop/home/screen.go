package home

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
)

// Engine is what the screen needs of the engine.
type Engine interface {
	Status(ctx context.Context) (engine.Status, error)
	BackUp(ctx context.Context, paths []string) (engine.CaptureResult, error)
	Pause(ctx context.Context, until time.Time) error
	Resume(ctx context.Context) error
	Computers(ctx context.Context) ([]engine.Computer, error)
	Drill(ctx context.Context) (engine.Proof, error)
	Replacement(ctx context.Context) (engine.Replacement, error)
	Watch(ctx context.Context) (<-chan engine.Topic, error)
	engine.Account
}

// Deps are what the screen works with.
type Deps struct {
	Engine      Engine
	Window      fyne.Window
	GetFiles    func(computer string) // "" is this computer
	ManageFiles func()
	Details     func()
	Replace     func()             // goes on replacing a computer
	FreeSpace   func()             // goes to where old versions are freed
	OpenURL     func(string) error // shows a page in the browser; nil: there is none
	Raise       func()             // brings the window before the others; may be nil
	Now         func() time.Time   // nil: time.Now
}

// Screen is Home. Its methods belong to the UI goroutine.
type Screen struct {
	deps  Deps
	desk  *ask.Desk
	state State
	view  view

	status, computers, replacing, certificate ask.Lane

	stopProof context.CancelFunc // nil: nothing is being proven
}

// New makes the screen; Show starts it.
func New(deps Deps) *Screen {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	s := &Screen{deps: deps, desk: ask.New()}
	s.build()
	s.draw(State{Now: deps.Now()})
	return s
}

// Content is what the shell shows.
func (s *Screen) Content() fyne.CanvasObject { return s.view.page.Content() }

// Show begins to watch the engine.
func (s *Screen) Show() {
	s.desk.Open()
	s.load()
	s.loadComputers()
	s.loadReplacing()
	s.desk.Listen(s.listen)
}

// Hide ends it.
func (s *Screen) Hide() { s.desk.Close() }

// listen reads again what the engine says has moved, and once in a while, because
// "4 minutes ago" moves by itself.
func (s *Screen) listen(ctx context.Context, apply func(func())) {
	topics, err := s.deps.Engine.Watch(ctx)
	if err != nil {
		topics = nil // the clock below still asks
	}
	tick := time.NewTicker(20 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			apply(s.load)
		case topic, ok := <-topics:
			switch {
			case !ok:
				topics = nil
			case topic == engine.TopicSettings:
				apply(s.load)
				apply(s.loadReplacing)
			case topic == engine.TopicStatus:
				apply(s.load)
			case topic == engine.TopicFiles:
				apply(s.load)
				apply(s.loadComputers)
			}
		}
	}
}

func (s *Screen) load() {
	if s.status.Busy() {
		return // the answer on its way is at most a second old
	}
	s.desk.Ask(&s.status, func(ctx context.Context) func() {
		status, err := s.deps.Engine.Status(ctx)
		return func() {
			next := s.state
			next.Now, next.Err = s.deps.Now(), err
			if err == nil {
				next.Known, next.Status = true, status
			}
			s.draw(next)
		}
	})
}

func (s *Screen) loadComputers() {
	s.desk.Ask(&s.computers, func(ctx context.Context) func() {
		all, err := s.deps.Engine.Computers(ctx)
		return func() {
			if err != nil {
				return // the state above says what is wrong
			}
			next := s.state
			next.Others = nil
			for _, c := range all {
				if !c.This && !c.Earlier() {
					next.Others = append(next.Others, c)
				}
			}
			s.draw(next)
		}
	})
}

// loadReplacing asks whether a computer is being replaced, to offer going on.
func (s *Screen) loadReplacing() {
	s.desk.Ask(&s.replacing, func(ctx context.Context) func() {
		r, err := s.deps.Engine.Replacement(ctx)
		return func() {
			if err == nil {
				next := s.state
				next.Replacing = r
				s.draw(next)
			}
		}
	})
}

// backUpNow starts a capture. How it goes is seen on the screen; what went wrong
// is said.
func (s *Screen) backUpNow() {
	next := s.state
	next.Starting = true
	s.draw(next)
	s.desk.Once(func(ctx context.Context) func() {
		done, err := s.deps.Engine.BackUp(ctx, nil)
		return func() {
			next := s.state
			next.Starting = false
			s.draw(next)
			s.load()
			if err != nil {
				look.Say(s.deps.Window, err)
			} else {
				s.view.said.Set(result(done))
			}
		}
	})
}

func (s *Screen) pause(until time.Time) {
	s.act(func(ctx context.Context) error { return s.deps.Engine.Pause(ctx, until) })
}

func (s *Screen) resume() { s.act(s.deps.Engine.Resume) }

// act does something quick and looks at the state again.
func (s *Screen) act(do func(ctx context.Context) error) {
	s.desk.Once(func(ctx context.Context) func() {
		err := do(ctx)
		return func() {
			look.Say(s.deps.Window, err)
			s.status.Void()
			s.load()
		}
	})
}

// prove reads a few files back from the backup; pressed again, it stops that.
func (s *Screen) prove() {
	if s.stopProof != nil {
		s.stopProof()
		return
	}
	next := s.state
	next.Now = s.deps.Now()
	next.Proving = next.Now
	s.draw(next)
	ctx, cancel := context.WithCancel(context.Background())
	s.stopProof = cancel
	s.desk.Once(func(context.Context) func() {
		defer cancel()
		ticking := s.desk.Every(ctx, time.Second, s.tick)
		_, err := s.deps.Engine.Drill(ctx)
		cancel()
		ticking()
		return func() {
			s.stopProof = nil
			next := s.state
			next.Proving = time.Time{}
			s.draw(next)
			look.Say(s.deps.Window, err)
			s.status.Void()
			s.load()
		}
	})
}

// tick moves what counts by itself while files are read back.
func (s *Screen) tick() {
	if s.stopProof != nil {
		next := s.state
		next.Now = s.deps.Now()
		s.draw(next)
	}
}
