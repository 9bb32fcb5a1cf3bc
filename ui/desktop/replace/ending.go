package replace

import (
	"context"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// finish takes the place; where the server wants it, after a sign-in in the browser.
func (s *Screen) finish() {
	if s.state.Doing == "" {
		s.finishAs("", true)
	}
}

func (s *Screen) finishAs(signIn string, again bool) {
	name := s.state.R.Old.Name
	s.state.Browser, s.begun = false, ""
	s.state.Doing, s.state.Err = "Finishing…", nil
	s.draw()
	s.desk.Once(func(ctx context.Context) func() {
		err := s.deps.Engine.FinishReplace(ctx, signIn)
		var now engine.Replacement
		earlier := ""
		if err != nil {
			now, _ = s.deps.Engine.Replacement(ctx)
		} else if list, err := s.deps.Engine.Computers(ctx); err == nil {
			earlier = earlierOf(list, name)
		}
		return func() {
			s.state.Doing = ""
			switch {
			case err == nil:
				s.state = State{Known: true, Step: StepDone, Name: name, Earlier: earlier, Status: s.state.Status}
				s.treeOf = ""
				if s.deps.Finished != nil {
					s.deps.Finished()
				}
				s.readStatus()
			case engine.KindOf(err) == engine.KindSignIn && again:
				s.signIn()
			default:
				s.state.Err = err
				if now.Old.ID != "" {
					s.state.R = now
				}
			}
			s.draw()
		}
	})
}

// signIn lets the person prove in the browser who they are, and goes on by itself.
func (s *Screen) signIn() {
	s.state.Doing, s.state.Browser, s.state.URL = "Waiting for your browser…", true, ""
	s.desk.Ask(&s.browser, func(ctx context.Context) func() {
		begun, err := s.deps.Engine.SignIn(ctx, engine.SignInRequest{})
		return func() {
			if err != nil {
				s.stopWaiting(err)
				return
			}
			s.begun, s.state.URL = begun.ID, begun.URL
			s.openBrowser()
			s.draw()
			s.waitForPerson(begun.ID)
		}
	})
}

func (s *Screen) waitForPerson(id string) {
	s.desk.Ask(&s.browser, func(ctx context.Context) func() {
		in, err := s.deps.Engine.WaitSignIn(ctx, id)
		return func() {
			if err != nil {
				s.stopWaiting(err)
				return
			}
			if s.deps.Raise != nil {
				s.deps.Raise()
			}
			s.finishAs(in.ID, false)
		}
	})
}

func (s *Screen) stopWaiting(err error) {
	s.begun = ""
	s.state.Doing, s.state.Browser, s.state.Err = "", false, err
	s.draw()
}

func (s *Screen) openBrowser() {
	if s.deps.OpenURL == nil || s.state.URL == "" {
		return
	}
	if err := s.deps.OpenURL(s.state.URL); err != nil {
		s.state.Err = &engine.Error{Op: "open the browser", Message: "The browser could not be opened. Copy the address and open it yourself.", Err: err}
	}
}

// noBrowser gives up a sign-in.
func (s *Screen) noBrowser() {
	id := s.begun
	s.browser.Void()
	s.stopWaiting(nil)
	if id != "" {
		s.desk.Once(func(ctx context.Context) func() {
			s.deps.Engine.CancelSignIn(ctx, id)
			return nil
		})
	}
}

// askCancel asks before everything is left as it was.
func (s *Screen) askCancel() {
	if s.state.R.Old.ID == "" {
		s.deps.Leave()
		return
	}
	words := "Nothing was taken over yet, and everything stays as it was. Files that came back stay on this computer; those still on their way do not come."
	if s.state.R.Lent {
		words += " This computer leaves the account again, and you can begin anew in the first window."
	}
	look.Ask(s.deps.Window, "Stop replacing "+quoted(s.state.R.Old.Name)+"?", words, "Stop replacing", "Go on", s.cancel)
}

func (s *Screen) cancel() {
	lent := s.state.R.Lent
	s.do("Stopping…", func(ctx context.Context) (func(), error) {
		return func() {
			s.state, s.treeOf = State{}, ""
			if lent && s.deps.Finished != nil {
				s.deps.Finished() // the first window comes
				return
			}
			s.deps.Leave()
		}, s.deps.Engine.CancelReplace(ctx)
	})
}
