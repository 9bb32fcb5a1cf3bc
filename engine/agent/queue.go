package agent

import (
	"context"
	"encoding/json"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
)

// WaitJob implements engine.Restore.
func (a *Agent) WaitJob(ctx context.Context, id int64) (engine.Job, error) {
	ctx, end, err := a.begin(ctx, "restore")
	if err != nil {
		return engine.Job{}, err
	}
	defer end()
	for {
		a.jobs.mu.Lock()
		changed := a.jobs.changed
		_, runs := a.jobs.running[id]
		a.jobs.mu.Unlock()
		job, err := a.job(ctx, id)
		if err != nil {
			return job, err
		}
		if !runs && job.State != engine.JobWaiting && job.State != engine.JobRunning {
			return job, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return job, explain("restore", "", ctx.Err())
		}
	}
}

func (a *Agent) job(ctx context.Context, id int64) (engine.Job, error) {
	c, where, err := a.connected("restore")
	if err != nil {
		return engine.Job{}, err
	}
	job, q, err := load(ctx, c, id)
	if err != nil {
		return engine.Job{}, explain("restore", where.Address, err)
	}
	out, err := a.shown(ctx, c, job, q)
	return out, explain("restore", where.Address, err)
}

// shown is a job as the window shows it.
func (a *Agent) shown(ctx context.Context, c *catalog.Catalog, job catalog.Job, q jobRequest) (engine.Job, error) {
	out := engine.Job{
		ID: job.ID, Title: job.Title, Target: job.Target, State: job.State, Message: job.Message,
		Total: job.Total, Done: q.Before, Created: job.Created, Ended: job.Ended, Left: -1,
	}
	if d, err := c.Device(ctx, job.Device); err == nil {
		out.Computer = d.Name
	}
	counts, err := c.CountItems(ctx, job.ID)
	if err != nil {
		return out, err
	}
	out.Failed, out.Skipped, out.Asking = counts[engine.ItemFailed].Items, counts[engine.ItemSkipped].Items, counts[engine.ItemAsking].Items
	a.jobs.mu.Lock()
	defer a.jobs.mu.Unlock()
	run := a.jobs.running[job.ID]
	if run == nil || job.State != engine.JobRunning {
		out.Done.Files += q.Last.Files
		out.Done.Bytes += q.Last.Bytes
		return out, nil
	}
	p := &run.progress
	out.Done.Files += p.Files.Load()
	out.Done.Bytes += p.Bytes.Load()
	out.Current = p.Current()
	speed := run.speed.update(a.Now(), p.Bytes.Load())
	out.Speed = int64(speed)
	if left := out.Total.Bytes - out.Done.Bytes; speed > 1 && left >= 0 {
		out.Left = time.Duration(float64(left) / speed * float64(time.Second))
	}
	return out, nil
}

// Jobs implements engine.Restore.
func (a *Agent) Jobs(ctx context.Context) ([]engine.Job, error) {
	ctx, end, err := a.begin(ctx, "list restores")
	if err != nil {
		return nil, err
	}
	defer end()
	c, where, err := a.connected("list restores")
	if err != nil {
		return nil, err
	}
	list, err := c.Jobs(ctx)
	if err != nil {
		return nil, explain("list restores", where.Address, err)
	}
	out := make([]engine.Job, 0, len(list))
	for _, job := range list {
		var q jobRequest
		if err := json.Unmarshal(job.Request, &q); err != nil {
			return nil, explain("list restores", where.Address, err)
		}
		shown, err := a.shown(ctx, c, job, q)
		if err != nil {
			return nil, explain("list restores", where.Address, err)
		}
		out = append(out, shown)
	}
	return out, nil
}

// change loads a job, changes it and stores it.
func (a *Agent) change(ctx context.Context, id int64, fn func(*catalog.Job, *jobRequest) error) error {
	c, where, err := a.connected("restore")
	if err != nil {
		return err
	}
	err = a.jobs.update(ctx, c, id, fn)
	a.jobs.tell()
	return explain("restore", where.Address, err)
}

// PauseJob implements engine.Restore.
func (a *Agent) PauseJob(ctx context.Context, id int64) error {
	ctx, end, err := a.begin(ctx, "restore")
	if err != nil {
		return err
	}
	defer end()
	if a.jobs.halt(id, engine.JobPaused) {
		return nil
	}
	return a.change(ctx, id, func(job *catalog.Job, _ *jobRequest) error {
		if !job.State.Ended() {
			job.State = engine.JobPaused
		}
		return nil
	})
}

