package restore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"holdfast/engine"
	"holdfast/engine/repo"
)

// task is a file on its way. Workers write its blobs in any order; the one that
// writes the last gives it its metadata and its name.
type task struct {
	job    *job
	in     *place
	node   repo.Node
	stored string

	// What is to happen to that which has the name; neither: the name is free.
	aside   bool
	replace bool

	left  atomic.Int32 // blobs not written yet
	first *linkTarget  // further names wait for this file
	mu    sync.Mutex
	temp  string
	f     *os.File
	fault string // why it cannot be restored; "" while it can
	lost  bool   // the fault is the backup's
}

// file restores a file, or leaves it for the end of its folder when it is a further
// name of another.
func (j *job) file(ctx context.Context, in *place, node repo.Node, stored string) error {
	t := &task{job: j, in: in, node: node, stored: stored}
	if j.isFurtherName(t) {
		in.further = append(in.further, deferred{node: node, stored: stored})
		return nil
	}
	return j.plan(ctx, t)
}

// plan decides what to do about a file that exists, and which blobs to fetch.
func (j *job) plan(ctx context.Context, t *task) error {
	node := &t.node
	if !t.in.created && j.existing(t) {
		return nil
	}
	t.left.Store(int32(len(node.Content)) + 1) // the plan itself is the one more
	var offset int64
	for i, id := range node.Content {
		loc, ok, err := j.Locator.Locate(repo.Data, id)
		if err != nil {
			return err
		}
		if !ok {
			return t.giveUp(len(node.Content)-i, "A part of it is missing in the backup.")
		}
		if offset+int64(loc.Blob.Size()) > int64(node.Size) {
			return t.giveUp(len(node.Content)-i, "What is stored is longer than the file was; the backup is damaged here.")
		}
		j.batch.wants = append(j.batch.wants, want{loc: loc, task: t, offset: offset})
		j.batch.bytes += int64(loc.Blob.Size())
		offset += int64(loc.Blob.Size())
		if err := j.flushWhenFull(ctx); err != nil {
			return err
		}
	}
	if offset != int64(node.Size) {
		return t.giveUp(0, "What is stored is shorter than the file was; the backup is damaged here.")
	}
	if len(node.Content) == 0 {
		return t.write(nil, 0)
	}
	return t.done(1)
}

// giveUp fails a file some of whose blobs will not come, and ends its plan.
func (t *task) giveUp(missing int, why string) error {
	t.mu.Lock()
	t.fault, t.lost = why, true
	t.mu.Unlock()
	return t.done(int32(missing) + 1)
}

// miss fails a file because a blob cannot be read.
func (t *task) miss(err error) error {
	t.mu.Lock()
	if t.fault == "" {
		t.fault, t.lost = "A part of it is damaged or missing in the backup: "+err.Error()+".", true
	}
	t.mu.Unlock()
	return t.done(1)
}

// write puts verified bytes into the file. An error ends the job.
func (t *task) write(plain []byte, offset int64) error {
	t.mu.Lock()
	var err error
	if t.fault == "" && t.f == nil {
		err = t.create()
	}
	f, fault := t.f, t.fault
	t.mu.Unlock()
	if err == nil && fault == "" {
		err = writeSparse(f, plain, offset)
	}
	if err != nil {
		if fatal := targetFatal(t.path(), err); fatal != nil {
			return fatal
		}
		t.mu.Lock()
		t.fault = "It could not be written: " + reason(err) + "."
		t.mu.Unlock()
	} else if fault == "" {
		t.job.Progress.Bytes.Add(int64(len(plain)))
	}
	return t.done(1)
}

func (t *task) path() string { return filepath.Join(t.in.path, t.node.Name) }

// create opens the temporary file beside the target.
func (t *task) create() error {
	temp := t.job.tempName()
	f, err := t.in.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, t.job.createMode(t.node.Mode))
	if err != nil {
		return err
	}
	t.temp, t.f = temp, f
	t.job.underWay.add(t)
	return nil
}

