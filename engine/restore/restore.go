// Package restore gives files back: it walks the stored trees, fetches the blobs
// they name and writes the files, verified, below one target folder.
//
// Its one idea is the batch. The walk goes through the trees in their order and
// collects files until a batch is full; the blobs of a batch are sorted by pack and
// offset, neighbouring ones are fetched in one read, every blob is authenticated
// and its SHA-256 compared before a byte of it is written, and a file gets its name
// only when it is complete. Then the folders that the batch completed get their
// links, owners, modes and times. Memory is bounded by the batch, whatever the size
// of the backup.
//
// Promises:
//   - Nothing is written outside the target, whatever the repository says: every
//     name is a single component, opened through an os.Root of its folder, and no
//     link is followed.
//   - A file under its own name is complete and verified. Parts lie under a
//     temporary name beside it, created O_EXCL.
//   - What exists is never lost: it is renamed, or replaced only when that was
//     asked for, or left alone. A folder is never replaced by a file. No name is
//     given away that was taken meanwhile.
//   - Run is repeatable. A job that was interrupted recognises what it restored.
//   - A wrong or missing blob fails the files it belongs to, by name, and no other. One
//     that is merely elsewhere by now is found.
//
// Which files, from when and where to is decided by the caller (engine/agent), who
// also keeps the jobs.
package restore

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"holdfast/engine"
	"holdfast/engine/repo"
)

// Source is a stored file or folder to restore.
type Source struct {
	Node repo.Node
	Path string // where it was, for messages
	// As is its name below the target; "" puts the contents of a folder there.
	As string
}

// Options is one restore.
type Options struct {
	Repo    *repo.Repository
	Locator repo.Locator
	// Relocate makes the Locator learn anew where blobs are, because one was not where
	// it said: other programs may have put packs together since. nil: it cannot.
	Relocate func(ctx context.Context) error

	Target      string // absolute path of a folder; made when it is not there
	Exists      engine.Existing
	Permissions engine.Permissions
	// Again says that an interrupted run of the same job came before: a file that
	// is there with the stored content was restored by it.
	Again bool
	// Job is the name of the job, a part of a file's name. A run removes what an
	// earlier run of the same job left, and nobody else's.
	Job string
	// Answers decide about files that were asked about, by target path.
	Answers map[string]engine.Existing
	// Only restricts the restore to these paths in the backup; nil: everything.
	Only map[string]bool
	// Report is called, by one goroutine at a time, for every file that was not
	// simply restored, and for every restored one when All is set.
	Report func(engine.JobItem)
	All    bool

	Workers  int
	Now      func() time.Time
	Progress *Progress
}

// Progress counts what a restore does while it does it.
type Progress struct {
	Files   atomic.Int64 // restored and verified
	Bytes   atomic.Int64 // of them, and of files under way
	Failed  atomic.Int64
	Skipped atomic.Int64
	Asking  atomic.Int64
	current atomic.Pointer[string]
}

// Current is the file that was written last.
func (p *Progress) Current() string {
	if s := p.current.Load(); s != nil {
		return *s
	}
	return ""
}

func (o *Options) defaults() {
	if o.Workers == 0 {
		o.Workers = 4
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = new(Progress)
	}
	if o.Exists == "" {
		o.Exists = engine.ExistingRename
	}
	if o.Permissions == "" {
		o.Permissions = engine.PermissionsMine
	}
	if o.Report == nil {
		o.Report = func(engine.JobItem) {}
	}
}

// Run restores the sources. The error is about the job as a whole: the target
// cannot be written, the destination cannot be reached, or the context ended.
// Files that could not be restored are reported and do not end it.
func Run(ctx context.Context, o Options, sources []Source) error {
	o.defaults()
	j := &job{Options: o, open: map[*place]bool{}, links: map[inode]*linkTarget{}, umask: umask()}
	defer j.abandon()
	var err error
	if j.top, err = j.openTarget(o.Target); err != nil {
		return err
	}
	for _, s := range distinct(sources) {
		if err := j.source(ctx, j.top, s); err != nil {
			return err
		}
	}
	j.complete(j.top)
	if err := j.flush(ctx); err != nil {
		return err
	}
	if err := syncTree(o.Target); err != nil {
		return &engine.Error{Op: "restore", Kind: engine.KindOther, Path: o.Target, Err: err,
			Message: fmt.Sprintf("The files were written to %s, but the disk did not confirm that they are safe there: %v. Check the disk and restore again.", o.Target, err)}
	}
	return nil
}

