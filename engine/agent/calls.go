package agent

import (
	"context"
	"sync"

	"holdfast/engine"
	"holdfast/engine/repo"
)

// begin registers a call from outside, of a window or the socket: its context ends
// with the agent's too, and Close waits until the call is done.
func (a *Agent) begin(ctx context.Context, op string) (context.Context, func(), error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing {
		return ctx, nil, &engine.Error{Op: op, Kind: engine.KindCancelled,
			Message: "Holdfast is ending, so this was not begun. What is stored is safe. Start Holdfast again and repeat it."}
	}
	a.calls.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(a.ctx, cancel)
	return ctx, func() {
		stop()
		cancel()
		a.calls.Done()
	}, nil
}

// hold takes the token that keeps captures and Maintain apart. The context that comes
// back ends early when the destination is to be disconnected.
func (a *Agent) hold(ctx context.Context) (context.Context, func(), error) {
	select {
	case a.capturer <- struct{}{}:
	case <-ctx.Done():
		return ctx, nil, ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leaving {
		<-a.capturer
		return ctx, nil, context.Canceled
	}
	ctx, cancel := context.WithCancel(ctx)
	a.interrupt = cancel
	return ctx, func() {
		a.mu.Lock()
		a.interrupt = nil
		a.mu.Unlock()
		cancel()
		<-a.capturer
	}, nil
}

// leave takes the token for good: who holds it is interrupted, and who waits for it
// gets it no more. The function that comes back lets captures in again.
func (a *Agent) leave(ctx context.Context) (func(), error) {
	a.mu.Lock()
	a.leaving = true
	if a.interrupt != nil {
		a.interrupt()
	}
	a.mu.Unlock()
	stay := func() {
		a.mu.Lock()
		a.leaving = false
		a.mu.Unlock()
	}
	select {
	case a.capturer <- struct{}{}:
	case <-ctx.Done():
		stay()
		return nil, ctx.Err()
	}
	return func() {
		stay()
		<-a.capturer
	}, nil
}

// opened is an open repository. Who drops it only forgets it: its store is closed when
// the last of those who work with it are done.
type opened struct {
	*repo.Repository
	users   int
	dropped bool
}

// repository opens the destination, once. Who has got it says when it is done with it.
func (a *Agent) repository(ctx context.Context, op string) (*repo.Repository, func(), error) {
	turn, err := a.toOpen(ctx, op)
	if err != nil {
		return nil, nil, err
	}
	defer turn()
	_, where, err := a.connected(op)
	if err != nil {
		return nil, nil, err
	}
	if r, done := a.lend(); r != nil {
		return r, done, nil
	}
	r, err := a.openRepository(ctx, where)
	if err != nil {
		err = explain(op, where.Address, err)
		a.noteShut(err)
		return nil, nil, err
	}
	a.mu.Lock()
	gone := a.where != where
	if !gone {
		a.repo, a.shut = &opened{Repository: r}, nil
	}
	a.mu.Unlock()
	if gone { // disconnected meanwhile
		r.Store().Close()
		return nil, nil, notSetUp(op)
	}
	r, done := a.lend()
	if r == nil {
		return nil, nil, notSetUp(op)
	}
	return r, done, nil
}

// toOpen waits for the turn to open the destination, no longer than the context lasts: a
// server that hangs keeps whoever came first for a minute.
func (a *Agent) toOpen(ctx context.Context, op string) (done func(), err error) {
	done = func() { <-a.opening }
	select {
	case a.opening <- struct{}{}: // nobody else opens it
		return done, nil
	default:
	}
	select {
	case a.opening <- struct{}{}:
		return done, nil
	case <-ctx.Done():
		_, where, err := a.connected(op)
		if err != nil {
			return nil, err
		}
		return nil, explain(op, where.Address, ctx.Err())
	}
}

// noteShut keeps why the destination could not be opened, for the status. That it is
// away is seen anyway, and over as soon as it is back.
func (a *Agent) noteShut(err error) {
	switch engine.KindOf(err) {
	case engine.KindSecret, engine.KindNotRepo, engine.KindTooNew, engine.KindDamaged,
		engine.KindSignIn, engine.KindReplaced, engine.KindRefused, engine.KindStranger, engine.KindCertificate, engine.KindUntrusted:
	default:
		return
	}
	a.mu.Lock()
	a.shut = err
	a.mu.Unlock()
	a.notices.tell(engine.TopicStatus)
}

// lend gives the open repository to one more user; nil: none is open.
func (a *Agent) lend() (*repo.Repository, func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.repo
	if o == nil {
		return nil, nil
	}
	o.users++
	return o.Repository, sync.OnceFunc(func() {
		a.mu.Lock()
		o.users--
		last := o.dropped && o.users == 0
		a.mu.Unlock()
		if last {
			o.Store().Close()
		}
	})
}

// dropRepository forgets an open repository whose store went away, so that the next
// use opens it anew.
func (a *Agent) dropRepository() error {
	a.mu.Lock()
	o := a.repo
	a.repo = nil
	idle := o != nil && o.users == 0
	if o != nil {
		o.dropped = true
	}
	a.mu.Unlock()
	if !idle {
		return nil
	}
	return o.Store().Close()
}
