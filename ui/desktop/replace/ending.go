package replace

import (
	"context"

	"holdfast/engine"
	"holdfast/ui/desktop/afresh"
	"holdfast/ui/desktop/look"
)

// finish takes the place; where the server wants it, after a sign-in in the browser.
func (s *Screen) finish() {
	if s.state.Doing != "" {
		return
	}
	old, name, earlier := s.state.R.Old.ID, s.state.R.Old.Name, ""
	now := s.state.R
	s.state.Doing, s.state.Err = "Finishing…", nil
	s.draw()
	asker := afresh.New(afresh.Deps{Engine: s.deps.Engine, Window: s.deps.Window, Desk: s.desk, OpenURL: s.deps.OpenURL, Raise: s.deps.Raise})
	asker.Do("Taking the place of another computer", func(ctx context.Context) error {
		err := s.deps.Engine.FinishReplace(ctx, old)
		if err != nil {
			if r, read := s.deps.Engine.Replacement(ctx); read == nil {
				now = r
			}
			return err
		}
		if list, err := s.deps.Engine.Computers(ctx); err == nil {
			earlier = earlierOf(list, name)
		}
		return nil
	}, func(err error) {
		s.state.Doing = ""
		if err != nil {
			s.notFinished(now, err)
			return
		}
		s.state, s.treeOf = State{Known: true, Step: StepDone, Name: name, Earlier: earlier, Status: s.state.Status}, ""
		s.draw()
		if s.deps.Finished != nil {
			s.deps.Finished()
		}
	})
}

// notFinished stays at the last step; who only did not want to sign in now is told
// nothing.
func (s *Screen) notFinished(now engine.Replacement, err error) {
	s.state.R = now
	if engine.KindOf(err) != engine.KindCancelled {
		s.state.Err = err
	}
	s.draw()
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
