package home

import (
	"context"

	"holdfast/engine"
	"holdfast/ui/desktop/afresh"
	"holdfast/ui/desktop/look"
)

// signInAgain lets the person prove who they are in the browser, after which backing
// up goes on from where it was.
func (s *Screen) signInAgain() {
	again := afresh.New(afresh.Deps{Engine: s.deps.Engine, Window: s.deps.Window, Desk: s.desk, OpenURL: s.deps.OpenURL, Raise: s.deps.Raise})
	again.SignIn(func(ctx context.Context, in engine.SignedIn) error {
		_, err := s.deps.Engine.Join(ctx, engine.JoinRequest{SignIn: in.ID})
		return err
	}, func(err error) {
		look.Say(s.deps.Window, err)
		s.status.Void()
		s.load()
	})
}
