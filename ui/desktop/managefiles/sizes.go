package managefiles

import (
	"context"
	"slices"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
)

// counters is how many folders are counted at once: counting reads the disk, and
// more of it would only make the rows that come first wait longer.
const counters = 2

// sizes counts the folders whose rows are seen, the last asked for first, because
// that is where the person has just scrolled to.
type sizes struct {
	desk  *ask.Desk
	count func(ctx context.Context, path string) (engine.Amount, error)
	done  func(path string, amount engine.Amount, err error)

	shown   map[any]string // which drawn row shows which path
	queue   []string
	running map[string]*ask.Lane
}

func newSizes(desk *ask.Desk, count func(context.Context, string) (engine.Amount, error), done func(string, engine.Amount, error)) *sizes {
	return &sizes{desk: desk, count: count, done: done, shown: map[any]string{}, running: map[string]*ask.Lane{}}
}

// show tells that a drawn row now shows a path; "" when it shows nothing that is
// to be counted. What no row shows any more is not counted any further.
func (s *sizes) show(row any, path string) {
	before := s.shown[row]
	if before == path {
		return
	}
	if path == "" {
		delete(s.shown, row)
	} else {
		s.shown[row] = path
	}
	if before != "" && !s.seen(before) {
		s.drop(before)
	}
	if _, counting := s.running[path]; path != "" && !counting && !slices.Contains(s.queue, path) {
		s.queue = append(s.queue, path)
	}
	s.next()
}

// hide forgets the rows inside a folder that was closed.
func (s *sizes) hide(folder string) {
	for row, path := range s.shown {
		if inside(path, folder) {
			s.show(row, "")
		}
	}
}

// stop ends all counting; the next show begins again.
func (s *sizes) stop() {
	clear(s.shown)
	s.queue = nil
	for path := range s.running {
		s.drop(path)
	}
}

func (s *sizes) seen(path string) bool {
	for _, p := range s.shown {
		if p == path {
			return true
		}
	}
	return false
}

func (s *sizes) drop(path string) {
	if lane, ok := s.running[path]; ok {
		lane.Void()
		delete(s.running, path)
	}
	s.queue = slices.DeleteFunc(s.queue, func(p string) bool { return p == path })
}

func (s *sizes) next() {
	for len(s.queue) > 0 && len(s.running) < counters {
		last := len(s.queue) - 1
		path := s.queue[last]
		s.queue = s.queue[:last]
		lane := &ask.Lane{}
		s.running[path] = lane
		s.desk.Ask(lane, func(ctx context.Context) func() {
			amount, err := s.count(ctx, path)
			return func() {
				delete(s.running, path)
				s.done(path, amount, err)
				s.next()
			}
		})
	}
}
