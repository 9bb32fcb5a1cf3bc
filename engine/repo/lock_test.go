package repo

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/engine/storage"
)

// putLock leaves a lock of somebody else.
func putLock(t testing.TB, r *Repository, f lockFile) ID {
	t.Helper()
	document, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	id, err := r.saveFile(t.Context(), storage.Locks, document)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// inTime runs a test in a bubble in which time passes at once.
func inTime(t *testing.T, test func(t *testing.T, r *Repository, store *memoryStore)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r, store := newTestRepository(t)
		test(t, r, store)
	})
}

// removeOnly removes the one lock file that there is. A renewal of this very moment
// has two for an instant, and takes the old one for its own to remove: it is let end.
func removeOnly(t *testing.T, store *memoryStore) {
	t.Helper()
	synctest.Wait()
	names := store.names(storage.Locks)
	if len(names) != 1 {
		t.Fatalf("%d lock files", len(names))
	}
	if err := store.Remove(t.Context(), storage.Locks, names[0]); err != nil {
		t.Fatal(err)
	}
}

// lostWithin waits for a loss that has to be noticed before d of the bubble's time has
// passed. Without a bound a lock that is never lost would be renewed for ever.
func lostWithin(t *testing.T, d time.Duration, lost <-chan struct{}) {
	t.Helper()
	select {
	case <-lost:
	case <-time.After(d):
		t.Fatalf("not lost after %v", d)
	}
}

func TestSharedLocksStandTogetherAndAnExclusiveOneStandsAlone(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		lock := func(exclusive, want bool) *Lock {
			t.Helper()
			l, err := r.Lock(t.Context(), exclusive)
			if want != (err == nil) || (err != nil && !errors.Is(err, ErrLocked)) {
				t.Fatalf("exclusive %v: %v", exclusive, err)
			}
			return l
		}
		a, b := lock(false, true), lock(false, true)
		lock(true, false)
		a.Unlock()
		lock(true, false)
		b.Unlock()
		b.Unlock() // once more does nothing
		c := lock(true, true)
		lock(true, false)
		lock(false, false)
		c.Unlock()
		if left := store.names(storage.Locks); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestALockSaysWhoHoldsIt(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, _ *memoryStore) {
		putLock(t, r, lockFile{Time: time.Now().Add(-time.Minute), Exclusive: true, Hostname: "kasimir", Username: "fd0", PID: 13607})
		_, err := r.Lock(t.Context(), false)
		var locked *LockedError
		if !errors.As(err, &locked) || locked.Hostname != "kasimir" || locked.Username != "fd0" || locked.PID != 13607 || !locked.Exclusive {
			t.Fatalf("%v", err)
		}
	})
}

func TestStaleLocksAreRemovedAndOthersRespected(t *testing.T) {
	const dead = 1 << 22 // beyond the largest process number
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		host, err := os.Hostname()
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			lock  lockFile
			stale bool
		}{
			"elsewhere, a minute old":         {lockFile{Time: time.Now().Add(-time.Minute), Hostname: "other", PID: dead}, false},
			"elsewhere, 29 minutes old":       {lockFile{Time: time.Now().Add(-29 * time.Minute), Hostname: "other", PID: 1}, false},
			"elsewhere, 31 minutes old":       {lockFile{Time: time.Now().Add(-31 * time.Minute), Hostname: "other", PID: 1}, true},
			"elsewhere, of the future":        {lockFile{Time: time.Now().Add(time.Hour), Hostname: "other", PID: 1}, false},
			"here, of a living process":       {lockFile{Time: time.Now(), Hostname: host, PID: os.Getppid()}, false},
			"here, of this process":           {lockFile{Time: time.Now(), Hostname: host, PID: os.Getpid()}, false},
			"here, of a dead process":         {lockFile{Time: time.Now(), Hostname: host, PID: dead}, true},
			"here, of no process":             {lockFile{Time: time.Now(), Hostname: host}, false},
			"here, alive but 31 minutes old":  {lockFile{Time: time.Now().Add(-31 * time.Minute), Hostname: host, PID: os.Getppid()}, true},
			"from nowhere at the end of time": {lockFile{}, true},
		} {
			id := putLock(t, r, c.lock)
			l, err := r.Lock(t.Context(), true)
			if c.stale != (err == nil) {
				t.Errorf("%s: %v", name, err)
			}
			if err == nil {
				l.Unlock()
			}
			if _, err := store.Stat(t.Context(), storage.Locks, id.String()); c.stale != errors.Is(err, ErrNotFound) {
				t.Errorf("%s: the file: %v", name, err)
			}
			_ = store.Remove(t.Context(), storage.Locks, id.String())
		}
	})
}

