package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// cleanPath drops doubled and trailing slashes; "" is the top. Names are left as they
// are: "." and ".." do not occur in the paths of a walk.
func cleanPath(path string) string {
	if len(path) > 1 && path[0] == '/' && path[len(path)-1] != '/' && !strings.Contains(path, "//") {
		return path
	}
	return "/" + strings.Join(splitPath(path), "/")
}

func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

func joinPath(dir, name string) string {
	if dir == "/" || dir == "" {
		return "/" + name
	}
	return dir + "/" + name
}

func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

func nameOf(s *session, number int64) (string, error) {
	var name string
	found, err := s.first(func(r row) { name = string(r.bytes(0)) }, "SELECT bytes FROM name WHERE id = ?", number)
	if err == nil && !found {
		err = fmt.Errorf("%w: name %d", ErrDamaged, number)
	}
	return name, err
}

// Root returns the entry of the top of a device, which it makes on demand.
func (c *Catalog) Root(ctx context.Context, device string) (EntryID, error) {
	var root int64
	find := func(s *session) error {
		number, err := c.device(s, device)
		if err != nil {
			return err
		}
		c.numbers.keep(device, number)
		var found bool
		root, found, err = s.number("SELECT id FROM entry WHERE parent = ?", -number)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	}
	err := c.read(ctx, find)
	if errors.Is(err, ErrNotFound) {
		err = c.write(ctx, func(s *session) error {
			number, err := c.madeDevice(s, device)
			if err != nil {
				return err
			}
			root, err = madeRoot(s, number)
			return err
		})
	}
	return EntryID(root), err
}

// madeRoot finds or makes the top of a device. It is present at all times.
func madeRoot(s *session, device int64) (int64, error) {
	root, found, err := s.number("SELECT id FROM entry WHERE parent = ?", -device)
	if err != nil || found {
		return root, err
	}
	name, err := intern(s, "")
	if err != nil {
		return 0, err
	}
	const directory = 1 << 31 // os.ModeDir
	root, _, err = s.exec(`INSERT INTO entry (device, parent, name, kind, mode, size, mtime, ctime, inode, since)
		VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, 0)`, device, -device, name, int64(Dir), int64(directory|0o755))
	return root, err
}

// child finds an entry by its folder and name, present or gone.
func child(s *session, parent int64, name string) (id int64, found bool, err error) {
	number, found, err := interned(s, name)
	if err != nil || !found {
		return 0, false, err
	}
	return s.number("SELECT id FROM entry WHERE parent = ? AND name = ?", parent, number)
}

// entryAt finds the entry of a path, present or gone.
func (c *Catalog) entryAt(s *session, device, path string) (int64, error) {
	missing := func() error { return fmt.Errorf("%s: %w", path, ErrNotFound) }
	number, err := c.device(s, device)
	if err != nil {
		return 0, err
	}
	id, found, err := s.number("SELECT id FROM entry WHERE parent = ?", -number)
	for _, name := range splitPath(path) {
		if err != nil || !found {
			break
		}
		id, found, err = child(s, id, name)
	}
	if err == nil && !found {
		err = missing()
	}
	return id, err
}

// Lookup finds the entry of a path, with its content. An entry that is gone is found
// as well: look at Gone.
func (c *Catalog) Lookup(ctx context.Context, device, path string) (Entry, error) {
	var e Entry
	err := c.read(ctx, func(s *session) error {
		id, err := c.entryAt(s, device, path)
		if err != nil {
			return err
		}
		e, err = c.entry(s, id, true)
		return err
	})
	return e, err
}

// Entry returns an entry by its number, with its content.
func (c *Catalog) Entry(ctx context.Context, id EntryID) (Entry, error) {
	var e Entry
	err := c.read(ctx, func(s *session) (err error) {
		e, err = c.entry(s, int64(id), true)
		return err
	})
	return e, err
}

// Path is the absolute path of an entry.
func (c *Catalog) Path(ctx context.Context, id EntryID) (string, error) {
	var path string
	err := c.read(ctx, func(s *session) (err error) {
		path, err = pathOf(s, int64(id), nil)
		return err
	})
	return path, err
}

// deepest bounds the walk to the top: no path is that long.
const deepest = 100_000

// pathOf builds the path of an entry. known, if not nil, holds and receives the paths
// of folders.
func pathOf(s *session, id int64, known map[int64]string) (string, error) {
	var names []string
	base := ""
	for at := id; ; {
		if path, ok := known[at]; ok {
			base = path
			break
		}
		var parent int64
		var name string
		found, err := s.first(func(r row) { parent, name = r.int(0), string(r.bytes(1)) },
			"SELECT e.parent, n.bytes FROM entry e JOIN name n ON n.id = e.name WHERE e.id = ?", at)
		if err != nil {
			return "", err
		}
		if !found {
			return "", fmt.Errorf("entry %d: %w", id, ErrNotFound)
		}
		if parent < 0 {
			break
		}
		if names = append(names, name); len(names) > deepest {
			return "", fmt.Errorf("%w: entry %d lies within itself", ErrDamaged, id)
		}
		at = parent
	}
	var b strings.Builder
	if base != "/" {
		b.WriteString(base)
	}
	for i := len(names) - 1; i >= 0; i-- {
		b.WriteByte('/')
		b.WriteString(names[i])
	}
	if b.Len() == 0 {
		return "/", nil
	}
	return b.String(), nil
}
