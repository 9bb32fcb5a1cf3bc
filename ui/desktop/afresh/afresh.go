// Package afresh lets a person prove once more who they are when an act wants that,
// and then does the act.
//
// Its one idea: an act is a function that can be done again. Do tries it. When it
// answers engine.KindFresh, a sheet says what needs a sign-in of the last minutes,
// and why; its button opens the browser; and when the person is back, the very same
// function runs once more, so that nobody chooses or types anything twice. SignIn is
// the second half alone, for those who asked for nothing but to sign in again.
//
//	s.afresh.Do("Removing files from the backup",
//		func(ctx context.Context) error { return s.remove(ctx, path) },
//		func(err error) { look.Say(s.deps.Window, err); s.load() })
//
// It promises that no call of the engine and no browser is waited for on the UI
// goroutine, and that done is called once for each act, there, with how it ended: nil,
// the error of its last try, or engine.KindCancelled when the person gave up, of which
// look.Say says nothing. Whoever gives up has changed nothing, because an act that
// answers engine.KindFresh has not. An act that wants another sign-in right after one
// has failed: nothing is asked for ever. Hiding the window ends nothing.
//
// Where no browser can be opened, a code is shown, which can be typed in on any
// device (RFC 8628). What signing in means is the engine's.
package afresh

import (
	"context"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
)

// Engine is what signing in again needs of the engine; engine.Account has it.
type Engine interface {
	SignIn(ctx context.Context, request engine.SignInRequest) (engine.SignIn, error)
	WaitSignIn(ctx context.Context, id string) (engine.SignedIn, error)
	CancelSignIn(ctx context.Context, id string) error
}

// Deps are what an Asker works with.
type Deps struct {
	Engine  Engine
	Window  fyne.Window
	Desk    *ask.Desk          // of the screen that asks
	OpenURL func(string) error // shows a page in the browser; nil: there is none
	Raise   func()             // brings the window before the others; may be nil
}

// Asker does acts that may need a fresh sign-in. Its methods belong to the UI
// goroutine.
type Asker struct{ deps Deps }

// New makes one; it shows nothing until it is asked.
func New(deps Deps) *Asker { return &Asker{deps} }

// Do does an act, and does it again after a sign-in when it needs a fresh one. What
// begins the sentence that says so: "Setting the passphrase".
func (a *Asker) Do(what string, act func(ctx context.Context) error, done func(error)) {
	a.deps.Desk.Once(func(ctx context.Context) func() {
		err := act(ctx)
		return func() {
			if engine.KindOf(err) != engine.KindFresh {
				done(err)
				return
			}
			newAsking(a.deps, what, func(ctx context.Context, _ engine.SignedIn) error { return act(ctx) }, done)
		}
	})
}

// SignIn opens the browser at once, and does an act with the sign-in when the person
// is back.
func (a *Asker) SignIn(act func(ctx context.Context, in engine.SignedIn) error, done func(error)) {
	newAsking(a.deps, "", act, done).begin(false)
}
