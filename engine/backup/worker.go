package backup

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"time"

	"holdfast/engine/source"
)

// job is a file to read.
type job struct {
	f     *folder
	slot  int
	tries int
}

// send hands the files of a folder that must be read to the workers. Each holds
// the folder until it is decided.
func (c *capture) send(f *folder) error {
	for i := range f.children {
		ch := &f.children[i]
		if ch.fate != undecided {
			continue
		}
		f.hold()
		f.changed.Store(true)
		if c.first {
			c.Progress.NewBytes.Add(ch.entry.Size)
		}
		c.left.Add(1)
		select {
		case c.jobs <- job{f: f, slot: i}:
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		}
	}
	return nil
}

// worker reads files until there are no more.
func (c *capture) worker(b *bench) error {
	r := newReader(c.saver, c.Progress, b)
	for {
		select {
		case j := <-c.jobs:
			if err := c.do(r, j); err != nil {
				return err
			}
		case <-c.idle:
			return nil
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		}
	}
}

// do reads one file and decides about it.
func (c *capture) do(r *reader, j job) error {
	ch := &j.f.children[j.slot]
	full := path.Join(j.f.path, ch.entry.Name)
	c.Progress.setCurrent(full)
	out, err := r.read(c.ctx, j.f.dir, ch.entry)
	if stored, ok := errors.AsType[*storeError](err); ok {
		return stored.err
	}
	if err == nil && out.changed && j.tries < len(c.Retry) {
		c.again(j)
		return nil
	}
	defer c.jobDone()
	if err != nil {
		c.unread(j.f, ch, full, err)
	} else {
		c.took(j.f, ch, full, out)
	}
	return c.let(j.f)
}

// jobDone counts a job off; the walk counts as one while it goes on.
func (c *capture) jobDone() {
	if c.left.Add(-1) == 0 {
		close(c.idle)
	}
}

// again reads a file once more after a wait. The job stays counted.
func (c *capture) again(j job) {
	wait := c.Retry[j.tries]
	j.tries++
	c.group.Go(func() error {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		}
		select {
		case c.jobs <- j:
			return nil
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		}
	})
}

// took accepts what was read as the new content of a file.
func (c *capture) took(f *folder, ch *child, full string, out outcome) {
	name := ch.entry.Name
	ch.fate, ch.content = fresh, out.content
	ch.entry, ch.entry.Name = out.entry, name
	ch.entry.Size = out.size
	ch.volatile = racy(ch.entry, c.Now())
	if out.changed {
		ch.volatile = true
		c.report(problem(full, errChanged, c.time))
	}
	c.countTaken(ch)
}

func (c *capture) countTaken(ch *child) {
	if ch.before == nil {
		c.count(&c.result.New)
	} else {
		c.count(&c.result.Changed)
	}
}

// unread decides about a file that could not be read. One that went away is gone;
// of any other the last stored version stays in the tree.
func (c *capture) unread(f *folder, ch *child, full string, err error) {
	c.report(problem(full, err, c.time))
	gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, source.ErrNotRegular)
	switch {
	case ch.before == nil:
		ch.fate = dropped
	case gone:
		ch.fate = dropped
		c.goes(f, *ch.before)
	default:
		ch.fate = carried
	}
}
