package catalog

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// An order is one piece of writing. Orders given at about the same time share a
// transaction, each within a savepoint of its own, so that one that fails takes
// nothing else with it.
type order struct {
	run  func(*session) error
	done func(error) // told the outcome after the transaction, in the writer
}

// The writer is the one goroutine that changes the file.
type writer struct {
	session *session
	orders  chan order
	quit    chan struct{}
	ended   chan struct{}

	giving sync.RWMutex // held for reading while an order is given
	closed bool
}

const (
	queued    = 128                    // orders that may wait
	perCommit = 256                    // orders in one transaction
	holdFor   = 100 * time.Millisecond // how long a transaction takes more orders
)

func startWriter(s *session) *writer {
	w := &writer{
		session: s,
		orders:  make(chan order, queued),
		quit:    make(chan struct{}),
		ended:   make(chan struct{}),
	}
	go w.loop()
	return w
}

// do runs an order and waits until it is committed. When ctx ends first, an order that
// was not begun never is, and one that was is waited for: whatever run sets belongs to
// the caller again when do returns.
func (w *writer) do(ctx context.Context, run func(*session) error) error {
	var taken atomic.Bool // by the writer, to carry it out, or by the caller, who takes it back
	done := make(chan error, 1)
	once := func(s *session) error {
		if !taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return run(s)
	}
	if err := w.give(ctx, once, func(err error) { done <- err }); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		if taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-done
	}
}

// give queues an order. When it returns an error done is not called; otherwise it is,
// even when the writer is closed meanwhile.
func (w *writer) give(ctx context.Context, run func(*session) error, done func(error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.giving.RLock()
	defer w.giving.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.orders <- order{run, done}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) close() {
	w.giving.Lock() // the writer goes on until those who are giving an order have given it
	if !w.closed {
		w.closed = true
		close(w.quit)
	}
	w.giving.Unlock()
	<-w.ended
}

func (w *writer) loop() {
	defer close(w.ended)
	for {
		select {
		case o := <-w.orders:
			w.transaction(o)
		case <-w.quit:
			for { // what was queued before the end is still carried out
				select {
				case o := <-w.orders:
					w.transaction(o)
				default:
					return
				}
			}
		}
	}
}

// transaction carries out an order and those that are waiting already.
func (w *writer) transaction(o order) {
	var (
		dones    []func(error)
		outcomes []error
		started  = time.Now()
	)
	fail := func(err error) {
		for i, d := range dones {
			d(errors.Join(outcomes[i], err))
		}
	}
	if _, _, err := w.session.exec("BEGIN IMMEDIATE"); err != nil {
		o.done(err)
		return
	}
	for more := true; more; {
		dones = append(dones, o.done)
		outcomes = append(outcomes, w.one(o))
		if len(dones) >= perCommit || time.Since(started) > holdFor {
			break
		}
		select {
		case o = <-w.orders:
		default:
			more = false
		}
	}
	if _, _, err := w.session.exec("COMMIT"); err != nil {
		w.session.exec("ROLLBACK")
		fail(err)
		return
	}
	fail(nil)
}

func (w *writer) one(o order) error {
	if _, _, err := w.session.exec("SAVEPOINT one"); err != nil {
		return err
	}
	err := o.run(w.session)
	if err != nil {
		w.session.exec("ROLLBACK TO one")
	}
	if _, _, released := w.session.exec("RELEASE one"); released != nil {
		err = errors.Join(err, released)
	}
	return err
}
