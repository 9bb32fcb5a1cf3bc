package lending_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/lending"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
)

const day = 24 * time.Hour

// world is Ann with one computer, and one that was lent a seat.
type world struct {
	*testing.T
	*lending.Service
	db   *database.DB
	ms   atomic.Int64
	ann  people.Person
	lent computers.Computer
}

func (w *world) now() time.Time { return time.UnixMilli(w.ms.Load()).UTC() }

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func each(t *testing.T, run func(w *world)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := &world{T: t, db: db}
		w.ms.Store(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC).UnixMilli())
		p := people.New(db, people.Defaults{Seats: 4}, w.now)
		w.Service = &lending.Service{DB: db, People: p, Computers: computers.New(db, p, computers.Options{}, w.now), Audit: audit.New(db, w.now),
			Mail: mail.New(db, mail.Options{Address: "127.0.0.1:9", From: "backup@college.edu"}, w.now)}
		_, token, err := p.Invite(t.Context(), "ann@college.edu", "Ann", people.Member, "test")
		w.must(err)
		w.ann, err = p.Accept(t.Context(), token)
		w.must(err)
		_, _, err = w.Computers.Register(t.Context(), w.ann.ID, computers.Registration{Name: "old laptop", Owner: computers.Institution})
		w.must(err)
		w.lent, _, err = w.Computers.Register(t.Context(), w.ann.ID, computers.Registration{Name: "new laptop", Owner: computers.Institution, Lent: true})
		w.must(err)
		run(w)
	})
}

// letters are the texts of those that wait.
func (w *world) letters() (all []string) {
	w.Helper()
	rows, err := w.db.QueryContext(w.Context(), "SELECT recipient, body FROM outbox")
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var to, text string
		w.must(rows.Scan(&to, &text))
		all = append(all, to+"\n"+text)
	}
	w.must(rows.Err())
	return all
}

func TestTheEndOfALentSeatIsLoggedAndToldOnceHoweverManyServersLook(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.Tell(w.Context(), ""))
		if got := w.letters(); len(got) != 0 {
			w.Errorf("before the end there are %q", got)
		}
		w.ms.Add((31 * day).Milliseconds())
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := w.Tell(w.Context(), ""); err != nil {
					w.Error(err)
				}
			})
		}
		all.Wait()
		got := w.letters()
		if len(got) != 1 || !strings.HasPrefix(got[0], "ann@college.edu\n") {
			w.Fatalf("the letters are %q", got)
		}
		for _, says := range []string{"“new laptop”", "2 December 2026", "for 60 days", "Replace Device"} {
			if !strings.Contains(got[0], says) {
				w.Errorf("the letter does not say %q: %s", says, got[0])
			}
		}
		log, err := w.Audit.List(w.Context(), audit.Query{Person: w.ann.ID})
		w.must(err)
		if len(log) != 1 || log[0].Action != "computer.lent_end" || log[0].Target != w.lent.ID || log[0].Actor != "server" {
			w.Errorf("the log has %+v", log)
		}
	})
}

func TestAnEndThatCannotBeLoggedOrToldIsToldLater(t *testing.T) {
	each(t, func(w *world) {
		w.ms.Add((31 * day).Milliseconds())
		for _, gone := range []string{"audit", "outbox"} {
			databasetest.Without(w, w.db, gone, func() {
				if err := w.Tell(w.Context(), ""); err == nil {
					w.Errorf("without %s it was told", gone)
				}
			})
			if got := w.letters(); len(got) != 0 {
				w.Errorf("without %s the letters are %q", gone, got)
			}
		}
		w.must(w.Tell(w.Context(), ""))
		if got := w.letters(); len(got) != 1 {
			w.Errorf("the letters are %q", got)
		}
	})
}
