package getfiles

import (
	"context"
	"sync"
	"time"

	"fyne.io/fyne/v2"
)

// lane is a question of which only the newest matters: asking again makes the
// answer that is still on its way void. It belongs to the UI goroutine.
type lane struct {
	number int
	ctx    context.Context
	cancel context.CancelFunc
}

// desk is where questions to the engine are asked and answered: the work runs
// beside the UI goroutine, what it returns runs on it. Tests put their own hands
// in the place of the three functions.
type desk struct {
	ctx    context.Context
	stop   context.CancelFunc
	hands  sync.WaitGroup
	start  func(work func())
	finish func(apply func())
	after  func(wait time.Duration, then func()) // then runs on the UI goroutine
}

func newDesk() *desk {
	d := &desk{finish: fyne.Do}
	d.start = func(work func()) { d.hands.Go(work) }
	d.after = func(wait time.Duration, then func()) {
		ctx := d.ctx
		d.hands.Go(func() {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			select {
			case <-timer.C:
				fyne.Do(then)
			case <-ctx.Done():
			}
		})
	}
	return d
}

// open begins a time in which questions can be asked; close ends it and makes all
// answers that are still on their way void.
func (d *desk) open() {
	if d.ctx == nil {
		d.ctx, d.stop = context.WithCancel(context.Background())
	}
}

func (d *desk) close() {
	if d.ctx != nil {
		d.stop()
		d.ctx, d.stop = nil, nil
	}
}

// void makes the answers on their way on a lane void.
func (d *desk) void(l *lane) {
	l.number++
	if l.cancel != nil {
		l.cancel()
		l.ctx, l.cancel = nil, nil
	}
}

// ask replaces the lane's question by a new one.
func (d *desk) ask(l *lane, work func(ctx context.Context) func()) {
	d.void(l)
	d.join(l, work)
}

// join asks one more question on a lane, beside those that are on their way.
func (d *desk) join(l *lane, work func(ctx context.Context) func()) {
	if d.ctx == nil {
		return
	}
	if l.ctx == nil || l.ctx.Err() != nil {
		l.ctx, l.cancel = context.WithCancel(d.ctx)
	}
	ctx, number := l.ctx, l.number
	d.start(func() {
		apply := work(ctx)
		d.finish(func() {
			if l.number == number && ctx.Err() == nil {
				apply()
			}
		})
	})
}

// later runs then on the UI goroutine after a while, unless the lane has moved on.
func (d *desk) later(l *lane, wait time.Duration, then func()) {
	if d.ctx == nil {
		return
	}
	number, whole := l.number, d.ctx
	d.after(wait, func() {
		if l.number == number && whole.Err() == nil {
			then()
		}
	})
}