func TestALockThatCannotBeReadIsRespectedUntilItIsOld(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		if err := store.Put(t.Context(), storage.Locks, ID{1}.String(), []byte("rubbish")); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Lock(t.Context(), false); !errors.Is(err, ErrLocked) {
			t.Error(err)
		}
		time.Sleep(31 * time.Minute)
		l, err := r.Lock(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		l.Unlock()
	})
}

func TestOfManyThatWantTheExclusiveLockAtOnceAtMostOneGetsIt(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		for range 20 {
			var wait sync.WaitGroup
			var mu sync.Mutex
			var held []*Lock
			for range 5 {
				wait.Go(func() {
					l, err := r.Lock(t.Context(), true)
					if err != nil && !errors.Is(err, ErrLocked) {
						t.Error(err)
					}
					if err == nil {
						mu.Lock()
						held = append(held, l)
						mu.Unlock()
					}
				})
			}
			wait.Wait()
			if len(held) > 1 {
				t.Fatalf("%d hold it", len(held))
			}
			for _, l := range held {
				l.Unlock()
			}
			if left := store.names(storage.Locks); len(left) != 0 {
				t.Fatalf("left behind: %v", left)
			}
		}
	})
}

func TestAHeldLockIsRenewedAndNeverGrowsStale(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		l, err := r.Lock(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Unlock()
		seen := map[string]bool{}
		for range 600 {
			time.Sleep(time.Minute)
			synctest.Wait() // a renewal of this very moment has both files for an instant
			names := store.names(storage.Locks)
			if len(names) != 1 {
				t.Fatalf("%d lock files", len(names))
			}
			seen[names[0]] = true
			if _, err := r.Lock(t.Context(), true); !errors.Is(err, ErrLocked) {
				t.Fatal(err)
			}
		}
		if len(seen) < 90 {
			t.Errorf("renewed %d times in ten hours", len(seen))
		}
		select {
		case <-l.Lost():
			t.Error("lost")
		default:
		}
		l.Unlock()
		if left := store.names(storage.Locks); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestALockThatSomebodyRemovedIsLost(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		l, err := r.Lock(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Unlock()
		removeOnly(t, store)
		lostWithin(t, 6*time.Minute, l.Lost())
	})
}

func TestALockSurvivesAStoreThatIsAwayForAWhileAndIsLostBeforeOthersTakeIt(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		l, err := r.Lock(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Unlock()
		away := func(d time.Duration) {
			store.mu.Lock()
			store.refuse = func(string, storage.Kind, string) error { return storage.ErrUnreachable }
			store.mu.Unlock()
			time.Sleep(d)
			store.mu.Lock()
			store.refuse = nil
			store.mu.Unlock()
		}
		away(14 * time.Minute)
		time.Sleep(time.Hour)
		select {
		case <-l.Lost():
			t.Fatal("lost after a quarter of an hour")
		default:
		}
		go away(time.Hour)
		lostWithin(t, lockStale, l.Lost()) // from then on others may have it
		time.Sleep(2 * time.Hour)
	})
}

func TestAfterALongSleepTheLockIsKeptOnlyIfNobodyElseHasTheRepository(t *testing.T) {
	for _, other := range []bool{false, true} {
		inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
			// The computer sleeps: its timers stand still and its clock goes on.
			var mu sync.Mutex
			var slept time.Duration
			r.clock.now = func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				return time.Now().Add(slept)
			}
			l, err := r.Lock(t.Context(), false)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Unlock()
			if other {
				putLock(t, r, lockFile{Time: time.Now().Add(2*time.Hour - time.Minute), Exclusive: true, Hostname: "other"})
			}
			mu.Lock()
			slept = 2 * time.Hour
			mu.Unlock()
			time.Sleep(2 * time.Minute)
			select {
			case <-l.Lost():
				if !other {
					t.Error("lost although nobody was there")
				}
			default:
				if other {
					t.Error("kept although somebody else holds the repository")
				}
			}
		})
	}
}

