package agent

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/source/sourcetest"
	"holdfast/engine/storage"
)

// capturing is a computer in the middle of a capture, which holds on until somebody
// interrupts it and gives its error when it ends.
func capturing(t *testing.T) (w *world, ended chan error) {
	t.Helper()
	w = newWorld(t).setUp().write("letter.txt", "dear all")
	faults := sourcetest.New()
	w.fs = faults
	w.reopen()
	began := make(chan struct{})
	a := w.Agent
	interrupted := func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.leaving || a.ctx.Err() != nil
	}
	faults.Add(sourcetest.Fault{Op: sourcetest.Open, Path: w.at("letter.txt"), Nth: 1, Do: func() {
		close(began)
		for !interrupted() {
			time.Sleep(5 * time.Millisecond)
		}
	}})
	ended = make(chan error, 1)
	go func() {
		_, err := a.BackUp(context.Background(), nil)
		ended <- err
	}()
	<-began
	return w, ended
}

func TestClosingEndsTheCallsOfOthersAndWaitsForThem(t *testing.T) {
	w, ended := capturing(t)
	a := w.Agent
	for range 2 { // again does no harm
		w.must(a.Close())
	}
	kind(t, <-ended, engine.KindCancelled, "")
	_, err := a.BackUp(w.ctx(), nil)
	kind(t, err, engine.KindCancelled, "")
	w.reopen()
	w.backUp()
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestClosingEndsWhoWaitsForARestore(t *testing.T) {
	w := newWorld(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	w.jobs.turn <- struct{}{}
	id, err := w.Get(w.ctx(), engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}})
	w.must(err)
	a, ended := w.Agent, make(chan error, 1)
	go func() {
		_, err := a.WaitJob(context.Background(), id)
		ended <- err
	}()
	w.must(a.Close())
	kind(t, <-ended, engine.KindCancelled, "")
}

func TestDisconnectingEndsARunningCapture(t *testing.T) {
	w, ended := capturing(t)
	second := make(chan error, 1)
	go func() {
		_, err := w.BackUp(w.ctx(), nil)
		second <- err
	}()
	w.disconnect()
	kind(t, <-ended, engine.KindCancelled, "")
	if err := <-second; err == nil {
		t.Error("a capture that waited began after all")
	}
	w.status(engine.StateSetup)
	if _, err := w.Connect(w.ctx(), engine.ConnectRequest{Address: w.dest, Secret: w.code}); err != nil {
		t.Fatal(err)
	}
	w.backUp()
	is(t, w.restored(engine.Ref{Path: w.user}), "letter.txt", "dear all")
}

func TestNoRestoreStartsWhileTheDestinationIsDisconnected(t *testing.T) {
	w := newWorld(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	w.jobs.stop() // as Disconnect does first
	id, err := w.Get(w.ctx(), engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}})
	w.must(err)
	w.jobs.mu.Lock()
	if len(w.jobs.running) != 0 {
		t.Error("a restore runs")
	}
	w.jobs.mu.Unlock()
	w.jobs.goOn()
	w.jobs.start(id)
	if job, err := w.WaitJob(w.ctx(), id); err != nil || job.State != engine.JobDone {
		t.Errorf("%+v, %v", job, err)
	}
}

func TestAStoreStaysOpenUntilItsLastUserIsDone(t *testing.T) {
	w := newWorld(t).setUp().write("letter.txt", "dear all")
	w.backUp()
	r, done, err := w.repository(w.ctx(), "test")
	w.must(err)
	w.must(os.Rename(w.dest, w.dest+".away"))
	if _, err := w.BackUp(w.ctx(), nil); engine.KindOf(err) != engine.KindUnreachable {
		t.Fatalf("%v", err)
	}
	w.must(os.Rename(w.dest+".away", w.dest))
	if _, err := r.ListSnapshots(w.ctx()); err != nil {
		t.Errorf("a failing capture closed it under its user: %v", err)
	}
	w.backUp()
	again, doneAgain, err := w.repository(w.ctx(), "test")
	w.must(err)
	if again == r {
		t.Error("what went away is still in use")
	}
	doneAgain()
	done()
	done() // twice is once
	if _, err := r.Store().Stat(w.ctx(), storage.Config, ""); err == nil || errors.Is(err, storage.ErrNotFound) {
		t.Errorf("it was never closed: %v", err)
	}
	w.backUp()
}
