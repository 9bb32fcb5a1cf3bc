package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"sync"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
)

// jobs runs the restores, one after the other. What a job is to do and how far it
// came lies in the catalog; what only the running process knows lies here.
type jobs struct {
	a       *Agent
	mu      sync.Mutex
	running map[int64]*runningJob
	changed chan struct{} // closed and replaced when any job moved
	turn    chan struct{} // one token: who has it may restore
	tasks   sync.WaitGroup
	stopped bool
}

type runningJob struct {
	cancel   context.CancelFunc
	progress restore.Progress
	intent   engine.JobState // what a cancelled run becomes: paused or cancelled
	ended    chan struct{}   // closed when it is no more
	speed    counting
}

// jobRequest is what the catalog keeps of a job: everything resolved, so that a
// later run restores the very same versions.
type jobRequest struct {
	Get     engine.GetRequest          `json:"get"`
	Sources []jobSource                `json:"sources"`
	Answers map[string]engine.Existing `json:"answers,omitempty"`
	Only    []string                   `json:"only,omitempty"` // answered: just these are left
	Started bool                       `json:"started"`        // an earlier run wrote files
	Before  engine.Amount              `json:"before"`         // restored by ended runs
}

// jobSource is a file or folder of a job.
type jobSource struct {
	Device   string `json:"device"`
	Path     string `json:"path"`
	Snapshot string `json:"snapshot"`
	Target   string `json:"target"` // folder
	As       string `json:"as"`     // name in it; "" puts the contents there
}

func (j *jobs) init(a *Agent) {
	j.a = a
	j.running = map[int64]*runningJob{}
	j.changed = make(chan struct{})
	j.turn = make(chan struct{}, 1)
	if a.Background {
		j.continueAll()
	}
}

// continueAll starts what an earlier process left unfinished.
func (j *jobs) continueAll() {
	c, _, err := j.a.connected("restore")
	if err != nil {
		return
	}
	list, err := c.Jobs(j.a.ctx)
	if err != nil {
		j.a.Log.Error("restores could not be read", "error", err)
		return
	}
	for i := len(list) - 1; i >= 0; i-- {
		if s := list[i].State; s == engine.JobWaiting || s == engine.JobRunning {
			j.start(list[i].ID)
		}
	}
}

// start runs a job in its turn.
func (j *jobs) start(id int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stopped || j.running[id] != nil {
		return
	}
	ctx, cancel := context.WithCancel(j.a.ctx)
	run := &runningJob{cancel: cancel, intent: engine.JobWaiting, ended: make(chan struct{})}
	j.running[id] = run
	j.tasks.Go(func() {
		defer cancel()
		j.work(ctx, id, run)
		j.mu.Lock()
		delete(j.running, id)
		j.mu.Unlock()
		close(run.ended)
		j.tell()
	})
}

// work waits for the turn of a job and runs it.
func (j *jobs) work(ctx context.Context, id int64, run *runningJob) {
	c, where, err := j.a.connected("restore")
	if err != nil {
		return
	}
	select {
	case j.turn <- struct{}{}:
		defer func() { <-j.turn }()
	case <-ctx.Done():
		j.end(c, id, run, ctx.Err())
		return
	}
	ticking, stop := context.WithCancel(ctx)
	defer stop()
	go j.tick(ticking)
	j.end(c, id, run, explain("restore", where.Address, j.run(ctx, c, id, run)))
}

func (j *jobs) tick(ctx context.Context) {
	t := time.NewTicker(250 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			j.a.notices.tell(engine.TopicJobs)
		case <-ctx.Done():
			return
		}
	}
}

