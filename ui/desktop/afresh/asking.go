package afresh

import (
	"context"

	"holdfast/engine"
)

// step is what the sheet shows.
type step int

const (
	stepWhy     step = iota // why, and the button that begins
	stepOpening             // the engine begins a sign-in
	stepWaiting             // the person signs in, in the browser or with a code
)

// state is all that the sheet shows.
type state struct {
	what      string // needs the sign-in; "": the person asked for nothing else
	step      step
	begun     engine.SignIn
	noBrowser bool  // none could be opened
	err       error // how the last sign-in failed
}

// asking is one act that waits for a sign-in.
type asking struct {
	deps   Deps
	act    func(ctx context.Context, in engine.SignedIn) error
	done   func(error)
	ctx    context.Context // ends when the person gives up
	cancel context.CancelFunc
	over   bool // done, or given up: answers on their way are void
	state  state
	view   view
}

// newAsking shows the sheet.
func newAsking(deps Deps, what string, act func(context.Context, engine.SignedIn) error, done func(error)) *asking {
	k := &asking{deps: deps, act: act, done: done}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	k.build()
	k.draw(state{what: what})
	k.view.sheet.Show()
	return k
}

// begin starts a sign-in, in the place of the one before.
func (k *asking) begin(byCode bool) {
	if k.over || k.state.step == stepOpening {
		return
	}
	k.draw(state{what: k.state.what, step: stepOpening})
	k.deps.Desk.Once(func(context.Context) func() {
		begun, noBrowser, err := k.open(byCode)
		return func() { k.begun(begun, noBrowser, err) }
	})
}

// open brings the person's browser to a sign-in, or has a code made where there is
// none.
func (k *asking) open(byCode bool) (begun engine.SignIn, noBrowser bool, err error) {
	noBrowser = k.deps.OpenURL == nil
	if !byCode && !noBrowser {
		begun, err = k.deps.Engine.SignIn(k.ctx, engine.SignInRequest{})
		if err != nil || k.deps.OpenURL(begun.URL) == nil {
			return begun, false, err
		}
		noBrowser = true
	}
	begun, err = k.deps.Engine.SignIn(k.ctx, engine.SignInRequest{ByCode: true})
	return begun, noBrowser, err
}

// begun waits for the person.
func (k *asking) begun(begun engine.SignIn, noBrowser bool, err error) {
	switch {
	case k.over:
		k.end(begun.ID)
	case err != nil:
		k.draw(state{what: k.state.what, err: err})
	default:
		k.draw(state{what: k.state.what, step: stepWaiting, begun: begun, noBrowser: noBrowser})
		k.deps.Desk.Once(func(context.Context) func() {
			in, err := k.deps.Engine.WaitSignIn(k.ctx, begun.ID)
			return func() { k.back(begun.ID, in, err) }
		})
	}
}

// back is for a person who is signed in, or was refused, or took too long.
func (k *asking) back(id string, in engine.SignedIn, err error) {
	if k.over || k.state.begun.ID != id { // given up, or another was begun in its place
		return
	}
	if k.deps.Raise != nil {
		k.deps.Raise() // the browser lies over it
	}
	if err != nil {
		k.draw(state{what: k.state.what, err: err})
		return
	}
	k.close()
	k.deps.Desk.Once(func(ctx context.Context) func() {
		err := k.act(ctx, in)
		return func() { k.done(err) }
	})
}

// openAgain is for a browser that was closed, or never came.
func (k *asking) openAgain() {
	if k.deps.OpenURL == nil {
		return
	}
	url := k.state.begun.URL
	k.deps.Desk.Once(func(context.Context) func() {
		err := k.deps.OpenURL(url)
		return func() {
			if err != nil && k.state.begun.URL == url {
				k.begin(true)
			}
		}
	})
}

// giveUp ends it before anything was changed.
func (k *asking) giveUp() {
	if k.over {
		return
	}
	k.close()
	k.end(k.state.begun.ID)
	k.done(&engine.Error{Op: "sign in", Kind: engine.KindCancelled, Message: "The sign-in was cancelled. Nothing was changed."})
}

func (k *asking) close() {
	k.over = true
	k.cancel()
	k.view.sheet.Hide()
}

// end lets the engine forget a sign-in that nobody waits for any more.
func (k *asking) end(id string) {
	if id == "" {
		return
	}
	k.deps.Desk.Once(func(ctx context.Context) func() {
		_ = k.deps.Engine.CancelSignIn(ctx, id) // it runs out by itself in a while
		return nil
	})
}
