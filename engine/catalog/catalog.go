package catalog

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// ErrNotFound: no such device, path, entry, snapshot, version or job.
	ErrNotFound = errors.New("catalog: not found")
	// ErrDamaged: the file is not what was written. Close and Open put it aside.
	ErrDamaged = errors.New("catalog: damaged")
	// ErrClosed: the catalog was closed.
	ErrClosed = errors.New("catalog: closed")
	// ErrMissingBlob: a content refers to a blob that no known pack holds.
	ErrMissingBlob = errors.New("catalog: blob in no known pack")
	// ErrOutOfOrder: a snapshot that is not later than the last one of its device.
	ErrOutOfOrder = errors.New("catalog: snapshot not later than the last one")
)

//go:embed schema/1.sql
var schema string

const schemaVersion = 1

const (
	writerCache = 16 << 10 // KiB
	readerCache = 3 << 10  // KiB
	readerCount = 4
)

// Catalog is the index of one destination. All methods are safe for use by several
// goroutines.
type Catalog struct {
	path    string
	fresh   bool
	aside   string
	writer  *writer
	readers chan *session
	filter  filter
	staging staging
	numbers deviceNumbers

	applying sync.Mutex // one Commit, Sync or Forget at a time
	syncing  sync.Mutex // one Sync at a time
	damaged  atomic.Bool
	closed   atomic.Bool
	indexing atomic.Bool    // names, in the background
	starting sync.Mutex     // of goroutines, against closing
	busy     sync.WaitGroup // goroutines in the background
	ending   context.Context
	end      context.CancelFunc
}

// Open opens the catalog of a repository. A file that is missing, damaged, of
// another schema or of another repository is renamed aside (path + ".damaged-…")
// and an empty one is made. Only what prevents making one is an error.
func Open(ctx context.Context, path string, repositoryID string) (*Catalog, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	c := &Catalog{path: path}
	s, err := c.openExisting(repositoryID)
	if errors.Is(err, errUnfit) {
		if c.aside, err = putAside(path); err != nil {
			return nil, err
		}
		s, err = c.create(repositoryID)
	} else if errors.Is(err, fs.ErrNotExist) {
		s, err = c.create(repositoryID)
	}
	if err != nil {
		return nil, fmt.Errorf("catalog %s: %w", path, err)
	}
	s.onDamage = c.noticeDamage
	if err := c.prepareFilter(s); err != nil {
		s.close()
		return nil, err
	}
	c.writer = startWriter(s)
	c.readers = make(chan *session, readerCount)
	for range readerCount {
		c.readers <- nil // opened when first needed
	}
	c.ending, c.end = context.WithCancel(context.Background())
	return c, nil
}

// errUnfit says that a file is there and cannot be used.
var errUnfit = errors.New("unfit")

func (c *Catalog) openExisting(repositoryID string) (*session, error) {
	if _, err := os.Stat(c.path); err != nil {
		return nil, err
	}
	if _, err := os.Stat(c.path + damageMark); err == nil {
		return nil, errUnfit
	}
	s, err := openSession(c.path, writerCache, false)
	if err != nil {
		if isDamage(err) {
			return nil, errUnfit
		}
		return nil, err
	}
	version, _, err := s.number("PRAGMA user_version")
	fit := err == nil && version == schemaVersion
	if fit {
		var id string
		_, err = s.first(func(r row) { id = r.text(0) }, "SELECT value FROM meta WHERE key = 'repository'")
		fit = err == nil && id == repositoryID
	}
	if fit {
		return s, nil
	}
	s.close()
	if err == nil || isDamage(err) {
		return nil, errUnfit
	}
	return nil, err
}

func (c *Catalog) create(repositoryID string) (*session, error) {
	s, err := openSession(c.path, writerCache, false)
	if err != nil {
		return nil, err
	}
	c.fresh = true
	err = s.script("BEGIN IMMEDIATE;\n" + schema + fmt.Sprintf("PRAGMA user_version = %d;\n", schemaVersion))
	if err == nil {
		_, _, err = s.exec("INSERT INTO meta (key, value) VALUES ('repository', ?)", repositoryID)
	}
	if err == nil {
		_, _, err = s.exec("COMMIT")
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// damageMark beside a catalog says that it was found damaged while in use.
const damageMark = ".damaged"

// putAside renames a catalog with its companions, all by one new name.
func putAside(path string) (string, error) {
	aside := path + ".damaged-" + time.Now().UTC().Format("20060102T150405.000000000")
	if err := os.Rename(path, aside); err != nil {
		return "", err
	}
	for _, companion := range []string{"-wal", "-shm"} {
		err := os.Rename(path+companion, aside+companion)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	err := os.Remove(path + damageMark)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return aside, nil
}

func (c *Catalog) noticeDamage(error) {
	if c.damaged.CompareAndSwap(false, true) {
		// Should this fail, the next Open or the next read meets the damage again.
		_ = os.WriteFile(c.path+damageMark, nil, 0o600)
	}
}

// Fresh says that Open made an empty catalog: Sync has to fill it.
func (c *Catalog) Fresh() bool { return c.fresh }

// Aside is the name under which Open put away a file that could not be used, "" if
// there was none.
func (c *Catalog) Aside() string { return c.aside }

// Damaged says that damage was met since Open. Calls go on failing with ErrDamaged
// where they meet it; Close and Open begin anew.
func (c *Catalog) Damaged() bool { return c.damaged.Load() }

// Close carries out what is queued and closes the file.
func (c *Catalog) Close() error {
	c.starting.Lock()
	again := c.closed.Swap(true)
	c.starting.Unlock()
	if again {
		return nil
	}
	c.end()
	c.busy.Wait()
	err := c.saveFilter()
	c.writer.close()
	for range readerCount {
		if s := <-c.readers; s != nil {
			s.close()
		}
	}
	return errors.Join(err, c.writer.session.close())
}

// background runs fn in a goroutine that Close ends and waits for.
func (c *Catalog) background(fn func(context.Context)) {
	c.starting.Lock()
	defer c.starting.Unlock()
	if c.closed.Load() {
		return
	}
	c.busy.Add(1)
	go func() {
		defer c.busy.Done()
		fn(c.ending)
	}()
}

// write runs fn in the writer and returns when its changes are committed.
func (c *Catalog) write(ctx context.Context, fn func(*session) error) error {
	return c.writer.do(ctx, fn)
}

// read lends a reading connection to fn. Every call to SQLite within it sees the
// latest commit; fn must not keep what it was lent.
func (c *Catalog) read(ctx context.Context, fn func(*session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.closed.Load() {
		return ErrClosed
	}
	var s *session
	select {
	case s = <-c.readers:
	case <-c.ending.Done(): // Close takes the connections, and none comes back
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { c.readers <- s }()
	if s == nil {
		opened, err := openSession(c.path, readerCache, true)
		if err != nil {
			return err
		}
		opened.onDamage = c.noticeDamage
		s = opened
	}
	return fn(s)
}
