package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/engine/storage"
)

// A lock is a file below locks/ with this document:
//
//	{"time":…,"exclusive":false,"hostname":…,"username":…,"pid":13607,"uid":1000,"gid":100}
//
// Any number of programs may hold shared locks, or one an exclusive lock. Nothing
// in a store can be compared and swapped, so whoever wants a lock looks for
// others, writes his own, waits a moment and looks again; of two that come at
// once at least one sees the other and withdraws.
type lockFile struct {
	Time      time.Time `json:"time"`
	Exclusive bool      `json:"exclusive"`
	Hostname  string    `json:"hostname"`
	Username  string    `json:"username"`
	PID       int       `json:"pid"`
	UID       uint32    `json:"uid,omitempty"`
	GID       uint32    `json:"gid,omitempty"`
}

const (
	// A lock that was not renewed for so long belongs to nobody any more.
	lockStale = 30 * time.Minute
	// A holder that could not renew its lock for so long stops believing in it,
	// well before others do.
	lockDoubt = lockStale - 8*time.Minute
	// lockGiveUp bounds the calls that go on when the caller's context has ended.
	lockGiveUp = 30 * time.Second
)

// LockedError says who holds the lock.
type LockedError struct {
	Hostname, Username string
	PID                int
	Exclusive          bool
	Since              time.Time // of its last renewal
}

// Error is for people.
func (e *LockedError) Error() string {
	kind := "in use"
	if e.Exclusive {
		kind = "locked exclusively"
	}
	return fmt.Sprintf("repository: %s by %s on %s (process %d) since %s", kind, e.Username, e.Hostname, e.PID, e.Since.Format(time.DateTime))
}

// Unwrap makes it an ErrLocked.
func (e *LockedError) Unwrap() error { return ErrLocked }

// Lock is a lock that is held, and renewed by a goroutine of its own until Unlock.
type Lock struct {
	repository *Repository
	exclusive  bool
	held       context.Context // ends when the lock is lost
	lose       context.CancelCauseFunc
	stop       context.CancelFunc
	done       chan struct{}
	unignore   func()
	unlock     sync.Once
	renewed    atomic.Int64 // unix nanoseconds by the wall clock, which goes on while the computer sleeps

	id ID // belongs to the renewing goroutine until done is closed
}

// Lock takes a shared or the exclusive lock, or fails with a *LockedError. Locks
// that are stale are removed on the way: not renewed for 30 minutes, or of a
// process of this computer that is no more.
func (r *Repository) Lock(ctx context.Context, exclusive bool) (*Lock, error) {
	// Other programs find out whether a process of this computer lives by sending
	// it SIGHUP, so that must not end it while it holds a lock.
	unignore := surviveHangup()
	id, at, err := r.acquire(ctx, exclusive)
	if err != nil {
		unignore()
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	held, lose := context.WithCancelCause(context.Background())
	l := &Lock{repository: r, exclusive: exclusive, held: held, lose: lose, stop: stop, done: make(chan struct{}), unignore: unignore, id: id}
	l.renewed.Store(at.UnixNano())
	go l.keep(running)
	return l, nil
}

func (r *Repository) acquire(ctx context.Context, exclusive bool) (ID, time.Time, error) {
	if err := r.checkLocks(ctx, exclusive); err != nil {
		return ID{}, time.Time{}, err
	}
	id, at, err := r.writeLock(ctx, exclusive)
	if err != nil {
		return ID{}, time.Time{}, err
	}
	if err = r.clock.sleep(ctx, r.clock.lockWait); err == nil {
		err = r.checkLocks(ctx, exclusive, id)
	}
	if err != nil {
		r.removeLock(ctx, id)
		return ID{}, time.Time{}, err
	}
	return id, at, nil
}

// writeLock writes a lock of ours, also when ctx ends meanwhile: a call that is cut off
// may have stored the file all the same, and nobody would know whose it is.
func (r *Repository) writeLock(ctx context.Context, exclusive bool) (ID, time.Time, error) {
	if err := ctx.Err(); err != nil {
		return ID{}, time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockGiveUp)
	defer cancel()
	// Only the wall clock goes on while the computer sleeps.
	f := lockFile{Time: r.clock.now().Round(0), Exclusive: exclusive, PID: os.Getpid()}
	f.Hostname, _ = r.clock.hostname()
	if u, err := user.Current(); err == nil {
		f.Username = u.Username
		uid, _ := strconv.ParseUint(u.Uid, 10, 32) // not numbers on Windows
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		f.UID, f.GID = uint32(uid), uint32(gid)
	}
	document, err := json.Marshal(f)
	if err != nil {
		return ID{}, time.Time{}, err
	}
	id, err := r.saveFile(ctx, storage.Locks, document)
	if err != nil && id != (ID{}) {
		r.removeLock(ctx, id)
	}
	return id, f.Time, err
}

// removeLock takes a lock of ours away even when ctx has ended. What cannot be
// removed grows stale by itself.
func (r *Repository) removeLock(ctx context.Context, id ID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockGiveUp)
	defer cancel()
	_ = r.store.Remove(ctx, storage.Locks, id.String())
}

