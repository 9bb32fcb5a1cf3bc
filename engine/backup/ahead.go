package backup

import (
	"context"

	"holdfast/engine/source"
)

// aheadDepth is how many folders of one level are listed before the walk comes to
// them. On a cold disk the walk waits for inodes, and several reads overlap.
const aheadDepth = 6

// listing is a folder opened and listed ahead of the walk.
type listing struct {
	dir     source.Dir
	entries []source.Entry
	err     error
	done    chan struct{}
}

// wait gives the entries of a folder; without a listing it reads them now.
func (l *listing) wait(ctx context.Context, dir source.Dir) ([]source.Entry, error) {
	if l == nil {
		return dir.Read(ctx)
	}
	return l.entries, l.err
}

// readAhead lists the folders of one level a few at a time.
type readAhead struct {
	ctx     context.Context
	f       *folder
	below   []next
	started int
	running []*listing
}

func newReadAhead(ctx context.Context, f *folder, below []next) *readAhead {
	return &readAhead{ctx: ctx, f: f, below: below, running: make([]*listing, len(below))}
}

// take waits for the listing of folder i and starts those that follow. An error
// is about opening the folder; one about listing it comes from wait.
func (r *readAhead) take(i int) (*listing, error) {
	for r.started < len(r.below) && r.started <= i+aheadDepth {
		r.start(r.started)
		r.started++
	}
	l := r.running[i]
	r.running[i] = nil
	<-l.done
	if l.dir == nil {
		return nil, l.err
	}
	return l, nil
}

func (r *readAhead) start(i int) {
	l := &listing{done: make(chan struct{})}
	r.running[i] = l
	name := r.below[i].name
	go func() {
		defer close(l.done)
		if l.dir, l.err = r.f.dir.Dir(name); l.err != nil {
			l.dir = nil
			return
		}
		l.entries, l.err = l.dir.Read(r.ctx)
	}()
}

// close waits for listings that nobody took and closes them.
func (r *readAhead) close() {
	for _, l := range r.running {
		if l == nil {
			continue
		}
		if <-l.done; l.dir != nil {
			l.dir.Close()
		}
	}
}
