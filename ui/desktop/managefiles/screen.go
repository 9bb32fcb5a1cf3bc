package managefiles

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
)

// Engine is what this screen needs of the running backup.
type Engine interface {
	engine.Select
	engine.Watch
}

// Deps are what the shell gives to the screen.
type Deps struct {
	Engine Engine
	Window fyne.Window
	Desk   *ask.Desk        // nil: one that answers through fyne.Do
	Now    func() time.Time // nil: time.Now
	Settle time.Duration    // how long the draft rests before it is counted; 0: a moment
}

// state is all that the screen shows.
type state struct {
	loaded bool
	failed string // why nothing could be loaded
	saving bool
	saved  engine.Selection
	draft  engine.Selection
	tree   tree

	estimate  engine.Estimate
	estimated bool

	selected *node
	reason   *engine.Reason
	unknown  string // why there is no reason

	matched  map[engine.Exclusion]engine.ExclusionPreview // by the rule in force
	removals []engine.Removal
	asked    bool // whether new items join was asked
}

func (s *state) dirty() bool { return s.loaded && !same(s.saved, s.draft) }

// Screen is Manage Files. Everything of it belongs to the UI goroutine.
type Screen struct {
	deps  Deps
	desk  *ask.Desk
	state state
	sizes *sizes
	view  *view

	loading, marking, counting, reasoning, matching, removing ask.Lane
	opening                                                   map[string]*ask.Lane
	focused                                                   string // path to bring into sight once it is loaded
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
		deps.Settle = 250 * time.Millisecond
	}
	s := &Screen{deps: deps, desk: deps.Desk, opening: map[string]*ask.Lane{}}
	s.state.matched = map[engine.Exclusion]engine.ExclusionPreview{}
	s.sizes = newSizes(s.desk, deps.Engine.FolderSize, s.counted)
	newView(s)
	return s
}

// Content is what the shell shows.
func (s *Screen) Content() fyne.CanvasObject { return s.view.page.Content() }

// FocusList gives the keys to the list.
func (s *Screen) FocusList() { s.deps.Window.Canvas().Focus(s.view.list) }

// Show starts watching and asks for everything anew. A draft that was not saved is
// still there.
func (s *Screen) Show() {
	s.desk.Open()
	s.load()
	s.desk.Listen(s.watch)
}

// Hide ends every question; folders are no longer counted.
func (s *Screen) Hide() {
	s.sizes.stop()
	s.desk.Close()
}

// Dirty says whether there is a draft that was not saved.
func (s *Screen) Dirty() bool { return s.state.dirty() }

// Leave calls then at once, or after the person has said what becomes of the
// draft. The shell asks it before it shows another screen or quits.
func (s *Screen) Leave(then func()) {
	if !s.Dirty() {
		then()
		return
	}
	var sheet *look.Dialog
	sheet = look.SheetSized(s.deps.Window, "Save your changes?",
		look.SoftParagraph("What you checked and unchecked is not saved yet. Until it is, the backup goes on as before."), 460,
		look.Secondary("Keep editing", "", func() { sheet.Hide() }),
		look.Secondary("Discard", "", func() { sheet.Hide(); s.cancel(); then() }),
		look.Primary("Save", "", func() { sheet.Hide(); s.save(then) }))
	sheet.Show()
}

func (s *Screen) watch(ctx context.Context, apply func(func())) {
	topics, err := s.deps.Engine.Watch(ctx)
	if err != nil {
		return // the rows still come when the screen is shown again
	}
	for topic := range topics {
		switch topic {
		case engine.TopicSelection:
			apply(s.load)
		case engine.TopicFiles:
			apply(func() { s.mark(); s.count() })
		}
	}
}

// load reads the saved selection. A draft is kept: somebody else, as the command,
// may have saved meanwhile, and what the person did here is not thrown away.
func (s *Screen) load() {
	s.desk.Ask(&s.loading, func(ctx context.Context) func() {
		selection, err := s.deps.Engine.Selection(ctx)
		return func() {
			if err != nil {
				s.state.failed = look.Sentence(err)
				s.view.draw()
				return
			}
			keep := s.state.dirty()
			s.state.loaded, s.state.failed, s.state.saved = true, "", tidy(selection)
			if !keep {
				s.state.draft = s.state.saved
			}
			s.changed()
			s.match()
			s.listRemovals()
		}
	})
}

// change puts a new draft in the place of the old one.
func (s *Screen) change(draft engine.Selection) {
	s.state.draft = draft
	s.changed()
}

// changed asks everything again that depends on the draft.
func (s *Screen) changed() {
	s.mark()
	s.count()
	s.reasonFor(s.state.selected)
	s.view.draw()
}

