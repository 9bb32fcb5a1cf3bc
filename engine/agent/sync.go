package agent

import (
	"context"
	"errors"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
)

// sync brings the catalog up to what the destination holds: index files and
// snapshots of other computers and programs, and after a rebuild everything. Packs
// that a killed run left without an index are taken over, so that nothing in them is
// uploaded twice.
func (a *Agent) sync(ctx context.Context) error {
	c, where, err := a.connected("read the backup")
	if err != nil {
		return err
	}
	r, done, err := a.repository(ctx, "read the backup")
	if err != nil {
		return err
	}
	defer done()
	missed := c.Sync(ctx, r, nil)
	if missed != nil && !errors.Is(missed, catalog.ErrIncomplete) {
		return missed
	}
	if err := a.thisDevice(ctx, c); err != nil {
		return err
	}
	if err := a.adoptOnce(ctx, c, r, where.Device); err != nil {
		return err
	}
	if missed != nil { // the packs taken over may hold what a damaged index spoke of
		again := c.Sync(ctx, r, nil)
		if again != nil && !errors.Is(again, catalog.ErrIncomplete) {
			return again
		}
	}
	if err := a.tellIncomplete(ctx, c, where, missed); err != nil {
		return err
	}
	return c.Set(ctx, filledKey, "yes")
}

// filledKey says that the catalog once knew all that the destination holds.
const filledKey = "filled"

// filled waits until a catalog that was made anew knows what the destination holds.
func (a *Agent) filled(ctx context.Context, c *catalog.Catalog) error {
	text, err := c.Get(ctx, filledKey)
	if err == nil && text != "" {
		return nil
	}
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	return a.sync(ctx)
}

// browsable waits for the catalog to be filled where nobody else fills it. The
// running agent does so by itself; browsing shows what there is until then.
func (a *Agent) browsable(ctx context.Context, c *catalog.Catalog) error {
	if a.Background {
		return nil
	}
	return a.filled(ctx, c)
}

// freshen opens the destination and learns what others did there since: another
// computer may have stored more, and restic may have put packs together. Restores ask
// for it, because a catalog that is behind would look for blobs where they no longer
// are.
func (a *Agent) freshen(ctx context.Context, op string) (*repo.Repository, func(), error) {
	c, where, err := a.connected(op)
	if err != nil {
		return nil, nil, err
	}
	r, done, err := a.repository(ctx, op)
	if err != nil {
		return nil, nil, err
	}
	a.mu.Lock()
	fresh := a.Now().Sub(a.freshened) < freshFor && !a.Now().Before(a.freshened)
	a.mu.Unlock()
	if fresh {
		return r, done, nil
	}
	if err := learn(ctx, c, r); err != nil {
		done()
		return nil, nil, explain(op, where.Address, err)
	}
	a.mu.Lock()
	a.freshened = a.Now()
	a.mu.Unlock()
	return r, done, nil
}

// learn is what a catalog learns of the destination for a restore: what can be read of
// it is enough.
func learn(ctx context.Context, c *catalog.Catalog, r *repo.Repository) error {
	if err := c.Sync(ctx, r, nil); err != nil && !errors.Is(err, catalog.ErrIncomplete) {
		return err
	}
	return nil
}

// current reads something at the destination, and once more when a part was gone from
// where the catalog said: in the moments since freshen, others may have put packs
// together.
func current(ctx context.Context, c *catalog.Catalog, r *repo.Repository, read func() error) error {
	err := read()
	if !errors.Is(err, repo.ErrNotFound) {
		return err
	}
	if missed := learn(ctx, c, r); missed != nil {
		return missed
	}
	return read()
}

