// Package downloads is the screen Downloads: the restores that run, wait or have
// ended, each with what became of its files.
//
// It promises never to call a restore done when something of it failed: the words
// of an ended job count what was restored and verified and what was not, and name
// each file that failed, was renamed or waits for an answer. The jobs are the
// engine's and go on without this screen; it only asks, and passes on what is
// pressed.
package downloads

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// Engine is what this screen needs of engine.Engine.
type Engine interface {
	Jobs(ctx context.Context) ([]engine.Job, error)
	JobItems(ctx context.Context, id int64) ([]engine.JobItem, error)
	PauseJob(ctx context.Context, id int64) error
	ResumeJob(ctx context.Context, id int64) error
	CancelJob(ctx context.Context, id int64) error
	ForgetJob(ctx context.Context, id int64) error
	Answer(ctx context.Context, id int64, path string, choice engine.Existing) error
	Watch(ctx context.Context) (<-chan engine.Topic, error)
}

// Deps is what the screen is given. Engine and Window are needed.
type Deps struct {
	Engine Engine
	Window fyne.Window
	// GetFiles leads to the screen where files are chosen; nil: no such button.
	GetFiles func()
	// Open shows a folder in the system's file manager; nil: by a file URL.
	Open func(folder string) error
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Screen is Downloads.
type Screen struct {
	engine   Engine
	window   fyne.Window
	getFiles func()
	show     func(folder string) error
	now      func() time.Time

	state State
	*view

	ctx    context.Context
	stop   context.CancelFunc
	hands  sync.WaitGroup
	number int // of the newest question for the jobs; older answers are dropped

	start  func(work func())  // runs work beside the UI goroutine
	finish func(apply func()) // runs apply on it
}

// New builds the screen; nothing is asked before Show.
func New(deps Deps) *Screen {
	s := &Screen{engine: deps.Engine, window: deps.Window, getFiles: deps.GetFiles, show: deps.Open, now: deps.Now, finish: fyne.Do}
	s.start = func(work func()) { s.hands.Go(work) }
	if s.show == nil {
		s.show = openFolder
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.state = State{Now: s.now(), Items: map[int64]items{}, Open: map[int64]bool{}}
	s.view = newView(s)
	s.draw()
	return s
}

// Content is what the shell shows.
func (s *Screen) Content() fyne.CanvasObject { return s.page.Content() }

// Show begins to ask, again whenever a restore moved.
func (s *Screen) Show() {
	if s.ctx == nil {
		s.ctx, s.stop = context.WithCancel(context.Background())
	}
	s.load()
	s.listen(s.ctx)
}

// Hide ends all questions; the restores go on.
func (s *Screen) Hide() {
	if s.ctx != nil {
		s.stop()
		s.ctx, s.stop = nil, nil
	}
}

// Close is Hide for good: it returns when nothing of the screen runs any more.
func (s *Screen) Close() {
	s.Hide()
	s.hands.Wait()
}

// Reveal opens the details of a job, as after it was begun in Get Files.
func (s *Screen) Reveal(job int64) {
	s.state.Revealed = job
	s.load()
}

func (s *Screen) listen(ctx context.Context) {
	s.start(func() {
		topics, err := s.engine.Watch(ctx)
		if err != nil {
			return // without notices the screen is right when it is shown again
		}
		for topic := range topics {
			if topic == engine.TopicJobs {
				s.finish(func() {
					if ctx.Err() == nil {
						s.load()
					}
				})
			}
		}
	})
}

// load asks for the jobs, and for the files of those that have something to say.
func (s *Screen) load() {
	if s.ctx == nil {
		return
	}
	s.number++
	ctx, number := s.ctx, s.number
	known := s.state.fresh()
	s.start(func() {
		jobs, err := s.engine.Jobs(ctx)
		found := map[int64]items{}
		for _, job := range jobs {
			if old, ok := known[job.ID]; ok && old.stamp == stampOf(job) {
				found[job.ID] = old
			} else if wantsItems(job) {
				list, itemErr := s.engine.JobItems(ctx, job.ID)
				found[job.ID] = items{list: list, err: itemErr, stamp: stampOf(job)}
			}
		}
		s.finish(func() {
			if number != s.number || ctx.Err() != nil {
				return
			}
			st := &s.state
			st.Known, st.Now, st.Err = true, s.now(), err
			if err == nil {
				st.Jobs, st.Items = jobs, found
			}
			s.draw()
		})
	})
}

// do passes on what was pressed, then asks for what became of it. It is not tied
// to the screen being shown: a press counts.
func (s *Screen) do(act func(ctx context.Context) error) {
	s.start(func() {
		err := act(context.Background())
		s.finish(func() {
			if err != nil && s.window != nil {
				look.Say(s.window, err)
			}
			s.load()
		})
	})
}

func (s *Screen) pause(id int64) {
	s.do(func(ctx context.Context) error { return s.engine.PauseJob(ctx, id) })
}

func (s *Screen) resume(id int64) {
	s.do(func(ctx context.Context) error { return s.engine.ResumeJob(ctx, id) })
}

func (s *Screen) forget(id int64) {
	s.do(func(ctx context.Context) error { return s.engine.ForgetJob(ctx, id) })
}

func (s *Screen) answer(id int64, path string, choice engine.Existing) {
	s.do(func(ctx context.Context) error { return s.engine.Answer(ctx, id, path, choice) })
}

// cancel asks first: what was restored stays, the rest is not restored.
func (s *Screen) cancel(job engine.Job) {
	look.Ask(s.window, "Stop this restore?",
		"What is restored already stays where it is. The rest is not restored; nothing of the backup is lost.",
		"Stop", "Go on", func() {
			s.do(func(ctx context.Context) error { return s.engine.CancelJob(ctx, job.ID) })
		})
}

// reveal shows the target in the system's file manager.
func (s *Screen) reveal(folder string) {
	show := s.show
	s.start(func() {
		if err := show(folder); err != nil {
			s.finish(func() { look.Say(s.window, err) })
		}
	})
}

// openFolder gives a file URL to the system (RFC 8089; a drive letter becomes the
// first step of the path).
func openFolder(folder string) error {
	path := filepath.ToSlash(folder)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return fyne.CurrentApp().OpenURL(&url.URL{Scheme: "file", Path: path})
}
