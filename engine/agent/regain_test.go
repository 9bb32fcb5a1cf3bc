package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
)

// damageSettings spoils settings.json as a crash of the disk may.
func (w *world) damageSettings(content string) {
	w.t.Helper()
	w.close()
	replaceFile(w.t, filepath.Join(w.state, "settings.json"), []byte(content))
	w.open()
}

func TestDamagedSettingsComeBackFromTheBackup(t *testing.T) {
	far, once := filepath.Join(t.TempDir(), "far"), filepath.Join(t.TempDir(), "once")
	replaceFile(t, far, []byte("far"))
	replaceFile(t, once, []byte("once"))
	w := newWorld(t).setUp().write("letter.txt", "dear all", "d/a", "a", "left/b", "b")
	w.choose(far, true)
	w.choose(w.at("left"), false)
	w.backUp()
	w.backUp(once)
	_, err := w.RemoveFromBackup(w.ctx(), w.at("d"))
	w.must(err)
	w.backUp()
	before := w.current()
	for _, content := range []string{"{\"settings\"", "", "{}", "\x00\x00"} {
		w.damageSettings(content)
		if result := w.backUp(); result.New+result.Deleted != 0 {
			t.Errorf("after %q: %+v", content, result)
		}
		w.status(engine.StateProtected)
		w.removals(1)
		now := w.current()
		if now.Settings.Computer != "Ada's laptop" || strings.Join(now.Once, " ") != once || len(now.Selection.Choices) != len(before.Selection.Choices) {
			t.Errorf("after %q: %+v", content, now)
		}
	}
	is(t, w.restored(engine.Ref{Path: far}), "far", "far")
	is(t, w.restored(engine.Ref{Path: once}), "once", "once")
}

func TestLostSettingsOfWhichThereIsNoCopyStopCaptures(t *testing.T) {
	w := newWorld(t).setUp().write("letter.txt", "dear all")
	w.damageSettings("{")
	lost := func() {
		t.Helper()
		readable(t, w.status(engine.StateAttention).Reason, "Manage Files")
		_, err := w.BackUp(w.ctx(), nil)
		kind(t, err, engine.KindDamaged, "Manage Files")
		_, err = w.Maintain(w.ctx())
		kind(t, err, engine.KindDamaged, "Manage Files")
	}
	lost()
	w.reopen() // the damaged file is out of the way, and yet it is not the first start
	lost()
	w.must(w.Pause(w.ctx(), w.clock.now().Add(time.Hour)))
	w.must(w.Resume(w.ctx()))
	w.reopen()
	lost()
	if n := len(w.stored("snapshots")); n != 0 {
		t.Errorf("%d captures", n)
	}
	s, err := w.Selection(w.ctx())
	w.must(err)
	w.must(w.SaveSelection(w.ctx(), s))
	if s, err := w.Status(w.ctx()); err != nil || strings.Contains(s.Reason, "lost") {
		t.Errorf("%+v, %v", s, err)
	}
	w.backUp()
	w.status(engine.StateProtected)
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestAKeyThatDoesNotOpenTheBackupIsInTheStatus(t *testing.T) {
	w := newWorld(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	keys := filepath.Join(w.state, "keys")
	w.close()
	w.must(os.Rename(keys, keys+".away"))
	w.open()
	_, err := w.Check(w.ctx(), 0)
	kind(t, err, engine.KindSecret, w.dest)
	if s := w.status(engine.StateAttention); s.Reason != err.Error() {
		t.Errorf("%q", s.Reason)
	}
	w.close()
	w.must(os.RemoveAll(keys))
	w.must(os.Rename(keys+".away", keys))
	w.open()
	w.status(engine.StateProtected)
	w.backUp()
	w.status(engine.StateProtected)
}

func TestTheHistoryGoesBackTwoYears(t *testing.T) {
	w := newWorld(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	w.clock.jump(2*365*24*time.Hour - time.Hour)
	_, err := w.Maintain(w.ctx())
	w.must(err)
	if list, err := w.Events(w.ctx(), engine.EventQuery{Text: "Files are kept"}); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	w.clock.jump(3 * 24 * time.Hour) // one of them may be a leap day
	_, err = w.Maintain(w.ctx())
	w.must(err)
	if list, err := w.Events(w.ctx(), engine.EventQuery{Text: "Files are kept"}); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}
