package catalog

import (
	"context"
)

// Get returns what Set stored under a key, "" when nothing was.
func (c *Catalog) Get(ctx context.Context, key string) (string, error) {
	var value string
	err := c.read(ctx, func(s *session) (err error) {
		value, err = getMeta(s, "user."+key)
		return err
	})
	return value, err
}

// Set stores a value for the caller; an empty one is removed.
func (c *Catalog) Set(ctx context.Context, key, value string) error {
	return c.write(ctx, func(s *session) error { return putMeta(s, "user."+key, value) })
}

func getMeta(s *session, key string) (string, error) {
	var value string
	_, err := s.first(func(r row) { value = r.text(0) }, "SELECT value FROM meta WHERE key = ?", key)
	return value, err
}

func putMeta(s *session, key, value string) error {
	if value == "" {
		_, _, err := s.exec("DELETE FROM meta WHERE key = ?", key)
		return err
	}
	_, _, err := s.exec("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", key, value)
	return err
}
