package computers_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	. "holdfast/engine/server/computers"
)

var home = netip.MustParseAddr("203.0.113.9") // outside the institution's networks

func TestAPersonalComputerNeedsOneOfTheInstitutionThatBacksUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		personal := Registration{Name: "own", Owner: Personal}
		_, _, err := w.Register(t.Context(), w.ann, personal)
		want(t, err, ErrNoInstitution)
		college, _ := w.computer(t, w.ann, Institution)
		_, _, err = w.Register(t.Context(), w.ann, personal)
		want(t, err, ErrNoInstitution) // it has not backed up yet
		bens, _ := w.computer(t, w.ben, Institution)
		want(t, w.BackedUp(t.Context(), bens.ID, w.now()), nil)
		_, _, err = w.Register(t.Context(), w.ann, personal)
		want(t, err, ErrNoInstitution) // somebody else's does not count
		want(t, w.BackedUp(t.Context(), college.ID, w.now()), nil)
		c, _, err := w.Register(t.Context(), w.ann, personal)
		want(t, err, nil)
		want(t, w.MayUpload(t.Context(), c, home), nil)
	})
}

func TestAPersonalComputerUploadsWhileOneOfTheInstitutionBacksUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		college, _ := w.computer(t, w.ann, Institution)
		want(t, w.BackedUp(t.Context(), college.ID, w.now()), nil)
		own, _ := w.computer(t, w.ann, Personal)
		may := func(wanted error) {
			t.Helper()
			want(t, w.MayUpload(t.Context(), own, home), wanted)
			want(t, w.MayUpload(t.Context(), college, home), nil)
		}
		may(nil)
		want(t, w.Block(t.Context(), "", college.ID), nil)
		may(nil) // a blocked one backs up
		want(t, w.Unblock(t.Context(), "", college.ID), nil)
		want(t, w.Deauthorize(t.Context(), w.ann, college.ID), nil)
		may(ErrNoInstitution)
		_, _, err := w.Authorize(t.Context(), w.ann, college.ID, 1)
		want(t, err, nil)
		may(nil)
		want(t, w.Remove(t.Context(), w.ann, college.ID), nil)
		may(ErrNoInstitution)
		want(t, w.Restore(t.Context(), w.ann, college.ID), nil)
		may(nil)
		w.pass(30*day - time.Millisecond)
		may(nil)
		w.pass(time.Millisecond)
		may(ErrNoInstitution)
		want(t, w.BackedUp(t.Context(), college.ID, w.now()), nil)
		may(nil)
	})
}

func TestAPersonalComputerUploadsNothingFromTheInstitutionsNetworks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		college, _ := w.computer(t, w.ann, Institution)
		want(t, w.BackedUp(t.Context(), college.ID, w.now()), nil)
		own, _ := w.computer(t, w.ann, Personal)
		for address, inside := range map[string]bool{
			"192.0.2.1": true, "::ffff:192.0.2.1": true, "192.0.3.1": false, "2001:db8::1": true, "2001:db8:1::1%eth0": true,
			"2001:db9::1": false, "198.51.100.7": true, "::ffff:198.51.100.7": true, "198.51.101.7": false,
		} {
			err := w.MayUpload(t.Context(), own, netip.MustParseAddr(address))
			if inside != errors.Is(err, ErrInstitutionNetwork) || !inside && err != nil {
				t.Errorf("%s: %v", address, err)
			}
			want(t, w.MayUpload(t.Context(), college, netip.MustParseAddr(address)), nil)
		}
		want(t, w.MayUpload(t.Context(), own, netip.Addr{}), ErrInstitutionNetwork)
	})
}

