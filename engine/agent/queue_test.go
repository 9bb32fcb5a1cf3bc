package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/storage"
)

// asked is a restore of ten files that asks about two of them, f0 and f1, and the
// folder it goes to.
func asked(t *testing.T) (*world, engine.Job, string) {
	t.Helper()
	w := newWorld(t).setUp()
	for i := range 10 {
		w.write(fmt.Sprintf("f%d", i), fmt.Sprintf("text %d", i))
	}
	w.backUp()
	target := filepath.Join(t.TempDir(), "restored")
	if err := os.Mkdir(target, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"f0", "f1"} {
		replaceFile(t, filepath.Join(target, name), []byte("other"))
	}
	job := w.get(engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}, To: engine.ToFolder, Folder: target, Contents: true, Exists: engine.ExistingSkip})
	if job.State != engine.JobAsking || job.Done.Files != 8 || job.Asking != 2 {
		t.Fatalf("%+v", job)
	}
	return w, job, target
}

// rewritten changes what the catalog holds of a job that does not run.
func (w *world) rewritten(id int64, state engine.JobState, change func(*jobRequest)) {
	w.t.Helper()
	c, _, err := w.connected("test")
	if err != nil {
		w.t.Fatal(err)
	}
	job, q, err := load(w.ctx(), c, id)
	if err != nil {
		w.t.Fatal(err)
	}
	job.State, job.Ended = state, time.Time{}
	change(&q)
	if err := store(w.ctx(), c, job, q); err != nil {
		w.t.Fatal(err)
	}
}

// complete expects a job to end with all ten files, counted once.
func (w *world) complete(id int64, target string) {
	w.t.Helper()
	job, err := w.WaitJob(w.ctx(), id)
	if err != nil || job.State != engine.JobDone || job.Done != job.Total || job.Done.Files != 10 || job.Asking+job.Failed+job.Skipped != 0 {
		w.t.Errorf("%+v, %v", job, err)
	}
	is(w.t, read(w.t, target), "f0", "text 0", "f1", "text 1", "f2", "text 2", "f3", "text 3", "f4", "text 4",
		"f5", "text 5", "f6", "text 6", "f7", "text 7", "f8", "text 8", "f9", "text 9")
}

