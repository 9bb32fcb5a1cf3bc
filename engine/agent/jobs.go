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
	stopped bool       // nothing starts
	keeping sync.Mutex // held from reading a job in the catalog until it is written
}

// runningJob is one run of a job. The mutex of jobs guards what changes.
type runningJob struct {
	cancel   context.CancelFunc
	progress restore.Progress
	intent   engine.JobState // what a cancelled run becomes: paused or cancelled
	over     bool            // its end is noted: what is asked for now is for the next
	again    bool            // another run follows
	ended    chan struct{}   // closed when it is no more
	speed    counting
	answers  map[string]engine.Existing // it began with; only the run itself looks
}

// jobRequest is what the catalog keeps of a job: everything resolved, so that a
// later run restores the very same versions.
type jobRequest struct {
	Get     engine.GetRequest          `json:"get"`
	Sources []jobSource                `json:"sources"`
	Answers map[string]engine.Existing `json:"answers,omitempty"`
	Only    []string                   `json:"only,omitempty"` // answered: just these are left
	Started bool                       `json:"started"`        // an earlier run wrote files
	Before  engine.Amount              `json:"before"`         // restored by runs that came to their end
	Last    engine.Amount              `json:"last"`           // by one that did not: the next counts it again
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
	j.goOn()
}

// goOn lets jobs start, and starts those that were left unfinished: by an earlier
// process, or when their destination was disconnected.
func (j *jobs) goOn() {
	j.mu.Lock()
	j.stopped = j.a.ctx.Err() != nil
	j.mu.Unlock()
	if !j.a.Background {
		return
	}
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

// start runs a job in its turn. One that runs may be about to end: when it has, it is
// looked at again.
func (j *jobs) start(id int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stopped {
		return
	}
	if run := j.running[id]; run != nil {
		run.again = true
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
		again := run.again
		j.mu.Unlock()
		close(run.ended)
		if again {
			j.start(id)
		}
		j.tell()
	})
}

// errNotDue says that a job has nothing to run for: it was paused or has ended.
var errNotDue = errors.New("the restore is not to be run")

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
	if err := j.run(ctx, c, id, run); !errors.Is(err, errNotDue) {
		j.end(c, id, run, explain("restore", where.Address, err))
	}
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
	r, done, err := j.a.freshen(ctx, "restore")
	if err != nil {
		return err
	}
	defer done()
	job, q, again, err := j.begin(ctx, c, id)
	if err != nil {
		return err
	}
	run.answers = q.Answers
	j.tell()
	defer j.a.readerLock(ctx, r)()
	log := &itemLog{ctx: ctx, c: c, job: id, device: job.Device}
	if err := log.begin(q.Only); err != nil {
		return err
	}
	for _, group := range groups(q.Sources) {
		var sources []restore.Source
		err := current(ctx, c, r, func() (err error) { sources, err = j.a.sources(ctx, r, c, group); return err })
		if err != nil {
			return err
		}
		o := restore.Options{
			Repo: r, Locator: c, Relocate: func(ctx context.Context) error { return learn(ctx, c, r) }, Target: group[0].Target, Exists: q.Get.Exists, Permissions: q.Get.Permissions,
			Again: again, Answers: q.Answers, Only: set(q.Only), Report: log.add, Now: j.a.Now, Progress: &run.progress,
			Job: fmt.Sprintf("%d-%x", id, job.Created.Unix()), // another computer counts its jobs from 1 as well
		}
		if err := restore.Run(ctx, o, sources); err != nil {
			return errors.Join(err, log.flush())
		}
	}
	return log.flush()
}

// begin notes that a job runs. Again: an earlier run wrote files.
func (j *jobs) begin(ctx context.Context, c *catalog.Catalog, id int64) (now catalog.Job, request jobRequest, again bool, err error) {
	err = j.update(ctx, c, id, func(job *catalog.Job, q *jobRequest) error {
		if job.State != engine.JobWaiting && job.State != engine.JobRunning {
			return errNotDue
		}
		again = q.Started
		job.State, job.Message = engine.JobRunning, ""
		q.Started, q.Last = true, engine.Amount{}
		if len(q.Only) == 0 {
			q.Before = engine.Amount{} // it counts what it finds
		}
		now, request = *job, *q
		return nil
	})
	return now, request, again, err
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

// end notes how a run ended.
func (j *jobs) end(c *catalog.Catalog, id int64, run *runningJob, err error) {
	ctx := context.WithoutCancel(j.a.ctx)
	var ended catalog.Job
	var request jobRequest
	var counts map[engine.ItemState]catalog.ItemCount
	noteErr := j.update(ctx, c, id, func(job *catalog.Job, q *jobRequest) error {
		items, asking := c.NextItems(ctx, id, 0, 0, engine.ItemAsking)
		var counted error
		counts, counted = c.CountItems(ctx, id)
		if err == nil {
			err = explain("restore", "", errors.Join(asking, counted))
		}
		j.settle(run, job, q, items, err)
		if job.State.Ended() {
			job.Ended = j.a.Now()
		}
		ended, request = *job, *q
		return nil
	})
	if noteErr != nil {
		j.a.Log.Error("a restore could not be noted", "job", id, "error", noteErr)
	} else if ended.State.Ended() {
		j.tellEnd(ended, request, counts)
	}
}

// settle says what becomes of a job whose run ended, and what of it counts.
func (j *jobs) settle(run *runningJob, job *catalog.Job, q *jobRequest, asking []catalog.Item, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	run.over = true
	here := engine.Amount{Files: run.progress.Files.Load(), Bytes: run.progress.Bytes.Load()}
	if err != nil {
		if job.State == engine.JobRunning {
			q.Last = here
		}
		job.State = run.intent
		if !errors.Is(err, context.Canceled) {
			job.State, job.Message = engine.JobFailed, err.Error()
		}
		return
	}
	q.Before.Files += here.Files
	q.Before.Bytes += here.Bytes
	q.Only = nil
	for _, it := range asking {
		_, answered := q.Answers[it.Target]
		if _, known := run.answers[it.Target]; answered && !known {
			q.Only = append(q.Only, it.Path)
		}
	}
	switch {
	case len(asking) == 0:
		job.State, job.Message = engine.JobDone, ""
	case run.intent != engine.JobWaiting:
		job.State = run.intent
	case len(q.Only) > 0:
		job.State, run.again = engine.JobWaiting, true
	default:
		job.State = engine.JobAsking
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

// update changes what the catalog holds of a job, with nobody else in between.
func (j *jobs) update(ctx context.Context, c *catalog.Catalog, id int64, fn func(*catalog.Job, *jobRequest) error) error {
	j.keeping.Lock()
	defer j.keeping.Unlock()
	job, q, err := load(ctx, c, id)
	if err != nil {
		return err
	}
	if err := fn(&job, &q); err != nil {
		return err
	}
	return store(ctx, c, job, q)
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
	if run == nil || run.over {
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
	halted := run != nil && !run.over && run.intent != engine.JobWaiting
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

// stop ends all runs, and lets none start; they stay to be continued.
func (j *jobs) stop() {
	j.mu.Lock()
	j.stopped = true
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
