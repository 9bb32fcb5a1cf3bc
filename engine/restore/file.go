package restore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
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
	aside  bool // rename what has the name

	left  atomic.Int32 // blobs not written yet
	first *linkTarget  // further names wait for this file
	mu    sync.Mutex
	temp  string
	f     *os.File
	fault string // why it cannot be restored; "" while it can
}

// file plans one file: what to do about one that exists, and which blobs to fetch.
func (j *job) file(ctx context.Context, in *place, node repo.Node, stored string) error {
	if j.isFurtherName(in, node, stored) {
		return nil
	}
	t := &task{job: j, in: in, node: node, stored: stored}
	if !in.created {
		done, err := j.existing(t)
		if done || err != nil {
			return err
		}
	}
	j.firstName(t)
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
	t.fault = why
	t.mu.Unlock()
	return t.done(int32(missing) + 1)
}

// miss fails a file because a blob cannot be read.
func (t *task) miss(err error) error {
	t.mu.Lock()
	if t.fault == "" {
		t.fault = "A part of it is damaged or missing in the backup: " + err.Error() + "."
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
			t.discard()
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
	t.temp = t.job.tempName()
	f, err := t.in.root.OpenFile(t.temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, t.job.createMode(t.node.Mode))
	t.f = f
	if err != nil {
		t.f = nil
	}
	return err
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
		t.fault = "It could not be finished: " + reason(err) + "."
		if fatal := targetFatal(t.path(), err); fatal != nil {
			t.discard()
			return fatal
		}
	}
	t.discard()
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
	if err := t.f.Close(); err != nil {
		return err
	}
	t.f = nil
	renamed := ""
	if t.aside {
		var err error
		if renamed, err = j.setAside(t.in, t.node.Name); err != nil {
			return err
		}
	}
	if err := t.in.root.Rename(t.temp, t.node.Name); err != nil {
		return err
	}
	t.temp = ""
	t.isRestored()
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
}

// isFurtherName recognises a further name of a file that is restored already, and
// leaves a link for the end of the folder. Contents are compared, because an inode
// number is only what a repository says.
func (j *job) isFurtherName(in *place, node repo.Node, stored string) bool {
	if node.Links < 2 || node.Inode == 0 {
		return false
	}
	first := j.links[inode{node.DeviceID, node.Inode}]
	if first == nil || first.content != contentKey(node.Content) {
		return false
	}
	in.later = append(in.later, deferred{node: node, stored: stored, link: first})
	return true
}

// firstName notes a file that is going to be restored, for its further names.
func (j *job) firstName(t *task) {
	key := inode{t.node.DeviceID, t.node.Inode}
	if t.node.Links < 2 || t.node.Inode == 0 || j.links[key] != nil {
		return
	}
	t.first = &linkTarget{path: t.path(), content: contentKey(t.node.Content)}
	j.links[key] = t.first
}

// isRestored says that a file has its name, so that it can be given further ones.
func (t *task) isRestored() {
	if t.first != nil {
		t.first.restored.Store(true)
	}
}

func contentKey(ids []repo.ID) string {
	h := make([]byte, 0, len(ids)*len(repo.ID{}))
	for _, id := range ids {
		h = append(h, id[:]...)
	}
	id := repo.Hash(h)
	return string(id[:])
}

// existing decides about a file whose name may be taken. True: nothing is left to do.
func (j *job) existing(t *task) (bool, error) {
	info, err := t.in.root.Lstat(t.node.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		j.fail(t.stored, t.path(), int64(t.node.Size), "What is there cannot be looked at: "+reason(err)+".")
		return true, nil
	}
	choice := j.Exists
	if answer, ok := j.Answers[t.path()]; ok {
		choice = answer
	}
	if (j.Again || choice == engine.ExistingSkip) && info.Mode().IsRegular() && j.identical(t, info) {
		return true, j.present(t)
	}
	switch choice {
	case engine.ExistingKeep:
		j.skip(t, "The present file was left as it is, as you chose.")
		return true, nil
	case engine.ExistingSkip:
		j.ask(t)
		return true, nil
	case engine.ExistingOverwrite:
		t.aside = info.IsDir()
	default:
		t.aside = true
	}
	return false, nil
}

// present is for a file that has the stored content already.
func (j *job) present(t *task) error {
	j.firstName(t)
	t.isRestored()
	if j.Again {
		j.Progress.Files.Add(1)
		j.Progress.Bytes.Add(int64(t.node.Size))
		if j.All {
			j.report(engine.JobItem{Path: t.stored, Target: t.path(), State: engine.ItemRestored, Size: int64(t.node.Size)})
		}
		return nil
	}
	j.skip(t, "The present file is identical.")
	return nil
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

const tempPrefix, tempSuffix = ".holdfast-", ".part"

// tempName is one that no other process chooses: in a container every one has the
// same number.
func (j *job) tempName() string {
	return fmt.Sprintf("%s%016x%s", tempPrefix, rand.Uint64(), tempSuffix)
}

// isTemp recognises what an interrupted restore left.
func isTemp(name string) bool {
	return strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix)
}
