package settings

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// newSpace is the card with which the person frees what old versions take up. A folder
// is tidied by itself; in an account removing takes the person.
func newSpace(s *Screen) (content fyne.CanvasObject, draw func()) {
	means := look.SmallParagraph("")
	free := look.Secondary("Free up space", "", s.runSpace)
	stop := look.Secondary("Stop", "x", func() {
		if s.stopSpace != nil {
			s.stopSpace()
		}
	})
	task := newTaskView()
	return card("Space", look.Column(8, look.Row(look.Gap, look.Grow(look.Column(2, look.Body("Old versions").Truncate(), means)), stop, free), task.body)),
		func() {
			d := s.state.status.Destination
			means.Set(spaceMeans(d))
			enable(free, d.Address != "" && !s.state.space.running)
			show(stop, s.state.space.running)
			task.draw(s.state.space)
		}
}

// spaceMeans says what freeing space does, and who can bring back what goes.
func spaceMeans(d engine.Destination) string {
	if d.Account == "" {
		return "Versions that need not stay are deleted by themselves, once a day. What you removed from the backup goes after its 30 days."
	}
	return "Deletes the versions that need not stay, and what you removed from the backup more than 30 days ago. In an account this takes a fresh sign-in. Your institution can bring back what goes for 30 days."
}

func (s *Screen) runSpace() { s.free(false) }

// free does it; signed says that the person has signed in for it.
func (s *Screen) free(signed bool) {
	s.run(&s.state.space, &s.stopSpace, "Freeing space", func(ctx context.Context) func(bool) task {
		result, err := s.deps.Engine.Maintain(ctx)
		return func(stopped bool) task {
			if !signed && engine.KindOf(err) == engine.KindFresh {
				s.again("Freeing space", err, func() { s.free(true) })
				return task{}
			}
			return spaceTask(result, err, stopped)
		}
	})
}

// again asks for the fresh sign-in that something wanted which takes a while, and then
// runs it once more. Who gives up has changed nothing.
func (s *Screen) again(what string, wanted error, run func()) {
	tried := false
	s.afresh.Do(what, func(context.Context) error {
		if tried {
			return nil
		}
		tried = true
		return wanted
	}, func(err error) {
		if err != nil {
			look.Say(s.deps.Window, err)
			return
		}
		run()
	})
}

func spaceTask(r engine.MaintainResult, err error, stopped bool) task {
	switch {
	case err != nil && (stopped || engine.KindOf(err) == engine.KindCancelled):
		return task{says: "This was stopped before it was done. What is kept is whole; it goes on from there the next time.", tone: engine.ToneQuiet}
	case err != nil:
		return task{says: look.Sentence(err), tone: engine.ToneBad}
	case r.Forgotten == 0 && r.Freed == 0:
		return task{says: "Nothing had to go.", tone: engine.ToneOK}
	}
	return task{says: fmt.Sprintf("%s deleted, %s freed.", look.Plural(int64(r.Forgotten), "old version was", "old versions were"), look.Bytes(r.Freed)), tone: engine.ToneOK}
}

// fewerMeans says what becomes of versions that need not stay any more.
func fewerMeans(d engine.Destination) string {
	if d.Account == "" {
		return "would be deleted with the next tidying up, and cannot be brought back."
	}
	return "would be deleted the next time you free up space. Your institution can bring them back for 30 days after that."
}
