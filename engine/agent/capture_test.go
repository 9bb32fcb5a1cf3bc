package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/source/sourcetest"
)

func TestACaptureKeepsWhatChanged(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all", "photos/one.jpg", noise(9000))
	first := w.backUp()
	if first.New != 2 || first.Snapshot == "" || first.Stored == 0 {
		t.Errorf("first: %+v", first)
	}
	w.write("letter.txt", "dear friends", "new.txt", "new")
	w.remove("photos/one.jpg")
	second := w.backUp()
	if second.New != 1 || second.Changed != 1 || second.Deleted != 1 {
		t.Errorf("second: %+v", second)
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear friends", "new.txt", "new")
	third := w.backUp()
	if third.New+third.Changed+third.Deleted != 0 || third.Unchanged != 2 || third.Read != 0 {
		t.Errorf("third: %+v", third)
	}
}

func TestStatusGoesThroughItsStates(t *testing.T) {
	w := newWorldApart(t)
	w.status(engine.StateSetup)
	w.setUp().write("letter.txt", "dear all", "diary.txt", "today")
	if s := w.status(engine.StateAttention); !s.LastBackup.IsZero() || !strings.Contains(s.Reason, "Nothing is backed up yet") {
		t.Errorf("before the first backup: %+v", s)
	}
	faults := sourcetest.New()
	w.fs = faults
	w.reopen()
	var during engine.Status
	faults.Add(sourcetest.Fault{Op: sourcetest.Open, Path: w.at("letter.txt"), Do: func() { during, _ = w.Status(context.Background()) }})
	w.backUp()
	if p := during.Progress; during.State != engine.StateBackingUp || !p.Active || !p.First || p.Checked == 0 || p.Left > 0 && p.Counting {
		t.Errorf("during the first backup: %s %+v", during.State, p)
	}
	s := w.status(engine.StateProtected)
	if s.Progress.Active || s.Protected.Files != 2 || s.LastBackup.IsZero() || !s.Destination.Reachable || s.Destination.Free <= 0 || len(s.Days) == 0 {
		t.Errorf("after it: %+v", s)
	}
	faults.Clear()
	faults.Add(sourcetest.Fault{Op: sourcetest.Open, Path: w.at("diary.txt"), Err: os.ErrPermission})
	w.write("diary.txt", "tomorrow")
	if result := w.backUp(); len(result.Skipped) != 1 {
		t.Errorf("skipped: %+v", result.Skipped)
	}
	if s := w.status(engine.StateAttention); s.Problems != 1 || !strings.Contains(s.Reason, "1 file") {
		t.Errorf("with a file that cannot be read: %+v", s)
	}
	if problems, err := w.Problems(w.ctx()); err != nil || len(problems) != 1 || problems[0].Path != w.at("diary.txt") || problems[0].Reason == "" || problems[0].Advice == "" {
		t.Errorf("problems: %+v, %v", problems, err)
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all", "diary.txt", "today")
	faults.Clear()
	w.backUp()
	w.status(engine.StateProtected)
}

func TestLockedAndVanishedFilesDoNotDisturb(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all", "gone.txt", "gone")
	faults := sourcetest.New(sourcetest.Fault{Op: sourcetest.Open, Path: w.at("gone.txt"), Err: os.ErrNotExist})
	w.fs = faults
	w.reopen()
	w.backUp()
	w.status(engine.StateProtected)
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestAFailureIsShownUntilABackupWorks(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	if err := os.Rename(w.dest, w.dest+".away"); err != nil {
		t.Fatal(err)
	}
	if s := w.status(engine.StateAttention); s.Destination.Reachable {
		t.Error("a drive that is away is called reachable")
	} else {
		readable(t, s.Reason, w.dest)
	}
	_, err := w.BackUp(w.ctx(), nil)
	kind(t, err, engine.KindUnreachable, w.dest)
	w.reopen()
	w.status(engine.StateAttention)
	if err := os.Rename(w.dest+".away", w.dest); err != nil {
		t.Fatal(err)
	}
	w.backUp()
	w.status(engine.StateProtected)
}

func TestAFailureIsKnownToTheNextProcess(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	packs := filepath.Join(w.dest, "locks")
	if err := os.RemoveAll(packs); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(packs, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.BackUp(w.ctx(), nil); err == nil {
		t.Fatal("a backup without a place for its lock worked")
	}
	said := w.status(engine.StateAttention).Reason
	w.reopen()
	if s := w.status(engine.StateAttention); s.Reason != said {
		t.Errorf("%q became %q", said, s.Reason)
	}
	if err := os.Remove(packs); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(packs, 0o700); err != nil {
		t.Fatal(err)
	}
	w.backUp()
	w.reopen()
	w.status(engine.StateProtected)
}

func TestPauseAndResume(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	if err := w.Pause(w.ctx(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if s := w.status(engine.StatePaused); !s.PausedUntil.IsZero() {
		t.Errorf("until %v", s.PausedUntil)
	}
	w.reopen()
	w.status(engine.StatePaused)
	if err := w.Resume(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if err := w.Resume(w.ctx()); err != nil {
		t.Errorf("resuming twice: %v", err)
	}
	w.status(engine.StateProtected)
	until := w.clock.now().Add(time.Hour).Round(0)
	if err := w.Pause(w.ctx(), until); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	if s := w.status(engine.StatePaused); !s.PausedUntil.Equal(until) {
		t.Errorf("until %v, not %v", s.PausedUntil, until)
	}
	w.backUp() // by hand, which a pause does not forbid
	w.clock.jump(2 * time.Hour)
	w.status(engine.StateProtected)
}

func TestOneCaptureAtATime(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	faults := sourcetest.New()
	w.fs = faults
	w.reopen()
	reading, goOn := make(chan struct{}), make(chan struct{})
	faults.Add(sourcetest.Fault{Op: sourcetest.Open, Path: w.at("letter.txt"), Nth: 1, Do: func() { close(reading); <-goOn }})
	ended := make(chan error, 2)
	go func() { _, err := w.BackUp(w.ctx(), nil); ended <- err }()
	select {
	case <-reading:
	case err := <-ended:
		t.Fatalf("the capture ended without reading: %v", err)
	}
	short, cancel := context.WithTimeout(w.ctx(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.BackUp(short, nil); err == nil {
		t.Error("a second capture did not wait for the first")
	}
	w.write("late.txt", "late")
	go func() { _, err := w.BackUp(w.ctx(), nil); ended <- err }()
	if _, err := w.List(w.ctx(), engine.ListRequest{}); err != nil {
		t.Errorf("browsing waits for a capture: %v", err)
	}
	close(goOn)
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all", "late.txt", "late")
}

func TestACancelledCaptureIsNoFailure(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	faults := sourcetest.New()
	w.fs = faults
	w.reopen()
	w.write("new.txt", "new")
	ctx, cancel := context.WithCancel(w.ctx())
	faults.Add(sourcetest.Fault{Op: sourcetest.Open, Path: w.at("new.txt"), Do: cancel})
	_, err := w.BackUp(ctx, nil)
	kind(t, err, engine.KindCancelled, "")
	w.status(engine.StateProtected)
	faults.Clear()
	w.backUp()
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all", "new.txt", "new")
}

func TestPathsCapturedByHandStay(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.MkdirAll(elsewhere, 0o755); err != nil {
		t.Fatal(err)
	}
	replaceFile(t, filepath.Join(elsewhere, "plan.txt"), []byte("the plan"))
	if result := w.backUp(elsewhere); result.New != 1 || result.Deleted != 0 {
		t.Errorf("by hand: %+v", result)
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
	for range 2 {
		if result := w.backUp(); result.Deleted != 0 {
			t.Errorf("of the selection: %+v", result)
		}
		is(t, w.restored(engine.Ref{Path: elsewhere}), "plan.txt", "the plan")
		w.reopen()
	}
	if err := os.Remove(filepath.Join(elsewhere, "plan.txt")); err != nil {
		t.Fatal(err)
	}
	if result := w.backUp(elsewhere); result.Deleted != 1 {
		t.Errorf("deleted, by hand: %+v", result)
	}
	is(t, w.restored(engine.Ref{Path: elsewhere + "/plan.txt"}), "plan.txt", "the plan")
}

func TestAPathThatIsNeitherThereNorStoredIsRefused(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	before, _ := w.Moments(w.ctx(), "")
	for _, path := range []string{w.at("leter.txt"), "/no/such/folder"} {
		_, err := w.BackUp(w.ctx(), []string{w.at("letter.txt"), path})
		kind(t, err, engine.KindNotFound, path)
	}
	if after, _ := w.Moments(w.ctx(), ""); len(after) != len(before) {
		t.Errorf("%d captures became %d", len(before), len(after))
	}
	if len(w.current().Once) != 0 {
		t.Errorf("remembered: %v", w.current().Once)
	}
	w.status(engine.StateProtected)
	w.remove("letter.txt")
	if result := w.backUp(w.at("letter.txt")); result.Deleted != 1 {
		t.Errorf("a file that is gone and was stored: %+v", result)
	}
}

func TestTheDestinationItselfCannotBeCaptured(t *testing.T) {
	w := newWorldApart(t).setUp()
	for _, path := range []string{w.dest, filepath.Join(w.dest, "data"), w.state} {
		_, err := w.BackUp(w.ctx(), []string{path})
		kind(t, err, engine.KindInvalid, path)
	}
}

func TestASelectionSavedDuringACaptureIsLookedAtByTheNext(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	chosen := filepath.Join(t.TempDir(), "chosen")
	if err := os.MkdirAll(chosen, 0o755); err != nil {
		t.Fatal(err)
	}
	faults := sourcetest.New()
	w.fs = faults
	w.reopen()
	faults.Add(sourcetest.Fault{Op: sourcetest.Open, Path: w.at("letter.txt"), Nth: 1, Do: func() {
		s, _ := w.Selection(w.ctx())
		s.Choices = append(s.Choices, engine.Choice{Path: chosen, Include: true, NewItems: true})
		if err := w.SaveSelection(w.ctx(), s); err != nil {
			t.Error(err)
		}
	}})
	w.backUp()
	w.Agent.mu.Lock()
	rescan := w.Agent.rescan
	w.Agent.mu.Unlock()
	if !rescan {
		t.Error("the new choice would be looked at only when a day has passed")
	}
}

func TestDetailsAddUp(t *testing.T) {
	w := newWorld(t).setUp().write("a/one", noise(200000), "b/two", noise(100000))
	w.backUp()
	w.write("a/copy", read(t, w.at("a"))["one"])
	w.backUp()
	d, err := w.Details(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	if d.Versions != 2 || d.Stored < 300000 || d.Unique > 330000 || d.Original < 500000 || len(d.Days) == 0 {
		t.Errorf("%+v", d)
	}
	var sum int64
	for _, s := range d.Space {
		sum += s.Bytes
	}
	if sum != 500000 {
		t.Errorf("the parts take %d bytes: %+v", sum, d.Space)
	}
}

func TestACatalogThatIsLostOrDamagedIsRebuiltUnasked(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"deleted":   os.Remove,
		"damaged":   func(p string) error { return os.WriteFile(p, []byte(noise(100000)), 0o600) },
		"cut short": func(p string) error { return os.Truncate(p, 5000) },
		"empty":     func(p string) error { return os.Truncate(p, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldApart(t).setUp().write("letter.txt", "dear all", "photo", noise(50000))
			w.backUp()
			w.write("letter.txt", "dear friends")
			w.backUp()
			w.close()
			files, err := filepath.Glob(filepath.Join(w.state, "catalog-*.db"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			for _, side := range []string{"-wal", "-shm"} {
				if err := os.Remove(files[0] + side); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
			if err := harm(files[0]); err != nil {
				t.Fatal(err)
			}
			w.open()
			result := w.backUp()
			if result.New+result.Changed+result.Deleted != 0 || result.Stored > 20000 {
				t.Errorf("the next capture: %+v", result)
			}
			is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear friends", "photo", read(t, w.user)["photo"])
			versions, err := w.Versions(w.ctx(), "", w.at("letter.txt"))
			if err != nil || len(versions) != 2 {
				t.Errorf("versions: %v, %v", versions, err)
			}
			w.status(engine.StateProtected)
		})
	}
}

func TestGettingFilesBackWorksFromALostCatalog(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	w.close()
	files, _ := filepath.Glob(filepath.Join(w.state, "catalog-*"))
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	w.open()
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
	if items, err := w.List(w.ctx(), engine.ListRequest{Path: w.user}); err != nil || len(items) != 1 {
		t.Errorf("list: %v, %v", items, err)
	}
}

func TestAFirstBackupThatIsAboutToStartNeedsNoAttention(t *testing.T) {
	w := newWorldApart(t).write("letter.txt", "dear all")
	w.reopen(background)
	_, goOn, err := w.hold(w.ctx()) // as while a person keeps the recovery code
	if err != nil {
		t.Fatal(err)
	}
	w.setUp()
	if s := w.status(engine.StateBackingUp); s.Progress.Active || !s.Progress.Counting || !strings.Contains(s.Reason, "about to start") {
		t.Errorf("before the first backup: %+v", s)
	}
	settings, err := w.Settings(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	later := w.clock.now().Add(48 * time.Hour)
	always := settings
	settings.Schedule.Hours = []engine.HourSpan{{Days: []time.Weekday{later.Weekday()}, From: 0, To: 24 * 60}}
	w.must(w.SaveSettings(w.ctx(), settings))
	if s := w.status(engine.StateAttention); !strings.Contains(s.Reason, later.Weekday().String()) {
		t.Errorf("while the hours of Settings keep it back: %s", s.Reason)
	}
	w.must(w.SaveSettings(w.ctx(), always))
	goOn()
	eventually(t, "the first backup ran by itself", func() bool {
		s, err := w.Status(w.ctx())
		return err == nil && !s.LastBackup.IsZero() && s.State == engine.StateProtected
	})
}

func TestBackgroundCapturesWhatFileEventsTell(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all", "deep/er/diary", "today")
	w.reopen(background)
	eventually(t, "the first backup ran by itself", func() bool {
		s, err := w.Status(w.ctx())
		return err == nil && !s.LastBackup.IsZero() && !s.Progress.Active
	})
	eventually(t, "the next one is planned", func() bool {
		s, _ := w.Status(w.ctx())
		return !s.NextBackup.IsZero()
	})
	captures := func() int { m, _ := w.Moments(w.ctx(), ""); return len(m) }
	before, text := captures(), ""
	eventually(t, "a change was heard of", func() bool { // of the first ones, the folders may not be watched yet
		text += "tomorrow "
		w.write("deep/er/diary", text)
		w.Agent.mu.Lock()
		defer w.Agent.mu.Unlock()
		_, heard := w.hints[w.at("deep/er")]
		return heard
	})
	w.Agent.mu.Lock() // a quarter of an hour later
	if w.rescan || w.deaf {
		t.Error("everything would be looked at, whatever was heard")
	}
	w.lastStarted, w.lastGood = w.lastStarted.Add(-time.Hour), w.lastGood.Add(-time.Hour)
	w.Agent.mu.Unlock()
	w.wake()
	eventually(t, "the change was captured", func() bool { return captures() > before })
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all", "deep/er/diary", text)
}

func TestAPauseEndsTheCaptureThatRuns(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	faults := sourcetest.New()
	w.fs = faults
	paused := make(chan error, 1)
	faults.Add(sourcetest.Fault{Op: sourcetest.Open, Path: w.at("letter.txt"), Nth: 1, Do: func() { paused <- w.Pause(w.ctx(), time.Time{}) }})
	opened := make(chan struct{})
	faults.Add(sourcetest.Fault{Op: sourcetest.OpenDir, Path: "/", Nth: 1, Do: func() { <-opened }})
	w.reopen(background)
	close(opened)
	select {
	case err := <-paused:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(hang):
		t.Fatal("no capture began")
	}
	eventually(t, "the capture ended", func() bool {
		s, err := w.Status(w.ctx())
		return err == nil && s.State == engine.StatePaused
	})
	if m, err := w.Moments(w.ctx(), ""); err != nil || len(m) != 0 {
		t.Errorf("captured while paused: %v, %v", m, err)
	}
	if err := w.Resume(w.ctx()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it went on", func() bool { m, _ := w.Moments(w.ctx(), ""); return len(m) == 1 })
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestAPauseHoldsTheSchedule(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	if err := w.Pause(w.ctx(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	w.reopen(background)
	time.Sleep(100 * time.Millisecond)
	if m, err := w.Moments(w.ctx(), ""); err != nil || len(m) != 0 {
		t.Errorf("captured while paused: %v, %v", m, err)
	}
	if err := w.Resume(w.ctx()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it went on", func() bool { m, _ := w.Moments(w.ctx(), ""); return len(m) == 1 })
}

func TestAKilledProcessLeavesNothingInTheWay(t *testing.T) {
	w := newWorldApart(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	w.close()
	cmd := playing(t, "run", "HOLDFAST_TEST_STATE="+w.state)
	if _, err := Open(w.ctx(), Options{Home: w.state, Password: "x"}); !errors.Is(err, ErrRunning) {
		t.Errorf("a second process: %v", err)
	}
	kill(t, cmd)
	w.open()
	w.backUp()
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestPacksWithoutAnIndexAreTakenOver(t *testing.T) {
	w := newWorldApart(t).setUp().write("big", noise(3<<20))
	w.backUp()
	for _, kind := range []string{"index", "snapshots"} { // as if it had been killed before them
		for _, f := range w.stored(kind) {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.close()
	files, _ := filepath.Glob(filepath.Join(w.state, "catalog-*"))
	for _, f := range files {
		os.Remove(f)
	}
	w.open()
	if result := w.backUp(); result.Stored > 1<<20 {
		t.Errorf("%d bytes were uploaded again", result.Stored)
	}
	is(t, w.restored(engine.Ref{Path: w.user}), "big", read(t, w.user)["big"])
}
