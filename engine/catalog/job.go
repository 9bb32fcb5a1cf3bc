package catalog

import (
	"context"
	"fmt"
	"time"

	"holdfast/engine"
	"holdfast/engine/repo"
)

// Job is a restore. Its files are Items; counts of them come from CountItems.
type Job struct {
	ID      int64
	Request []byte // the caller's, as JSON
	Title   string
	Device  string
	Target  string
	State   engine.JobState
	Message string
	Planned bool          // all items are there
	Total   engine.Amount // of all items
	Created time.Time
	Ended   time.Time
}

// Item is one path of a restore. What is to be restored is told by Tree and Name (the
// node in the repository) or by Node (JSON of the caller's). N orders items and is
// unique within a job.
type Item struct {
	N       int64
	Path    string // in the backup
	Target  string // on this computer
	Tree    repo.ID
	Name    string
	Node    []byte
	Size    int64
	State   engine.ItemState
	Reason  string
	Renamed string
}

// ItemCount is what CountItems has for a state.
type ItemCount struct {
	Items int64
	Bytes int64
}

// NewJob stores a job and returns its number, which no other job ever has.
func (c *Catalog) NewJob(ctx context.Context, j Job) (int64, error) {
	if j.Created.IsZero() {
		j.Created = time.Now()
	}
	var id int64
	err := c.write(ctx, func(s *session) (err error) {
		id, _, err = s.exec(`INSERT INTO restore_job (request, title, device, target, state, message, planned, files, bytes, created, ended)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, nonNil(j.Request), j.Title, j.Device, j.Target, string(j.State), j.Message,
			j.Planned, j.Total.Files, j.Total.Bytes, nanos(j.Created), nanos(j.Ended))
		return err
	})
	return id, err
}

// UpdateJob stores every field of a job but Created.
func (c *Catalog) UpdateJob(ctx context.Context, j Job) error {
	return c.write(ctx, func(s *session) error {
		_, changed, err := s.exec(`UPDATE restore_job SET request = ?, title = ?, device = ?, target = ?, state = ?, message = ?,
			planned = ?, files = ?, bytes = ?, ended = ? WHERE id = ?`, nonNil(j.Request), j.Title, j.Device, j.Target, string(j.State),
			j.Message, j.Planned, j.Total.Files, j.Total.Bytes, nanos(j.Ended), j.ID)
		if err == nil && changed == 0 {
			err = fmt.Errorf("job %d: %w", j.ID, ErrNotFound)
		}
		return err
	})
}

// Jobs lists restores, the newest first.
func (c *Catalog) Jobs(ctx context.Context) ([]Job, error) {
	return c.jobs(ctx, "ORDER BY id DESC")
}

// Job returns one restore.
func (c *Catalog) Job(ctx context.Context, id int64) (Job, error) {
	list, err := c.jobs(ctx, "WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("job %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return Job{}, err
	}
	return list[0], nil
}

func (c *Catalog) jobs(ctx context.Context, rest string, args ...any) ([]Job, error) {
	var list []Job
	err := c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			list = append(list, Job{
				ID: r.int(0), Request: r.bytes(1), Title: r.text(2), Device: r.text(3), Target: r.text(4),
				State: engine.JobState(r.text(5)), Message: r.text(6), Planned: r.int(7) != 0,
				Total: engine.Amount{Files: r.int(8), Bytes: r.int(9)}, Created: timeOf(r.int(10)), Ended: timeOf(r.int(11)),
			})
			return nil
		}, `SELECT id, request, title, device, target, state, message, planned, files, bytes, created, ended
			FROM restore_job `+rest, args...)
	})
	return list, err
}

// DeleteJob forgets a restore with its items.
func (c *Catalog) DeleteJob(ctx context.Context, id int64) error {
	return c.write(ctx, func(s *session) error {
		if _, _, err := s.exec("DELETE FROM restore_item WHERE job = ?", id); err != nil {
			return err
		}
		_, _, err := s.exec("DELETE FROM restore_job WHERE id = ?", id)
		return err
	})
}

// AddItems adds items to a job; one whose N is there already is replaced, so that a
// plan that was cut short is made again.
func (c *Catalog) AddItems(ctx context.Context, job int64, items []Item) error {
	return c.write(ctx, func(s *session) error {
		for i := range items {
			t := &items[i]
			if t.State == "" {
				t.State = engine.ItemWaiting
			}
			_, _, err := s.exec(`INSERT OR REPLACE INTO restore_item (job, n, path, target, tree, name, node, size, state, reason, renamed)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, job, t.N, []byte(t.Path), []byte(t.Target), t.Tree[:], []byte(t.Name),
				nonNil(t.Node), t.Size, string(t.State), t.Reason, []byte(t.Renamed))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// NextItems returns items of a job with N > after in the order of N, in any of the
// states (none given: all). limit 0 means all.
func (c *Catalog) NextItems(ctx context.Context, job, after int64, limit int, states ...engine.ItemState) ([]Item, error) {
	if limit <= 0 {
		limit = -1
	}
	args := []any{job, after}
	query := `SELECT n, path, target, tree, name, node, size, state, reason, renamed FROM restore_item WHERE job = ? AND n > ?`
	for i, state := range states {
		if i == 0 {
			query += " AND state IN (?"
		} else {
			query += ", ?"
		}
		args = append(args, string(state))
	}
	if len(states) > 0 {
		query += ")"
	}
	var items []Item
	err := c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			items = append(items, Item{
				N: r.int(0), Path: string(r.bytes(1)), Target: string(r.bytes(2)), Tree: idOf(r.bytes(3)), Name: string(r.bytes(4)),
				Node: r.bytes(5), Size: r.int(6), State: engine.ItemState(r.text(7)), Reason: r.text(8), Renamed: string(r.bytes(9)),
			})
			return nil
		}, query+" ORDER BY n LIMIT ?", append(args, limit)...)
	})
	return items, err
}

// SetItems stores Target, State, Reason and Renamed of items, found by N.
func (c *Catalog) SetItems(ctx context.Context, job int64, items []Item) error {
	if len(items) == 0 {
		return nil
	}
	return c.write(ctx, func(s *session) error {
		for i := range items {
			t := &items[i]
			_, _, err := s.exec("UPDATE restore_item SET target = ?, state = ?, reason = ?, renamed = ? WHERE job = ? AND n = ?",
				[]byte(t.Target), string(t.State), t.Reason, []byte(t.Renamed), job, t.N)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// CountItems counts the items of a job by state.
func (c *Catalog) CountItems(ctx context.Context, job int64) (map[engine.ItemState]ItemCount, error) {
	counts := make(map[engine.ItemState]ItemCount)
	err := c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			counts[engine.ItemState(r.text(0))] = ItemCount{Items: r.int(1), Bytes: r.int(2)}
			return nil
		}, "SELECT state, count(*), sum(size) FROM restore_item WHERE job = ? GROUP BY state", job)
	})
	return counts, err
}

// nonNil stores nothing as no bytes, where NULL is not allowed.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