// readerLock keeps what a restore reads from being thinned away by other programs while
// it goes on, and gives the function that ends it. A restore does not depend on it: one
// of a moment ends without, and one for which none can be written, on a full or read-only
// destination, goes on. While somebody else has the destination for himself, it asks now
// and then.
func (a *Agent) readerLock(ctx context.Context, r *repo.Repository) func() {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if lock := a.lockWhileReading(ctx, r); lock != nil {
			<-ctx.Done()
			lock.Unlock()
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// lockWhileReading waits for the lock of a restore; nil: it ended before, or has none.
func (a *Agent) lockWhileReading(ctx context.Context, r *repo.Repository) *repo.Lock {
	for wait := lockedAfter; ; wait = lockedAgain {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		lock, err := r.Lock(ctx, false)
		if err == nil {
			return lock
		}
		if !errors.Is(err, repo.ErrLocked) {
			if ctx.Err() == nil {
				a.Log.Info("a restore goes on without a lock", "error", err)
			}
			return nil
		}
	}
}

const lockedAfter = time.Second // how long a restore goes on before it asks for its lock

// lockedAgain is how long it waits before it asks once more.
var lockedAgain = 20 * time.Second

// freshFor is how long the catalog counts as in step with the destination.
const freshFor = 10 * time.Second

// fill is what the running agent does about a new catalog at its start, even while
// captures are paused.
func (a *Agent) fill() {
	c, _, err := a.connected("read the backup")
	if err != nil {
		return
	}
	if err := a.filled(a.ctx, c); err != nil {
		a.Log.Warn("the list of files could not be filled yet", "error", err)
		return
	}
	if err := a.regain(a.ctx); err != nil {
		a.Log.Warn("the settings could not be regained yet", "error", err)
	}
}

const incompleteKey = "parts that could not be read"

// tellIncomplete tells once of parts of the destination that cannot be read. They
// keep nobody from backing up: what they held is stored again where it is missed.
func (a *Agent) tellIncomplete(ctx context.Context, c *catalog.Catalog, where *destinationFile, missed error) error {
	text := ""
	if missed != nil {
		text = "yes"
	}
	known, err := c.Get(ctx, incompleteKey)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	if known == text {
		return nil
	}
	if missed != nil {
		a.Log.Error("parts of the repository could not be read", "error", missed)
		a.event(engine.ToneBad, "check", "%s", explain("read the backup", where.Address, repo.ErrDamaged))
	}
	return c.Set(ctx, incompleteKey, text)
}

// adoptOnce looks for packs without an index when there may be some: the catalog is
// new, or the last capture was killed.
func (a *Agent) adoptOnce(ctx context.Context, c *catalog.Catalog, r *repo.Repository, device string) error {
	killed, err := c.HasStaged(ctx, device)
	if err != nil {
		return err
	}
	done, err := c.Get(ctx, adoptedKey)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	if !killed && done != "" {
		return nil
	}
	if err := adoptPacks(ctx, c, r); err != nil {
		return err
	}
	return c.Set(ctx, adoptedKey, "yes")
}

// adoptedKey says that packs without an index were looked for since the catalog was
// made.
const adoptedKey = "packs adopted"

// adoptPacks lists the packs that no index speaks of. A pack whose header cannot be
// read is left alone: it was cut short, or belongs to somebody who is writing it.
func adoptPacks(ctx context.Context, c *catalog.Catalog, r *repo.Repository) error {
	return r.ListPacks(ctx, func(id repo.ID, size int64) error {
		known, err := c.HasPack(ctx, id)
		if err != nil || known {
			return err
		}
		info, err := r.PackHeader(ctx, id, size)
		if errors.Is(err, repo.ErrDamaged) {
			return nil
		}
		if err != nil {
			return err
		}
		return c.AddPack(ctx, info, size, false)
	})
}

// thisDevice keeps the catalog's word for this computer right.
func (a *Agent) thisDevice(ctx context.Context, c *catalog.Catalog) error {
	a.mu.Lock()
	where, name := a.where, a.settings.Settings.Computer
	a.mu.Unlock()
	if where == nil {
		return nil
	}
	return c.PutDevice(ctx, catalog.Device{ID: where.Device, Name: name, This: true, Home: userHome()})
}
