package session_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/session"
)

// fixture is a service whose time stands still until it is told to go on.
type fixture struct {
	*session.Service
	db  *database.DB
	now time.Time
}

func each(t *testing.T, run func(t *testing.T, f *fixture)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := &fixture{db: db, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
		f.Service = session.New(db, func() time.Time { return f.now })
		f.WaitForWriters(5 * time.Minute) // how fast the disk is, is not what is tried
		run(t, f)
	})
}

func (f *fixture) pass(d time.Duration) { f.now = f.now.Add(d) }

func (f *fixture) create(t *testing.T, person string, kind session.Kind) (string, session.Session) {
	t.Helper()
	token, s, err := f.Create(t.Context(), person, kind, "Firefox on Linux", "192.0.2.7")
	if err != nil {
		t.Fatal(err)
	}
	return token, s
}

func (f *fixture) lives(t *testing.T, token string) bool {
	t.Helper()
	_, err := f.Find(t.Context(), token)
	if err != nil && !errors.Is(err, session.ErrNone) {
		t.Fatal(err)
	}
	return err == nil
}

func TestATokenOpensTheSessionItWasMadeFor(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token, made := f.create(t, "ann", session.Browser)
		found, err := f.Find(t.Context(), token)
		if err != nil || found != made {
			t.Fatalf("found %+v, %v, want %+v", found, err, made)
		}
		if found.Person != "ann" || found.Kind != session.Browser || !found.Fresh.Equal(f.now) || found.Address != "192.0.2.7" {
			t.Fatalf("found %+v", found)
		}
		for _, wrong := range []string{"", token + "A", strings.ToLower(token), made.ID, "' OR 1=1 --", "\x00", "\xff"} {
			if s, err := f.Find(t.Context(), wrong); !errors.Is(err, session.ErrNone) {
				t.Errorf("%q opened %+v, %v", wrong, s, err)
			}
		}
	})
}

func TestTheDatabaseDoesNotKnowATokenNorACode(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token, _ := f.create(t, "ann", session.App)
		code, err := f.Code(t.Context(), "ann", authorize(), "192.0.2.7")
		if err != nil {
			t.Fatal(err)
		}
		grant, err := f.StartDevice(t.Context(), "Shed", "192.0.2.7")
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{"SELECT token, id FROM session", "SELECT code, challenge FROM authorization_code", "SELECT device_code, user_code FROM device_grant"} {
			rows, err := f.db.QueryContext(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var a, b string
				if err := rows.Scan(&a, &b); err != nil {
					t.Fatal(err)
				}
				for _, secret := range []string{token, code, grant.DeviceCode, grant.UserCode, strings.ReplaceAll(grant.UserCode, "-", "")} {
					if strings.Contains(a+" "+b, secret) {
						t.Errorf("%s tells a secret", query)
					}
				}
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestABrowsersSessionEndsWhenItIsNotUsedForTwelveHours(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token, _ := f.create(t, "ann", session.Browser)
		f.pass(11*time.Hour + 59*time.Minute)
		if !f.lives(t, token) {
			t.Fatal("over too early")
		}
		f.pass(11*time.Hour + 59*time.Minute)
		if !f.lives(t, token) {
			t.Fatal("over although it was used")
		}
		f.pass(12 * time.Hour)
		if f.lives(t, token) {
			t.Fatal("still open")
		}
	})
}

func TestABrowsersSessionEndsAfterSevenDaysHoweverBusyItIs(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token, _ := f.create(t, "ann", session.Browser)
		for range 7*24/6 - 1 {
			f.pass(6 * time.Hour)
			if !f.lives(t, token) {
				t.Fatal("over too early")
			}
		}
		f.pass(6 * time.Hour)
		if f.lives(t, token) {
			t.Fatal("still open")
		}
	})
}

func TestASessionOfTheAppEndsAfterAnHour(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token, _ := f.create(t, "ann", session.App)
		f.pass(time.Hour - time.Second)
		if !f.lives(t, token) {
			t.Fatal("over too early")
		}
		f.pass(time.Second)
		if f.lives(t, token) {
			t.Fatal("still open")
		}
	})
}