// run restores what a job has left to do.
func (j *jobs) run(ctx context.Context, c *catalog.Catalog, id int64, run *runningJob) error {
	job, q, err := load(ctx, c, id)
	if err != nil {
		return err
	}
	r, err := j.a.freshen(ctx, "restore")
	if err != nil {
		return err
	}
	again := q.Started
	job.State, job.Message, q.Started = engine.JobRunning, "", true
	if err := store(ctx, c, job, q); err != nil {
		return err
	}
	j.tell()
	log := &itemLog{ctx: ctx, c: c, job: id, device: job.Device}
	if err := log.begin(q.Only); err != nil {
		return err
	}
	for _, group := range groups(q.Sources) {
		sources, err := j.a.sources(ctx, r, c, group)
		if err != nil {
			return err
		}
		o := restore.Options{
			Repo: r, Locator: c, Target: group[0].Target, Exists: q.Get.Exists, Permissions: q.Get.Permissions,
			Again: again, Answers: q.Answers, Only: set(q.Only), Report: log.add, Now: j.a.Now, Progress: &run.progress,
		}
		if err := restore.Run(ctx, o, sources); err != nil {
			return errors.Join(err, log.flush())
		}
	}
	return log.flush()
}

func set(list []string) map[string]bool {
	if len(list) == 0 {
		return nil
	}
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

// groups puts sources with one target folder together.
func groups(sources []jobSource) [][]jobSource {
	var out [][]jobSource
	at := map[string]int{}
	for _, s := range sources {
		i, ok := at[s.Target]
		if !ok {
			i = len(out)
			at[s.Target] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], s)
	}
	return out
}

// sources finds the nodes of the sources again.
func (a *Agent) sources(ctx context.Context, r *repo.Repository, c *catalog.Catalog, group []jobSource) ([]restore.Source, error) {
	out := make([]restore.Source, 0, len(group))
	for _, s := range group {
		id, err := repo.ParseID(s.Snapshot)
		if err != nil {
			return nil, err
		}
		snapshot, err := r.LoadSnapshot(ctx, id)
		if err != nil {
			return nil, err
		}
		node, err := nodeAt(ctx, r, c, snapshot.Tree, s.Path)
		if errors.Is(err, errNoNode) {
			return nil, notFound("restore", s.Path)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, restore.Source{Node: node, Path: s.Path, As: s.As})
	}
	return out, nil
}

// end notes how a run ended.
func (j *jobs) end(c *catalog.Catalog, id int64, run *runningJob, err error) {
	ctx := context.WithoutCancel(j.a.ctx)
	job, q, loadErr := load(ctx, c, id)
	if loadErr != nil {
		j.a.Log.Error("a restore could not be noted", "job", id, "error", loadErr)
		return
	}
	q.Before.Files += run.progress.Files.Load()
	q.Before.Bytes += run.progress.Bytes.Load()
	counts, countErr := c.CountItems(ctx, id)
	switch {
	case errors.Is(err, context.Canceled):
		job.State = run.intent
		if job.State != engine.JobCancelled {
			q.Before = engine.Amount{} // the next run counts what it finds
		}
	case err != nil:
		job.State, job.Message = engine.JobFailed, err.Error()
	case countErr == nil && counts[engine.ItemAsking].Items > 0:
		job.State = engine.JobAsking
	default:
		job.State, job.Message, q.Only = engine.JobDone, "", nil
	}
	if job.State.Ended() {
		job.Ended = j.a.Now()
		j.tellEnd(job, q, counts)
	}
	if err := store(ctx, c, job, q); err != nil {
		j.a.Log.Error("a restore could not be noted", "job", id, "error", err)
	}
}

func (j *jobs) tellEnd(job catalog.Job, q jobRequest, counts map[engine.ItemState]catalog.ItemCount) {
	failed := counts[engine.ItemFailed].Items
	switch {
	case job.State == engine.JobFailed:
		j.a.event(engine.ToneBad, "restore", "Getting %s stopped: %s", job.Title, job.Message)
	case job.State == engine.JobCancelled:
		j.a.event(engine.ToneWarn, "restore", "Getting %s was cancelled; what was restored until then stays in %s.", job.Title, job.Target)
	case failed > 0:
		j.a.event(engine.ToneBad, "restore", "Got %s: %d restored and verified, %d failed.", job.Title, q.Before.Files, failed)
	default:
		j.a.event(engine.ToneOK, "restore", "Got %s: %d restored and verified, to %s.", job.Title, q.Before.Files, job.Target)
	}
}