// distinct gives sources of one name names of their own, always the same ones, so that
// all are kept and an interrupted run finds them again.
func distinct(sources []Source) []Source {
	taken := make(map[string]bool, len(sources))
	out := slices.Clone(sources)
	for i := range out {
		s := &out[i]
		if s.As == "" && s.Node.Type == repo.NodeDir {
			continue // its contents
		}
		if s.As == "" {
			s.As = s.Node.Name
		}
		ext := filepath.Ext(s.As)
		stem := strings.TrimSuffix(s.As, ext)
		for n := 2; taken[s.As]; n++ {
			s.As = fmt.Sprintf("%s (%d)%s", stem, n, ext)
		}
		taken[s.As] = true
	}
	return out
}

// Amount counts the files and bytes of a stored file or folder.
func Amount(ctx context.Context, r *repo.Repository, l repo.Locator, node repo.Node) (engine.Amount, error) {
	if node.Type != repo.NodeDir {
		return engine.Amount{Files: 1, Bytes: int64(node.Size)}, nil
	}
	var sum engine.Amount
	if node.Subtree == nil {
		return sum, nil
	}
	nodes, err := r.LoadTree(ctx, l, *node.Subtree)
	if err != nil {
		return sum, err
	}
	for _, n := range nodes {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		below, err := Amount(ctx, r, l, n)
		if err != nil {
			return sum, err
		}
		sum.Files += below.Files
		sum.Bytes += below.Bytes
	}
	return sum, nil
}

// source restores one of the chosen files or folders.
func (j *job) source(ctx context.Context, top *place, s Source) error {
	if s.Node.Type == repo.NodeDir && s.As == "" {
		return j.contents(ctx, top, s.Node, s.Path)
	}
	node := s.Node
	if s.As != "" {
		node.Name = s.As
	}
	return j.node(ctx, top, node, s.Path)
}

// node restores one entry into a folder.
func (j *job) node(ctx context.Context, in *place, node repo.Node, stored string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !safeName(node.Name) {
		j.fail(stored, filepath.Join(in.path, "?"), int64(node.Size), "Its stored name would lead out of the folder, so it was left out. The backup may have been tampered with; run a check.")
		return nil
	}
	switch node.Type {
	case repo.NodeDir:
		sub, err := j.enter(in, node, stored)
		if sub == nil || err != nil {
			return err
		}
		if err := j.contents(ctx, sub, node, stored); err != nil {
			return err
		}
		j.complete(sub)
		return j.flushWhenFull(ctx)
	case repo.NodeFile:
		if j.Only != nil && !j.Only[stored] {
			return nil
		}
		return j.file(ctx, in, node, stored)
	default:
		if j.Only != nil && !j.Only[stored] {
			return nil
		}
		in.later = append(in.later, deferred{node: node, stored: stored})
		return nil
	}
}

// contents restores everything in a stored folder.
func (j *job) contents(ctx context.Context, in *place, node repo.Node, stored string) error {
	if node.Subtree == nil {
		return nil
	}
	nodes, err := j.loadTree(ctx, *node.Subtree)
	if err != nil {
		if ctx.Err() != nil || !isFault(err) {
			return err
		}
		j.fail(stored, in.path, 0, "The list of what was in this folder is damaged or missing in the backup: "+err.Error()+".")
		if nodes == nil {
			return nil
		}
	}
	seen := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		if seen[n.Name] {
			j.fail(joinStored(stored, n.Name), filepath.Join(in.path, n.Name), int64(n.Size), "The backup holds two entries with this name in one folder; the first one was restored.")
			continue
		}
		seen[n.Name] = true
		if err := j.node(ctx, in, n, joinStored(stored, n.Name)); err != nil {
			return err
		}
	}
	return nil
}
