package afresh

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

var needed = &engine.Error{Kind: engine.KindFresh, Message: "This needs a sign-in of the last minutes. Nothing was changed. Sign in again and repeat it."}

// world is a server, its person and a window in which something wants a sign-in.
type world struct {
	t      *testing.T
	window fyne.Window
	desk   *ask.Desk
	asker  *Asker

	back    chan error    // how the person comes back from the browser
	browser error         // why it cannot be opened
	refusal error         // of beginning a sign-in
	goOn    chan struct{} // when set, beginning a sign-in waits for it
	ends    []error       // what done was told

	mu    sync.Mutex
	fresh bool                     // the person has signed in
	newer map[string]chan struct{} // by sign-in: closed when another takes its place
	calls []string                 // what was asked of the engine and the browser
	acts  int                      // how often the act was done
}

func newWorld(t *testing.T) *world {
	picture.App(t, "light")
	w := &world{t: t, window: picture.Window(t, nil, fyne.NewSize(900, 640)), desk: ask.ForTest(), back: make(chan error, 1)}
	w.asker = New(Deps{Engine: w, Window: w.window, Desk: w.desk, OpenURL: w.openURL, Raise: func() { w.call("raise") }})
	t.Cleanup(func() { w.desk.Settle(); w.desk.Wait() })
	return w
}

func (w *world) SignIn(ctx context.Context, q engine.SignInRequest) (engine.SignIn, error) {
	if w.goOn != nil {
		<-w.goOn
	}
	id := "in browser"
	if q.ByCode {
		id = "by code"
	}
	w.mu.Lock()
	for _, newer := range w.newer {
		close(newer)
	}
	w.newer = map[string]chan struct{}{id: make(chan struct{})}
	w.mu.Unlock()
	if q.ByCode {
		w.call("begin by code")
		return engine.SignIn{ID: "by code", URL: "https://backup.college.edu/device", Code: "BCDF-GHJK"}, w.refusal
	}
	w.call("begin")
	return engine.SignIn{ID: "in browser", URL: "https://backup.college.edu/oauth/authorize"}, w.refusal
}

func (w *world) WaitSignIn(ctx context.Context, id string) (engine.SignedIn, error) {
	w.mu.Lock()
	newer, waits := w.newer[id]
	w.mu.Unlock()
	if !waits {
		return engine.SignedIn{}, &engine.Error{Kind: engine.KindCancelled, Message: "Another one was begun."}
	}
	select {
	case err := <-w.back:
		select {
		case <-newer: // both were there; the person is back from the newer one
			w.back <- err
			return engine.SignedIn{}, &engine.Error{Kind: engine.KindCancelled, Message: "Another one was begun."}
		default:
		}
		w.mu.Lock()
		w.fresh = err == nil
		w.mu.Unlock()
		return engine.SignedIn{ID: id}, err
	case <-newer:
		return engine.SignedIn{}, &engine.Error{Kind: engine.KindCancelled, Message: "Another one was begun."}
	case <-ctx.Done():
		return engine.SignedIn{}, ctx.Err()
	}
}

func (w *world) CancelSignIn(_ context.Context, id string) error {
	w.call("cancel " + id)
	return nil
}

func (w *world) openURL(url string) error {
	w.call("open " + url)
	return w.browser
}

// act needs a fresh sign-in.
func (w *world) act(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acts++
	if !w.fresh {
		return needed
	}
	return nil
}

func (w *world) done(err error) { w.ends = append(w.ends, err) }

// ask does the act and waits for the sheet.
func (w *world) ask() {
	w.t.Helper()
	w.asker.Do("Setting the passphrase", w.act, w.done)
	w.desk.Settle()
	if w.sheet() == nil {
		w.t.Fatal("no sheet asks for the sign-in")
	}
}

func (w *world) sheet() fyne.CanvasObject { return w.window.Canvas().Overlays().Top() }