// itemLog keeps what a run reports, in batches.
type itemLog struct {
	ctx    context.Context
	c      *catalog.Catalog
	job    int64
	device string
	n      int64
	batch  []catalog.Item
	err    error
}

// begin clears what an earlier run reported: this one sees all of it again, or, of
// answered files, just those.
func (l *itemLog) begin(only []string) error {
	items, err := l.c.NextItems(l.ctx, l.job, 0, 0)
	if err != nil {
		return err
	}
	again := set(only)
	kept := items[:0]
	for _, it := range items {
		if again != nil && !again[it.Path] {
			kept = append(kept, it)
		}
	}
	if err := l.c.ClearItems(l.ctx, l.job); err != nil {
		return err
	}
	for i := range kept {
		kept[i].N = int64(i + 1)
	}
	l.n = int64(len(kept))
	if len(kept) == 0 {
		return nil
	}
	return l.c.AddItems(l.ctx, l.job, kept)
}

func (l *itemLog) add(it engine.JobItem) {
	l.n++
	l.batch = append(l.batch, catalog.Item{N: l.n, Path: it.Path, Target: it.Target, Size: it.Size, State: it.State, Reason: it.Reason, Renamed: it.Renamed})
	if len(l.batch) >= 500 {
		l.err = errors.Join(l.err, l.flush())
	}
}

func (l *itemLog) flush() error {
	if len(l.batch) > 0 {
		l.err = errors.Join(l.err, l.c.AddItems(context.WithoutCancel(l.ctx), l.job, l.batch))
		l.batch = nil
	}
	return l.err
}

func load(ctx context.Context, c *catalog.Catalog, id int64) (catalog.Job, jobRequest, error) {
	var q jobRequest
	job, err := c.Job(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) {
		return job, q, &engine.Error{Op: "restore", Kind: engine.KindNotFound, Message: fmt.Sprintf("There is no restore number %d. It may have been taken off the list.", id)}
	}
	if err != nil {
		return job, q, err
	}
	return job, q, json.Unmarshal(job.Request, &q)
}

func store(ctx context.Context, c *catalog.Catalog, job catalog.Job, q jobRequest) error {
	data, err := json.Marshal(q)
	if err != nil {
		return err
	}
	job.Request = data
	return c.UpdateJob(ctx, job)
}

func (j *jobs) tell() {
	j.mu.Lock()
	close(j.changed)
	j.changed = make(chan struct{})
	j.mu.Unlock()
	j.a.notices.tell(engine.TopicJobs)
}

// halt ends the run of a job, which then becomes paused or cancelled. False: it
// does not run.
func (j *jobs) halt(id int64, intent engine.JobState) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	run := j.running[id]
	if run == nil {
		return false
	}
	run.intent = intent
	run.cancel()
	return true
}

// settled waits until a run that was halted has ended, so that what is asked for
// next is not undone by its end.
func (j *jobs) settled(ctx context.Context, id int64) error {
	j.mu.Lock()
	run := j.running[id]
	halted := run != nil && run.intent != engine.JobWaiting
	j.mu.Unlock()
	if !halted {
		return nil
	}
	select {
	case <-run.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends all runs; they stay to be continued.
func (j *jobs) stop() {
	j.mu.Lock()
	for _, run := range j.running {
		run.cancel()
	}
	j.mu.Unlock()
	j.tasks.Wait()
}

func (j *jobs) wait() {
	if j.a == nil {
		return
	}
	j.mu.Lock()
	j.stopped = true
	j.mu.Unlock()
	j.stop()
}

func joinTitle(refs []engine.Ref) string {
	title := path.Base(cleanStored(refs[0].Path))
	if title == "/" {
		title = "everything"
	}
	if len(refs) > 1 {
		title += fmt.Sprintf(" and %d more", len(refs)-1)
	}
	return title
}

func onDisk(stored string) string { return filepath.FromSlash(stored) }
