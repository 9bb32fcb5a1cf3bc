package computers_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	. "holdfast/engine/server/computers"
)

var lent = Registration{Name: "new laptop", Owner: Institution, Lent: true}

func TestAFullAccountLendsASeatToAComputerThatIsAboutToReplaceAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 4 {
			w.computer(t, w.ann, Institution)
		}
		_, _, err := w.Register(t.Context(), w.ann, Registration{Name: "fifth", Owner: Institution})
		want(t, err, ErrSeats)
		c, credential, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		if found, err := w.identify(t, credential); err != nil || !found.Lent || found.ID != c.ID {
			t.Fatalf("%+v, %v", found, err)
		}
		_, _, err = w.Register(t.Context(), w.ann, Registration{Name: "fifth", Owner: Institution})
		want(t, err, ErrSeats)
	})
}

func TestALentSeatTakesNoneFromAnybody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.computer(t, w.ann, Institution)
		_, _, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		for range 3 {
			w.computer(t, w.ann, Institution)
		}
	})
}

func TestOneSeatIsLentAtATimeHoweverManyAskAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.computer(t, w.ann, Institution)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, _, err := w.Register(t.Context(), w.ann, lent); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		list, err := w.List(t.Context(), w.ann)
		want(t, err, nil)
		here := 0
		for _, c := range list {
			if c.Lent && c.State != Removed {
				here++
			}
		}
		if here != 1 {
			t.Errorf("%d seats are lent", here)
		}
	})
}

func TestNothingIsLentWhereThereIsNoComputerToReplace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, _, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, ErrInvalid)
	})
}

func TestALentSeatEndsAfterThirtyDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.computer(t, w.ann, Institution)
		c, credential, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		w.pass(30*day - time.Millisecond)
		_, err = w.identify(t, credential)
		want(t, err, nil)
		w.pass(time.Millisecond)
		_, err = w.identify(t, credential)
		want(t, err, ErrRemoved)
		if now, err := w.Get(t.Context(), w.ann, c.ID); err != nil || now.State != Removed || !now.RemovedAt.Equal(w.now()) {
			t.Fatalf("%+v, %v", now, err)
		}
		_, _, err = w.Authorize(t.Context(), w.ann, c.ID, 1)
		want(t, err, ErrRemoved)
		w.pass(60 * day)
		gone, err := w.Expired(t.Context())
		want(t, err, nil)
		if len(gone) != 1 || gone[0].ID != c.ID {
			t.Errorf("%+v", gone)
		}
	})
}

func TestALentSeatThatIsBroughtBackIsItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 4 {
			w.computer(t, w.ann, Institution)
		}
		c, _, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		want(t, w.Remove(t.Context(), w.ann, c.ID), nil)
		want(t, w.Restore(t.Context(), w.ann, c.ID), ErrSeats)
		list, err := w.List(t.Context(), w.ann)
		want(t, err, nil)
		want(t, w.Remove(t.Context(), w.ann, list[0].ID), nil)
		want(t, w.Restore(t.Context(), w.ann, c.ID), nil)
		w.pass(31 * day)
		if now, err := w.Get(t.Context(), w.ann, c.ID); err != nil || now.Lent || now.State != Active {
			t.Errorf("%+v, %v", now, err)
		}
	})
}

func TestAComputerWithALentSeatIsNotReplacedItself(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.computer(t, w.ann, Institution)
		c, _, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		_, _, err = w.Replace(t.Context(), w.ann, c.ID, Registration{Name: "newer"})
		want(t, err, ErrInvalid)
	})
}

func TestWhatAComputerStoredThatGaveUpItsSeatStaysAsLongAsItsSuccessor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, _ := w.computer(t, w.ann, Institution)
		own, credential := w.computer(t, w.ann, Institution)
		bens, _ := w.computer(t, w.ben, Institution)
		want(t, w.GiveUp(t.Context(), w.ann, own.ID, bens.ID), ErrNotFound)
		want(t, w.GiveUp(t.Context(), w.ann, own.ID, own.ID), ErrInvalid)
		for range 2 {
			want(t, w.GiveUp(t.Context(), w.ann, own.ID, old.ID), nil)
		}
		_, err := w.identify(t, credential)
		want(t, err, ErrRemoved)
		expired := func(ids ...string) {
			t.Helper()
			w.pass(61 * day)
			list, err := w.Expired(t.Context())
			want(t, err, nil)
			var got []string
			for _, c := range list {
				got = append(got, c.ID)
			}
			if !slices.Equal(got, ids) {
				t.Fatalf("%v are over, not %v", got, ids)
			}
			for _, id := range got {
				want(t, w.Forget(t.Context(), id), nil)
			}
		}
		expired()
		want(t, w.Remove(t.Context(), w.ann, old.ID), nil)
		expired(old.ID)
		expired(own.ID)
	})
}
