package people_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine/server/database"
	. "holdfast/engine/server/people"
)

func TestALinkToSetUpASignInAnewWorksOnceForThreeDays(t *testing.T) {
	each(t, func(t *testing.T, s *Service, c *clock, _ *database.DB) {
		ann := active(t, s, "ann@college.edu", Administrator)
		_, old, err := s.Renew(t.Context(), ann.ID, "boss")
		want(t, err, nil)
		p, token, err := s.Renew(t.Context(), ann.ID, "boss")
		want(t, err, nil)
		if p != ann {
			t.Errorf("it is of %+v, not %+v", p, ann)
		}
		_, err = s.Invitation(t.Context(), old)
		want(t, err, ErrInvitation)
		c.pass(RenewalLasts - time.Millisecond)
		if p, err := s.Invitation(t.Context(), token); err != nil || p != ann {
			t.Errorf("%+v, %v", p, err)
		}
		if p, err := s.Accept(t.Context(), token); err != nil || p != ann {
			t.Errorf("%+v, %v", p, err)
		}
		_, err = s.Accept(t.Context(), token)
		want(t, err, ErrInvitation)
		_, token, err = s.Renew(t.Context(), ann.ID, "boss")
		want(t, err, nil)
		c.pass(RenewalLasts)
		_, err = s.Accept(t.Context(), token)
		want(t, err, ErrInvitation)
	})
}

func TestALinkToSetUpASignInAnewIsOfSomebodyWhoMaySignInAtTheAddressItWentTo(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		invited, _, err := s.Invite(t.Context(), "new@college.edu", "New", Member, "boss")
		want(t, err, nil)
		_, _, err = s.Renew(t.Context(), invited.ID, "boss")
		want(t, err, ErrNotYet)

		ann := active(t, s, "ann@college.edu", Member)
		_, token, err := s.Renew(t.Context(), ann.ID, "boss")
		want(t, err, nil)
		want(t, s.Block(t.Context(), ann.ID, "boss"), nil)
		_, err = s.Accept(t.Context(), token)
		want(t, err, ErrInvitation)
		_, _, err = s.Renew(t.Context(), ann.ID, "boss")
		want(t, err, ErrBlocked)
		want(t, s.Unblock(t.Context(), ann.ID, "boss"), nil)
		_, err = s.Accept(t.Context(), token) // perhaps they were blocked because somebody else has it
		want(t, err, ErrInvitation)
		_, token, err = s.Renew(t.Context(), ann.ID, "boss")
		want(t, err, nil)
		want(t, change(t, s, ann.ID, Change{Seats: ptr(3)}), nil)
		_, err = s.Invitation(t.Context(), token)
		want(t, err, nil)
		want(t, change(t, s, ann.ID, Change{Email: ptr("anna@college.edu")}), nil)
		_, err = s.Accept(t.Context(), token)
		want(t, err, ErrInvitation)
		want(t, s.Remove(t.Context(), ann.ID, "boss"), nil)
		_, _, err = s.Renew(t.Context(), ann.ID, "boss")
		want(t, err, ErrEnded)
	})
}

func TestOnlyTheNewestLinkMakesSomebodyTheFirstOwner(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		_, token, err := s.Invite(t.Context(), "ann@college.edu", "Ann", Member, "boss")
		want(t, err, nil)
		var links []string
		for _, email := range []string{"owner@localhost.invalid", "owner@localhost.invalid", "boss@college.edu", "owner@localhost.invalid", "boss@college.edu"} {
			p, link, err := s.InviteFirst(t.Context(), email)
			want(t, err, nil)
			if p.Email != email || p.Role != Owner || p.State != Invited {
				t.Errorf("%+v is invited", p)
			}
			links = append(links, link)
		}
		for i, link := range links[:4] {
			if _, err := s.Accept(t.Context(), link); !errors.Is(err, ErrInvitation) {
				t.Errorf("link %d: %v", i, err)
			}
		}
		p, err := s.Accept(t.Context(), links[4])
		if err != nil || p.Email != "boss@college.edu" {
			t.Errorf("%+v, %v", p, err)
		}
		_, err = s.Accept(t.Context(), token) // which is none of the first owner's
		want(t, err, nil)
	})
}

func TestNoLinkMakesSomebodyTheFirstOwnerOnceThereIsOne(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		_, printed, err := s.InviteFirst(t.Context(), "owner@localhost.invalid")
		want(t, err, nil)
		_, sent, err := s.Invite(t.Context(), "boss@college.edu", "Boss", Owner, "command")
		want(t, err, nil)
		_, err = s.Accept(t.Context(), sent)
		want(t, err, nil)
		_, err = s.Invitation(t.Context(), printed)
		want(t, err, ErrInvitation)
		_, err = s.Accept(t.Context(), printed)
		want(t, err, ErrInvitation)
	})
}

func TestOfServersThatStartAtOnceOneHasTheLinkOfTheFirstOwner(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *clock, _ *database.DB) {
		emails := []string{"a@college.edu", "b@college.edu", "c@college.edu", "d@college.edu"}
		links := make([]string, len(emails))
		var group sync.WaitGroup
		for i, email := range emails {
			group.Go(func() {
				var err error
				if _, links[i], err = s.InviteFirst(t.Context(), email); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		var good atomic.Int64
		for _, link := range links {
			group.Go(func() {
				_, err := s.Accept(t.Context(), link)
				if err == nil {
					good.Add(1)
				} else if !errors.Is(err, ErrInvitation) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := good.Load(); n != 1 {
			t.Errorf("%d links make an owner", n)
		}
	})
}
