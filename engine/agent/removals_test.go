package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/source/sourcetest"
)

// removed is a computer that removed its folder d from the backup, which had one
// version of d/a.
func removed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t).setUp().write("d/a", "version 1", "d/e/b", "below", "z", "z")
	w.backUp()
	_, err := w.RemoveFromBackup(w.ctx(), w.at("d"))
	w.must(err)
	return w
}

// choose saves the selection with one more choice instead of those at its path.
func (w *world) choose(path string, include bool) {
	w.t.Helper()
	s, err := w.Selection(w.ctx())
	w.must(err)
	s.Choices = append(withoutBelow(s.Choices, filepath.ToSlash(path)), engine.Choice{Path: path, Include: include, NewItems: include})
	w.must(w.SaveSelection(w.ctx(), s))
}

func (w *world) removals(want int) {
	w.t.Helper()
	if list, err := w.Removals(w.ctx()); err != nil || len(list) != want {
		w.t.Errorf("removals: %+v, %v", list, err)
	}
}

func (w *world) versions(path string, want int) {
	w.t.Helper()
	list, err := w.Versions(w.ctx(), "", w.at(path))
	if len(list) != want || want == 0 != (engine.KindOf(err) == engine.KindNotFound) {
		w.t.Errorf("versions of %s: %+v, %v", path, list, err)
	}
}

func TestARemovalEndsWhenItsPathIsChosenAgain(t *testing.T) {
	for name, again := range map[string]func(w *world){
		"by itself":             func(w *world) { w.choose(w.at("d"), true) },
		"with the folder above": func(w *world) { w.choose(w.user, true) },
		"in part":               func(w *world) { w.choose(w.at("d/e"), true) },
		"by hand":               func(w *world) { w.backUp(w.at("d/a")) },
	} {
		t.Run(name, func(t *testing.T) {
			w := removed(t)
			again(w)
			w.removals(0)
			w.write("d/a", "version 2")
			w.backUp(w.at("d"))
			w.versions("d/a", 2)
			w.clock.jump(undoTerm + time.Hour)
			w.must(os.RemoveAll(w.at("d"))) // lost on the day after
			_, err := w.Maintain(w.ctx())
			w.must(err)
			w.versions("d/a", 2)
			is(t, w.restored(engine.Ref{Path: w.at("d")}), "a", "version 2", "e/b", "below")
		})
	}
}

func TestARemovalStaysWhenSomethingElseIsChosen(t *testing.T) {
	w := removed(t)
	w.choose(w.at("z"), true)
	w.choose(w.at("d/e"), false)
	w.backUp(w.at("z"))
	w.removals(1)
	w.versions("d/a", 0)
	w.clock.jump(undoTerm + time.Hour)
	_, err := w.Maintain(w.ctx())
	w.must(err)
	w.removals(0)
	w.versions("d/a", 0)
}

func TestARemovalTakesAwayWhatARunningCaptureStillStores(t *testing.T) {
	w := newWorld(t).setUp().write("d/a", "version 1", "z", "z")
	w.backUp(w.user) // kept, since it was captured by hand
	faults := sourcetest.New()
	w.fs = faults
	w.reopen()
	w.write("d/a", "version 2")
	faults.Add(sourcetest.Fault{Op: sourcetest.Open, Path: w.at("d/a"), Nth: 1, Do: func() {
		_, err := w.RemoveFromBackup(w.ctx(), w.at("d"))
		w.must(err)
	}})
	w.backUp()
	w.backUp(w.at("z"))
	w.clock.jump(undoTerm + time.Hour)
	w.backUp()
	_, err := w.Maintain(w.ctx())
	w.must(err)
	w.removals(0)
	w.versions("d/a", 0)
	is(t, w.restored(engine.Ref{Path: w.user}), "z", "z")
}

func TestRemovalsBelongToTheDestinationTheyWereMadeFor(t *testing.T) {
	w := removed(t)
	elsewhere := filepath.Join(t.TempDir(), "far")
	replaceFile(t, elsewhere, []byte("far"))
	w.backUp(elsewhere)
	w.disconnect()
	w.removals(0)
	if once := w.current().Once; len(once) != 0 {
		t.Errorf("captured by hand elsewhere: %q", once)
	}
	w.dest += "2"
	w.setUp().choose(w.at("d"), true)
	w.backUp()
	w.clock.jump(undoTerm + time.Hour)
	_, err := w.Maintain(w.ctx())
	w.must(err)
	w.versions("d/a", 1)
}
