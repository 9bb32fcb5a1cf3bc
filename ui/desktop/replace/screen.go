package replace

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/afresh"
	"holdfast/ui/desktop/ask"
)

// Engine is what the wizard needs of the running backup.
type Engine interface {
	engine.Replace
	Status(ctx context.Context) (engine.Status, error)
	Computers(ctx context.Context) ([]engine.Computer, error)
	List(ctx context.Context, request engine.ListRequest) ([]engine.Item, error)
	Get(ctx context.Context, request engine.GetRequest) (int64, error)
	Jobs(ctx context.Context) ([]engine.Job, error)
	afresh.Engine
	Watch(ctx context.Context) (<-chan engine.Topic, error)
}

// Deps are what the wizard works with.
type Deps struct {
	Engine   Engine
	Window   fyne.Window
	Desk     *ask.Desk             // nil: one that answers through fyne.Do
	OpenURL  func(string) error    // shows a page in the browser; nil: there is none
	Raise    func()                // brings the window before the others; may be nil
	Leave    func()                // to where the person came from
	Finished func()                // the names and the destination may differ now
	GetFiles func(computer string) // shows the files of a computer
	Now      func() time.Time      // nil: time.Now
}

// State is all that the wizard shows.
type State struct {
	Known     bool
	Err       error // why nothing can be shown, or why the last press did nothing
	Step      Step
	R         engine.Replacement
	Computers []engine.Computer
	Listed    bool
	Chosen    string // id of the old computer, on Start
	Status    engine.Status

	Jobs []engine.Job // restores of the old computer's files

	Tree      tree
	TreeKnown bool
	TreeErr   error

	Old      engine.OldSettings
	OldKnown bool
	OldErr   error
	Take     engine.Take

	Doing   string // what a press began and has not ended
	Name    string // of the old computer, once it is replaced
	Earlier string // id of what it was
}

// Screen is the wizard. Its methods belong to the UI goroutine.
type Screen struct {
	deps  Deps
	desk  *ask.Desk
	state State
	view  view

	reading, listing, status, jobs, settings, branches ask.Lane
	treeOf                                             string // id of the computer whose tree is shown
}

// New makes the wizard; Show starts it.
func New(deps Deps) *Screen {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Desk == nil {
		deps.Desk = ask.New()
	}
	s := &Screen{deps: deps, desk: deps.Desk}
	s.build()
	s.draw()
	return s
}

// Content is what the shell shows.
func (s *Screen) Content() fyne.CanvasObject { return s.view.page.Content() }

// Show reads how far the replacement is.
func (s *Screen) Show() {
	s.desk.Open()
	if s.state.Step == StepDone {
		s.state = State{}
	}
	s.read()
	s.readStatus()
	s.desk.Listen(func(ctx context.Context, apply func(func())) {
		topics, err := s.deps.Engine.Watch(ctx)
		if err != nil {
			return // everything is read again when the wizard is shown again
		}
		for topic := range topics {
			switch topic {
			case engine.TopicStatus:
				apply(s.readStatus)
			case engine.TopicJobs:
				apply(s.readJobs)
			case engine.TopicFiles:
				apply(s.readComputers)
			case engine.TopicSettings:
				apply(s.readAgain)
			}
		}
	})
}

// Hide ends every question; how far it is is kept.
func (s *Screen) Hide() { s.desk.Close() }

func (s *Screen) read() {
	s.desk.Ask(&s.reading, func(ctx context.Context) func() {
		r, err := s.deps.Engine.Replacement(ctx)
		return func() {
			if s.state.Doing != "" {
				return // the answer to that is newer
			}
			s.state.Err = err
			if err == nil {
				s.state.Known = true
				s.follow(r)
			}
			s.draw()
		}
	})
}

// readAgain follows what was begun, finished or cancelled elsewhere, as in a terminal;
// what is being chosen here stays otherwise.
func (s *Screen) readAgain() {
	if !s.state.Known {
		return // it is being read
	}
	s.desk.Ask(&s.reading, func(ctx context.Context) func() {
		r, err := s.deps.Engine.Replacement(ctx)
		return func() {
			if err != nil || s.state.Doing != "" || r.Old.ID == s.state.R.Old.ID && r.Moving == s.state.R.Moving {
				return
			}
			s.state.Err = nil
			s.follow(r)
			s.draw()
		}
	})
}

// follow shows the step that a replacement is at.
func (s *Screen) follow(r engine.Replacement) {
	s.state.R, s.state.Step = r, stepOf(r)
	s.state.Take = r.Take
	s.state.Take.Paths = slices.Clone(r.Take.Paths)
	if r.Old.ID == "" {
		s.readComputers()
		return
	}
	s.state.Chosen = r.Old.ID
	s.readOld()
	s.readJobs()
}

func (s *Screen) readComputers() {
	s.desk.Ask(&s.listing, func(ctx context.Context) func() {
		list, err := s.deps.Engine.Computers(ctx)
		return func() {
			if err != nil {
				s.state.Err = err
			} else {
				s.state.Computers, s.state.Listed = replaceable(list), true
			}
			s.draw()
		}
	})
}

// readJobs reads how far the files are that were asked for.
func (s *Screen) readJobs() {
	if len(s.state.R.Jobs) == 0 || s.jobs.Busy() {
		return
	}
	s.desk.Ask(&s.jobs, func(ctx context.Context) func() {
		all, err := s.deps.Engine.Jobs(ctx)
		return func() {
			if err != nil {
				return // the words are those of before
			}
			s.state.Jobs = slices.DeleteFunc(all, func(j engine.Job) bool { return !slices.Contains(s.state.R.Jobs, j.ID) })
			s.draw()
		}
	})
}

