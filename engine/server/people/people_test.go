package people_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	. "holdfast/engine/server/people"
)

// clock is a time that a test moves.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time       { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) pass(d time.Duration) { c.ms.Add(d.Milliseconds()) }

func each(t *testing.T, run func(t *testing.T, s *Service, c *clock, db *database.DB)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		c := newClock()
		run(t, New(db, Defaults{Seats: 4, Quota: 1 << 30}, c.now), c, db)
	})
}

// active makes a person who has signed in.
func active(t *testing.T, s *Service, email string, role Role) Person {
	t.Helper()
	_, token, err := s.Invite(t.Context(), email, "Somebody", role, "test")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Accept(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func want(t *testing.T, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Fatalf("got %v, want %v", err, wanted)
	}
}

func TestAnInvitedPersonIsActiveOnceTheInvitationIsAccepted(t *testing.T) {
	each(t, func(t *testing.T, s *Service, c *clock, _ *database.DB) {
		p, token, err := s.Invite(t.Context(), " Ann@College.edu ", "Ann", Member, "boss")
		want(t, err, nil)
		if p.Email != "ann@college.edu" || p.State != Invited || p.Seats != 4 || p.Quota != 1<<30 || !p.Created.Equal(c.now()) {
			t.Fatalf("%+v", p)
		}
		looked, err := s.Invitation(t.Context(), token)
		want(t, err, nil)
		if looked != p {
			t.Fatalf("%+v, not %+v", looked, p)
		}
		accepted, err := s.Accept(t.Context(), token)
		want(t, err, nil)
		p.State = Active
		if accepted != p {
			t.Fatalf("%+v, not %+v", accepted, p)
		}
		for _, find := range []func() (Person, error){
			func() (Person, error) { return s.Get(t.Context(), p.ID) },
			func() (Person, error) { return s.ByEmail(t.Context(), "ANN@college.edu") },
		} {
			if found, err := find(); err != nil || found != p {
				t.Fatalf("%+v, %v", found, err)
			}
		}
	})
}

func TestAnInvitationIsUsedOnceHoweverManyUseItAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		_, token, err := s.Invite(t.Context(), "ann@college.edu", "Ann", Member, "boss")
		want(t, err, nil)
		var accepted atomic.Int64
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				_, err := s.Accept(t.Context(), token)
				if err == nil {
					accepted.Add(1)
				} else if !errors.Is(err, ErrInvitation) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := accepted.Load(); n != 1 {
			t.Fatalf("accepted %d times", n)
		}
		_, err = s.Invitation(t.Context(), token)
		want(t, err, ErrInvitation)
	})
}

func TestAnInvitationEndsAfterFourteenDaysAndByTheNextOne(t *testing.T) {
	each(t, func(t *testing.T, s *Service, c *clock, _ *database.DB) {
		first, old, err := s.Invite(t.Context(), "ann@college.edu", "Ann", Member, "boss")
		want(t, err, nil)
		second, token, err := s.Invite(t.Context(), "ann@college.edu", "", Administrator, "boss")
		want(t, err, nil)
		if second.ID != first.ID || second.Role != Administrator || second.Name != "Ann" {
			t.Fatalf("%+v", second)
		}
		_, err = s.Accept(t.Context(), old)
		want(t, err, ErrInvitation)
		c.pass(InvitationLasts - time.Millisecond)
		_, err = s.Invitation(t.Context(), token)
		want(t, err, nil)
		c.pass(time.Millisecond)
		_, err = s.Accept(t.Context(), token)
		want(t, err, ErrInvitation)
		_, err = s.Invitation(t.Context(), "")
		want(t, err, ErrInvitation)
	})
}

func TestTheDatabaseDoesNotHoldAnInvitation(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, db *database.DB) {
		_, token, err := s.Invite(t.Context(), "ann@college.edu", "Ann", Member, "boss")
		want(t, err, nil)
		var kept string
		want(t, db.QueryRowContext(t.Context(), "SELECT hash FROM invitation").Scan(&kept), nil)
		if len(token) < 26 || strings.Contains(kept, token) || len(kept) != 64 {
			t.Fatalf("%q is kept of %q", kept, token)
		}
	})
}

func TestAnEMailIsOnePersonHoweverManyInviteItAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if _, _, err := s.Invite(t.Context(), "ann@college.edu", "Ann", Member, "boss"); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if list, err := s.List(t.Context()); err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
	})
}

func TestAnEMailWithAnAccountIsNotInvitedAgain(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		p := active(t, s, "ann@college.edu", Member)
		_, _, err := s.Invite(t.Context(), "Ann@college.edu", "Ann", Owner, "boss")
		want(t, err, ErrTaken)
		want(t, s.Block(t.Context(), p.ID, "boss"), nil)
		_, _, err = s.Invite(t.Context(), "ann@college.edu", "Ann", Owner, "boss")
		want(t, err, ErrTaken)
		if p, _ := s.Get(t.Context(), p.ID); p.Role != Member {
			t.Fatalf("became %s", p.Role)
		}
	})
}

