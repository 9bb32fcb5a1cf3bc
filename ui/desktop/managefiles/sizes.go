package managefiles

import (
	"context"

	"holdfast/engine"
)

// counters is how many folders are counted at once: counting reads the disk, and
// more of it would only make the rows that come first wait longer.
const counters = 2

// sizes counts the folders whose rows are seen, the last asked for first, because
// that is where the person has just scrolled to. It is used on one goroutine; the
// counting itself runs on others and comes back through apply.
type sizes struct {
	count func(ctx context.Context, path string) (engine.Amount, error)
	done  func(path string, amount engine.Amount, err error)
	apply func(func()) // runs a function on the owning goroutine

	shown   map[any]string // which drawn row shows which path
	queue   []string
	running map[string]context.CancelFunc
	stopped bool
}

func newSizes(count func(context.Context, string) (engine.Amount, error), apply func(func()), done func(string, engine.Amount, error)) *sizes {
	return &sizes{count: count, apply: apply, done: done, shown: map[any]string{}, running: map[string]context.CancelFunc{}}
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
	if path != "" && !s.asked(path) {
		s.queue = append(s.queue, path)
	}
	s.next()
}

// stop ends all counting; start makes it possible again.
func (s *sizes) stop() {
	s.stopped = true
	clear(s.shown)
	s.queue = nil
	for _, cancel := range s.running {
		cancel()
	}
}

func (s *sizes) start() { s.stopped = false }

func (s *sizes) seen(path string) bool {
	for _, p := range s.shown {
		if p == path {
			return true
		}
	}
	return false
}

func (s *sizes) asked(path string) bool {
	if _, ok := s.running[path]; ok {
		return true
	}
	for _, p := range s.queue {
		if p == path {
			return true
		}
	}
	return false
}

func (s *sizes) drop(path string) {
	if cancel, ok := s.running[path]; ok {
		cancel()
	}
	for i, p := range s.queue {
		if p == path {
			s.queue = append(s.queue[:i], s.queue[i+1:]...)
			return
		}
	}
}

func (s *sizes) next() {
	for !s.stopped && len(s.queue) > 0 && len(s.running) < counters {
		last := len(s.queue) - 1
		path := s.queue[last]
		s.queue = s.queue[:last]
		ctx, cancel := context.WithCancel(context.Background())
		s.running[path] = cancel
		go func() {
			amount, err := s.count(ctx, path)
			s.apply(func() { s.finish(ctx, path, amount, err) })
		}()
	}
}

func (s *sizes) finish(ctx context.Context, path string, amount engine.Amount, err error) {
	stale := ctx.Err() != nil
	s.running[path]()
	delete(s.running, path)
	switch {
	case !stale:
		s.done(path, amount, err)
	case s.seen(path) && !s.asked(path):
		// Scrolled away and back while the cancelled count was still ending.
		s.queue = append(s.queue, path)
	}
	s.next()
}
