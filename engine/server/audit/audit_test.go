package audit_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func fixed() time.Time { return start }

func TestEntriesComeBackAsTheyWereMadeNewestFirst(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db, fixed)
		fill(t, log, 3)
		list, err := log.List(t.Context(), audit.Query{})
		if err != nil || len(list) != 3 {
			t.Fatalf("%d entries, %v", len(list), err)
		}
		want := audit.Entry{Actor: "ann", Action: "computer.block", Target: "computer 3", Person: "ben",
			Reason: "lost", Address: "192.0.2.7", Number: 3, At: start, Hash: list[0].Hash}
		if head, err := log.Head(t.Context()); err != nil || list[0] != want || want.Hash != head.Hash {
			t.Fatalf("got %+v", list[0])
		}
		list, err = log.List(t.Context(), audit.Query{Before: 3, Limit: 1})
		if err != nil || len(list) != 1 || list[0].Number != 2 {
			t.Fatalf("the page before 3: %+v, %v", list, err)
		}
	})
}

func TestAPersonsEntriesAreThoseTheyDidAndThoseAboutThem(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db, fixed)
		for _, e := range []audit.Entry{
			{Actor: "ben", Action: "did"}, {Actor: "ann", Action: "target", Target: "ben"},
			{Actor: "ann", Action: "person", Target: "computer", Person: "ben"}, {Actor: "ann", Action: "other", Target: "ann"},
		} {
			record(t, log, nil, e)
		}
		list, err := log.List(t.Context(), audit.Query{Person: "ben"})
		if err != nil || len(list) != 3 || list[0].Action != "person" || list[2].Action != "did" {
			t.Fatalf("%+v, %v", list, err)
		}
	})
}

func TestEntriesAreChosenByTheirTimeAndPlaceAndGoneThroughFromTheFirst(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		now := start
		log := audit.New(db, func() time.Time { return now })
		for range 5 { // entry n is made n - 1 hours after the start
			fill(t, log, 1)
			now = now.Add(time.Hour)
		}
		record(t, log, nil, audit.Entry{Actor: "eve", Action: "other"})
		for name, c := range map[string]struct {
			query audit.Query
			want  string
		}{
			"all of them":                      {audit.Query{}, "1 2 3 4 5 6"},
			"since a moment, which counts":     {audit.Query{Since: start.Add(2 * time.Hour)}, "3 4 5 6"},
			"until a moment, which does not":   {audit.Query{Until: start.Add(2 * time.Hour)}, "1 2"},
			"between two moments":              {audit.Query{Since: start.Add(time.Hour), Until: start.Add(3 * time.Hour)}, "2 3"},
			"between two places":               {audit.Query{After: 1, Before: 5}, "2 3 4"},
			"the first few after a place":      {audit.Query{After: 2, Limit: 2}, "3 4"},
			"of one person, between moments":   {audit.Query{Person: "eve", Since: start}, "6"},
			"of a time in which nothing was":   {audit.Query{Since: start.Add(9 * time.Hour)}, ""},
			"of one person, nothing of it":     {audit.Query{Person: "eve", Until: start.Add(time.Hour)}, ""},
			"since a moment within an hour":    {audit.Query{Since: start.Add(time.Hour + time.Millisecond), Limit: 1}, "3"},
			"until a moment just after one is": {audit.Query{Until: start.Add(time.Millisecond)}, "1"},
		} {
			var got []string
			err := log.Each(t.Context(), c.query, func(e audit.Entry) error { got = append(got, fmt.Sprint(e.Number)); return nil })
			if err != nil || strings.Join(got, " ") != c.want {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
		enough, n := errors.New("enough"), 0
		err := log.Each(t.Context(), audit.Query{}, func(audit.Entry) error { n++; return enough })
		if !errors.Is(err, enough) || n != 1 {
			t.Errorf("%v after %d", err, n)
		}
	})
}

func TestAnEntryFallsWithItsTransaction(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db, fixed)
		fill(t, log, 1)
		wrong := errors.New("wrong")
		err := db.Tx(t.Context(), func(tx *sql.Tx) error {
			record(t, log, tx, audit.Entry{Action: "undone"})
			return wrong
		})
		if !errors.Is(err, wrong) {
			t.Fatal(err)
		}
		fill(t, log, 1)
		if head, err := log.Head(t.Context()); err != nil || head.Number != 2 {
			t.Fatalf("%+v, %v", head, err)
		}
		verify(t, log)
	})
}

