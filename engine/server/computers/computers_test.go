package computers_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/people"
)

const day = 24 * time.Hour

// world is an account, ann's, with four seats, and another, ben's.
type world struct {
	*Service
	people   *people.Service
	ann, ben string
	ms       atomic.Int64
	db       *database.DB
}

func (w *world) now() time.Time       { return time.UnixMilli(w.ms.Load()).UTC() }
func (w *world) pass(d time.Duration) { w.ms.Add(d.Milliseconds()) }

func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := &world{db: db}
		w.ms.Store(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC).UnixMilli())
		w.people = people.New(db, people.Defaults{Seats: 4}, w.now)
		w.Service = New(db, w.people, Options{Networks: []netip.Prefix{
			netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("::ffff:198.51.100.0/120"),
		}}, w.now)
		w.ann, w.ben = w.person(t, "ann@college.edu"), w.person(t, "ben@college.edu")
		run(t, w)
	})
}

func (w *world) person(t *testing.T, email string) string {
	t.Helper()
	_, token, err := w.people.Invite(t.Context(), email, "", people.Member, "test")
	want(t, err, nil)
	p, err := w.people.Accept(t.Context(), token)
	want(t, err, nil)
	return p.ID
}

// computer registers one.
func (w *world) computer(t *testing.T, person string, owner Owner) (Computer, string) {
	t.Helper()
	c, credential, err := w.Register(t.Context(), person, Registration{Name: "laptop", Owner: owner})
	want(t, err, nil)
	return c, credential
}

// identify comes with a credential as HTTP Basic splits it.
func (w *world) identify(t *testing.T, credential string) (Computer, error) {
	t.Helper()
	id, secret, found := strings.Cut(credential, ":")
	if !found {
		t.Fatalf("the credential has no two parts")
	}
	return w.Identify(t.Context(), id, secret)
}

func want(t *testing.T, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Fatalf("got %v, want %v", err, wanted)
	}
}

func TestARegisteredComputerIsIdentifiedByItsCredential(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, credential, err := w.Register(t.Context(), w.ann, Registration{Name: " Ann's laptop ", Asset: "C-17", OS: "linux", Owner: Institution})
		want(t, err, nil)
		wanted := Computer{ID: c.ID, Person: w.ann, Name: "Ann's laptop", Asset: "C-17", OS: "linux", Owner: Institution,
			State: Active, Created: w.now(), Seen: w.now(), Generation: 1}
		if c != wanted || len(c.ID) != 32 {
			t.Fatalf("%+v", c)
		}
		if found, err := w.identify(t, credential); err != nil || found != c {
			t.Fatalf("%+v, %v", found, err)
		}
		for _, wrong := range []string{c.ID + ":", c.ID + ":x", c.ID + ":" + c.ID, ":", ":" + strings.Split(credential, ":")[1], "nobody:x", credential + "x"} {
			_, err := w.identify(t, wrong)
			want(t, err, ErrUnknown)
		}
		var kept string
		want(t, w.db.QueryRowContext(t.Context(), "SELECT credential FROM computer").Scan(&kept), nil)
		if strings.Contains(kept, strings.Split(credential, ":")[1]) {
			t.Fatal("the database holds the secret")
		}
	})
}

// The second try of one that does not hear may meet the first.
func TestTriesOfOneComputerAtOnceTakeOneSeat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 3 {
			w.computer(t, w.ann, Institution)
		}
		asks := Registration{ID: strings.Repeat("0a1b2c3d", 4), Name: "laptop", Owner: Institution} // for the last seat
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				c, _, err := w.Register(t.Context(), w.ann, asks)
				if err != nil || c.ID != asks.ID {
					t.Errorf("%+v, %v", c, err)
				}
			})
		}
		all.Wait()
	})
}

func TestAComputerThatDidNotHearTheAnswerTakesNoSecondSeat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want(t, w.people.SetSeats(t.Context(), w.ann, 1), nil)
		asks := Registration{ID: strings.Repeat("0a1b2c3d", 4), Name: "laptop", Owner: Institution}
		c, first, err := w.Register(t.Context(), w.ann, asks)
		want(t, err, nil)
		again, second, err := w.Register(t.Context(), w.ann, asks)
		want(t, err, nil)
		if c.ID != asks.ID || again != c {
			t.Fatalf("%+v\nnot %+v", again, c)
		}
		_, err = w.identify(t, first)
		want(t, err, ErrDeauthorized)
		if found, err := w.identify(t, second); err != nil || found != c {
			t.Fatalf("%+v, %v", found, err)
		}
		_, _, err = w.Register(t.Context(), w.ben, asks) // the id tells nobody else anything
		want(t, err, ErrInvalid)
		want(t, w.BackedUp(t.Context(), c.ID, w.now()), nil)
		_, _, err = w.Register(t.Context(), w.ann, asks) // it heard the answer long ago
		want(t, err, ErrInvalid)
		if found, err := w.identify(t, second); err != nil || found.ID != c.ID {
			t.Fatalf("%+v, %v", found, err)
		}
		for _, bad := range []string{"x", strings.ToUpper(asks.ID), asks.ID + "0"} {
			_, _, err := w.Register(t.Context(), w.ann, Registration{ID: bad, Name: "laptop", Owner: Institution})
			want(t, err, ErrInvalid)
		}
	})
}

func TestAComputerOfAnotherAccountIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.computer(t, w.ann, Institution)
		_, err := w.Get(t.Context(), w.ben, c.ID)
		want(t, err, ErrNotFound)
		_, _, err = w.Authorize(t.Context(), w.ben, c.ID, 1)
		want(t, err, ErrNotFound)
		_, _, err = w.Replace(t.Context(), w.ben, c.ID, Registration{Name: "mine"})
		want(t, err, ErrNotFound)
		for name, run := range map[string]func(ctx context.Context, person, id string) error{
			"block": w.Block, "unblock": w.Unblock, "deauthorize": w.Deauthorize, "remove": w.Remove, "restore": w.Restore,
			"rename": func(ctx context.Context, person, id string) error { return w.Rename(ctx, person, id, "x") },
			"asset":  func(ctx context.Context, person, id string) error { return w.SetAsset(ctx, person, id, "x") },
			"owner":  func(ctx context.Context, person, id string) error { return w.SetOwner(ctx, person, id, Personal) },
		} {
			if err := run(t.Context(), w.ben, c.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
			if err := run(t.Context(), "", "nothing"); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s of nothing: %v", name, err)
			}
		}
		if found, err := w.Get(t.Context(), "", c.ID); err != nil || found != c {
			t.Fatalf("%+v, %v", found, err)
		}
	})
}

func TestRacingRegistrationsNeverGetAFifthSeat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var got, full atomic.Int64
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				_, _, err := w.Register(t.Context(), w.ann, Registration{Name: fmt.Sprint("laptop ", i), Owner: Institution})
				switch {
				case err == nil:
					got.Add(1)
				case errors.Is(err, ErrSeats) && strings.Contains(err.Error(), "4"):
					full.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		group.Wait()
		list, err := w.List(t.Context(), w.ann)
		want(t, err, nil)
		if got.Load() != 4 || full.Load() != 16 || len(list) != 4 {
			t.Fatalf("%d got a seat, %d did not, %d are there", got.Load(), full.Load(), len(list))
		}
		w.computer(t, w.ben, Institution) // another account's seats are its own
	})
}

func TestRacingRestoresAndRegistrationsNeverGetAFifthSeat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var removed []string
		for range 4 {
			c, _ := w.computer(t, w.ann, Institution)
			want(t, w.Remove(t.Context(), w.ann, c.ID), nil)
			removed = append(removed, c.ID)
		}
		var group sync.WaitGroup
		for _, id := range removed {
			group.Go(func() {
				if err := w.Restore(t.Context(), w.ann, id); err != nil && !errors.Is(err, ErrSeats) {
					t.Error(err)
				}
			})
			for range 4 {
				group.Go(func() {
					_, _, err := w.Register(t.Context(), w.ann, Registration{Name: "new", Owner: Institution})
					if err != nil && !errors.Is(err, ErrSeats) {
						t.Error(err)
					}
				})
			}
		}
		group.Wait()
		list, err := w.List(t.Context(), w.ann)
		want(t, err, nil)
		used := 0
		for _, c := range list {
			if c.State != Removed {
				used++
			}
		}
		if used != 4 {
			t.Fatalf("%d seats are used", used)
		}
	})
}

func TestEveryComputerThatIsNotRemovedTakesASeat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want(t, w.people.SetSeats(t.Context(), w.ann, 2), nil)
		a, _ := w.computer(t, w.ann, Institution)
		b, _ := w.computer(t, w.ann, Institution)
		want(t, w.Block(t.Context(), "", a.ID), nil)
		want(t, w.Deauthorize(t.Context(), w.ann, b.ID), nil)
		_, _, err := w.Register(t.Context(), w.ann, Registration{Name: "third", Owner: Institution})
		want(t, err, ErrSeats)
		want(t, w.Remove(t.Context(), w.ann, b.ID), nil)
		w.computer(t, w.ann, Institution)
		want(t, w.Restore(t.Context(), w.ann, b.ID), ErrSeats)
		want(t, w.people.SetSeats(t.Context(), w.ann, 3), nil)
		want(t, w.Restore(t.Context(), w.ann, b.ID), nil)
	})
}

