package computers_test

import (
	"errors"
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
		want(t, err, ErrLentOver)
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

func TestWhoWasLentSeatsForThirtyDaysAndReplacedNothingIsLentNoneForSixty(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 4 {
			w.computer(t, w.ann, Institution)
		}
		w.computer(t, w.ben, Institution)
		borrow := func(wanted error) string {
			t.Helper()
			c, credential, err := w.Register(t.Context(), w.ann, lent)
			want(t, err, wanted)
			if wanted == nil && !c.Lent {
				t.Error("it has a seat of its own")
			}
			return credential
		}
		first := borrow(nil)
		w.pass(10 * day)
		second := borrow(nil)
		_, err := w.identify(t, first)
		want(t, err, ErrLentOver)
		w.pass(20*day - time.Millisecond) // the rest of the thirty
		_, err = w.identify(t, second)
		want(t, err, nil)
		w.pass(time.Millisecond)
		_, err = w.identify(t, second)
		want(t, err, ErrLentOver)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, _, err := w.Register(t.Context(), w.ann, lent); !errors.Is(err, ErrLentLimit) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		_, _, err = w.Register(t.Context(), w.ben, lent)
		want(t, err, nil)
		w.pass(60*day - time.Millisecond)
		borrow(ErrLentLimit)
		w.pass(time.Millisecond)
		third := borrow(nil)
		w.pass(30*day - time.Millisecond)
		_, err = w.identify(t, third)
		want(t, err, nil)
	})
}

func TestTimeThatWasNotUsedIsLeftForTheNextComputer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.computer(t, w.ann, Institution)
		c, _, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		w.pass(day)
		want(t, w.Remove(t.Context(), w.ann, c.ID), nil)
		w.pass(40 * day)
		_, credential, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		w.pass(29*day - time.Millisecond)
		_, err = w.identify(t, credential)
		want(t, err, nil)
		w.pass(time.Millisecond)
		_, err = w.identify(t, credential)
		want(t, err, ErrLentOver)
	})
}

func TestLessThanADayIsNotLent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.computer(t, w.ann, Institution)
		want(t, w.people.SetSeats(t.Context(), w.ann, 1), nil)
		c, _, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		w.pass(29*day + time.Millisecond)
		want(t, w.Remove(t.Context(), w.ann, c.ID), nil)
		_, _, err = w.Register(t.Context(), w.ann, lent)
		want(t, err, ErrLentLimit)
	})
}

func TestWhoIsLentNoneHasASeatThatIsFree(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 4 {
			w.computer(t, w.ann, Institution)
		}
		_, _, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		w.pass(31 * day)
		_, _, err = w.Register(t.Context(), w.ann, lent)
		want(t, err, ErrLentLimit)
		want(t, w.people.SetSeats(t.Context(), w.ann, 5), nil)
		c, credential, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		if c.Lent {
			t.Error("it is lent")
		}
		w.pass(31 * day)
		_, err = w.identify(t, credential)
		want(t, err, nil)
		_, _, err = w.Register(t.Context(), w.ann, lent)
		want(t, err, ErrLentLimit)
	})
}

func TestAReplacementThatWasFinishedLeavesAllTheTimeForTheNext(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, _ := w.computer(t, w.ann, Institution)
		idle, _ := w.computer(t, w.ann, Institution)
		for range 3 {
			c, _, err := w.Register(t.Context(), w.ann, lent)
			want(t, err, nil)
			w.pass(29 * day)
			_, _, err = w.Replace(t.Context(), w.ann, old.ID, Registration{Name: "new laptop"})
			want(t, err, nil)
			want(t, w.GiveUp(t.Context(), w.ann, c.ID, old.ID), nil)
		}
		// To say that the place was taken is not to take it.
		for range 2 {
			c, _, err := w.Register(t.Context(), w.ann, lent)
			want(t, err, nil)
			w.pass(15 * day)
			want(t, w.GiveUp(t.Context(), w.ann, c.ID, idle.ID), nil)
		}
		want(t, w.Remove(t.Context(), w.ann, idle.ID), nil)
		want(t, w.people.SetSeats(t.Context(), w.ann, 1), nil)
		_, _, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, ErrLentLimit)
	})
}

func TestTheEndOfALentSeatIsToldOnceWhoeverEndsIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.computer(t, w.ann, Institution)
		tell := func(ids ...string) {
			t.Helper()
			list, err := w.LentEnded(t.Context(), w.ann)
			want(t, err, nil)
			var got []string
			for _, c := range list {
				got = append(got, c.ID)
			}
			if !slices.Equal(got, ids) {
				t.Fatalf("%v are to be told of, not %v", got, ids)
			}
			for _, id := range ids {
				for _, wanted := range []bool{true, false} {
					if told, err := w.LentEndTold(t.Context(), id); err != nil || told != wanted {
						t.Errorf("%v, %v", told, err)
					}
				}
			}
		}
		first, _, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		tell()
		second, credential, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		tell(first.ID)
		w.pass(31 * day)
		if list, err := w.LentEnded(t.Context(), w.ben); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		tell(second.ID)
		tell()
		_, err = w.identify(t, credential)
		want(t, err, ErrLentOver)
		// Whoever removes one knows it.
		w.pass(61 * day)
		third, credential, err := w.Register(t.Context(), w.ann, lent)
		want(t, err, nil)
		want(t, w.Remove(t.Context(), w.ann, third.ID), nil)
		tell()
		if _, err := w.identify(t, credential); !errors.Is(err, ErrRemoved) || errors.Is(err, ErrLentOver) {
			t.Error(err)
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
			if seats, err := w.GivenUp(t.Context(), w.ann); err != nil || len(seats) != 1 || seats[own.ID] != old.ID {
				t.Errorf("given up: %v, %v", seats, err)
			}
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
