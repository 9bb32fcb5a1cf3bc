// Package backup turns the files of this computer into a committed snapshot.
//
// Its one idea: the unit of work is a folder. A folder is listed, every entry's
// stat is compared with what the catalog acknowledged last, what changed is read
// and stored, and when everything below it is known the folder's tree is encoded.
// A folder in which nothing changed keeps the tree it had, so a capture writes the
// trees on the way from the changed files to the root and nothing else. A capture
// looks at everything, or only at the folders of Options.Look; the others are
// carried over unread.
//
//	list → stat against catalog → read → cut → hash → known? → seal → pack → upload → commit
//
// Promises:
//   - Packs are durable before the index that names them, the index before the
//     snapshot, the snapshot before the catalog acknowledges anything.
//   - A capture that ends early, by error, cancellation or kill -9, leaves the
//     last acknowledged state as it was. What it stored is found by the next one,
//     which reads and uploads only what was in flight.
//   - What cannot be read is unknown, not deleted: the version that was stored
//     last stays in the tree, and the path is listed as a problem.
//   - Memory is bounded by the number of workers and open packs, and by the
//     largest single folder, whose tree the format wants in one piece.
//
// When to capture belongs to engine/schedule, what to select to engine/selection,
// how to look at files to engine/source. The format is engine/repo's.
package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/selection"
	"holdfast/engine/source"
)

// Options is one capture.
type Options struct {
	Repo    *repo.Repository
	Catalog *catalog.Catalog // in step with the repository: after a Sync under the same lock
	FS      source.FS

	Device   string // id of this computer, a tag of the snapshot
	Computer string // its name, the host name of the snapshot
	Set      string // name of the set of paths, a tag of the snapshot

	Rules *selection.Rules
	// Look limits the capture to these folders; nil looks at everything.
	Look []Look
	// Keep says which paths that the rules do not select stay in the tree as
	// they were stored; nil: none. It must be true for what leads to them too.
	Keep func(path string) bool
	// Extra are files that the virtual folder /.holdfast of the tree holds.
	Extra []Extra
	// Reread says which files and folders are stored anew although they did not
	// change, because what was stored of them is damaged; nil: none.
	Reread func(path string) bool
	// Always writes a snapshot even when nothing changed.
	Always bool

	// Retry are the waits before a file that changed while it was read is read
	// again; after the last it is taken as it is. Nil: 2, 10 and 60 seconds.
	Retry []time.Duration
	// Workers is how many processors hash and seal; 0: all of them.
	Workers  int
	Now      func() time.Time // asked by several goroutines
	Progress *Progress

	// Held is asked before the snapshot is written: an error says that the lock on
	// the repository was lost, and ends the capture. Nil: there is none.
	Held func() error

	// Large files wait until the rest is committed; 0: 64 MiB and more.
	Large int64
	// Commit what is stored when a pass has lasted this long; 0: 10 minutes.
	Commit time.Duration

	everything bool // this pass lets no file wait
}

// Look is a folder to look at.
type Look struct {
	Path      string
	Recursive bool
}

// Extra is a file of the virtual folder.
type Extra struct {
	Name    string
	Data    []byte
	ModTime time.Time
}

// ExtraFolder is the name of the virtual folder at the top of every tree.
const ExtraFolder = ".holdfast"

func (o *Options) defaults() {
	if o.Retry == nil {
		o.Retry = []time.Duration{2 * time.Second, 10 * time.Second, time.Minute}
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = new(Progress)
	}
	if o.Set == "" {
		o.Set = "default"
	}
	if o.Large == 0 {
		o.Large = 64 << 20
	}
	if o.Commit == 0 {
		o.Commit = 10 * time.Minute
	}
}

// capture is a running one.
type capture struct {
	Options
	saver *saver
	last  catalog.Snapshot // of this computer; zero ID: none
	time  time.Time        // of the snapshot to be

	group *errgroup.Group
	ctx   context.Context
	jobs  chan job
	left  atomic.Int64  // jobs not finished yet, and the walk
	idle  chan struct{} // closed when nothing is left

	absent absentees
	began  time.Time
	first  bool            // the first pass, which counts for the progress
	later  map[string]bool // folders in which files wait for another pass; owned by the walk
	tree   repo.ID         // of the root, once it is known

	leftover map[string]bool // folders of which an earlier capture staged results; owned by the walk

	mu       sync.Mutex
	folders  map[*folder]bool // open ones
	result   engine.CaptureResult
	problems []engine.Problem
}

// Run makes one capture, in as many passes as it takes: large files wait for a pass
// of their own, and a pass that lasts long is committed on the way, so that what is
// stored can be restored before everything is. On error nothing is acknowledged that
// was not before; the result then says what was done so far.
func Run(ctx context.Context, o Options) (engine.CaptureResult, error) {
	o.defaults()
	o.Progress.start(o.Now())
	var sum engine.CaptureResult
	for first := true; ; first = false {
		c := &capture{Options: o, jobs: make(chan job, 256), idle: make(chan struct{}), folders: map[*folder]bool{}, first: first}
		err := c.pass(ctx)
		add(&sum, c.result)
		if err != nil || len(c.later) == 0 {
			return sum, err
		}
		if !c.last.ID.IsZero() || c.result.Snapshot != "" {
			o.Look = c.looksLater()
		}
		o.everything = c.result.Snapshot == "" // large files only: another wait would be for nothing
	}
}