func TestWhoIsBlockedOrRemovedRegistersNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want(t, w.people.Block(t.Context(), w.ann, "boss"), nil)
		_, _, err := w.Register(t.Context(), w.ann, Registration{Name: "x", Owner: Institution})
		want(t, err, people.ErrState)
		want(t, w.people.Remove(t.Context(), w.ann, "boss"), nil)
		_, _, err = w.Register(t.Context(), w.ann, Registration{Name: "x", Owner: Institution})
		want(t, err, people.ErrState)
		_, _, err = w.Register(t.Context(), "nobody", Registration{Name: "x", Owner: Institution})
		want(t, err, people.ErrNotFound)
	})
}

func TestAComputerOfABlockedPersonIsBlockedAndOfARemovedOneRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, credential := w.computer(t, w.ann, Institution)
		want(t, w.people.Block(t.Context(), w.ann, "boss"), nil)
		if c, err := w.identify(t, credential); err != nil || c.State != Blocked {
			t.Fatalf("%+v, %v", c, err)
		}
		want(t, w.people.Unblock(t.Context(), w.ann, "boss"), nil)
		if c, err := w.identify(t, credential); err != nil || c.State != Active {
			t.Fatalf("%+v, %v", c, err)
		}
		want(t, w.people.Remove(t.Context(), w.ann, "boss"), nil)
		_, err := w.identify(t, credential)
		want(t, err, ErrRemoved)
	})
}

func TestAComputerThatSignsInAgainKeepsItsSeatAndEndsTheOldCredential(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want(t, w.people.SetSeats(t.Context(), w.ann, 1), nil)
		c, first := w.computer(t, w.ann, Institution)
		want(t, w.Deauthorize(t.Context(), w.ann, c.ID), nil)
		_, err := w.identify(t, first)
		want(t, err, ErrDeauthorized)
		again, second, err := w.Authorize(t.Context(), w.ann, c.ID, 1)
		want(t, err, nil)
		if again != c {
			t.Fatalf("%+v, not %+v", again, c)
		}
		_, err = w.identify(t, first)
		want(t, err, ErrDeauthorized)
		if found, err := w.identify(t, second); err != nil || found != c {
			t.Fatalf("%+v, %v", found, err)
		}
	})
}

// A database that is put back from a copy knows nothing of the replacements since.
func TestAComputerOfAReplacementThatTheRecordsLostSignsInAgainAndTheOldOneStaysFenced(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, first := w.computer(t, w.ann, Institution)
		again, second, err := w.Authorize(t.Context(), w.ann, c.ID, 3)
		want(t, err, nil)
		if again.Generation != 3 {
			t.Fatalf("generation %d", again.Generation)
		}
		_, err = w.identify(t, first)
		want(t, err, ErrReplaced)
		_, _, err = w.Authorize(t.Context(), w.ann, c.ID, 1)
		want(t, err, ErrReplaced)
		if found, err := w.identify(t, second); err != nil || found != again {
			t.Fatalf("%+v, %v", found, err)
		}
	})
}

func TestAGenerationThatCannotBeIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, credential := w.computer(t, w.ann, Institution)
		for _, generation := range []int{-1, 0, 1<<20 + 1, math.MaxInt64} {
			_, _, err := w.Authorize(t.Context(), w.ann, c.ID, generation)
			want(t, err, ErrInvalid)
		}
		if found, err := w.identify(t, credential); err != nil || found != c {
			t.Fatalf("%+v, %v", found, err)
		}
	})
}

func TestABlockedComputerIsNeitherAuthorizedNorReplaced(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, credential := w.computer(t, w.ann, Institution)
		want(t, w.Block(t.Context(), "", c.ID), nil)
		if c, err := w.identify(t, credential); err != nil || c.State != Blocked {
			t.Fatalf("%+v, %v", c, err)
		}
		want(t, w.Deauthorize(t.Context(), w.ann, c.ID), nil)
		_, _, err := w.Authorize(t.Context(), w.ann, c.ID, 1)
		want(t, err, ErrBlocked)
		_, _, err = w.Replace(t.Context(), w.ann, c.ID, Registration{})
		want(t, err, ErrBlocked)
		want(t, w.Remove(t.Context(), w.ann, c.ID), nil)
		want(t, w.Restore(t.Context(), w.ann, c.ID), nil) // is no way around it
		_, _, err = w.Authorize(t.Context(), w.ann, c.ID, 1)
		want(t, err, ErrBlocked)
		want(t, w.Unblock(t.Context(), "", c.ID), nil)
		_, _, err = w.Authorize(t.Context(), w.ann, c.ID, 1)
		want(t, err, nil)
	})
}

