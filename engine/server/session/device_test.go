package session_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine/server/session"
)

func (f *fixture) start(t *testing.T) session.DeviceGrant {
	t.Helper()
	g, err := f.StartDevice(t.Context(), "Shed", "192.0.2.9")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (f *fixture) poll(t *testing.T, g session.DeviceGrant) (string, session.Session, error) {
	t.Helper()
	return f.Exchange(t.Context(), url.Values{"grant_type": {session.GrantDevice}, "client_id": {session.Client}, "device_code": {g.DeviceCode}}, "192.0.2.9")
}

func TestAComputerWithoutABrowserIsLetInWhenThePersonSaysYes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		g := f.start(t)
		if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(g.UserCode) || g.Interval != 5*time.Second {
			t.Fatalf("%+v", g)
		}
		if _, _, err := f.poll(t, g); !isOAuth(err, "authorization_pending") {
			t.Fatalf("got %v", err)
		}
		typed := " " + strings.ToLower(strings.ReplaceAll(g.UserCode, "-", " ")) + " "
		d, err := f.FindDevice(t.Context(), typed)
		if err != nil || d.Name != "Shed" || d.Address != "192.0.2.9" || !d.Created.Equal(f.now) {
			t.Fatalf("%+v, %v", d, err)
		}
		decided := f.now
		if err := f.DecideDevice(t.Context(), typed, "ann", true); err != nil {
			t.Fatal(err)
		}
		f.pass(5 * time.Second)
		token, s, err := f.poll(t, g)
		if err != nil || s.Person != "ann" || s.Kind != session.App || s.Name != "Shed" || !s.Fresh.Equal(decided) || !f.lives(t, token) {
			t.Fatalf("%+v, %v", s, err)
		}
		f.pass(5 * time.Second)
		if _, _, err := f.poll(t, g); !isOAuth(err, "invalid_grant") {
			t.Fatalf("used twice: %v", err)
		}
	})
}

func TestAComputerIsSentAwayWhenThePersonSaysNo(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		g := f.start(t)
		if err := f.DecideDevice(t.Context(), g.UserCode, "ann", false); err != nil {
			t.Fatal(err)
		}
		if err := f.DecideDevice(t.Context(), g.UserCode, "bob", true); !errors.Is(err, session.ErrNone) {
			t.Fatalf("decided twice: %v", err)
		}
		if _, err := f.FindDevice(t.Context(), g.UserCode); !errors.Is(err, session.ErrNone) {
			t.Fatalf("still waits: %v", err)
		}
		if _, _, err := f.poll(t, g); !isOAuth(err, "access_denied") {
			t.Fatalf("got %v", err)
		}
	})
}

func TestOneWhoAsksTooOftenIsSlowedDownMoreAndMore(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		g := f.start(t)
		for _, step := range []struct {
			after time.Duration
			want  string
		}{
			{0, "authorization_pending"}, {4 * time.Second, "slow_down"}, {5 * time.Second, "slow_down"}, {15 * time.Second, "authorization_pending"},
		} {
			f.pass(step.after)
			if _, _, err := f.poll(t, g); !isOAuth(err, step.want) {
				t.Fatalf("after %v: %v, want %s", step.after, err, step.want)
			}
		}
	})
}

func TestNobodyIsLetInAfterTenMinutes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		waiting, allowed := f.start(t), f.start(t)
		if err := f.DecideDevice(t.Context(), allowed.UserCode, "ann", true); err != nil {
			t.Fatal(err)
		}
		f.pass(10 * time.Minute)
		for _, g := range []session.DeviceGrant{waiting, allowed} {
			if _, _, err := f.poll(t, g); !isOAuth(err, "expired_token") {
				t.Errorf("got %v", err)
			}
		}
		if _, err := f.FindDevice(t.Context(), waiting.UserCode); !errors.Is(err, session.ErrNone) {
			t.Errorf("got %v", err)
		}
		if err := f.DecideDevice(t.Context(), waiting.UserCode, "ann", true); !errors.Is(err, session.ErrNone) {
			t.Errorf("got %v", err)
		}
	})
}

func TestACodeThatWasTypedWrongFindsNobody(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		g := f.start(t)
		for _, typed := range []string{"", "-", g.UserCode[:8], g.UserCode + "B", g.DeviceCode, "AAAA-AAAA", "%", strings.Repeat("B", 1<<16), "\xff\x00"} {
			if _, err := f.FindDevice(t.Context(), typed); !errors.Is(err, session.ErrNone) {
				t.Errorf("%.20q: %v", typed, err)
			}
			if err := f.DecideDevice(t.Context(), typed, "ann", true); !errors.Is(err, session.ErrNone) {
				t.Errorf("%.20q: %v", typed, err)
			}
		}
	})
}

func TestADeviceCodeIsUsedOnceHoweverManyAsk(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		g := f.start(t)
		if err := f.DecideDevice(t.Context(), g.UserCode, "ann", true); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		var done atomic.Int32
		for range 10 {
			group.Go(func() {
				if _, _, err := f.poll(t, g); err == nil {
					done.Add(1)
				} else if !isOAuth(err, "invalid_grant") {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if done.Load() != 1 {
			t.Fatalf("used %d times", done.Load())
		}
	})
}
