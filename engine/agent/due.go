package agent

import (
	"context"
	"strconv"
	"time"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/catalog"
	"holdfast/engine/prune"
)

// In an account nothing is deleted without its person, who has to be told now and then
// that something could be. It is looked at once a day and told when it has waited long,
// or when the account becomes full.
const (
	dueEvery     = 24 * time.Hour
	dueAfter     = 90 * 24 * time.Hour // since space was freed last
	dueVersions  = 30                  // fewer are not worth a sign-in
	removalGrace = 7 * 24 * time.Hour  // after its undo
	nearlyFull   = 0.8                 // of the quota
)

// Where the catalog keeps what is due, and when space was freed last.
const (
	dueKey   = "due"
	freedKey = "last freed"
)

// lookWhatIsDue does so when it is time, no longer than the context lasts.
func (a *Agent) lookWhatIsDue(ctx context.Context) {
	a.inIdle("last look at old versions", dueEvery, func(context.Context) error { return a.noteDue(ctx) })
}

// noteDue notes how many versions the status is to tell of.
func (a *Agent) noteDue(ctx context.Context) error {
	const op = "look at old versions"
	c, where, err := a.connected(op)
	if err != nil || where.Account == nil {
		return err
	}
	versions := 0
	if a.Now().Sub(lastFreed(ctx, c, where)) > dueAfter || a.isNearlyFull(ctx, where) {
		if versions, err = a.countDue(ctx, op, c, where); err != nil {
			return err
		}
	}
	if versions < dueVersions {
		versions = 0
	}
	if err := c.Set(ctx, dueKey, strconv.Itoa(versions)); err != nil {
		return err
	}
	a.notices.tell(engine.TopicStatus)
	return nil
}

// countDue counts what could be freed now.
func (a *Agent) countDue(ctx context.Context, op string, c *catalog.Catalog, where *destinationFile) (int, error) {
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return 0, err
	}
	defer done()
	return prune.Due(ctx, prune.Options{Repo: r, Catalog: c, Now: a.Now, Received: true, Devices: a.thinned(where.Device, nil)})
}

// lastFreed is when space was freed last, or this computer came to the account.
func lastFreed(ctx context.Context, c *catalog.Catalog, where *destinationFile) time.Time {
	text, err := c.Get(ctx, freedKey)
	if err == nil {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at
		}
	}
	return where.Connected
}

// removalsDue counts the paths whose undo is over for a while.
func (a *Agent) removalsDue() int {
	n := 0
	for _, r := range a.current().Removals {
		if a.Now().After(r.Final.Add(removalGrace)) {
			n++
		}
	}
	return n
}

// isNearlyFull asks the server; one that does not say is not full.
func (a *Agent) isNearlyFull(ctx context.Context, where *destinationFile) bool {
	ctx, cancel := context.WithTimeout(ctx, serverPatient)
	defer cancel()
	var info account.Account
	d, err := a.asDevice(ctx, where)
	if err == nil {
		defer d.Close()
		info, err = d.Account(ctx)
	}
	if err != nil {
		a.Log.Warn("the server could not be asked how full the account is", "error", err)
	}
	return info.Storage.Quota > 0 && float64(info.Storage.Used) >= nearlyFull*float64(info.Storage.Quota)
}

// noteFreed begins to count anew.
func (a *Agent) noteFreed(ctx context.Context, c *catalog.Catalog) error {
	if err := c.Set(ctx, freedKey, a.Now().Format(time.RFC3339)); err != nil {
		return err
	}
	return c.Set(ctx, dueKey, "")
}

// due is what the status says.
func (a *Agent) due(ctx context.Context, c *catalog.Catalog, where *destinationFile) engine.Due {
	if where.Account == nil {
		return engine.Due{}
	}
	due := engine.Due{Removals: a.removalsDue()}
	if text, err := c.Get(ctx, dueKey); err == nil {
		due.Versions, _ = strconv.Atoi(text) // what is no number is none
	}
	if due.Any() {
		due.Since = lastFreed(ctx, c, where)
	}
	return due
}
