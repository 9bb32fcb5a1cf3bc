package details

import (
	"context"
	"maps"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
)

// Engine is what the screen needs of the engine.
type Engine interface {
	Status(ctx context.Context) (engine.Status, error)
	Details(ctx context.Context) (engine.Details, error)
	Problems(ctx context.Context) ([]engine.Problem, error)
	Retry(ctx context.Context, path string) error
	Watch(ctx context.Context) (<-chan engine.Topic, error)
}

// Deps are what the screen works with.
type Deps struct {
	Engine Engine
	Window fyne.Window
	Back   func()           // to Home
	Now    func() time.Time // nil: time.Now
}

// Screen is Details. Its methods belong to the UI goroutine.
type Screen struct {
	deps  Deps
	desk  *ask.Desk
	state State
	view  view

	look ask.Lane
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
	s.desk.Listen(s.listen)
}

// Hide ends it.
func (s *Screen) Hide() { s.desk.Close() }

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
			if !ok {
				topics = nil
			} else if topic == engine.TopicStatus || topic == engine.TopicFiles {
				apply(s.load)
			}
		}
	}
}

// load asks for everything at once. While an answer is on its way, it waits for
// that one: during a backup the engine has news several times a second.
func (s *Screen) load() {
	if s.look.Busy() {
		return
	}
	s.desk.Ask(&s.look, func(ctx context.Context) func() {
		status, err := s.deps.Engine.Status(ctx)
		var details engine.Details
		var problems []engine.Problem
		if err == nil {
			details, err = s.deps.Engine.Details(ctx)
		}
		if err == nil {
			problems, err = s.deps.Engine.Problems(ctx)
		}
		return func() {
			next := s.state
			next.Now, next.Err = s.deps.Now(), err
			if err == nil {
				next.Known, next.Status, next.Details, next.Problems = true, status, details, problems
			}
			s.draw(next)
		}
	})
}

// retry looks at one path again, or at all of them with "".
func (s *Screen) retry(path string) {
	if s.state.Retrying[path] {
		return
	}
	s.setRetrying(path, true)
	s.desk.Once(func(ctx context.Context) func() {
		err := s.deps.Engine.Retry(ctx, path)
		return func() {
			s.setRetrying(path, false)
			look.Say(s.deps.Window, err)
			s.look.Void()
			s.load()
		}
	})
}

func (s *Screen) setRetrying(path string, on bool) {
	next := s.state
	next.Retrying = maps.Clone(next.Retrying)
	if next.Retrying == nil {
		next.Retrying = map[string]bool{}
	}
	if on {
		next.Retrying[path] = true
	} else {
		delete(next.Retrying, path)
	}
	s.draw(next)
}