func TestARemovedComputerComesBackWithinSixtyDaysAsItWas(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, credential := w.computer(t, w.ann, Institution)
		want(t, w.SaveSettings(t.Context(), c.ID, []byte(`{"a":1}`)), nil)
		want(t, w.Remove(t.Context(), w.ann, c.ID), nil)
		removed := w.now()
		_, err := w.identify(t, credential)
		want(t, err, ErrRemoved)
		_, _, err = w.Authorize(t.Context(), w.ann, c.ID, 1)
		want(t, err, ErrRemoved)
		_, _, err = w.Replace(t.Context(), w.ann, c.ID, Registration{})
		want(t, err, ErrRemoved)
		w.pass(59 * day)
		want(t, w.Remove(t.Context(), w.ann, c.ID), nil) // does not begin anew
		if found, err := w.Get(t.Context(), w.ann, c.ID); err != nil || found.State != Removed || !found.RemovedAt.Equal(removed) {
			t.Fatalf("%+v, %v", found, err)
		}
		want(t, w.Forget(t.Context(), c.ID), nil) // too early: nothing
		if expired, err := w.Expired(t.Context()); err != nil || len(expired) != 0 {
			t.Fatalf("%v, %v", expired, err)
		}
		want(t, w.Restore(t.Context(), w.ann, c.ID), nil)
		if found, err := w.identify(t, credential); err != nil || found != c {
			t.Fatalf("%+v, %v", found, err)
		}
		if settings, _, err := w.Settings(t.Context(), c.ID); err != nil || string(settings) != `{"a":1}` {
			t.Fatalf("%s, %v", settings, err)
		}
	})
}

func TestAfterSixtyDaysARemovalIsFinal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, credential := w.computer(t, w.ann, Institution)
		want(t, w.SaveSettings(t.Context(), c.ID, []byte(`{}`)), nil)
		want(t, w.Remove(t.Context(), w.ann, c.ID), nil)
		w.pass(60 * day)
		want(t, w.Restore(t.Context(), w.ann, c.ID), ErrNotFound)
		if list, err := w.List(t.Context(), w.ann); err != nil || len(list) != 0 {
			t.Fatalf("%v, %v", list, err)
		}
		expired, err := w.Expired(t.Context())
		if err != nil || len(expired) != 1 || expired[0].ID != c.ID {
			t.Fatalf("%v, %v", expired, err)
		}
		for range 2 {
			want(t, w.Forget(t.Context(), c.ID), nil)
		}
		if expired, err := w.Expired(t.Context()); err != nil || len(expired) != 0 {
			t.Fatalf("%v, %v", expired, err)
		}
		_, _, err = w.Settings(t.Context(), c.ID)
		want(t, err, ErrNotFound)
		_, err = w.identify(t, credential)
		want(t, err, ErrRemoved)
	})
}

func TestListsAreByNameAndAPersonsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, name := range []string{"b", "a", "c"} {
			c, _, err := w.Register(t.Context(), w.ann, Registration{Name: name, Owner: Institution})
			want(t, err, nil)
			if name == "a" {
				want(t, w.Remove(t.Context(), w.ann, c.ID), nil)
			}
		}
		w.computer(t, w.ben, Institution)
		names := func(person string) []string {
			list, err := w.List(t.Context(), person)
			want(t, err, nil)
			var names []string
			for _, c := range list {
				names = append(names, c.Name)
			}
			return names
		}
		if got := names(w.ann); !slices.Equal(got, []string{"b", "c", "a"}) {
			t.Fatal(got)
		}
		if got := names(""); !slices.Equal(got, []string{"b", "c", "laptop", "a"}) {
			t.Fatal(got)
		}
	})
}

func TestNamesAndAssetNumbersAreChangedWithinLimits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.computer(t, w.ann, Institution)
		want(t, w.Rename(t.Context(), w.ann, c.ID, "Bücherwurm"), nil)
		want(t, w.SetAsset(t.Context(), "", c.ID, "C-2"), nil)
		c.Name, c.Asset = "Bücherwurm", "C-2"
		if found, err := w.Get(t.Context(), w.ann, c.ID); err != nil || found != c {
			t.Fatalf("%+v, %v", found, err)
		}
		for _, name := range []string{"", " ", strings.Repeat("x", 101), "a\x1b[31m", "a\u202eb", "\xff"} {
			want(t, w.Rename(t.Context(), w.ann, c.ID, name), ErrInvalid)
			_, _, err := w.Register(t.Context(), w.ann, Registration{Name: name, Owner: Institution})
			want(t, err, ErrInvalid)
		}
		_, _, err := w.Register(t.Context(), w.ann, Registration{Name: "x"})
		want(t, err, ErrInvalid)
		want(t, w.SetOwner(t.Context(), w.ann, c.ID, "mine"), ErrInvalid)
	})
}
