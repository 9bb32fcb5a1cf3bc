package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"holdfast/engine"
	"holdfast/engine/prune"
	"holdfast/engine/repo"
	"holdfast/engine/verify"
)

// Check implements engine.Trust. What is damaged is mended as far as this computer
// still has the files.
func (a *Agent) Check(ctx context.Context, percent float64) (engine.CheckResult, error) {
	const op = "check"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.CheckResult{}, err
	}
	defer end()
	_, where, err := a.connected(op)
	if err != nil {
		return engine.CheckResult{}, err
	}
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return engine.CheckResult{}, err
	}
	defer done()
	found, err := check(ctx, r, percent)
	if err != nil {
		return found.CheckResult, explain(op, where.Address, err)
	}
	if found.Whole() {
		a.event(engine.ToneOK, "check", "Checked: %d parts in %d files at the destination, nothing wrong.", found.Blobs, found.CheckResult.Packs)
		return found.CheckResult, nil
	}
	run, err := a.removing(ctx, op, r)
	if err != nil {
		return found.CheckResult, unmended(err, found.CheckResult)
	}
	defer run.end()
	found.Healed, err = a.heal(ctx, run.repo, found)
	a.event(engine.ToneBad, "check", "Checked: %s. %s stored again from this computer; %s affected.",
		plural(len(found.Errors), "fault was found", "faults were found"), plural(int(found.Healed), "part was", "parts were"),
		plural(int(found.DamagedFiles), "file was", "files were"))
	a.notices.tell(engine.TopicStatus)
	return found.CheckResult, explain(op, where.Address, err)
}

// unmended says, besides why nothing can be mended now, that there is something to mend.
func unmended(err error, found engine.CheckResult) error {
	e, ok := errors.AsType[*engine.Error](err)
	if !ok {
		return err
	}
	told := *e
	told.Message = fmt.Sprintf("%s at the destination, and not yet mended. %s", plural(len(found.Errors), "fault was found", "faults were found"), e.Message)
	return &told
}

// check looks while nobody can thin.
func check(ctx context.Context, r *repo.Repository, percent float64) (verify.Result, error) {
	lock, err := r.Lock(ctx, false)
	if err != nil {
		return verify.Result{}, err
	}
	defer lock.Unlock()
	return verify.Check(ctx, verify.Options{Repo: r, Percent: percent})
}

// heal takes what is damaged out of the index and the catalog, so that nothing takes
// it for stored, and captures the affected files of this computer again. It counts
// the lost parts that are stored again.
func (a *Agent) heal(ctx context.Context, r *repo.Repository, found verify.Result) (int64, error) {
	c, where, err := a.connected("mend")
	if err != nil {
		return 0, err
	}
	healed, err := verify.Heal(ctx, verify.HealOptions{Repo: r, Packs: found.Packs, Indexes: found.Indexes})
	if err != nil {
		return 0, err
	}
	err = errors.Join(
		c.AddPacks(ctx, healed.New, true), c.PutIndexes(ctx, healed.Written),
		c.RemovePacks(ctx, healed.Gone), c.DropIndexes(ctx, healed.Removed))
	if err != nil {
		return 0, err
	}
	if err := a.captureAgain(ctx, where.Device, found); err != nil {
		return 0, err
	}
	stored := int64(0)
	for _, lost := range healed.Lost {
		has, err := c.Has(lost.Blob.Type, lost.Blob.ID)
		if err != nil {
			return stored, err
		}
		if has {
			stored++
		}
	}
	return stored, nil
}

// captureAgain reads the affected files of this computer anew, as far as they are
// still there. Where a folder is affected that lies above what was chosen, such as the
// top of all, only what was chosen in it is read: the rest was never backed up.
func (a *Agent) captureAgain(ctx context.Context, device string, found verify.Result) error {
	above, err := a.aboveChosen()
	if err != nil {
		return err
	}
	paths := make(map[string]bool, len(found.Files))
	var present []string
	all := found.DamagedFiles > int64(len(found.Files)) // there are more than were named
	whole := all
	for _, f := range found.Files {
		full := onDisk(f.Path)
		if f.Device != device || paths[full] || a.hidden(device, f.Path) {
			continue
		}
		paths[full] = true
		if f.Folder && above(full) {
			whole = true
		} else if _, err := os.Lstat(full); err == nil {
			present = append(present, full)
		}
	}
	if whole {
		present = nil
	} else if len(present) == 0 {
		return nil
	}
	ctx, release, err := a.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	a.mu.Lock()
	a.reread = func(path string) bool { return all || paths[path] }
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.reread = nil
		a.mu.Unlock()
	}()
	_, err = a.capture(ctx, present, nil, whole)
	return err
}