func TestARemovedPersonGivesTheEMailFree(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		old := active(t, s, "ann@college.edu", Member)
		want(t, s.Remove(t.Context(), old.ID, "boss"), nil)
		want(t, s.Remove(t.Context(), old.ID, "boss"), nil)
		_, err := s.ByEmail(t.Context(), "ann@college.edu")
		want(t, err, ErrNotFound)
		if p, err := s.Get(t.Context(), old.ID); err != nil || p.State != Removed {
			t.Fatalf("%+v, %v", p, err)
		}
		if p := active(t, s, "ann@college.edu", Member); p.ID == old.ID {
			t.Fatal("the new person is the old one")
		}
	})
}

func TestRemovingAnInvitedPersonEndsTheInvitation(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		p, token, err := s.Invite(t.Context(), "ann@college.edu", "Ann", Member, "boss")
		want(t, err, nil)
		want(t, s.Remove(t.Context(), p.ID, "boss"), nil)
		_, err = s.Accept(t.Context(), token)
		want(t, err, ErrInvitation)
	})
}

func TestThereIsAnOwnerOnceTheInvitedOneCame(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		_, token, err := s.Invite(t.Context(), "ann@college.edu", "Ann", Owner, "")
		want(t, err, nil)
		if found, err := s.Owner(t.Context()); err != nil || found {
			t.Fatal(found, err)
		}
		_, err = s.Accept(t.Context(), token)
		want(t, err, nil)
		if found, err := s.Owner(t.Context()); err != nil || !found {
			t.Fatal(found, err)
		}
	})
}

func TestTheLastOwnerStays(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		p := active(t, s, "ann@college.edu", Owner)
		_, _, err := s.Invite(t.Context(), "not-yet@college.edu", "", Owner, p.ID)
		want(t, err, nil)
		want(t, s.SetRole(t.Context(), p.ID, Member, p.ID), ErrLastOwner)
		want(t, s.Block(t.Context(), p.ID, p.ID), ErrLastOwner)
		want(t, s.Remove(t.Context(), p.ID, p.ID), ErrLastOwner)
		if p, err := s.Get(t.Context(), p.ID); err != nil || p.Role != Owner || p.State != Active {
			t.Fatalf("%+v, %v", p, err)
		}
		active(t, s, "ben@college.edu", Owner)
		want(t, s.SetRole(t.Context(), p.ID, Member, p.ID), nil)
	})
}

func TestOwnersWhoRemoveOneAnotherLeaveOne(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		var ids []string
		for _, email := range []string{"a@college.edu", "b@college.edu", "c@college.edu", "d@college.edu"} {
			ids = append(ids, active(t, s, email, Owner).ID)
		}
		changes := []func(ctx context.Context, id, by string) error{s.Remove, s.Block,
			func(ctx context.Context, id, by string) error { return s.SetRole(ctx, id, Administrator, by) }}
		var group sync.WaitGroup
		for i, id := range ids {
			group.Go(func() {
				if err := changes[i%len(changes)](t.Context(), id, "other"); err != nil && !errors.Is(err, ErrLastOwner) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		owners := 0
		list, err := s.List(t.Context())
		want(t, err, nil)
		for _, p := range list {
			if p.Role == Owner && p.State == Active {
				owners++
			}
		}
		if owners != 1 {
			t.Fatalf("%d owners are left", owners)
		}
	})
}

func TestBlockingIsUndone(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		p := active(t, s, "ann@college.edu", Member)
		for _, step := range []struct {
			run  func(ctx context.Context, id, by string) error
			then State
		}{{s.Block, Blocked}, {s.Block, Blocked}, {s.Unblock, Active}, {s.Unblock, Active}} {
			want(t, step.run(t.Context(), p.ID, "boss"), nil)
			if p, _ := s.Get(t.Context(), p.ID); p.State != step.then {
				t.Fatalf("%s, want %s", p.State, step.then)
			}
		}
		invited, _, err := s.Invite(t.Context(), "ben@college.edu", "Ben", Member, "boss")
		want(t, err, nil)
		want(t, s.Block(t.Context(), invited.ID, "boss"), ErrNotYet)
		want(t, s.Unblock(t.Context(), invited.ID, "boss"), ErrNotYet)
		want(t, s.Remove(t.Context(), invited.ID, "boss"), nil)
		want(t, s.Block(t.Context(), invited.ID, "boss"), ErrEnded)
		want(t, s.Block(t.Context(), "nobody", "boss"), ErrNotFound)
	})
}

