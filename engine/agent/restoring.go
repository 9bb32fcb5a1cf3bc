package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
)

// PlanGet implements engine.Restore.
func (a *Agent) PlanGet(ctx context.Context, q engine.GetRequest) (engine.Plan, error) {
	const op = "plan a restore"
	c, where, err := a.connected(op)
	if err != nil {
		return engine.Plan{}, err
	}
	r, err := a.freshen(ctx, op)
	if err != nil {
		return engine.Plan{}, err
	}
	sources, found, err := a.plan(ctx, c, r, q)
	if err != nil {
		return engine.Plan{}, explain(op, where.Address, err)
	}
	p := engine.Plan{Target: shownTarget(sources)}
	for i, f := range found {
		amount, err := restore.Amount(ctx, r, c, f.node)
		if err != nil {
			return p, explain(op, where.Address, err)
		}
		p.Amount.Files += amount.Files
		p.Amount.Bytes += amount.Bytes
		if err := a.present(ctx, c, r, f.node, sources[i], &p); err != nil {
			return p, explain(op, where.Address, err)
		}
	}
	return p, nil
}

// plan resolves what is asked for, and says where each part goes.
func (a *Agent) plan(ctx context.Context, c *catalog.Catalog, r *repo.Repository, q engine.GetRequest) ([]jobSource, []resolved, error) {
	if len(q.Refs) == 0 {
		return nil, nil, invalid("restore", "", "Nothing was chosen. Choose files or folders first.")
	}
	folder, err := a.saveTo(q)
	if err != nil {
		return nil, nil, err
	}
	var sources []jobSource
	var found []resolved
	taken := map[string]bool{}
	for _, ref := range q.Refs {
		f, err := a.resolve(ctx, c, r, ref)
		if err != nil {
			return nil, nil, err
		}
		s := jobSource{Device: f.device, Path: f.path, Snapshot: f.snapshot.String(), Target: folder}
		isFolder := f.node.Type == repo.NodeDir
		switch {
		case q.To == engine.ToOriginal && f.path == "/":
			s.Target = "/"
		case q.To == engine.ToOriginal:
			s.Target, s.As = onDisk(path.Dir(f.path)), path.Base(f.path)
		case isFolder && (f.path == "/" || q.Contents && len(q.Refs) == 1):
		default:
			s.As = freeName(path.Base(f.path), s.Target, taken)
		}
		sources, found = append(sources, s), append(found, f)
	}
	return sources, found, nil
}

// freeName lets two sources with one name keep both.
func freeName(name, target string, taken map[string]bool) string {
	free := name
	for n := 2; taken[filepath.Join(target, free)]; n++ {
		ext := filepath.Ext(name)
		free = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(name, ext), n, ext)
	}
	taken[filepath.Join(target, free)] = true
	return free
}

// saveTo is the folder that a request means; "" for the original location.
func (a *Agent) saveTo(q engine.GetRequest) (string, error) {
	switch q.To {
	case engine.ToOriginal:
		return "", nil
	case engine.ToDesktop:
		return userFolder("XDG_DESKTOP_DIR", "Desktop"), nil
	case engine.ToDownloads, "":
		return userFolder("XDG_DOWNLOAD_DIR", "Downloads"), nil
	}
	folder, err := filepath.Abs(q.Folder)
	if err != nil || q.Folder == "" {
		return "", invalid("restore", q.Folder, "No folder was given to restore to. Choose one.")
	}
	a.mu.Lock()
	where := a.where
	a.mu.Unlock()
	if where != nil && within(folder, where.Address) {
		return "", invalid("restore", folder, fmt.Sprintf("%s lies inside the backup itself. Nothing was restored. Choose another folder.", folder))
	}
	return folder, nil
}

// shownTarget is the path that a plan is shown with.
func shownTarget(sources []jobSource) string {
	if len(sources) == 1 {
		return filepath.Join(sources[0].Target, sources[0].As)
	}
	target := sources[0].Target
	for _, s := range sources {
		if s.Target != target {
			return "where they were"
		}
	}
	return target
}

// mostPresent bounds how many files a plan looks for at the target.
const mostPresent = 2000

// present counts what is there already under the names that would be restored.
func (a *Agent) present(ctx context.Context, c *catalog.Catalog, r *repo.Repository, node repo.Node, s jobSource, p *engine.Plan) error {
	target := filepath.Join(s.Target, s.As)
	info, err := os.Lstat(target)
	if err != nil {
		return nil
	}
	if node.Type != repo.NodeDir || !info.IsDir() {
		p.Present++
		if p.Example == "" {
			name := filepath.Base(target)
			p.Example = fmt.Sprintf("%s comes back; yours becomes %s", name, restore.BeforeRestore(name, a.Now(), 1))
		}
		return nil
	}
	if node.Subtree == nil || p.Present >= mostPresent {
		return nil
	}
	nodes, err := r.LoadTree(ctx, c, *node.Subtree)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if err := a.present(ctx, c, r, n, jobSource{Target: target, As: n.Name}, p); err != nil {
			return err
		}
	}
	return nil
}