// mark asks for the rows that are open, those in front first.
func (s *Screen) mark() {
	draft, paths := s.state.draft, s.state.tree.openPaths()
	for path, lane := range s.opening {
		lane.Void()
		delete(s.opening, path)
		paths = append(paths, path)
	}
	s.desk.Stream(&s.marking, func(ctx context.Context, apply func(func())) {
		roots, err := s.deps.Engine.Roots(ctx, draft)
		apply(func() { s.rooted(roots, err) })
		for _, path := range paths {
			rows, err := s.deps.Engine.Children(ctx, draft, path)
			if ctx.Err() != nil {
				return
			}
			apply(func() { s.opened(path, rows, err) })
		}
	})
}

func (s *Screen) rooted(rows []engine.SelectRow, err error) {
	if err != nil {
		s.state.failed = look.Sentence(err)
		s.view.draw()
		return
	}
	first := s.state.tree.roots == nil
	s.state.tree.setRoots(rows)
	if first {
		s.openFirst()
	}
	s.view.drawRows()
}

// openFirst opens the home folder, where most of what people look for lies.
func (s *Screen) openFirst() {
	for _, n := range s.state.tree.roots {
		if n.row.Kind == engine.RowHome && n.row.Parent {
			s.toggleOpen(n)
			return
		}
	}
}

func (s *Screen) opened(path string, rows []engine.SelectRow, err error) {
	if err != nil {
		s.state.tree.setFailed(path, look.Sentence(err))
	} else {
		s.state.tree.setChildren(path, rows)
	}
	s.view.drawRows()
}

// toggleOpen opens or closes a folder.
func (s *Screen) toggleOpen(n *node) {
	path, draft := n.row.Path, s.state.draft
	if !s.state.tree.toggle(n) {
		s.sizes.hide(path)
		s.view.drawRows()
		return
	}
	s.view.drawRows()
	lane := &ask.Lane{}
	if old := s.opening[path]; old != nil {
		old.Void()
	}
	s.opening[path] = lane
	s.desk.Ask(lane, func(ctx context.Context) func() {
		rows, err := s.deps.Engine.Children(ctx, draft, path)
		return func() {
			delete(s.opening, path)
			s.opened(path, rows, err)
		}
	})
}

// count asks how much the draft chooses, once it has rested, and again while the
// engine is still counting.
func (s *Screen) count() {
	draft, rest := s.state.draft, s.deps.Settle
	s.desk.Stream(&s.counting, func(ctx context.Context, apply func(func())) {
		for sleep(ctx, rest) {
			e, err := s.deps.Engine.Estimate(ctx, draft)
			if err != nil {
				return
			}
			apply(func() {
				s.state.estimate, s.state.estimated = e, true
				s.view.drawHead()
			})
			if e.Complete {
				return
			}
			rest = max(s.deps.Settle, time.Second)
		}
	})
}

func (s *Screen) counted(path string, amount engine.Amount, err error) {
	if err != nil {
		return // the row keeps its dash: how big it is cannot be said
	}
	s.state.tree.setSize(path, amount.Bytes)
	s.view.drawRows()
}

// choose makes a row the one that the card is about.
func (s *Screen) choose(n *node) {
	if n == s.state.selected && s.state.reason != nil {
		return
	}
	s.state.selected, s.state.reason, s.state.unknown = n, nil, ""
	s.reasonFor(n)
	s.view.drawWhy()
}

// reasonFor asks why a row is or is not backed up under the draft.
func (s *Screen) reasonFor(n *node) {
	if n == nil {
		return
	}
	s.why(n, func() {})
}

func (s *Screen) why(n *node, then func()) {
	draft, path := s.state.draft, n.row.Path
	s.desk.Ask(&s.reasoning, func(ctx context.Context) func() {
		reason, err := s.deps.Engine.Why(ctx, draft, path)
		return func() {
			if s.state.selected != n {
				return
			}
			if err != nil {
				s.state.reason, s.state.unknown = nil, look.Sentence(err)
			} else {
				s.state.reason, s.state.unknown = &reason, ""
			}
			s.view.drawWhy()
			then()
		}
	})
}

// match counts what each exclusion leaves out of the saved selection, one after
// the other: each of them looks at every name.
func (s *Screen) match() {
	draft := s.state.draft
	s.desk.Stream(&s.matching, func(ctx context.Context, apply func(func())) {
		for _, x := range rules(draft) {
			x.Off = false
			preview, err := s.deps.Engine.PreviewExclusion(ctx, draft, x)
			if err != nil {
				continue
			}
			apply(func() {
				s.state.matched[x] = preview
				s.view.drawRules()
			})
		}
	})
}

// cancel goes back to what is saved.
func (s *Screen) cancel() { s.change(s.state.saved) }

// save saves the draft and calls then when it is.
func (s *Screen) save(then func()) {
	if s.state.saving {
		return
	}
	s.state.saving = true
	s.view.drawHead()
	draft := s.state.draft
	s.desk.Once(func(ctx context.Context) func() {
		err := s.deps.Engine.SaveSelection(ctx, draft)
		return func() {
			s.state.saving = false
			if err != nil {
				look.Say(s.deps.Window, err)
				s.view.drawHead()
				return
			}
			s.state.saved = tidy(draft)
			s.view.draw()
			s.match()
			then()
		}
	})
}

// sleep waits and says whether to go on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