// checkLocks removes stale locks and fails when one that remains, other than our
// own, excludes what is wanted.
func (r *Repository) checkLocks(ctx context.Context, exclusive bool, own ...ID) error {
	var infos []storage.Info
	err := r.store.List(ctx, storage.Locks, func(info storage.Info) error {
		infos = append(infos, info)
		return nil
	})
	if err != nil {
		return err
	}
next:
	for _, info := range infos {
		id, err := ParseID(info.Name)
		if err != nil {
			continue
		}
		for _, o := range own {
			if o == id {
				continue next
			}
		}
		if err := r.checkLock(ctx, id, info, exclusive); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repository) checkLock(ctx context.Context, id ID, info storage.Info, exclusive bool) error {
	f, err := r.loadLock(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil // let go meanwhile
	case errors.Is(err, ErrDamaged), errors.Is(err, ErrNewer):
		// Whoever it was may hold an exclusive lock: wait until it is stale.
		f = lockFile{Time: info.ModTime, Exclusive: true, Hostname: "unknown", Username: "unknown"}
	case err != nil:
		return err
	}
	if r.isStale(f) {
		if err := r.store.Remove(ctx, storage.Locks, id.String()); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		return nil
	}
	if exclusive || f.Exclusive {
		return &LockedError{Hostname: f.Hostname, Username: f.Username, PID: f.PID, Exclusive: f.Exclusive, Since: f.Time}
	}
	return nil
}

func (r *Repository) loadLock(ctx context.Context, id ID) (lockFile, error) {
	document, err := r.loadFile(ctx, storage.Locks, id)
	if err != nil {
		return lockFile{}, err
	}
	return decodeLock(document)
}

func decodeLock(document []byte) (lockFile, error) {
	var f lockFile
	if err := json.Unmarshal(document, &f); err != nil {
		return lockFile{}, damaged("lock: %v", err)
	}
	return f, nil
}

func (r *Repository) isStale(f lockFile) bool {
	if r.clock.now().Sub(f.Time) > lockStale {
		return true
	}
	host, err := r.clock.hostname()
	return err == nil && host == f.Hostname && f.PID > 0 && f.PID != os.Getpid() && !r.clock.alive(f.PID)
}

// Lost is closed when the lock can no longer be relied on: somebody removed it, or
// it could not be renewed in time. Whoever holds it has to stop.
func (l *Lock) Lost() <-chan struct{} { return l.held.Done() }

// Context derives a context that ends when the lock is lost, with a cause that is an
// ErrLocked. Its cancel function is to be called as with any other.
func (l *Lock) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.held, func() { cancel(context.Cause(l.held)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// Held is nil while the lock can be relied on, and otherwise an ErrLocked. It
// compares the wall clock with the last renewal: a computer that has just woken up
// knows at once that it slept, before the loss could be noticed otherwise. It asks
// nothing of the store, so that it can be called before everything that cannot be
// undone.
func (l *Lock) Held() error {
	if err := context.Cause(l.held); err != nil {
		return err
	}
	select {
	case <-l.done:
		return fmt.Errorf("%w: this lock was let go", ErrLocked)
	default:
	}
	if age := l.age(); age > lockDoubt {
		return fmt.Errorf("%w: this lock was not renewed for %v", ErrLocked, age.Round(time.Second))
	}
	return nil
}

// Unlock lets go. Calling it again does nothing.
func (l *Lock) Unlock() {
	l.unlock.Do(func() {
		l.stop()
		<-l.done
		l.repository.removeLock(context.Background(), l.id)
		l.unignore()
	})
}

// keep renews the lock until it is told to stop or the lock is lost. It looks at
// the clock often, because timers stand still while the computer sleeps.
func (l *Lock) keep(ctx context.Context) {
	defer close(l.done)
	clock := l.repository.clock
	for {
		if err := clock.sleep(ctx, clock.lockTick); err != nil {
			return
		}
		if l.age() < clock.lockRenew {
			continue
		}
		switch err := l.renew(ctx); {
		case err == nil:
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrLocked), errors.Is(err, storage.ErrNotFound), l.age() > lockDoubt:
			l.lose(fmt.Errorf("%w: this lock was lost: %w", ErrLocked, err))
			return
		}
	}
}

func (l *Lock) age() time.Duration {
	return l.repository.clock.now().Sub(time.Unix(0, l.renewed.Load()))
}

// renew writes a new lock file and removes the old one. When the old one was gone
// it had been taken for stale: after a long sleep, say, and somebody may have had
// the repository for himself. When it was old enough to be taken for stale, others
// are looked for too.
func (l *Lock) renew(ctx context.Context) error {
	r := l.repository
	ctx, cancel := context.WithTimeout(ctx, lockGiveUp)
	defer cancel()
	suspect := l.age() > lockDoubt
	if _, err := r.store.Stat(ctx, storage.Locks, l.id.String()); err != nil {
		return err
	}
	id, at, err := r.writeLock(ctx, l.exclusive)
	if err != nil {
		return err
	}
	if suspect {
		if err = r.clock.sleep(ctx, r.clock.lockWait); err == nil {
			err = r.checkLocks(ctx, l.exclusive, id, l.id)
		}
		if err == nil {
			_, err = r.store.Stat(ctx, storage.Locks, l.id.String())
		}
		if err != nil {
			r.removeLock(ctx, id)
			return err
		}
	}
	old := l.id
	l.id = id
	l.renewed.Store(at.UnixNano())
	r.removeLock(ctx, old)
	return nil
}