func TestSeatsQuotaNameAndRoleAreChanged(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		p := active(t, s, "ann@college.edu", Member)
		want(t, s.SetSeats(t.Context(), p.ID, 7), nil)
		want(t, s.SetQuota(t.Context(), p.ID, 5<<40), nil)
		want(t, change(t, s, p.ID, Change{Name: ptr(" Ann Öz ")}), nil)
		want(t, s.SetRole(t.Context(), p.ID, Administrator, "boss"), nil)
		p.Seats, p.Quota, p.Name, p.Role = 7, 5<<40, "Ann Öz", Administrator
		if found, err := s.Get(t.Context(), p.ID); err != nil || found != p {
			t.Fatalf("%+v, %v", found, err)
		}
		want(t, s.SetSeats(t.Context(), p.ID, -1), ErrInvalid)
		want(t, s.SetQuota(t.Context(), p.ID, -1), ErrInvalid)
		want(t, change(t, s, p.ID, Change{Name: ptr("Ann\u202eresu")}), ErrInvalid)
		want(t, s.SetRole(t.Context(), p.ID, "god", "boss"), ErrInvalid)
		want(t, s.SetSeats(t.Context(), "nobody", 1), ErrNotFound)
	})
}

func ptr[T any](v T) *T { return &v }

func change(t *testing.T, s *Service, id string, c Change) error {
	t.Helper()
	_, _, err := s.Change(t.Context(), id, c, "boss")
	return err
}

func TestAChangeIsMadeAsAWholeOrNotAtAll(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		ann, ben := active(t, s, "ann@college.edu", Member), active(t, s, "ben@college.edu", Owner)
		for _, c := range []struct {
			id     string
			change Change
			err    error
		}{
			{ann.ID, Change{Seats: ptr(9), Email: ptr("Ben@College.edu")}, ErrTaken},
			{ann.ID, Change{Seats: ptr(9), Email: ptr("ann at college")}, ErrInvalid},
			{ann.ID, Change{Seats: ptr(1_000_001), Name: ptr("Anna")}, ErrInvalid},
			{ben.ID, Change{Seats: ptr(9), Role: ptr(Member)}, ErrLastOwner},
		} {
			want(t, change(t, s, c.id, c.change), c.err)
		}
		for _, p := range []Person{ann, ben} {
			if found, err := s.Get(t.Context(), p.ID); err != nil || found != p {
				t.Errorf("%+v became %+v, %v", p, found, err)
			}
		}
		before, after, err := s.Change(t.Context(), ann.ID, Change{Email: ptr("Anna@College.edu"), Name: ptr("Anna"), Role: ptr(Administrator), Seats: ptr(0), Quota: ptr(int64(15e11))}, "boss")
		want(t, err, nil)
		if before != ann || after != (Person{ann.ID, "anna@college.edu", "Anna", Administrator, Active, 0, 15e11, ann.Created}) {
			t.Errorf("%+v became %+v", before, after)
		}
		if found, err := s.ByEmail(t.Context(), "anna@college.edu"); err != nil || found != after {
			t.Errorf("%+v, %v", found, err)
		}
		_, err = s.ByEmail(t.Context(), "ann@college.edu")
		want(t, err, ErrNotFound)
		if got, expected := fmt.Sprint(Differences(before, after)), "[{e-mail ann@college.edu anna@college.edu} {name Somebody Anna} {role member administrator} {seats 4 0} {quota 1 GiB 1500 GB}]"; got != expected {
			t.Errorf("the differences are %s", got)
		}
		want(t, s.Remove(t.Context(), ann.ID, "boss"), nil)
		want(t, change(t, s, ann.ID, Change{Seats: ptr(1)}), ErrState)
	})
}

func TestAnInvitationStaysWithTheAddressItWentTo(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		p, _, err := s.Invite(t.Context(), "ann@college.edu", "Ann", Member, "boss")
		want(t, err, nil)
		want(t, change(t, s, p.ID, Change{Email: ptr("anna@college.edu")}), ErrInvited)
		want(t, change(t, s, p.ID, Change{Email: ptr("ann@college.edu"), Seats: ptr(2)}), nil)
	})
}

func TestWhatIsNoIDIsNobody(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		for _, id := range []string{"", "x", "\x00", strings.Repeat("\xff", 32), strings.Repeat("a", 31) + "\x00", strings.Repeat("A", 32)} {
			_, err := s.Get(t.Context(), id)
			want(t, err, ErrNotFound)
			want(t, s.Remove(t.Context(), id, "boss"), ErrNotFound)
			want(t, s.SetSeats(t.Context(), id, 1), ErrNotFound)
			_, _, err = s.Approve(t.Context(), id, "boss")
			want(t, err, ErrNotFound)
			_, err = s.Accept(t.Context(), id)
			want(t, err, ErrInvitation)
		}
	})
}