func (s *Screen) readStatus() {
	if s.status.Busy() {
		return
	}
	s.desk.Ask(&s.status, func(ctx context.Context) func() {
		status, err := s.deps.Engine.Status(ctx)
		return func() {
			if err == nil {
				s.state.Status = status
				s.draw()
			}
		}
	})
}

// readOld asks for the settings of the old computer, which say where its home is, and
// then for its files.
func (s *Screen) readOld() {
	id := s.state.R.Old.ID
	if s.treeOf == id && s.state.OldKnown && s.state.TreeKnown {
		s.offer()
		return
	}
	if s.treeOf != id {
		s.treeOf, s.state.OldKnown, s.state.TreeKnown, s.state.Old = id, false, false, engine.OldSettings{}
	}
	s.desk.Ask(&s.settings, func(ctx context.Context) func() {
		old, err := s.deps.Engine.OldSettings(ctx)
		return func() {
			s.state.OldErr = err
			if err == nil {
				s.state.Old, s.state.OldKnown = old, true
				s.offer()
			}
			s.readTree()
			s.draw()
		}
	})
}

// offer fills in what is taken over unless the person decided.
func (s *Screen) offer() {
	t := &s.state.Take
	if !t.Decided {
		*t = engine.Take{Selection: true, Exclusions: true, Schedule: true, Limits: true}
	}
	for _, p := range s.state.Old.Paths {
		if !slices.ContainsFunc(t.Paths, func(m engine.PathMove) bool { return m.From == p.From }) {
			t.Paths = append(t.Paths, p)
		}
	}
}

// begin is Continue of the first step.
func (s *Screen) begin() {
	id := s.state.Chosen
	if id == "" || s.state.Doing != "" {
		return
	}
	s.do("Choosing…", func(ctx context.Context) (func(), error) {
		r, err := s.deps.Engine.BeginReplace(ctx, id)
		return func() {
			r.Step = engine.ReplaceFiles
			s.follow(r)
		}, err
	})
}

// do runs what a press asks for; the buttons wait meanwhile.
func (s *Screen) do(doing string, work func(ctx context.Context) (then func(), err error)) {
	s.state.Doing, s.state.Err = doing, nil
	s.draw()
	s.desk.Once(func(ctx context.Context) func() {
		then, err := work(ctx)
		return func() {
			s.state.Doing, s.state.Err = "", err
			if err == nil && then != nil {
				then()
			}
			s.draw()
		}
	})
}

// to saves a step and shows it.
func (s *Screen) to(step engine.ReplaceStep, edit func(*engine.Replacement)) {
	next := s.state.R
	next.Step = step
	if edit != nil {
		edit(&next)
	}
	s.do("Saving…", func(ctx context.Context) (func(), error) {
		return func() { s.follow(next) }, s.deps.Engine.SaveReplace(ctx, next)
	})
}

// back goes to the step before.
func (s *Screen) back() {
	if s.state.Doing != "" || s.state.R.Moving {
		return
	}
	switch s.state.Step {
	case StepFiles:
		s.state.Step, s.state.Err = StepStart, nil
		s.readComputers()
		s.draw()
	case StepSettings:
		s.to(engine.ReplaceFiles, s.decided)
	case StepFinish:
		s.to(engine.ReplaceSettings, nil)
	}
}

// decided keeps what is checked on the settings.
func (s *Screen) decided(r *engine.Replacement) {
	r.Take = s.state.Take
	r.Take.Decided = s.state.OldKnown
	r.Take.Paths = slices.Clone(r.Take.Paths)
}

// getFiles queues the chosen files and goes on.
func (s *Screen) getFiles() {
	if s.state.onTheirWay() {
		s.skip()
		return
	}
	picks := s.state.Tree.picks()
	if s.state.Doing != "" || len(picks) == 0 || !s.state.TreeKnown {
		return
	}
	request := engine.GetRequest{To: engine.ToOriginal, Exists: engine.ExistingRename, Permissions: engine.PermissionsMine}
	for _, p := range picks {
		request.Refs = append(request.Refs, engine.Ref{Computer: s.state.R.Old.ID, Path: p})
	}
	if from, to := s.state.Old.Home, s.state.Status.Computer.Home; from != "" && to != "" {
		request.Moved = []engine.PathMove{{From: from, To: to}}
	}
	next := s.state.R
	next.Step = engine.ReplaceSettings
	s.do("Asking for the files…", func(ctx context.Context) (func(), error) {
		job, err := s.deps.Engine.Get(ctx, request)
		if err != nil {
			return nil, err
		}
		next.Jobs = append(slices.Clone(next.Jobs), job)
		return func() { s.follow(next) }, s.deps.Engine.SaveReplace(ctx, next)
	})
}

// skip leaves the files where they are.
func (s *Screen) skip() {
	if s.state.Doing == "" {
		s.to(engine.ReplaceSettings, nil)
	}
}

// settle is Continue of the settings.
func (s *Screen) settle() {
	if s.state.Doing != "" || s.badPath() {
		return
	}
	s.to(engine.ReplaceFinish, s.decided)
}

func (s *Screen) badPath() bool {
	return s.state.Take.Selection && slices.ContainsFunc(s.state.Take.Paths, func(p engine.PathMove) bool { return wrongPath(p.To) != "" })
}
