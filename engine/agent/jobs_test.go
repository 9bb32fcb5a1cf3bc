package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/engine"
)

// many is a backup of as many files as take a moment to restore.
func many(t *testing.T, n int) (*world, map[string]string) {
	t.Helper()
	w := newWorldApart(t).setUp()
	for i := range n {
		w.write(fmt.Sprintf("d%d/f%d", i%20, i), fmt.Sprintf("%d %s", i, noise(3000)))
	}
	w.backUp()
	return w, read(t, w.user)
}

func TestRestoresCanBePausedResumedAndCancelled(t *testing.T) {
	w, files := many(t, 300)
	target := filepath.Join(t.TempDir(), "restored")
	q := engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}, To: engine.ToFolder, Folder: target, Contents: true}
	w.jobs.turn <- struct{}{} // nothing runs yet
	id, err := w.Get(w.ctx(), q)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.PauseJob(w.ctx(), id); err != nil {
		t.Fatal(err)
	}
	if err := w.ResumeJob(w.ctx(), id); err != nil { // at once: it has to outlast the pause
		t.Fatal(err)
	}
	<-w.jobs.turn
	job, err := w.WaitJob(w.ctx(), id)
	if err != nil || job.State != engine.JobDone || job.Done.Files != int64(len(files)) || job.Failed+job.Skipped != 0 {
		t.Errorf("paused and resumed: %+v, %v", job, err)
	}
	if got := read(t, target); len(got) != len(files) {
		t.Errorf("%d of %d files", len(got), len(files))
	}
	w.jobs.turn <- struct{}{}
	q.Folder += "2"
	if id, err = w.Get(w.ctx(), q); err != nil {
		t.Fatal(err)
	}
	if err := w.CancelJob(w.ctx(), id); err != nil {
		t.Fatal(err)
	}
	job, err = w.WaitJob(w.ctx(), id)
	if err != nil || job.State != engine.JobCancelled || job.Ended.IsZero() {
		t.Errorf("cancelled: %+v, %v", job, err)
	}
	<-w.jobs.turn
	if err := w.ResumeJob(w.ctx(), id); engine.KindOf(err) != engine.KindInvalid {
		t.Errorf("a cancelled job was resumed: %v", err)
	}
	_, err = w.WaitJob(w.ctx(), 4711)
	kind(t, err, engine.KindNotFound, "4711")
}

func TestARestoreGoesOnAfterTheProgramEnded(t *testing.T) {
	w, files := many(t, 200)
	target := filepath.Join(t.TempDir(), "restored")
	w.jobs.turn <- struct{}{}
	id, err := w.Get(w.ctx(), engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}, To: engine.ToFolder, Folder: target, Contents: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Pause(w.ctx(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	w.reopen(background)
	job, err := w.WaitJob(w.ctx(), id)
	if err != nil || job.State != engine.JobDone || job.Done.Files != int64(len(files)) {
		t.Errorf("%+v, %v", job, err)
	}
	if got := read(t, target); len(got) != len(files) {
		t.Errorf("%d of %d files", len(got), len(files))
	}
}

func TestAFailedRestoreCountsOnceWhenItIsResumed(t *testing.T) {
	w, files := many(t, 50)
	target := filepath.Join(t.TempDir(), "restored")
	w.jobs.turn <- struct{}{}
	id, err := w.Get(w.ctx(), engine.GetRequest{Refs: []engine.Ref{{Path: w.user}}, To: engine.ToFolder, Folder: target, Contents: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(w.dest, w.dest+".away"); err != nil {
		t.Fatal(err)
	}
	<-w.jobs.turn
	job, err := w.WaitJob(w.ctx(), id)
	if err != nil || job.State != engine.JobFailed {
		t.Fatalf("%+v, %v", job, err)
	}
	readable(t, job.Message, w.dest)
	if err := os.Rename(w.dest+".away", w.dest); err != nil {
		t.Fatal(err)
	}
	if err := w.ResumeJob(w.ctx(), id); err != nil {
		t.Fatal(err)
	}
	job, err = w.WaitJob(w.ctx(), id)
	if err != nil || job.State != engine.JobDone || job.Done.Files != int64(len(files)) || job.Done.Bytes != job.Total.Bytes {
		t.Errorf("%+v, %v", job, err)
	}
}
