package computers_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	. "holdfast/engine/server/computers"
	"holdfast/engine/server/people"
)

func TestIdentifyAndMayUploadWriteNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		college, old := w.computer(t, w.ann, Institution)
		want(t, w.BackedUp(t.Context(), college.ID, w.now()), nil)
		own, credential := w.computer(t, w.ann, Personal)
		_, _, err := w.Replace(t.Context(), w.ann, college.ID, Registration{})
		want(t, err, nil)
		// While somebody holds the rows, and on SQLite the one right to write,
		// whoever writes waits.
		err = w.db.Tx(t.Context(), func(tx *sql.Tx) error {
			for _, take := range []string{"UPDATE person SET version = version + 1", "UPDATE computer SET seen = seen"} {
				if _, err := tx.ExecContext(t.Context(), take); err != nil {
					return err
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for range 3 {
				_, err := w.Identify(ctx, own.ID, credential[33:])
				want(t, err, nil)
				_, err = w.Identify(ctx, college.ID, old[33:])
				want(t, err, ErrReplaced)
				want(t, w.MayUpload(ctx, own, home), nil)
			}
			return nil
		})
		want(t, err, nil)
	})
}

func TestWhatIsNoIDIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, credential := w.computer(t, w.ann, Institution)
		for _, id := range []string{"", "x", "\x00", "\xff", strings.ToUpper(c.ID) + "A", c.ID[:31] + "\x00", c.ID + " ", "../" + c.ID, strings.Repeat("\xff", 32)} {
			_, err := w.Identify(t.Context(), id, credential[33:])
			want(t, err, ErrUnknown)
			_, err = w.Get(t.Context(), "", id)
			want(t, err, ErrNotFound)
			want(t, w.Remove(t.Context(), w.ann, id), ErrNotFound)
			want(t, w.Remove(t.Context(), "", id), ErrNotFound)
			_, _, err = w.Settings(t.Context(), id)
			want(t, err, ErrNotFound)
			want(t, w.BackedUp(t.Context(), id, w.now()), ErrNotFound)
			_, _, err = w.Register(t.Context(), id, Registration{Name: "x", Owner: Institution})
			want(t, err, people.ErrNotFound)
		}
		_, err := w.Identify(t.Context(), c.ID, "\x00\xff")
		want(t, err, ErrUnknown)
	})
}