// done counts blobs off; with the last one the file is finished.
func (t *task) done(n int32) error {
	if t.left.Add(-n) > 0 {
		return nil
	}
	if t.fault == "" {
		err := t.finish()
		if err == nil {
			return nil
		}
		if fatal := targetFatal(t.path(), err); fatal != nil {
			return fatal
		}
		t.fault = "It could not be finished: " + reason(err) + "."
	}
	t.discard()
	t.first.isNot(t.lost)
	t.job.fail(t.stored, t.path(), int64(t.node.Size), t.fault)
	return nil
}

// finish sets length and metadata, and gives the file its name.
func (t *task) finish() error {
	j, p := t.job, t.job.Progress
	if err := t.f.Truncate(int64(t.node.Size)); err != nil && t.node.Size > 0 {
		return err
	}
	note := j.setFile(t.f, &t.node)
	var info fs.FileInfo
	if t.first != nil {
		var err error
		if info, err = t.f.Stat(); err != nil {
			return err
		}
	}
	if err := t.f.Close(); err != nil {
		return err
	}
	t.f = nil
	renamed, given, err := t.giveName()
	if err != nil {
		return err
	}
	if !given {
		p.Bytes.Add(-int64(t.node.Size))
		t.discard()
		return nil
	}
	j.underWay.remove(t)
	t.first.is(info)
	p.Files.Add(1)
	path := t.path()
	p.current.Store(&path)
	if renamed != "" || note != "" || j.All {
		j.report(engine.JobItem{Path: t.stored, Target: path, State: engine.ItemRestored, Size: int64(t.node.Size), Renamed: renamed, Reason: note})
	}
	return nil
}

// discard removes the temporary file.
func (t *task) discard() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.f != nil {
		t.f.Close()
		t.f = nil
	}
	if t.temp != "" {
		t.in.root.Remove(t.temp)
		t.temp = ""
	}
	t.job.underWay.remove(t)
}

// existing decides about a file whose name may be taken. True: it is decided that
// this one does not come.
func (j *job) existing(t *task) bool {
	t.aside, t.replace = false, false
	info, err := t.in.root.Lstat(t.node.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		t.first.isNot(false)
		j.fail(t.stored, t.path(), int64(t.node.Size), "What is there cannot be looked at: "+reason(err)+".")
		return true
	}
	choice, answered := j.Exists, false
	if answer, ok := j.Answers[t.path()]; ok {
		choice, answered = answer, true
	}
	if (j.Again || choice == engine.ExistingSkip) && info.Mode().IsRegular() && t.node.Type == repo.NodeFile && j.identical(t, info) {
		t.first.is(info)
		j.present(t)
		return true
	}
	switch choice {
	case engine.ExistingKeep:
		t.first.isNot(false)
		j.skip(t, "The present file was left as it is, as you chose.")
		return true
	case engine.ExistingSkip:
		t.first.isNot(false)
		j.ask(t)
		return true
	case engine.ExistingOverwrite:
		// What was not there when this began is not what was meant: another stored
		// file whose name this file system takes for the same, or a new one.
		t.replace = !info.IsDir() && (answered || t.in.held[t.node.Name])
	}
	t.aside = !t.replace
	return false
}

// present is for a file that has the stored content already.
func (j *job) present(t *task) {
	if !j.Again {
		j.skip(t, "The present file is identical.")
		return
	}
	j.Progress.Files.Add(1)
	j.Progress.Bytes.Add(int64(t.node.Size))
	if j.All {
		j.report(engine.JobItem{Path: t.stored, Target: t.path(), State: engine.ItemRestored, Size: int64(t.node.Size)})
	}
}

// identical compares a present file with the stored content, blob by blob.
func (j *job) identical(t *task, info fs.FileInfo) bool {
	if info.Size() != int64(t.node.Size) {
		return false
	}
	f, err := t.in.root.OpenFile(t.node.Name, os.O_RDONLY|openNoFollow, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	if now, err := f.Stat(); err != nil || !os.SameFile(now, info) {
		return false
	}
	var buf bytes.Buffer
	for _, id := range t.node.Content {
		loc, ok, err := j.Locator.Locate(repo.Data, id)
		if err != nil || !ok {
			return false
		}
		buf.Reset()
		n, err := io.CopyN(&buf, f, int64(loc.Blob.Size()))
		if err != nil || n != int64(loc.Blob.Size()) || repo.Hash(buf.Bytes()) != id {
			return false
		}
	}
	n, _ := f.Read(make([]byte, 1))
	return n == 0
}
