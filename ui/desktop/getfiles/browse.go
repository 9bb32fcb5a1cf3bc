package getfiles

import (
	"context"
	"time"

	"holdfast/engine"
)

// How long to wait before something is said or asked.
const (
	patience = 250 * time.Millisecond // before "Opening…" takes the place of the old rows
	typing   = 200 * time.Millisecond // after the last key of a search
)

// loadComputers asks for the computers and then opens the one that is wanted.
func (s *Screen) loadComputers() {
	s.desk.ask(&s.computers, func(ctx context.Context) func() {
		computers, err := s.engine.Computers(ctx)
		return func() {
			s.state.Known = true
			if err != nil {
				s.state.Known, s.state.Err = false, err
				s.draw()
				return
			}
			s.gotComputers(computers)
		}
	})
}

func (s *Screen) gotComputers(computers []engine.Computer) {
	first := s.state.Computers == nil
	s.state.Computers = computers
	wanted := s.wanted
	if wanted == "" && first && len(computers) > 0 {
		wanted = computers[0].ID
	}
	if wanted != "" && wanted != s.state.Computer && s.has(wanted) {
		s.enter(wanted)
		return
	}
	if first {
		s.state.Err = nil
	}
	s.draw()
}

func (s *Screen) has(id string) bool {
	for _, c := range s.state.Computers {
		if c.ID == id {
			return true
		}
	}
	return false
}

// ShowComputer browses the files of a computer. It may be called before Show.
func (s *Screen) ShowComputer(id string) {
	s.wanted = id
	if id != s.state.Computer && s.has(id) {
		s.enter(id)
	}
}

// enter begins anew with a computer: at its home folder, as of today.
func (s *Screen) enter(id string) {
	s.desk.void(&s.branches)
	st := &s.state
	st.Computer, s.wanted = id, ""
	st.At, st.Search = time.Time{}, ""
	st.Items, st.Loaded, st.Err = nil, false, nil
	s.search.SetText("")
	roots := st.roots()
	st.Tree = newTree(roots...)
	st.Tree.setOpen(roots[0].path, true)
	s.first = true
	s.recount()
	if st.never() {
		s.draw()
		return
	}
	s.open(roots[0].path, "")
}

// open shows a folder's content on the right, with one path in it selected.
func (s *Screen) open(path, selected string) {
	st := &s.state
	path = clean(path)
	moved := path != st.Folder || st.Search != ""
	st.Folder = path
	if st.Search != "" {
		st.Search = ""
		s.search.SetText("")
	}
	if moved {
		st.Selected, st.Hovered = -1, -1
	}
	st.Tree.reveal(path)
	if moved {
		s.scroll = true
	}
	s.loadFolder(selected)
	s.loadBranches()
	s.draw()
}

// loadFolder asks for the open folder. The old rows stay until the answer is
// there, or until it takes so long that this has to be said.
func (s *Screen) loadFolder(selected string) {
	request, order := s.state.list(s.state.Folder), s.state.Order
	s.desk.ask(&s.content, func(ctx context.Context) func() {
		items, err := s.engine.List(ctx, request)
		items = order.sorted(items)
		return func() { s.gotFolder(request, items, order, err, selected) }
	})
	s.sayWaiting()
}

func (s *Screen) sayWaiting() {
	s.state.Loaded, s.state.Waiting = false, false
	s.desk.later(&s.content, patience, func() {
		if !s.state.Loaded {
			s.state.Waiting = true
			s.draw()
		}
	})
}

func (s *Screen) gotFolder(request engine.ListRequest, items []engine.Item, sortedBy order, err error, selected string) {
	st := &s.state
	first := s.first
	s.first = false
	empty := err == nil && len(items) == 0 || engine.KindOf(err) == engine.KindNotFound
	if first && empty && st.Folder != top {
		// Nothing of the home folder is backed up: begin where something is.
		st.Tree.setOpen(st.Folder, false)
		st.Tree.setOpen(top, true)
		s.open(top, "")
		return
	}
	s.answered(items, err)
	if err == nil {
		st.Tree.set(request.Path, items)
	} else {
		st.Tree.fail(request.Path)
	}
	s.loadBranches()
	if sortedBy != st.Order {
		st.Items = st.Order.sorted(st.Items)
	}
	s.restoreSelection(selected)
	s.draw()
}

