package restore

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"holdfast/engine"
	"holdfast/engine/repo"
)

// deferred is what is made at the end of a folder: a symbolic link, a special file,
// or a further name of a file.
type deferred struct {
	node   repo.Node
	stored string
}

// inode is a file that had several names.
type inode struct{ device, number uint64 }

// linkTarget is the first name of such a file. Its methods may be called on nil, for
// a file that has but one name.
type linkTarget struct {
	path    string // absolute
	content string // a hash of the ids, so that a repository cannot claim two files to be one
	state   atomic.Int32
	info    fs.FileInfo // of the restored file; there once the state is linkReady
}

// The fate of a first name.
const (
	linkPending = iota // it is on its way
	linkReady          // restored, or found identical
	linkAbsent         // it was left out, or could not be written here
	linkLost           // the backup cannot give it, under whatever name
)

func (l *linkTarget) is(info fs.FileInfo) {
	if l != nil {
		l.info = info
		l.state.Store(linkReady)
	}
}

func (l *linkTarget) isNot(lost bool) {
	switch {
	case l == nil:
	case lost:
		l.state.Store(linkLost)
	default:
		l.state.Store(linkAbsent)
	}
}

// same says whether this is the file that was restored, untouched. The number of a
// removed file is given to the next one, and anybody may write to a restored one.
func (l *linkTarget) same(info fs.FileInfo, err error) bool {
	return err == nil && os.SameFile(info, l.info) && info.Size() == l.info.Size() && info.ModTime().Equal(l.info.ModTime())
}

// isFurtherName recognises a further name of a file that is restored already, or on
// its way, and notes a first one. Contents are compared, because an inode number is
// only what a repository says.
func (j *job) isFurtherName(t *task) bool {
	if t.node.Links < 2 || t.node.Inode == 0 {
		return false
	}
	content := contentKey(t.node.Content)
	first := j.links[inode{t.node.DeviceID, t.node.Inode}]
	if first != nil && first.content != content {
		return false
	}
	if first == nil || first.state.Load() == linkAbsent {
		j.becomesFirst(t, content)
		return false
	}
	return true
}

func (j *job) becomesFirst(t *task, content string) {
	t.first = &linkTarget{path: t.path(), content: content}
	j.links[inode{t.node.DeviceID, t.node.Inode}] = t.first
}

func contentKey(ids []repo.ID) string {
	h := make([]byte, 0, len(ids)*len(repo.ID{}))
	for _, id := range ids {
		h = append(h, id[:]...)
	}
	id := repo.Hash(h)
	return string(id[:])
}

// furtherNames gives files their further names in these folders. A name that cannot
// be had by a link becomes a file of its own, and is fetched like any other; names
// that wait for that one take another round.
func (j *job) furtherNames(ctx context.Context, places []*place) error {
	for {
		waiting := 0
		for _, p := range places {
			wait := p.further[:0]
			for _, d := range p.further {
				pending, err := j.furtherName(ctx, p, d)
				if err != nil {
					return err
				}
				if pending {
					wait = append(wait, d)
				}
			}
			p.further = wait
			waiting += len(wait)
		}
		if err := j.fetch(ctx); err != nil || waiting == 0 {
			return err
		}
	}
}

// furtherName makes one of them. True: its first name is on its way.
func (j *job) furtherName(ctx context.Context, p *place, d deferred) (bool, error) {
	t := &task{job: j, in: p, node: d.node, stored: d.stored}
	first := j.links[inode{d.node.DeviceID, d.node.Inode}]
	switch first.state.Load() {
	case linkPending:
		return true, nil
	case linkLost:
		j.fail(d.stored, t.path(), int64(d.node.Size), "It is another name of "+first.path+", which could not be restored.")
		return false, nil
	case linkReady:
		if done, err := j.linkTo(t, first); done || err != nil {
			return false, err
		}
		if j.stillThere(first) { // but no link to it can be made from here
			return false, j.plan(ctx, t)
		}
	}
	j.becomesFirst(t, first.content)
	return false, j.plan(ctx, t)
}

// stillThere looks whether a first name is what was restored.
func (j *job) stillThere(first *linkTarget) bool {
	from, err := filepath.Rel(j.Target, first.path)
	return err == nil && first.same(j.top.root.Lstat(from))
}

// linkTo gives a restored file a further name. Both folders are reached through the
// target's root, so that a link cannot lead anywhere else. False: no link to what was
// restored can be had.
func (j *job) linkTo(t *task, first *linkTarget) (bool, error) {
	if !t.in.created {
		if first.same(t.in.root.Lstat(t.node.Name)) {
			t.made("")
			return true, nil
		}
		if j.existing(t) {
			return true, nil
		}
	}
	from, err := filepath.Rel(j.Target, first.path)
	if err != nil {
		return false, err
	}
	in, err := filepath.Rel(j.Target, t.in.path)
	if err != nil {
		return false, err
	}
	temp := j.tempName()
	if err := j.top.root.Link(from, filepath.Join(in, temp)); err != nil {
		return false, nil
	}
	t.temp = temp
	if !first.same(t.in.root.Lstat(temp)) {
		t.discard()
		return false, nil
	}
	return true, t.finishMade()
}

// special makes a symbolic link or a special file.
func (j *job) special(p *place, d deferred) error {
	t := &task{job: j, in: p, node: d.node, stored: d.stored}
	if !p.created {
		if info, err := p.root.Lstat(d.node.Name); err == nil && j.samePresent(p, d, info) {
			t.made("")
			return nil
		}
		if j.existing(t) {
			return nil
		}
	}
	t.temp = j.tempName()
	if err := j.make(p, d.node, t.temp); err != nil {
		t.discard()
		if fatal := targetFatal(t.path(), err); fatal != nil {
			return fatal
		}
		j.fail(d.stored, t.path(), 0, "It could not be made: "+reason(err)+".")
		return nil
	}
	return t.finishMade()
}

// samePresent recognises a symbolic link that is there already, or a special file
// that an interrupted run of this job made.
func (j *job) samePresent(p *place, d deferred, info fs.FileInfo) bool {
	if d.node.Type != repo.NodeSymlink {
		return j.Again && sameSpecial(&d.node, info)
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return false
	}
	to, err := p.root.Readlink(d.node.Name)
	return err == nil && to == d.node.LinkTarget
}

// make creates a link or a special file under a name of this job.
func (j *job) make(p *place, node repo.Node, name string) error {
	node.Name = name
	if node.Type != repo.NodeSymlink {
		return j.makeSpecial(p, &node)
	}
	if err := p.root.Symlink(node.LinkTarget, name); err != nil {
		return err
	}
	return j.setLink(p, &node)
}

// finishMade gives what was made under a temporary name its own. An error ends the job.
func (t *task) finishMade() error {
	renamed, given, err := t.giveName()
	switch {
	case err != nil:
		t.discard()
		if fatal := targetFatal(t.path(), err); fatal != nil {
			return fatal
		}
		t.job.fail(t.stored, t.path(), 0, "It could not be finished: "+reason(err)+".")
	case !given:
		t.discard()
	default:
		t.made(renamed)
	}
	return nil
}

// made counts what is there.
func (t *task) made(renamed string) {
	j := t.job
	j.Progress.Files.Add(1)
	if t.node.Type == repo.NodeFile {
		j.Progress.Bytes.Add(int64(t.node.Size))
	}
	if renamed != "" || j.All {
		j.report(engine.JobItem{Path: t.stored, Target: t.path(), State: engine.ItemRestored, Renamed: renamed})
	}
}
