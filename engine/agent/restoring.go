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

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
)

// PlanGet implements engine.Restore.
func (a *Agent) PlanGet(ctx context.Context, q engine.GetRequest) (engine.Plan, error) {
	const op = "plan a restore"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.Plan{}, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return engine.Plan{}, err
	}
	r, done, err := a.freshen(ctx, op)
	if err != nil {
		return engine.Plan{}, err
	}
	defer done()
	var sources []jobSource
	var found []resolved
	err = current(ctx, c, r, func() (err error) { sources, found, err = a.plan(ctx, c, r, q); return err })
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
	if err == nil && q.To == engine.ToOriginal {
		err = movable(q)
	}
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
			place := original(f.path, q.Moved)
			s.Target, s.As = filepath.Dir(place), filepath.Base(place)
		case isFolder && (f.path == "/" || q.Contents && len(q.Refs) == 1):
		default:
			s.As = freeName(path.Base(f.path), s.Target, taken)
		}
		sources, found = append(sources, s), append(found, f)
	}
	return sources, found, nil
}

// movable says why the moves of a request cannot be followed: a folder that moves to no
// folder, or one asked for together with what lies above it, which does not move.
func movable(q engine.GetRequest) error {
	for _, m := range q.Moved {
		if !filepath.IsAbs(m.To) {
			return invalid("restore", m.To, fmt.Sprintf("It is not said where %s lies on this computer. Nothing was restored. Give the whole path of a folder.", m.From))
		}
		for _, ref := range q.Refs {
			if from, chosen := cleanStored(slashed(m.From)), cleanStored(ref.Path); from != chosen && within(from, chosen) {
				return invalid("restore", chosen, fmt.Sprintf("%s lies elsewhere on this computer, and %s with everything in it does not. Nothing was restored. Choose %s by itself.", m.From, chosen, m.From))
			}
		}
	}
	return nil
}

// original is where a stored path lies on this computer: where it was, or where the
// nearest folder above it that was moved is now.
func original(stored string, moves []engine.PathMove) string {
	best := engine.PathMove{}
	for _, m := range moves {
		if from := cleanStored(slashed(m.From)); within(stored, from) && len(from) > len(best.From) {
			best = engine.PathMove{From: from, To: m.To}
		}
	}
	if best.From == "" {
		return onDisk(stored)
	}
	return moved(stored, best.From, best.To)
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
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return 0, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return 0, err
	}
	r, done, err := a.freshen(ctx, op)
	if err != nil {
		return 0, err
	}
	defer done()
	var sources []jobSource
	var found []resolved
	err = current(ctx, c, r, func() (err error) { sources, found, err = a.plan(ctx, c, r, q); return err })
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