// press presses a button of the sheet, where it can be seen.
func (w *world) press(words string) {
	w.t.Helper()
	for _, o := range test.LaidOutObjects(w.sheet()) {
		if b, ok := o.(*look.Button); ok && b.Text() == words && b.Visible() {
			b.Tapped(nil)
			return
		}
	}
	w.t.Fatalf("the sheet has no %q; it says %q", words, w.said())
}

// said is all that the sheet says.
func (w *world) said() (words []string) {
	for _, o := range test.LaidOutObjects(w.sheet()) {
		switch o := o.(type) {
		case *look.Words:
			words = append(words, o.Words())
		case *look.Text:
			words = append(words, o.Words())
		}
	}
	return words
}

// until waits until the sheet says something.
func (w *world) until(words string) {
	w.desk.Until(func() bool { return slices.Contains(w.said(), words) })
}

func (w *world) call(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, what)
}

// calledSoFar is what was asked of the engine and the browser until now.
func (w *world) calledSoFar() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

func (w *world) called(want ...string) {
	w.t.Helper()
	if calls := w.calledSoFar(); !slices.Equal(calls, want) {
		w.t.Errorf("called %q, not %q", calls, want)
	}
}

// ended says how often the act was done, and how done was told that it ended.
func (w *world) ended(acts int, kind engine.Kind) {
	w.t.Helper()
	if w.acts != acts || len(w.ends) != 1 || w.ends[0] != nil && engine.KindOf(w.ends[0]) != kind || w.ends[0] == nil && kind != "" {
		w.t.Errorf("done %d times, and it ended with %v", w.acts, w.ends)
	}
	if w.sheet() != nil {
		w.t.Errorf("a sheet stays: %q", w.said())
	}
}

const (
	inBrowser = "Go on in your browser"
	withCode  = "Sign in on another device"
	opened    = "open https://backup.college.edu/oauth/authorize"
)

func TestAnActThatNeedsNoSignInIsDoneWithoutAWord(t *testing.T) {
	w := newWorld(t)
	w.fresh = true
	w.asker.Do("Setting the passphrase", w.act, w.done)
	w.desk.Settle()
	w.ended(1, "")
	w.called()
}

func TestAnActThatFailsOtherwiseSaysSoItself(t *testing.T) {
	w := newWorld(t)
	w.asker.Do("Setting the passphrase", func(context.Context) error {
		w.acts++
		return &engine.Error{Kind: engine.KindUnreachable}
	}, w.done)
	w.desk.Settle()
	w.ended(1, engine.KindUnreachable)
	w.called()
}

func TestTheVeryActIsDoneAgainWhenThePersonIsBack(t *testing.T) {
	w := newWorld(t)
	w.ask()
	if said := w.said(); !slices.Contains(said, why("Setting the passphrase")) || len(w.ends) != 0 {
		t.Errorf("it says %q and ended with %v", said, w.ends)
	}
	w.press("Sign in")
	w.until(inBrowser)
	w.called("begin", opened)
	w.back <- nil
	w.desk.Settle()
	w.ended(2, "")
	w.called("begin", opened, "raise")
}

func TestWhoGivesUpHasChangedNothing(t *testing.T) {
	for name, while := range map[string]func(w *world){
		"before the browser opens":      func(w *world) {},
		"while the browser opens":       func(w *world) { w.goOn = make(chan struct{}); w.press("Sign in"); defer close(w.goOn) },
		"while the browser is in front": func(w *world) { w.press("Sign in"); w.until(inBrowser) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, give := range []func(w *world){
				func(w *world) { w.press("Cancel") },
				func(w *world) { w.sheet().(fyne.Focusable).TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape}) },
			} {
				w := newWorld(t)
				w.ask()
				while(w)
				give(w)
				w.desk.Settle()
				w.ended(1, engine.KindCancelled)
				if begun, ended := slices.Contains(w.calls, "begin"), slices.Contains(w.calls, "cancel in browser"); begun != ended {
					t.Errorf("a sign-in was begun: %v, ended: %v", begun, ended)
				}
			}
		})
	}
}