// ResumeJob implements engine.Restore.
func (a *Agent) ResumeJob(ctx context.Context, id int64) error {
	ctx, end, err := a.begin(ctx, "restore")
	if err != nil {
		return err
	}
	defer end()
	if err := a.jobs.settled(ctx, id); err != nil {
		return explain("restore", "", err)
	}
	err = a.change(ctx, id, func(job *catalog.Job, _ *jobRequest) error {
		if job.State == engine.JobDone || job.State == engine.JobCancelled {
			return invalid("restore", "", "This restore has ended. Choose the files again in Get Files to get them once more.")
		}
		if job.State == engine.JobRunning {
			return nil
		}
		job.State, job.Message, job.Ended = engine.JobWaiting, "", time.Time{}
		return nil
	})
	if err == nil {
		a.jobs.start(id)
	}
	return err
}

// CancelJob implements engine.Restore.
func (a *Agent) CancelJob(ctx context.Context, id int64) error {
	ctx, end, err := a.begin(ctx, "restore")
	if err != nil {
		return err
	}
	defer end()
	if a.jobs.halt(id, engine.JobCancelled) {
		return nil
	}
	return a.change(ctx, id, func(job *catalog.Job, _ *jobRequest) error {
		if !job.State.Ended() {
			job.State, job.Ended = engine.JobCancelled, a.Now()
		}
		return nil
	})
}

// ForgetJob implements engine.Restore.
func (a *Agent) ForgetJob(ctx context.Context, id int64) error {
	ctx, end, err := a.begin(ctx, "restore")
	if err != nil {
		return err
	}
	defer end()
	c, where, err := a.connected("restore")
	if err != nil {
		return err
	}
	job, _, err := load(ctx, c, id)
	if err == nil && !job.State.Ended() {
		err = invalid("restore", "", "This restore has not ended yet. Cancel it first.")
	}
	if err == nil {
		err = c.DeleteJob(ctx, id)
	}
	a.jobs.tell()
	return explain("restore", where.Address, err)
}

// JobItems implements engine.Restore.
func (a *Agent) JobItems(ctx context.Context, id int64) ([]engine.JobItem, error) {
	ctx, end, err := a.begin(ctx, "list restored files")
	if err != nil {
		return nil, err
	}
	defer end()
	c, where, err := a.connected("list restored files")
	if err != nil {
		return nil, err
	}
	items, err := c.NextItems(ctx, id, 0, 10000)
	if err != nil {
		return nil, explain("list restored files", where.Address, err)
	}
	out := make([]engine.JobItem, 0, len(items))
	for _, it := range items {
		out = append(out, engine.JobItem{Path: it.Path, Target: it.Target, State: it.State, Reason: it.Reason, Renamed: it.Renamed, Size: it.Size})
	}
	return out, nil
}

// Answer implements engine.Restore. A run that came to its end is followed by one of
// the answered files alone. Before that an answer is only noted: the run that brings
// the rest, or brought it meanwhile, carries it out.
func (a *Agent) Answer(ctx context.Context, id int64, stored string, choice engine.Existing) error {
	const op = "restore"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return err
	}
	defer end()
	c, _, err := a.connected(op)
	if err != nil {
		return err
	}
	switch choice {
	case engine.ExistingKeep, engine.ExistingOverwrite, engine.ExistingRename:
	default:
		return invalid(op, stored, "This is no answer. Nothing was changed. Keep the present file, overwrite it, or rename it.")
	}
	start := false
	err = a.change(ctx, id, func(job *catalog.Job, q *jobRequest) error {
		if job.State == engine.JobDone || job.State == engine.JobCancelled {
			return invalid(op, stored, "This restore has ended. Choose the files again in Get Files to get them once more.")
		}
		items, err := c.NextItems(ctx, id, 0, 0, engine.ItemAsking)
		if err != nil {
			return err
		}
		answered := q.answer(items, stored, choice)
		switch {
		case len(answered) == 0:
			return notFound(op, stored)
		case job.State == engine.JobAsking:
			job.State, q.Only, start = engine.JobWaiting, answered, true
		case len(q.Only) > 0 && job.State != engine.JobRunning:
			q.Only = append(q.Only, answered...)
		}
		return nil
	})
	if err == nil && start {
		a.jobs.start(id)
	}
	return err
}

// answer notes what was decided about one of the items, or about all with "", and
// gives the paths it was about.
func (q *jobRequest) answer(items []catalog.Item, stored string, choice engine.Existing) []string {
	if q.Answers == nil {
		q.Answers = map[string]engine.Existing{}
	}
	var paths []string
	for _, it := range items {
		if stored == "" || it.Path == stored {
			q.Answers[it.Target] = choice
			paths = append(paths, it.Path)
		}
	}
	return paths
}
