package agent

import (
	"context"
	"sync"

	"holdfast/engine"
)

// notices tells watchers that something is worth reading again. Topics that a
// watcher has not taken yet are merged, so telling never waits.
type notices struct {
	mu       sync.Mutex
	watchers map[*watcher]struct{}
	closed   bool
}

type watcher struct {
	pending map[engine.Topic]bool
	wake    chan struct{}
}

func (n *notices) tell(topics ...engine.Topic) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for w := range n.watchers {
		for _, t := range topics {
			w.pending[t] = true
		}
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

func (n *notices) add() *watcher {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := &watcher{pending: map[engine.Topic]bool{}, wake: make(chan struct{}, 1)}
	if n.watchers == nil {
		n.watchers = map[*watcher]struct{}{}
	}
	if n.closed {
		close(w.wake)
		return w
	}
	n.watchers[w] = struct{}{}
	return w
}

func (n *notices) take(w *watcher) []engine.Topic {
	n.mu.Lock()
	defer n.mu.Unlock()
	topics := make([]engine.Topic, 0, len(w.pending))
	for t := range w.pending {
		topics = append(topics, t)
	}
	clear(w.pending)
	return topics
}

func (n *notices) remove(w *watcher) {
	n.mu.Lock()
	delete(n.watchers, w)
	n.mu.Unlock()
}

func (n *notices) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for w := range n.watchers {
		close(w.wake)
		delete(n.watchers, w)
	}
}

// Watch implements engine.Watch.
func (a *Agent) Watch(ctx context.Context) (<-chan engine.Topic, error) {
	out := make(chan engine.Topic)
	w := a.notices.add()
	go func() {
		defer close(out)
		defer a.notices.remove(w)
		for {
			select {
			case _, ok := <-w.wake:
				if !ok {
					return
				}
			case <-ctx.Done():
				return
			}
			for _, t := range a.notices.take(w) {
				select {
				case out <- t:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, nil
}