// add puts the result of a further pass on top. What was unchanged to the first is
// not counted again.
func add(sum *engine.CaptureResult, r engine.CaptureResult) {
	if r.Snapshot != "" {
		sum.Snapshot = r.Snapshot
	}
	sum.Time = r.Time
	sum.New += r.New
	sum.Changed += r.Changed
	sum.Deleted += r.Deleted
	sum.Unchanged = max(sum.Unchanged, r.Unchanged)
	sum.Read, sum.Stored = r.Read, r.Stored // counted by the progress, which goes on
	for _, p := range r.Skipped {
		if !slices.ContainsFunc(sum.Skipped, func(q engine.Problem) bool { return q.Path == p.Path }) {
			sum.Skipped = append(sum.Skipped, p)
		}
	}
}

// pass walks once, and commits what it found.
func (c *capture) pass(ctx context.Context) error {
	if err := c.prepare(ctx); err != nil {
		return err
	}
	if err := c.scan(ctx); err != nil {
		c.saver.stop(nil)
		return err
	}
	if err := c.saver.finish(ctx); err != nil {
		return err
	}
	return c.commit(ctx)
}

// prepare reads what the last capture left.
func (c *capture) prepare(ctx context.Context) error {
	last, err := c.Catalog.SnapshotAt(ctx, c.Device, time.Time{})
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	c.last = last
	// After the last snapshot even when the clock went back: versions need order.
	if c.time, err = c.Catalog.NextTime(ctx, c.Device, c.Now()); err != nil {
		return err
	}
	if err := c.takeOver(ctx); err != nil {
		return err
	}
	if c.absent, err = knownMounts(ctx, c.Catalog); err != nil {
		return err
	}
	c.began = c.Now()
	c.saver = newSaver(ctx, c.Repo, c.Catalog, c.Progress)
	return nil
}

// scan walks the folders and waits until everything found is stored.
func (c *capture) scan(ctx context.Context) error {
	c.group, c.ctx = errgroup.WithContext(ctx)
	c.left.Store(1)
	defer func() {
		for f := range c.folders {
			f.dir.Close()
		}
	}()
	b := newBench(c.Workers, c.Repo.Config().Polynomial)
	for range 2*c.Workers + 2 { // some wait for the disk
		c.group.Go(func() error { return c.worker(b) })
	}
	c.group.Go(func() error {
		if err := c.walk(); err != nil {
			return err
		}
		c.Progress.ScanDone.Store(true)
		c.jobDone()
		select {
		case <-c.idle:
			return nil
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		}
	})
	return c.group.Wait()
}

// commit makes the capture a version: snapshot first, catalog after.
func (c *capture) commit(ctx context.Context) error {
	c.result.Time = c.time
	c.result.Stored = c.Progress.Stored.Load()
	c.result.Read = c.Progress.Read.Load()
	c.result.Skipped = c.problems
	if err := c.absent.save(ctx, c.Catalog, c.Rules); err != nil {
		return err
	}
	if err := c.dropLeftovers(ctx); err != nil {
		return err
	}
	nothing := c.result.New+c.result.Changed+c.result.Deleted == 0
	if len(c.later) > 0 && nothing {
		return nil // what is staged stays for the next pass
	}
	if c.tree == c.last.Tree && !c.last.ID.IsZero() && !c.Always {
		return c.Catalog.Refresh(ctx, c.Device)
	}
	if c.Held != nil {
		// A computer that slept may have lost its lock, and with it the right to
		// count on blobs that it found at the destination.
		if err := c.Held(); err != nil {
			return err
		}
	}
	s := c.snapshot()
	id, err := c.Repo.SaveSnapshot(ctx, s)
	if err != nil {
		return fmt.Errorf("store snapshot: %w", err)
	}
	c.result.Snapshot = id.String()
	// What is durable there is acknowledged here, even when somebody gives up now.
	return c.Catalog.Commit(context.WithoutCancel(ctx), catalog.Snapshot{ID: id, Device: c.Device, Time: c.time, Tree: c.tree, Partial: len(c.later) > 0})
}

func (c *capture) snapshot() *repo.Snapshot {
	s := &repo.Snapshot{
		Time:     c.time,
		Tree:     c.tree,
		Paths:    c.Rules.Roots(),
		Hostname: c.Computer,
		Tags:     []string{"holdfast", "device=" + c.Device, "set=" + c.Set},
		UID:      uint32(max(0, os.Getuid())),
		GID:      uint32(max(0, os.Getgid())),
	}
	if len(c.later) > 0 {
		s.Tags = append(s.Tags, "partial")
	}
	if !c.last.ID.IsZero() {
		s.Parent = &c.last.ID
	}
	return s
}

func (c *capture) report(p engine.Problem) {
	c.mu.Lock()
	c.problems = append(c.problems, p)
	c.mu.Unlock()
}

func (c *capture) count(field *int64) {
	c.mu.Lock()
	*field++
	c.mu.Unlock()
}
