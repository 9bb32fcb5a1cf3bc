package catalog

import (
	"context"
	"time"
)

// TodoItem is a folder to look at.
type TodoItem struct {
	Path      string
	Recursive bool      // with everything below it
	NotBefore time.Time // zero: as soon as possible
	Added     time.Time // set by AddTodo
}

// AddTodo adds folders to the queue. One that is there already becomes recursive if
// either asks for it, and due at the earlier of both times.
func (c *Catalog) AddTodo(ctx context.Context, device string, items []TodoItem) error {
	if len(items) == 0 {
		return nil
	}
	now := time.Now().UnixNano()
	return c.write(ctx, func(s *session) error {
		number, err := c.madeDevice(s, device)
		if err != nil {
			return err
		}
		for _, i := range items {
			_, _, err := s.exec(`INSERT INTO todo (device, path, recursive, not_before, added) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET recursive = max(recursive, excluded.recursive),
					not_before = min(not_before, excluded.not_before), added = excluded.added`,
				number, []byte(cleanPath(i.Path)), i.Recursive, nanos(i.NotBefore), now)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Todo lists folders of the queue, those due first in front. limit 0 means all.
func (c *Catalog) Todo(ctx context.Context, device string, limit int) ([]TodoItem, error) {
	if limit <= 0 {
		limit = -1
	}
	var items []TodoItem
	err := c.read(ctx, func(s *session) error {
		number, err := c.device(s, device)
		if err != nil {
			return ignoreNotFound(err)
		}
		return s.each(ctx, func(r row) error {
			items = append(items, TodoItem{
				Path: string(r.bytes(0)), Recursive: r.int(1) != 0, NotBefore: timeOf(r.int(2)), Added: timeOf(r.int(3)),
			})
			return nil
		}, "SELECT path, recursive, not_before, added FROM todo WHERE device = ? ORDER BY not_before, path LIMIT ?", number, limit)
	})
	return items, err
}

// DoneTodo takes folders off the queue, as they were returned by Todo: one that was
// added again since stays.
func (c *Catalog) DoneTodo(ctx context.Context, device string, items []TodoItem) error {
	if len(items) == 0 {
		return nil
	}
	return c.write(ctx, func(s *session) error {
		number, err := c.device(s, device)
		if err != nil {
			return ignoreNotFound(err)
		}
		for _, i := range items {
			_, _, err := s.exec("DELETE FROM todo WHERE device = ? AND path = ? AND (added <= ? OR ? = 0)",
				number, []byte(cleanPath(i.Path)), nanos(i.Added), nanos(i.Added))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// TodoCount counts the queue of a device.
func (c *Catalog) TodoCount(ctx context.Context, device string) (int, error) {
	var n int64
	err := c.read(ctx, func(s *session) error {
		number, err := c.device(s, device)
		if err != nil {
			return ignoreNotFound(err)
		}
		n, _, err = s.number("SELECT count(*) FROM todo WHERE device = ?", number)
		return err
	})
	return int(n), err
}