func TestTheLastComputerOfTheInstitutionDoesNotBecomePersonal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.computer(t, w.ann, Institution)
		want(t, w.BackedUp(t.Context(), a.ID, w.now()), nil)
		want(t, w.SetOwner(t.Context(), w.ann, a.ID, Personal), ErrNoInstitution)
		_, _, err := w.Replace(t.Context(), w.ann, a.ID, Registration{Owner: Personal})
		want(t, err, ErrNoInstitution)
		b, _ := w.computer(t, w.ann, Institution)
		want(t, w.BackedUp(t.Context(), b.ID, w.now()), nil)
		want(t, w.SetOwner(t.Context(), w.ann, a.ID, Personal), nil)
		want(t, w.SetOwner(t.Context(), w.ann, b.ID, Personal), ErrNoInstitution)
		want(t, w.SetOwner(t.Context(), w.ann, a.ID, Institution), nil)
	})
}

func TestTwoComputersOfTheInstitutionDoNotBothBecomePersonalAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var ids []string
		for range 2 {
			c, _ := w.computer(t, w.ann, Institution)
			want(t, w.BackedUp(t.Context(), c.ID, w.now()), nil)
			ids = append(ids, c.ID)
		}
		var group sync.WaitGroup
		for _, id := range ids {
			group.Go(func() {
				if err := w.SetOwner(t.Context(), w.ann, id, Personal); err != nil && !errors.Is(err, ErrNoInstitution) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		list, err := w.List(t.Context(), w.ann)
		want(t, err, nil)
		if len(list) != 2 || list[0].Owner == list[1].Owner {
			t.Fatalf("%+v", list)
		}
	})
}

func TestAReplacedComputerIsFencedForEver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want(t, w.people.SetSeats(t.Context(), w.ann, 1), nil)
		old, err := w.replaceable(t)
		want(t, err, nil)
		w.pass(time.Hour)
		now, second, err := w.Replace(t.Context(), w.ann, old.ID, Registration{Name: "new laptop", Asset: "C-2", OS: "windows"})
		want(t, err, nil)
		wanted := old.Computer
		wanted.Name, wanted.Asset, wanted.OS, wanted.Seen, wanted.Generation, wanted.Report = "new laptop", "C-2", "windows", w.now(), 2, ""
		if now != wanted {
			t.Fatalf("%+v\nnot %+v", now, wanted)
		}
		if settings, _, err := w.Settings(t.Context(), old.ID); err != nil || string(settings) != `{"old":true}` {
			t.Fatalf("%s, %v", settings, err)
		}
		fenced := func(credentials ...string) {
			t.Helper()
			for _, c := range credentials {
				_, err := w.identify(t, c)
				want(t, err, ErrReplaced)
			}
		}
		fenced(old.credentials...)
		_, _, err = w.Authorize(t.Context(), w.ann, old.ID, old.Generation) // its person cannot put it back by signing in either
		want(t, err, ErrReplaced)
		if found, err := w.identify(t, second); err != nil || found != now {
			t.Fatalf("%+v, %v", found, err)
		}
		_, third, err := w.Replace(t.Context(), w.ann, old.ID, Registration{})
		want(t, err, nil)
		fenced(append(old.credentials, second)...)
		want(t, w.Deauthorize(t.Context(), w.ann, old.ID), nil)
		_, err = w.identify(t, third)
		want(t, err, ErrDeauthorized)
		want(t, w.Remove(t.Context(), w.ann, old.ID), nil)
		w.pass(100 * day)
		want(t, w.Forget(t.Context(), old.ID), nil)
		fenced(append(old.credentials, second)...)
		_, err = w.identify(t, third)
		want(t, err, ErrRemoved)
	})
}

// held is a computer with the credentials that it had so far.
type held struct {
	Computer
	credentials []string
}

// replaceable is a computer that signed in twice, backed up and kept its settings.
func (w *world) replaceable(t *testing.T) (held, error) {
	t.Helper()
	c, first := w.computer(t, w.ann, Institution)
	_, second, err := w.Authorize(t.Context(), w.ann, c.ID, 1)
	err = errors.Join(err, w.BackedUp(t.Context(), c.ID, w.now()),
		w.Reported(t.Context(), c.ID, Report{State: "failing", Files: 7, Bytes: 8}),
		w.SaveSettings(t.Context(), c.ID, []byte(`{"old":true}`)))
	c, err2 := w.Get(t.Context(), w.ann, c.ID)
	return held{c, []string{first, second}}, errors.Join(err, err2)
}