func (w *world) disconnect() {
	w.t.Helper()
	_, err := w.Disconnect(w.ctx())
	w.must(err)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestAnAnswerBeforeARestoreCameToItsEndLosesNothing(t *testing.T) {
	for _, state := range []engine.JobState{engine.JobPaused, engine.JobFailed} {
		t.Run(string(state), func(t *testing.T) {
			w, job, target := asked(t)
			for i := 2; i < 10; i++ { // as if it had stopped after the question
				w.must(os.Remove(filepath.Join(target, fmt.Sprintf("f%d", i))))
			}
			w.rewritten(job.ID, state, func(q *jobRequest) { q.Before = engine.Amount{} })
			w.must(w.Answer(w.ctx(), job.ID, w.at("f0"), engine.ExistingOverwrite))
			w.must(w.Answer(w.ctx(), job.ID, w.at("f1"), engine.ExistingOverwrite))
			if job, err := w.WaitJob(w.ctx(), job.ID); err != nil || job.State != state {
				t.Errorf("an answer started it: %+v, %v", job, err)
			}
			w.must(w.ResumeJob(w.ctx(), job.ID))
			w.complete(job.ID, target)
		})
	}
}

func TestAnswersThatComeOneByOneAreAllCarriedOut(t *testing.T) {
	t.Run("while the first still waits for its turn", func(t *testing.T) {
		w, job, target := asked(t)
		w.jobs.turn <- struct{}{}
		w.must(w.Answer(w.ctx(), job.ID, w.at("f0"), engine.ExistingOverwrite))
		w.must(w.Answer(w.ctx(), job.ID, w.at("f1"), engine.ExistingOverwrite))
		<-w.jobs.turn
		w.complete(job.ID, target)
	})
	t.Run("while the run of the first is paused", func(t *testing.T) {
		w, job, target := asked(t)
		w.jobs.turn <- struct{}{}
		w.must(w.Answer(w.ctx(), job.ID, w.at("f0"), engine.ExistingOverwrite))
		w.must(w.PauseJob(w.ctx(), job.ID))
		if job, err := w.WaitJob(w.ctx(), job.ID); err != nil || job.State != engine.JobPaused || job.Done.Files != 8 {
			t.Errorf("paused: %+v, %v", job, err)
		}
		w.must(w.Answer(w.ctx(), job.ID, w.at("f1"), engine.ExistingOverwrite))
		w.must(w.ResumeJob(w.ctx(), job.ID))
		<-w.jobs.turn
		w.complete(job.ID, target)
	})
	t.Run("while a run is under way that did not know of them", func(t *testing.T) {
		w, job, target := asked(t)
		w.rewritten(job.ID, engine.JobRunning, func(q *jobRequest) { q.Before = engine.Amount{} })
		w.must(w.Answer(w.ctx(), job.ID, "", engine.ExistingOverwrite))
		c, _, err := w.connected("test")
		w.must(err)
		run := new(runningJob)
		run.intent = engine.JobWaiting
		run.progress.Files.Store(job.Done.Files)
		run.progress.Bytes.Store(job.Done.Bytes)
		w.jobs.end(c, job.ID, run, nil)
		w.jobs.start(job.ID)
		w.complete(job.ID, target)
	})
}

func TestAnAnswerMustDecide(t *testing.T) {
	w, job, _ := asked(t)
	kind(t, w.Answer(w.ctx(), job.ID, "", engine.ExistingSkip), engine.KindInvalid, "")
	kind(t, w.Answer(w.ctx(), job.ID, "/never", engine.ExistingKeep), engine.KindNotFound, "/never")
	w.must(w.CancelJob(w.ctx(), job.ID))
	kind(t, w.Answer(w.ctx(), job.ID, "", engine.ExistingKeep), engine.KindInvalid, "")
}

func TestARestoreCountsEveryFileOnce(t *testing.T) {
	t.Run("after it failed in the middle", func(t *testing.T) {
		w, _, _ := asked(t)
		target := filepath.Join(t.TempDir(), "again")
		job := w.get(engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}, To: engine.ToFolder, Folder: target, Contents: true})
		w.rewritten(job.ID, engine.JobRunning, func(q *jobRequest) { q.Before = engine.Amount{} })
		c, _, err := w.connected("test")
		w.must(err)
		run := new(runningJob)
		run.progress.Files.Store(6)
		w.jobs.end(c, job.ID, run, explain("restore", w.dest, storage.ErrUnreachable))
		if job, err := w.WaitJob(w.ctx(), job.ID); err != nil || job.State != engine.JobFailed || job.Done.Files != 6 {
			t.Errorf("failed: %+v, %v", job, err)
		}
		w.must(w.ResumeJob(w.ctx(), job.ID))
		w.complete(job.ID, target)
	})
	t.Run("after an answer was interrupted", func(t *testing.T) {
		w, job, target := asked(t)
		w.jobs.turn <- struct{}{}
		w.must(w.Answer(w.ctx(), job.ID, "", engine.ExistingOverwrite))
		w.must(w.PauseJob(w.ctx(), job.ID))
		w.must(w.ResumeJob(w.ctx(), job.ID))
		<-w.jobs.turn
		w.complete(job.ID, target)
	})
	t.Run("after it was resumed instead of answered", func(t *testing.T) {
		w, job, target := asked(t)
		w.must(w.ResumeJob(w.ctx(), job.ID))
		job, err := w.WaitJob(w.ctx(), job.ID)
		if err != nil || job.State != engine.JobAsking || job.Done.Files != 8 {
			t.Errorf("%+v, %v", job, err)
		}
		w.must(w.Answer(w.ctx(), job.ID, "", engine.ExistingOverwrite))
		w.complete(job.ID, target)
	})
}