func TestAFullDiskSignsNobodyOut(t *testing.T) {
	db := databasetest.Open(t, databasetest.Address(t, database.SQLite), database.Schema())
	f := &fixture{db: db, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	f.Service = session.New(db, func() time.Time { return f.now })
	token, _ := f.create(t, "ann", session.Browser)
	db.SetMaxOpenConns(1) // the pragma is of a connection
	if _, err := db.ExecContext(t.Context(), "PRAGMA query_only = 1"); err != nil {
		t.Fatal(err)
	}
	f.pass(time.Hour)
	if !f.lives(t, token) {
		t.Fatal("signed out")
	}
}

func TestSigningInAfreshIsNoted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token, made := f.create(t, "ann", session.Browser)
		f.pass(time.Hour)
		if err := f.Freshen(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		if s, err := f.Find(t.Context(), token); err != nil || !s.Fresh.Equal(f.now) {
			t.Fatalf("fresh at %v, %v", s.Fresh, err)
		}
		if err := f.Freshen(t.Context(), "nobody's"); !errors.Is(err, session.ErrNone) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestSomebodyElsesSessionCannotBeEnded(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token, s := f.create(t, "ann", session.Browser)
		if err := f.End(t.Context(), "bob", s.ID); !errors.Is(err, session.ErrNone) || !f.lives(t, token) {
			t.Fatalf("got %v", err)
		}
		if err := f.End(t.Context(), "ann", s.ID); err != nil || f.lives(t, token) {
			t.Fatalf("still open, %v", err)
		}
		for _, id := range []string{"", "\x00", "\xff", s.ID + "0", strings.Repeat("z", 32)} {
			if err := f.End(t.Context(), "ann", id); !errors.Is(err, session.ErrNone) {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}

func TestAFindDoesNotWaitLongForThoseWhoWrite(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token, s := f.create(t, "ann", session.Browser)
		f.pass(time.Hour)
		asked := session.New(f.db, func() time.Time { return f.now })
		err := f.db.Tx(t.Context(), func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(t.Context(), "UPDATE session SET seen = seen WHERE id = $1", s.ID); err != nil {
				return err
			}
			// PostgreSQL would wait for ever, SQLite for a quarter of a minute.
			ctx, cancel := context.WithTimeout(t.Context(), 14*time.Second)
			defer cancel()
			if _, err := asked.Find(ctx, token); err != nil || ctx.Err() != nil {
				t.Errorf("%v, and the time is up: %v", err, ctx.Err())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestEndingAllKeepsTheOneThatIsNamedAndOtherPeoples(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		kept, this := f.create(t, "ann", session.Browser)
		other, _ := f.create(t, "ann", session.App)
		bobs, _ := f.create(t, "bob", session.Browser)
		code, err := f.Code(t.Context(), "ann", authorize(), "")
		if err != nil {
			t.Fatal(err)
		}
		if err := f.EndAll(t.Context(), "ann", this.ID); err != nil {
			t.Fatal(err)
		}
		if !f.lives(t, kept) || f.lives(t, other) || !f.lives(t, bobs) {
			t.Fatal("the wrong ones ended")
		}
		if _, _, err := f.Exchange(t.Context(), codeForm(code), ""); !isOAuth(err, "invalid_grant") {
			t.Fatalf("a code on its way still opens a session: %v", err)
		}
		if err := f.EndAll(t.Context(), "ann", ""); err != nil || f.lives(t, kept) {
			t.Fatalf("still open, %v", err)
		}
	})
}

func TestTheListShowsWhatIsOpenAndTheLastUsedFirst(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		first, a := f.create(t, "ann", session.Browser)
		f.create(t, "ann", session.App)
		f.create(t, "bob", session.Browser)
		f.pass(30 * time.Minute)
		_, c := f.create(t, "ann", session.Browser)
		f.pass(40 * time.Minute) // the app's is over
		f.lives(t, first)
		list, err := f.List(t.Context(), "ann")
		if err != nil || len(list) != 2 || list[0].ID != a.ID || list[1].ID != c.ID {
			t.Fatalf("%+v, %v", list, err)
		}
	})
}

func TestSweepingTakesAwayOnlyWhatIsOver(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.create(t, "ann", session.App)
		if _, err := f.Code(t.Context(), "ann", authorize(), ""); err != nil {
			t.Fatal(err)
		}
		if _, err := f.StartDevice(t.Context(), "Shed", ""); err != nil {
			t.Fatal(err)
		}
		token, _ := f.create(t, "ann", session.Browser)
		f.pass(6 * time.Hour)
		f.lives(t, token)
		f.pass(7 * time.Hour)
		if err := f.Sweep(t.Context()); err != nil || !f.lives(t, token) {
			t.Fatalf("swept too much, %v", err)
		}
		count := func() (n int) {
			err := f.db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM session) + (SELECT count(*) FROM authorization_code) + (SELECT count(*) FROM device_grant)`).Scan(&n)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count(); n != 1 {
			t.Fatalf("%d rows are left", n)
		}
		f.pass(12 * time.Hour)
		if err := f.Sweep(t.Context()); err != nil || count() != 0 {
			t.Fatalf("%d rows are left, %v", count(), err)
		}
	})
}

func TestANameFromOutsideIsFitToBeReadInAList(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for given, want := range map[string]string{
			" Ann's laptop\r\n":             "Ann's laptop",
			"a\u202egpj.exe\x00\xff":        "agpj.exe",
			strings.Repeat("ä", 300):        strings.Repeat("ä", 100),
			"Größe – 大きい \u00a0":            "Größe – 大きい",
			"<script>alert(1)</script>name": "<script>alert(1)</script>name", // showing it is for the pages
		} {
			_, s, err := f.Create(t.Context(), "ann", session.App, given, "")
			if err != nil || s.Name != want {
				t.Errorf("%q became %q, %v", given, s.Name, err)
			}
		}
	})
}