func TestASignInThatFailedSaysWhyAndCanBeTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.ask()
	w.press("Sign in")
	w.until(inBrowser)
	w.back <- &engine.Error{Kind: engine.KindSignIn, Message: "Nobody finished signing in in time."}
	w.until("Nobody finished signing in in time.")
	w.refusal = &engine.Error{Kind: engine.KindUnreachable, Message: "The server does not answer."}
	w.press("Sign in")
	w.until("The server does not answer.")
	w.refusal = nil
	w.press("Sign in")
	w.until(inBrowser)
	w.back <- nil
	w.desk.Settle()
	w.ended(2, "")
}

func TestAnActThatWantsAnotherSignInRightAfterOneHasFailed(t *testing.T) {
	w := newWorld(t)
	w.asker.Do("Setting the passphrase", func(context.Context) error { w.acts++; return needed }, w.done)
	w.desk.Settle()
	w.press("Sign in")
	w.back <- nil
	w.desk.Settle()
	w.ended(2, engine.KindFresh)
}

func TestWhereNoBrowserCanBeOpenedACodeIsShown(t *testing.T) {
	for name, without := range map[string]func(w *world){
		"there is none":    func(w *world) { w.asker.deps.OpenURL = nil },
		"it does not open": func(w *world) { w.browser = errors.New("xdg-open: not found") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			without(w)
			w.ask()
			w.press("Sign in")
			w.until(withCode)
			for _, words := range []string{"BCDF-GHJK", waitingWords(engine.SignIn{URL: "https://backup.college.edu/device", Code: "x"}, "your institution", true)} {
				if !slices.Contains(w.said(), words) {
					t.Errorf("it does not say %q but %q", words, w.said())
				}
			}
			w.press("Copy the address")
			if got := fyne.CurrentApp().Clipboard().Content(); got != "https://backup.college.edu/device" {
				t.Errorf("copied %q", got)
			}
			w.back <- nil
			w.desk.Settle()
			w.ended(2, "")
		})
	}
}

func TestWhoCannotUseTheBrowserHereTakesACode(t *testing.T) {
	w := newWorld(t)
	w.ask()
	w.press("Sign in")
	w.until(inBrowser)
	w.press("Open the browser again")
	w.desk.Until(func() bool { return len(w.calledSoFar()) == 3 })
	w.press("Sign in on another device with a code")
	w.until(withCode)
	w.back <- nil
	w.desk.Until(func() bool { return len(w.ends) == 1 })
	w.called("begin", opened, opened, "begin by code", "raise")
}

func TestSigningInAgainOpensTheBrowserAtOnce(t *testing.T) {
	w := newWorld(t)
	var with engine.SignedIn
	w.asker.SignIn(func(ctx context.Context, in engine.SignedIn) error { with = in; return w.act(ctx) }, w.done)
	w.until(inBrowser)
	w.back <- nil
	w.desk.Settle()
	w.ended(1, "")
	if with.ID != "in browser" {
		t.Errorf("the act was given %+v", with)
	}
}

func TestTheSheetIsDrawn(t *testing.T) {
	browser := engine.SignIn{ID: "x", URL: "https://backup.college.edu/oauth/authorize"}
	code := engine.SignIn{ID: "x", URL: "https://backup.college.edu/device", Code: "BCDF-GHJK"}
	for name, shown := range map[string]state{
		"why":     {what: "Setting the passphrase"},
		"failed":  {what: "A new recovery code", err: &engine.Error{Message: "Nobody finished signing in in time. Nothing was changed. Sign in again."}},
		"opening": {what: "Revoking the key of Ann’s old laptop", step: stepOpening},
		"browser": {step: stepWaiting, begun: browser},
		"code":    {step: stepWaiting, begun: code, noBrowser: true},
	} {
		picture.All(t, "afresh-"+name, func(fyne.Window) fyne.CanvasObject { return look.NewBox(look.ColorSide, "", 0) }, func(w fyne.Window) {
			k := newAsking(Deps{Window: w, Desk: ask.ForTest()}, shown.what, nil, nil)
			k.draw(shown)
			if k.view.signIn.Visible() == (shown.step == stepWaiting) {
				t.Error("the button that begins stands at the wrong time")
			}
		})
	}
}