// answered puts an answer, or the reason why there is none, in place of the rows.
func (s *Screen) answered(items []engine.Item, err error) {
	st := &s.state
	if i, ok := st.selected(); ok && s.keep == "" {
		s.keep = i.Path
	}
	st.Items, st.Err, st.Loaded, st.Waiting = items, err, true, false
	st.Selected, st.Hovered = -1, -1
}

// restoreSelection selects a path again after the rows changed.
func (s *Screen) restoreSelection(path string) {
	if path == "" {
		path = s.keep
	}
	s.keep = ""
	if path == "" {
		return
	}
	s.state.Selected = s.state.indexOf(path)
	if s.state.Selected >= 0 {
		s.reveal = s.state.Selected
	}
}

// loadBranches asks for what open folders of the tree hold, as far as unknown.
func (s *Screen) loadBranches() {
	except := ""
	if s.state.Search == "" && !s.state.Loaded {
		except = s.state.Folder // the answer for the right side serves both
	}
	for _, path := range s.state.Tree.wanted(except) {
		request := s.state.list(path)
		s.desk.join(&s.branches, func(ctx context.Context) func() {
			items, err := s.engine.List(ctx, request)
			items = only(items, engine.KindFolder)
			return func() {
				if err != nil {
					s.state.Tree.fail(path)
				} else {
					s.state.Tree.set(path, items)
				}
				s.loadBranches()
				s.drawTree()
			}
		})
	}
}

// turn opens or closes a branch of the tree.
func (s *Screen) turn(path string, open bool) {
	s.state.Tree.setOpen(path, open)
	s.loadBranches()
	s.drawTree()
}

// up opens the folder above, with the one that was open selected in it.
func (s *Screen) up() {
	if s.state.Search != "" {
		s.open(s.state.Folder, "")
		return
	}
	if s.state.Folder != top {
		s.open(parent(s.state.Folder), s.state.Folder)
	}
}

// again asks anew for everything that shows, after what it depends on changed.
func (s *Screen) again() {
	if s.state.Computer == "" || s.state.never() {
		s.draw()
		return
	}
	s.desk.void(&s.branches)
	s.state.Tree.stale()
	if s.state.Search != "" {
		s.find()
	} else {
		s.loadFolder("")
	}
	s.loadBranches()
	s.draw()
}

func (s *Screen) setAt(at time.Time) {
	s.state.At = at
	s.again()
}

func (s *Screen) setDeleted(on bool) {
	s.state.Deleted = on
	s.again()
}

func (s *Screen) setHidden(on bool) {
	s.state.Hidden = on
	s.again()
}

// sortBy sorts the rows anew. That is done beside the UI goroutine: a folder may
// have a hundred thousand of them.
func (s *Screen) sortBy(by column) {
	st := &s.state
	st.Order = st.Order.toggled(by)
	order, items := st.Order, st.Items
	if !st.Loaded {
		s.draw()
		return // the answer on its way is sorted when it comes
	}
	s.desk.ask(&s.content, func(context.Context) func() {
		items = order.sorted(items)
		return func() {
			s.answered(items, st.Err)
			s.restoreSelection("")
			s.draw()
		}
	})
}

// typed begins a search when the typing pauses; an empty text ends it.
func (s *Screen) typed(text string) {
	if text == s.state.Search {
		return
	}
	if text == "" {
		s.open(s.state.Folder, "")
		return
	}
	s.desk.void(&s.content)
	s.state.Search = text
	s.sayWaiting()
	s.desk.later(&s.content, typing, s.find)
}

// find searches all names of the computer at all times, or at the moment chosen.
func (s *Screen) find() {
	st := &s.state
	request := engine.FindRequest{
		Computer: st.Computer, Text: st.Search, At: st.At, Deleted: st.Deleted, Hidden: st.Hidden, Limit: foundLimit,
	}
	s.desk.ask(&s.content, func(ctx context.Context) func() {
		items, err := s.engine.Find(ctx, request)
		return func() {
			s.answered(items, err)
			s.restoreSelection("")
			s.draw()
		}
	})
	s.sayWaiting()
	s.draw()
}

// foundLimit bounds what a search shows; the last row says so when it is reached.
const foundLimit = 500