// Get implements engine.Restore.
func (a *Agent) Get(ctx context.Context, q engine.GetRequest) (int64, error) {
	const op = "restore"
	c, where, err := a.connected(op)
	if err != nil {
		return 0, err
	}
	r, err := a.freshen(ctx, op)
	if err != nil {
		return 0, err
	}
	sources, found, err := a.plan(ctx, c, r, q)
	if err != nil {
		return 0, explain(op, where.Address, err)
	}
	request, err := json.Marshal(jobRequest{Get: q, Sources: sources})
	if err != nil {
		return 0, explain(op, where.Address, err)
	}
	job := catalog.Job{Request: request, Title: joinTitle(q.Refs), Device: found[0].device, Target: shownTarget(sources), State: engine.JobWaiting, Created: a.Now()}
	for _, f := range found {
		amount, err := a.quickAmount(ctx, c, r, f)
		if err != nil {
			return 0, explain(op, where.Address, err)
		}
		job.Total.Files += amount.Files
		job.Total.Bytes += amount.Bytes
	}
	id, err := c.NewJob(ctx, job)
	if err != nil {
		return 0, explain(op, where.Address, err)
	}
	a.jobs.start(id)
	a.notices.tell(engine.TopicJobs)
	return id, nil
}

// quickAmount asks the catalog, not the trees: Get answers at once.
func (a *Agent) quickAmount(ctx context.Context, c *catalog.Catalog, r *repo.Repository, f resolved) (engine.Amount, error) {
	if f.node.Type != repo.NodeDir {
		return engine.Amount{Files: 1, Bytes: int64(f.node.Size)}, nil
	}
	s, err := c.Snapshot(ctx, f.snapshot)
	if err != nil {
		return engine.Amount{}, err
	}
	amount, err := c.AmountAt(ctx, f.device, f.path, s.Time)
	if errors.Is(err, catalog.ErrNotFound) { // the list has gaps where the destination is damaged
		return restore.Amount(ctx, r, c, f.node)
	}
	return amount, err
}

// WaitJob implements engine.Restore.
func (a *Agent) WaitJob(ctx context.Context, id int64) (engine.Job, error) {
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
	return a.shown(ctx, c, job, q)
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
	if run == nil {
		return out, nil
	}
	p := &run.progress
	out.Done.Files += p.Files.Load()
	out.Done.Bytes += p.Bytes.Load()
	out.Current = p.Current()
	if job.State == engine.JobRunning {
		speed := run.speed.update(a.Now(), p.Bytes.Load())
		out.Speed = int64(speed)
		if left := out.Total.Bytes - out.Done.Bytes; speed > 1 && left >= 0 {
			out.Left = time.Duration(float64(left) / speed * float64(time.Second))
		}
	}
	return out, nil
}

// Jobs implements engine.Restore.
func (a *Agent) Jobs(ctx context.Context) ([]engine.Job, error) {
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
	job, q, err := load(ctx, c, id)
	if err == nil {
		err = fn(&job, &q)
	}
	if err == nil {
		err = store(ctx, c, job, q)
	}
	a.jobs.tell()
	return explain("restore", where.Address, err)
}

// PauseJob implements engine.Restore.
func (a *Agent) PauseJob(ctx context.Context, id int64) error {
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
	if err := a.jobs.settled(ctx, id); err != nil {
		return explain("restore", "", err)
	}
	err := a.change(ctx, id, func(job *catalog.Job, q *jobRequest) error {
		if job.State == engine.JobDone || job.State == engine.JobCancelled {
			return invalid("restore", "", "This restore has ended. Choose the files again in Get Files to get them once more.")
		}
		if job.State == engine.JobFailed && len(q.Only) == 0 {
			q.Before = engine.Amount{} // the next run counts what it finds
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
func (a *Agent) JobItems(ctx context.Context, id int64, all bool) ([]engine.JobItem, error) {
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

// Answer implements engine.Restore.
func (a *Agent) Answer(ctx context.Context, id int64, stored string, choice engine.Existing) error {
	c, where, err := a.connected("restore")
	if err != nil {
		return err
	}
	items, err := c.NextItems(ctx, id, 0, 0, engine.ItemAsking)
	if err != nil {
		return explain("restore", where.Address, err)
	}
	err = a.change(ctx, id, func(job *catalog.Job, q *jobRequest) error {
		if q.Answers == nil {
			q.Answers = map[string]engine.Existing{}
		}
		q.Only = nil
		for _, it := range items {
			if stored == "" || it.Path == stored {
				q.Answers[it.Target] = choice
				q.Only = append(q.Only, it.Path)
			}
		}
		if len(q.Only) == 0 {
			return notFound("restore", stored)
		}
		job.State = engine.JobWaiting
		return nil
	})
	if err == nil {
		a.jobs.start(id)
	}
	return err
}
