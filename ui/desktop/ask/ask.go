// Package ask lets a screen ask the engine without making the window wait.
//
// Its one idea: a Lane is a question of which only the newest matters. Asking
// again, and closing the desk when the screen is hidden, ends the older call
// through its context and makes its answer void, so that a slow answer can never
// overwrite a newer one. The work runs on its own goroutine; the answer is a
// function that runs on the UI goroutine.
//
// A Desk and its lanes belong to the UI goroutine. Every goroutine that a desk
// starts can be waited for.
package ask

import (
	"context"
	"sync"
	"time"

	"fyne.io/fyne/v2"
)

// Desk is where the questions of one screen are asked.
type Desk struct {
	finish func(func()) // runs a function on the UI goroutine
	ctx    context.Context
	stop   context.CancelFunc
	hands  sync.WaitGroup // those that will answer
	ears   sync.WaitGroup // those that listen until the desk is closed
	queue  chan func()    // only of a desk for tests
}

// New makes a desk that answers through fyne.Do.
func New() *Desk { return &Desk{finish: fyne.Do} }

// ForTest makes a desk whose answers wait until Settle runs them.
func ForTest() *Desk {
	d := &Desk{queue: make(chan func(), 10_000)}
	d.finish = func(f func()) { d.queue <- f }
	return d
}

// Open begins a time in which questions can be asked. Opening twice is harmless.
func (d *Desk) Open() {
	if d.ctx == nil {
		d.ctx, d.stop = context.WithCancel(context.Background())
	}
}

// Close ends it: calls on their way are cancelled and their answers are void.
func (d *Desk) Close() {
	if d.ctx != nil {
		d.stop()
		d.ctx, d.stop = nil, nil
	}
}

// Wait returns when every goroutine has ended; close the desk first.
func (d *Desk) Wait() {
	d.hands.Wait()
	d.ears.Wait()
}

// Lane is one question; the zero value is ready.
type Lane struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// Void makes the answer on its way void.
func (l *Lane) Void() {
	if l.cancel != nil {
		l.cancel()
		l.ctx, l.cancel = nil, nil
	}
}

// Busy says whether an answer is on its way.
func (l *Lane) Busy() bool { return l.ctx != nil && l.ctx.Err() == nil }

// Ask puts a question in the place of the lane's older one. What work returns runs
// on the UI goroutine, unless the question was replaced meanwhile; it may be nil.
func (d *Desk) Ask(l *Lane, work func(ctx context.Context) (answer func())) {
	d.Stream(l, func(ctx context.Context, apply func(func())) {
		if answer := work(ctx); answer != nil {
			apply(answer)
		}
	})
}

// Stream is Ask for work that answers several times.
func (d *Desk) Stream(l *Lane, work func(ctx context.Context, apply func(answer func()))) {
	l.Void()
	if d.ctx == nil {
		return
	}
	ctx, cancel := context.WithCancel(d.ctx)
	l.ctx, l.cancel = ctx, cancel
	d.hands.Go(func() {
		work(ctx, func(answer func()) { d.apply(ctx, answer) })
		d.finish(cancel)
	})
}

// Once asks a question that nothing replaces, as to save something. It goes on
// when the desk is closed, and its answer is always heard.
func (d *Desk) Once(work func(ctx context.Context) (answer func())) {
	d.hands.Go(func() {
		if answer := work(context.Background()); answer != nil {
			d.finish(answer)
		}
	})
}

// Listen runs work until the desk is closed.
func (d *Desk) Listen(work func(ctx context.Context, apply func(answer func()))) {
	if d.ctx == nil {
		return
	}
	ctx := d.ctx
	d.ears.Go(func() { work(ctx, func(answer func()) { d.apply(ctx, answer) }) })
}

// Every calls a function on the UI goroutine again and again until ctx ends; wait
// returns when it will not be called again.
func (d *Desk) Every(ctx context.Context, pause time.Duration, tick func()) (wait func()) {
	ended := make(chan struct{})
	d.ears.Go(func() {
		defer close(ended)
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				d.finish(tick)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() { <-ended }
}

// Finish runs a function on the UI goroutine.
func (d *Desk) Finish(f func()) { d.finish(f) }

func (d *Desk) apply(ctx context.Context, answer func()) {
	d.finish(func() {
		if ctx.Err() == nil {
			answer()
		}
	})
}

// Settle runs the answers of a desk for tests, and those of the questions that
// they ask, until none is on its way.
func (d *Desk) Settle() {
	for {
		d.hands.Wait()
		if len(d.queue) == 0 {
			return
		}
		for range len(d.queue) {
			(<-d.queue)()
		}
	}
}

// Until runs the answers of a desk for tests as they come, until something is so.
// Settle cannot be used while a question waits for a person.
func (d *Desk) Until(so func() bool) {
	for !so() {
		(<-d.queue)()
	}
}