// aboveChosen says of a folder whether it is only on the way to what is backed up.
func (a *Agent) aboveChosen() (func(path string) bool, error) {
	s := a.current()
	rules, err := a.compile(s.Selection)
	if err != nil {
		return nil, err
	}
	return func(path string) bool {
		d := rules.Decide(path, true)
		return !d.Included && (d.Descend || slices.ContainsFunc(s.Once, func(once string) bool { return once != path && within(once, path) }))
	}, nil
}

// Drill implements engine.Trust.
func (a *Agent) Drill(ctx context.Context) (engine.Proof, error) {
	const op = "test a restore"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.Proof{}, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return engine.Proof{}, err
	}
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return engine.Proof{}, err
	}
	defer done()
	proof, err := a.drill(ctx, r, where.Device)
	if err != nil {
		return proof, explain(op, where.Address, err)
	}
	data, err := json.Marshal(proof)
	if err == nil {
		err = c.Set(ctx, provenKey, string(data))
	}
	if len(proof.Failed) == 0 {
		a.event(engine.ToneOK, "check", "Proven restorable: %d files, %s, in %s.", proof.Amount.Files, bytesText(proof.Amount.Bytes), proof.Took.Round(time.Second))
	} else {
		a.event(engine.ToneBad, "check", "The test restore failed for %d of %d files.", len(proof.Failed), proof.Amount.Files)
	}
	a.notices.tell(engine.TopicStatus)
	return proof, explain(op, where.Address, err)
}

func (a *Agent) drill(ctx context.Context, r *repo.Repository, device string) (engine.Proof, error) {
	lock, err := r.Lock(ctx, false)
	if err != nil {
		return engine.Proof{}, err
	}
	defer lock.Unlock()
	return verify.Drill(ctx, verify.DrillOptions{Repo: r, Device: device, Scratch: a.home.path("drill"), Now: a.Now})
}

// historyYears is how far the history goes back.
const historyYears = 2

// opTidy is what a person asks for, or the schedule does.
const opTidy = "tidy up"

// Maintain implements engine.Keep.
func (a *Agent) Maintain(ctx context.Context) (engine.MaintainResult, error) {
	if err := a.mayRemove(ctx, opTidy); err != nil {
		return engine.MaintainResult{}, err
	}
	return a.maintain(ctx, true)
}

// maintain tidies up; with nobody there, only what needs nobody.
func (a *Agent) maintain(ctx context.Context, asked bool) (engine.MaintainResult, error) {
	const op = opTidy
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.MaintainResult{}, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return engine.MaintainResult{}, err
	}
	ctx, release, err := a.hold(ctx)
	if err != nil {
		return engine.MaintainResult{}, explain(op, where.Address, err)
	}
	defer release()
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return engine.MaintainResult{}, err
	}
	defer done()
	if err := a.sync(ctx); err != nil {
		return engine.MaintainResult{}, explain(op, where.Address, err)
	}
	if err := a.regain(ctx); err != nil {
		return engine.MaintainResult{}, explain(op, where.Address, err)
	}
	if err := c.TrimEvents(ctx, a.Now().AddDate(-historyYears, 0, 0)); err != nil {
		a.Log.Error("the history could not be trimmed", "error", err)
	}
	if where.Account != nil && !asked { // removing there takes a person who has signed in
		return engine.MaintainResult{}, nil
	}
	run, err := a.removing(ctx, op, r)
	if err != nil {
		return engine.MaintainResult{}, err
	}
	defer run.end()
	final, ids, err := a.finalRemovals(ctx, c, where.Device, run)
	if err != nil {
		return engine.MaintainResult{}, explain(op, where.Address, err)
	}
	result, err := prune.Run(ctx, prune.Options{
		Repo: run.repo, Catalog: c, Now: run.now, Received: run.received, Replace: run.replace,
		Devices: a.thinned(where.Device, final),
	})
	if err == nil {
		err = a.dropRemovals(ids)
	}
	if err == nil && where.Account != nil {
		err = a.noteFreed(ctx, c)
	}
	if err == nil && result.Forgotten+result.Packs > 0 {
		a.event(engine.ToneQuiet, "backup", "Tidied up: %s thinned away, %s freed.", plural(result.Forgotten, "backup", "backups"), bytesText(result.Freed))
	}
	a.notices.tell(engine.TopicFiles, engine.TopicStatus)
	return result, explain(op, where.Address, err)
}

func bytesText(n int64) string {
	units := []string{"B", "KB", "MB", "GB", "TB"}
	f, u := float64(n), 0
	for f >= 1000 && u < len(units)-1 {
		f /= 1000
		u++
	}
	if u == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.3g %s", f, units[u])
}