func TestAContextOfALockEndsWhenTheLockIsLost(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		l, err := r.Lock(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Unlock()
		ctx, cancel := l.Context(t.Context())
		defer cancel()
		done, cancelDone := l.Context(t.Context())
		cancelDone()
		if !errors.Is(context.Cause(done), context.Canceled) {
			t.Errorf("cancelled by its owner: %v", context.Cause(done))
		}
		time.Sleep(time.Hour)
		if ctx.Err() != nil || l.Held() != nil {
			t.Fatalf("ended while the lock was held: %v, %v", ctx.Err(), l.Held())
		}
		removeOnly(t, store)
		lostWithin(t, 6*time.Minute, ctx.Done())
		if cause := context.Cause(ctx); !errors.Is(cause, ErrLocked) {
			t.Errorf("ended because of %v", cause)
		}
		if err := l.Held(); !errors.Is(err, ErrLocked) {
			t.Errorf("held: %v", err)
		}
		late, cancelLate := l.Context(t.Context())
		defer cancelLate()
		synctest.Wait()
		if !errors.Is(context.Cause(late), ErrLocked) {
			t.Errorf("derived of a lost lock: %v", context.Cause(late))
		}
	})
}

func TestALockIsNotHeldInTheMomentAComputerWakesUp(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		var slept atomic.Int64
		r.clock.now = func() time.Time { return time.Now().Add(time.Duration(slept.Load())) }
		l, err := r.Lock(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Unlock()
		slept.Store(int64(10 * time.Minute))
		if err := l.Held(); err != nil {
			t.Errorf("after ten minutes, which nobody takes for stale: %v", err)
		}
		time.Sleep(time.Minute)
		slept.Store(int64(time.Hour))
		if err := l.Held(); !errors.Is(err, ErrLocked) {
			t.Errorf("after fifty minutes: %v", err)
		}
		time.Sleep(time.Minute) // nobody was there, so that it is renewed
		if err := l.Held(); err != nil {
			t.Errorf("after its renewal: %v", err)
		}
		l.Unlock()
		if err := l.Held(); !errors.Is(err, ErrLocked) {
			t.Errorf("after it was let go: %v", err)
		}
	})
}

func TestALockThatIsNotWantedAnyMoreIsNotLeftBehind(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel) // while it waits for others to appear
		if _, err := r.Lock(ctx, true); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if left := store.names(storage.Locks); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// late is a store at the other end of a network: what it was sent it stores, whether the
// caller waits for its answer or not.
type late struct {
	*memoryStore
	sent atomic.Pointer[context.CancelFunc] // called once, when a lock is on its way
}

func (s *late) Put(ctx context.Context, k storage.Kind, name string, data []byte) error {
	err := s.memoryStore.Put(ctx, k, name, data)
	if k == storage.Locks {
		if sent := s.sent.Swap(nil); sent != nil {
			(*sent)()
		}
	}
	return errors.Join(err, ctx.Err())
}

func TestALockOfWhichNobodyWaitsForTheAnswerIsNotLeftBehind(t *testing.T) {
	inTime(t, func(t *testing.T, r *Repository, store *memoryStore) {
		slow := &late{memoryStore: store}
		r = r.On(slow)
		ctx, cancel := context.WithCancel(t.Context())
		slow.sent.Store(&cancel)
		if _, err := r.Lock(ctx, false); !errors.Is(err, context.Canceled) {
			t.Errorf("not wanted any more: %v", err)
		}
		l, err := r.Lock(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		slow.sent.Store(&l.stop) // as Unlock does, in the middle of a renewal
		<-l.done
		l.Unlock()
		if left := store.names(storage.Locks); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}