func TestOfRacingReplacementsOneHoldsTheComputer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.computer(t, w.ann, Institution)
		credentials := make([]string, 6)
		var group sync.WaitGroup
		for i := range credentials {
			group.Go(func() {
				_, credential, err := w.Replace(t.Context(), w.ann, c.ID, Registration{Name: fmt.Sprint("new ", i)})
				if err != nil {
					t.Error(err)
				}
				credentials[i] = credential
			})
		}
		group.Wait()
		holds := 0
		for _, credential := range credentials {
			if found, err := w.identify(t, credential); err == nil {
				holds++
				if found.Generation != 7 {
					t.Errorf("generation %d", found.Generation)
				}
			} else if !errors.Is(err, ErrReplaced) {
				t.Error(err)
			}
		}
		if holds != 1 {
			t.Fatalf("%d hold it", holds)
		}
	})
}

func TestReportsAndBackupsAreKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.computer(t, w.ann, Institution)
		w.pass(time.Minute)
		want(t, w.Reported(t.Context(), c.ID, Report{State: "protected", Files: 12, Bytes: 3 << 40, Version: "1.2.3"}), nil)
		want(t, w.BackedUp(t.Context(), c.ID, w.now()), nil)
		want(t, w.BackedUp(t.Context(), c.ID, w.now().Add(-time.Hour)), nil) // came late
		c.Report, c.Files, c.Bytes, c.Version, c.Seen, c.LastBackup = "protected", 12, 3<<40, "1.2.3", w.now(), w.now()
		if found, err := w.Get(t.Context(), w.ann, c.ID); err != nil || found != c {
			t.Fatalf("%+v, %v", found, err)
		}
		want(t, w.Reported(t.Context(), c.ID, Report{Files: -1}), ErrInvalid)
		want(t, w.Reported(t.Context(), c.ID, Report{State: "a\nb"}), ErrInvalid)
		want(t, w.Reported(t.Context(), "nothing", Report{}), ErrNotFound)
		want(t, w.BackedUp(t.Context(), "nothing", w.now()), ErrNotFound)
	})
}

func TestSeenIsWrittenOnceAMinute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.computer(t, w.ann, Institution)
		seen := func(wanted time.Time) {
			t.Helper()
			w.SeenNow(t.Context(), c.ID)
			if found, err := w.Get(t.Context(), w.ann, c.ID); err != nil || !found.Seen.Equal(wanted) {
				t.Fatalf("%s, not %s, %v", found.Seen, wanted, err)
			}
		}
		w.pass(time.Hour)
		first := w.now()
		seen(first)
		w.pass(59 * time.Second)
		seen(first)
		w.pass(time.Second)
		seen(w.now())
	})
}

func TestSettingsAreKeptByteForByte(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.computer(t, w.ann, Institution)
		if settings, changed, err := w.Settings(t.Context(), c.ID); err != nil || settings != nil || !changed.IsZero() {
			t.Fatalf("%s, %s, %v", settings, changed, err)
		}
		large := `{"x": "` + strings.Repeat("é", MaxSettings/2-5) + `"}`
		for _, settings := range []string{`{ "b" : 1, "a":[] }`, large} {
			w.pass(time.Second)
			want(t, w.SaveSettings(t.Context(), c.ID, []byte(settings)), nil)
			if got, changed, err := w.Settings(t.Context(), c.ID); err != nil || string(got) != settings || !changed.Equal(w.now()) {
				t.Fatalf("%d bytes, %s, %v", len(got), changed, err)
			}
		}
		want(t, w.SaveSettings(t.Context(), c.ID, []byte(large+strings.Repeat(" ", 20))), ErrInvalid)
		want(t, w.SaveSettings(t.Context(), c.ID, []byte(`{"a":`)), ErrInvalid)
		want(t, w.SaveSettings(t.Context(), c.ID, nil), ErrInvalid)
		want(t, w.SaveSettings(t.Context(), "nothing", []byte(`{}`)), ErrNotFound)
		_, _, err := w.Settings(t.Context(), "nothing")
		want(t, err, ErrNotFound)
	})
}
