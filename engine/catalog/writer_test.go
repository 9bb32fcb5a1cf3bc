package catalog

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
)

// withWriter runs a test with a writer in a bubble, in which it can be told that all that
// could happen has happened.
func withWriter(t *testing.T, test func(t *testing.T, w *writer)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := openSession(path, 100, false)
		must(t, err)
		w := startWriter(s)
		test(t, w)
		w.close()
		must(t, s.close())
	})
}

func TestAnOrderThatIsBeingCarriedOutIsWaitedForWhateverTheContextSays(t *testing.T) {
	withWriter(t, func(t *testing.T, w *writer) {
		ctx, cancel := context.WithCancel(t.Context())
		begun, goOn := make(chan struct{}), make(chan struct{})
		go func() {
			<-begun
			cancel()
			synctest.Wait() // long enough for do to return
			close(goOn)
		}()
		made := 0 // which the order sets, and the caller reads
		err := w.do(ctx, func(*session) error {
			close(begun)
			<-goOn
			made = 1
			return nil
		})
		if made != 1 || err != nil {
			t.Errorf("it returned before the order was carried out: %d, %v", made, err)
		}
	})
}

func TestAnOrderThatWasTakenBackIsNeverCarriedOut(t *testing.T) {
	withWriter(t, func(t *testing.T, w *writer) {
		goOn, done := make(chan struct{}), make(chan error, 1)
		must(t, w.give(t.Context(), func(*session) error { <-goOn; return nil }, func(err error) { done <- err }))
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			synctest.Wait() // it stands in the queue
			cancel()
		}()
		ran := false
		if err := w.do(ctx, func(*session) error { ran = true; return nil }); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		close(goOn)
		must(t, <-done)
		must(t, w.do(t.Context(), func(*session) error { return nil })) // all before it is over
		if ran {
			t.Error("it was carried out when nobody waited for it any more")
		}
	})
}

func TestAnOrderGivenWhileTheWriterClosesIsCarriedOutOrRefused(t *testing.T) {
	for range 20 {
		withWriter(t, func(t *testing.T, w *writer) {
			var tasks sync.WaitGroup
			for range 8 {
				tasks.Go(func() {
					for {
						ran := false
						err := w.do(context.Background(), func(*session) error { ran = true; return nil })
						if ran != (err == nil) {
							t.Errorf("carried out: %v, %v", ran, err)
						}
						if errors.Is(err, ErrClosed) {
							return
						}
					}
				})
			}
			w.close()
			tasks.Wait()
		})
	}
}

func TestWhoWaitsToReadWhenTheCatalogClosesIsToldSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	synctest.Test(t, func(t *testing.T) {
		c, err := Open(t.Context(), path, "repository")
		must(t, err)
		over := make(chan struct{})
		var reading sync.WaitGroup
		for range readerCount {
			reading.Go(func() {
				if err := c.read(t.Context(), func(*session) error { <-over; return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		waits, closed := make(chan error, 1), make(chan error, 1)
		go func() { waits <- c.read(t.Context(), func(*session) error { return nil }) }()
		synctest.Wait()
		go func() { closed <- c.Close() }()
		synctest.Wait()
		select {
		case err := <-waits:
			equal(t, "closed", errors.Is(err, ErrClosed), true)
		default:
			t.Error("it still waits for a connection that may never come back")
		}
		close(over)
		reading.Wait()
		must(t, <-closed)
	})
}