func TestRacingWritersKeepOneChain(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		const writers, each = 20, 10
		var group sync.WaitGroup
		for w := range writers {
			log := audit.New(db, time.Now)
			group.Go(func() {
				for i := range each {
					e := audit.Entry{Actor: fmt.Sprint(w), Action: fmt.Sprint(i)}
					err := db.Tx(t.Context(), func(tx *sql.Tx) error {
						if i%2 == 0 {
							return log.Record(t.Context(), tx, e)
						}
						return nil
					})
					if i%2 == 1 {
						err = log.Record(t.Context(), nil, e)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		log := audit.New(db, time.Now)
		for range 5 { // a chain that grows meanwhile is no broken one
			verify(t, log)
		}
		group.Wait()
		verify(t, log)
		if head, err := log.Head(t.Context()); err != nil || head.Number != writers*each {
			t.Fatalf("%+v, %v", head, err)
		}
	})
}

func TestVerifyFindsTampering(t *testing.T) {
	for _, c := range []struct{ name, how, where string }{
		{"a reason that was changed", "UPDATE audit SET reason = 'found' WHERE number = 3", "entry 3"},
		{"a moment that was changed", "UPDATE audit SET at = at + 1 WHERE number = 1", "entry 1"},
		{"an actor that was changed in the last entry", "UPDATE audit SET actor = 'eve' WHERE number = 5", "entry 5"},
		{"text that moved to the field beside it", "UPDATE audit SET target = 'computer 2b', person = 'en' WHERE number = 2", "entry 2"},
		{"an entry that was removed", "DELETE FROM audit WHERE number = 2", "after entry 1 comes 3"},
		{"a first entry that was removed", "DELETE FROM audit WHERE number = 1", "after entry 0 comes 2"},
		{"a last entry that was removed", "DELETE FROM audit WHERE number = 5", "ends at entry 4"},
		{"entries that changed places", "UPDATE audit SET number = CASE number WHEN 2 THEN -3 WHEN 3 THEN -2 ELSE number END; UPDATE audit SET number = -number WHERE number < 0", "entry 2"},
		{"a hash that was changed", "UPDATE audit SET hash = 'ff' WHERE number = 4", "entry 4"},
		{"an end that was changed", "UPDATE audit_head SET hash = 'ff'", "entry 5"},
		{"an entry before the first", "INSERT INTO audit VALUES (0, 0, '', '', '', '', '', '', '')", "after entry 0 comes 0"},
		{"an entry past the end", "INSERT INTO audit VALUES (6, 0, '', '', '', '', '', '', '')", "entry 6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			databasetest.Each(t, func(t *testing.T, db *database.DB) {
				log := audit.New(db, fixed)
				fill(t, log, 5)
				verify(t, log)
				for _, statement := range strings.Split(c.how, ";") {
					if _, err := db.ExecContext(t.Context(), statement); err != nil {
						t.Fatal(err)
					}
				}
				err := log.Verify(t.Context())
				if !errors.Is(err, audit.ErrBroken) || !strings.Contains(err.Error(), c.where) {
					t.Fatalf("got %v", err)
				}
			})
		})
	}
}

func TestALogThatWasWrittenAnewDiffersFromANotedHead(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db, fixed)
		fill(t, log, 2)
		noted, err := log.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fill(t, log, 1)
		if err := log.Verify(t.Context(), noted); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "DELETE FROM audit"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "UPDATE audit_head SET number = 0, hash = $1", strings.Repeat("0", 64)); err != nil {
			t.Fatal(err)
		}
		verify(t, log) // whoever can write everything can begin again
		if err := log.Verify(t.Context(), noted); !errors.Is(err, audit.ErrBroken) {
			t.Fatalf("shorter than was noted: %v", err)
		}
		record(t, log, nil, audit.Entry{Action: "forged"})
		record(t, log, nil, audit.Entry{Action: "forged"})
		record(t, log, nil, audit.Entry{Action: "forged"})
		verify(t, log)
		if err := log.Verify(t.Context(), noted); !errors.Is(err, audit.ErrBroken) {
			t.Fatalf("other than was noted: %v", err)
		}
	})
}

func TestNoTextFromOutsideKeepsAnEntryOut(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db, fixed)
		for _, reason := range []string{"a\x00b", "\xff\xfe", strings.Repeat("ü", 5000), "'; DROP TABLE audit; --", "\u202e"} {
			record(t, log, nil, audit.Entry{Action: "x", Reason: reason})
		}
		verify(t, log)
		list, err := log.List(t.Context(), audit.Query{Person: "\x00"})
		if err != nil || len(list) != 0 {
			t.Fatalf("%+v, %v", list, err)
		}
		list, err = log.List(t.Context(), audit.Query{})
		if err != nil || len(list) != 5 || len(list[2].Reason) > 2000 || !utf8.ValidString(list[2].Reason) {
			t.Fatalf("%+v, %v", list, err)
		}
	})
}

// The form of the chain is fixed: logs that exist must verify for ever. The value was
// computed by other means from the description in chain.go.
func TestTheFirstLinkIsTheDescribedHash(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db, fixed)
		record(t, log, nil, audit.Entry{Actor: "ann", Action: "key.release", Target: "ben", Reason: "lost laptop", Address: "192.0.2.7"})
		head, err := log.Head(t.Context())
		if err != nil || head.Hash != "f1bda314352b1e6934cdf882e9004515b59122d614983d4d464f61528f5350b2" {
			t.Fatalf("%+v, %v", head, err)
		}
	})
}

func fill(t *testing.T, log *audit.Log, n int) {
	t.Helper()
	for range n {
		head, err := log.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		record(t, log, nil, audit.Entry{Actor: "ann", Action: "computer.block", Target: fmt.Sprintf("computer %d", head.Number+1),
			Person: "ben", Reason: "lost", Address: "192.0.2.7"})
	}
}

func record(t *testing.T, log *audit.Log, q database.Querier, e audit.Entry) {
	t.Helper()
	if err := log.Record(t.Context(), q, e); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, log *audit.Log) {
	t.Helper()
	if err := log.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}
