package schedule

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"holdfast/engine"
)

var (
	product = engine.DefaultSettings()
	now     = time.Date(2026, time.July, 15, 12, 0, 0, 0, time.UTC) // a Wednesday
)

func with(change func(*engine.Settings)) engine.Settings {
	s := product
	change(&s)
	return s
}

func ago(d time.Duration) time.Time { return now.Add(-d) }

func TestNext(t *testing.T) {
	done := State{Started: ago(5 * time.Minute), Ended: ago(4 * time.Minute)}
	on := func(change func(*State)) State { s := done; change(&s); return s }
	hours := func(spans ...engine.HourSpan) engine.Settings {
		return with(func(s *engine.Settings) { s.Schedule.Hours = spans })
	}
	weekdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	never := time.Time{}
	for name, c := range map[string]struct {
		state    State
		settings engine.Settings
		at       time.Time
		why      string
	}{
		"the first backup starts at once":             {State{}, product, now, "The first backup starts now."},
		"the next comes a quarter of an hour after":   {done, product, now.Add(10 * time.Minute), "The next backup is at 12:10."},
		"a missed one is due":                         {on(func(s *State) { s.Started, s.Ended = ago(9*time.Hour), ago(9*time.Hour-time.Minute) }), product, ago(8*time.Hour + 45*time.Minute), "It is time for the next backup."},
		"a long backup is followed by a rest":         {State{Started: ago(time.Hour), Ended: ago(time.Second)}, product, now.Add(59 * time.Second), "The next backup is at 12:00."},
		"no interval is the usual one":                {done, engine.Settings{Usage: product.Usage}, now.Add(10 * time.Minute), ""},
		"less than a minute is a minute":              {done, with(func(s *engine.Settings) { s.Schedule.Every = time.Second }), ago(3 * time.Minute), ""},
		"a failure is tried again after a minute":     {on(func(s *State) { s.Failures, s.Failed = 1, ago(10*time.Second) }), product, now.Add(50 * time.Second), "The last try failed; trying again at 12:00."},
		"the fourth failure waits a quarter":          {on(func(s *State) { s.Failures, s.Failed = 4, ago(time.Minute) }), product, now.Add(14 * time.Minute), "The last try failed; trying again at 12:14."},
		"the hundredth waits an hour":                 {on(func(s *State) { s.Failures, s.Failed = 100, ago(0) }), product, now.Add(time.Hour), ""},
		"a failure of yesterday is tried at once":     {on(func(s *State) { s.Failures, s.Failed = 9, ago(24*time.Hour) }), product, ago(23 * time.Hour), "Trying again."},
		"a pause ends when it is resumed":             {on(func(s *State) { s.Paused, s.PausedAt = true, ago(time.Hour) }), product, never, "Paused until you resume."},
		"a pause ends at its time":                    {on(func(s *State) { s.Paused, s.PausedUntil = true, now.Add(time.Hour) }), product, now.Add(time.Hour), "Paused until 13:00."},
		"a pause until tomorrow says so":              {on(func(s *State) { s.Paused, s.PausedUntil = true, now.Add(20*time.Hour) }), product, now.Add(20 * time.Hour), "Paused until tomorrow, 08:00."},
		"a pause that is over is none":                {on(func(s *State) { s.Paused, s.PausedUntil = true, ago(time.Second) }), product, now.Add(10 * time.Minute), ""},
		"a pause from before the clock went back":     {on(func(s *State) { s.Paused, s.PausedAt = true, now.AddDate(1, 0, 0) }), product, now.Add(10 * time.Minute), ""},
		"a backup from the future is due":             {State{Started: now.AddDate(10, 0, 0), Ended: now.AddDate(10, 0, 0)}, product, now, "The clock was set back; looking at once."},
		"a failure from the future is due":            {on(func(s *State) { s.Failures, s.Failed = 3, now.AddDate(10, 0, 0) }), product, now, "The clock was set back; looking at once."},
		"on battery it goes on":                       {on(func(s *State) { s.Power = Power{true, 50} }), product, now.Add(10 * time.Minute), ""},
		"a low battery waits for power":               {on(func(s *State) { s.Power = Power{true, 19} }), product, never, "Waiting for power: the battery is at 19 percent, below 20."},
		"an unknown battery goes on":                  {on(func(s *State) { s.Power = Power{true, -1} }), product, now.Add(10 * time.Minute), ""},
		"battery can be forbidden":                    {on(func(s *State) { s.Power = Power{true, 100} }), with(func(s *engine.Settings) { s.Usage.OnBattery = false }), never, "Waiting for power: Settings say not to back up on battery."},
		"a metered network waits":                     {on(func(s *State) { s.Metered = true }), product, never, "Waiting for another network: this one is metered."},
		"a metered network can be allowed":            {on(func(s *State) { s.Metered = true }), with(func(s *engine.Settings) { s.Network.Metered = true }), now.Add(10 * time.Minute), ""},
		"within the hours":                            {done, hours(engine.HourSpan{Days: weekdays, From: 9 * 60, To: 17 * 60}), now.Add(10 * time.Minute), ""},
		"before the hours of today":                   {done, hours(engine.HourSpan{From: 14 * 60, To: 17 * 60}), now.Add(2 * time.Hour), "Waiting for the hours chosen in Settings: from 14:00."},
		"after the hours of today":                    {done, hours(engine.HourSpan{From: 9 * 60, To: 11 * 60}), now.Add(21 * time.Hour), "Waiting for the hours chosen in Settings: from tomorrow, 09:00."},
		"only on Mondays":                             {done, hours(engine.HourSpan{Days: []time.Weekday{time.Monday}, From: 0, To: 24 * 60}), time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC), "Waiting for the hours chosen in Settings: from Monday, 00:00."},
		"the hours end before the next one":           {done, hours(engine.HourSpan{From: 9 * 60, To: 12*60 + 5}), time.Date(2026, 7, 16, 9, 0, 0, 0, time.UTC), ""},
		"a night that began yesterday":                {done, hours(engine.HourSpan{Days: []time.Weekday{time.Tuesday}, From: 20 * 60, To: 13 * 60}), now.Add(10 * time.Minute), ""},
		"the earlier of two spans":                    {done, hours(engine.HourSpan{From: 20 * 60, To: 21 * 60}, engine.HourSpan{From: 15 * 60, To: 16 * 60}), now.Add(3 * time.Hour), ""},
		"hours that mean nothing are none":            {done, hours(engine.HourSpan{Days: []time.Weekday{9}}, engine.HourSpan{From: -5, To: 9000}), now.Add(10 * time.Minute), ""},
		"what is due waits for the hours":             {State{}, hours(engine.HourSpan{From: 18 * 60, To: 20 * 60}), now.Add(6 * time.Hour), ""},
		"a span of equal ends is the whole day":       {done, hours(engine.HourSpan{}), now.Add(10 * time.Minute), ""},
		"a pause and a low battery: the pause counts": {State{Paused: true, Power: Power{true, 1}}, product, never, "Paused until you resume."},
	} {
		at, why := Next(c.state, c.settings, now)
		if !at.Equal(c.at) || c.why != "" && why != c.why {
			t.Errorf("%s: %v, %q; want %v, %q", name, at, why, c.at, c.why)
		}
		if !strings.HasSuffix(why, ".") {
			t.Errorf("%s: %q is no sentence", name, why)
		}
	}
}

func TestHoursHoldOverTheChangeOfTheClocks(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	hours := []engine.HourSpan{{From: 2*60 + 30, To: 4 * 60}} // 02:30 does not exist on 29 March
	night := time.Date(2026, time.March, 28, 23, 0, 0, 0, zone)
	open := opening(hours, night)
	if open.Before(night) || open.Sub(night) > 5*time.Hour {
		t.Errorf("it opens %v", open)
	}
}

// A computer that sleeps, whose clock is set at random, and which fails at random,
// is backed up within two hours of being awake, always.
func TestNoClockKeepsABackupAway(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		var s State
		wall, waited := now, time.Duration(0)
		for range 2000 {
			if r.IntN(50) == 0 {
				wall = wall.Add(time.Duration(r.Int64N(int64(4*365*24*time.Hour))) - 2*365*24*time.Hour)
			}
			at, _ := Next(s, product, wall)
			if at.IsZero() || at.After(wall) {
				if waited += time.Minute; waited > 2*time.Hour {
					t.Fatalf("seed %d: awake for %v without a try; next %v at %v", seed, waited, at, wall)
				}
				wall = wall.Add(time.Minute)
				continue
			}
			waited = 0
			if r.IntN(3) == 0 {
				s.Failures, s.Failed = s.Failures+1, wall
				continue
			}
			s.Started, s.Failures = wall, 0
			wall = wall.Add(time.Duration(r.IntN(300)) * time.Second)
			s.Ended = wall
		}
	}
}

func TestAYearOfWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s State
		end := time.Now().AddDate(1, 0, 0)
		backups := 0
		settings := with(func(s *engine.Settings) { s.Schedule.Every = time.Hour })
		for time.Now().Before(end) {
			err := Wait(t.Context(), nil, func(now time.Time) time.Time {
				at, _ := Next(s, settings, now)
				return at
			})
			if err != nil {
				t.Fatal(err)
			}
			s.Started = time.Now()
			time.Sleep(3 * time.Minute)
			s.Ended = time.Now()
			backups++
		}
		if hours := int(time.Since(end.AddDate(-1, 0, 0)).Hours()); backups < hours || backups > hours+1 {
			t.Errorf("%d backups in a year of %d hours", backups, hours)
		}
	})
}

func TestWaitWakesAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{}, 1)
		var ready atomic.Bool
		begin := time.Now()
		time.AfterFunc(10*time.Second, func() { ready.Store(true); wake <- struct{}{} })
		err := Wait(t.Context(), wake, func(now time.Time) time.Time {
			if ready.Load() {
				return now
			}
			return time.Time{}
		})
		if took := time.Since(begin); err != nil || took != 10*time.Second {
			t.Errorf("woken after %v, %v", took, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		asked := 0
		err = Wait(ctx, nil, func(now time.Time) time.Time { asked++; return now.AddDate(5, 0, 0) })
		if !errors.Is(err, context.DeadlineExceeded) || asked < 60 || asked > 62 {
			t.Errorf("asked %d times in an hour, %v", asked, err)
		}
	})
}

func TestPulse(t *testing.T) {
	var p Pulse
	wall, up := now, time.Duration(0)
	for _, c := range []struct {
		name     string
		wall, up time.Duration
		jump     time.Duration
	}{
		{"the first look", 0, 0, 0},
		{"a minute", time.Minute, time.Minute, 0},
		{"a correction", time.Minute + 2*time.Second, time.Minute, 0},
		{"a night asleep", 8 * time.Hour, time.Minute, 8*time.Hour - time.Minute},
		{"a clock set back", -time.Hour, time.Minute, -time.Hour - time.Minute},
		{"a minute again", time.Minute, time.Minute, 0},
	} {
		wall, up = wall.Add(c.wall), up+c.up
		if got := p.Beat(Reading{wall, up}); got != c.jump {
			t.Errorf("%s: %v, want %v", c.name, got, c.jump)
		}
	}
	a, b := Now(), Now()
	if b.Up < a.Up || a.Wall.IsZero() {
		t.Error(a, b)
	}
}

func TestPowerOnLinux(t *testing.T) {
	supply := func(values ...string) fstest.MapFS {
		files := fstest.MapFS{}
		for i := 0; i < len(values); i += 2 {
			files[values[i]] = &fstest.MapFile{Data: []byte(values[i+1] + "\n")}
		}
		return files
	}
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  Power
	}{
		"a desktop":            {supply(), Power{}},
		"a laptop plugged in":  {supply("AC/type", "Mains", "AC/online", "1", "BAT0/type", "Battery", "BAT0/status", "Charging", "BAT0/capacity", "5"), Power{}},
		"a laptop on battery":  {supply("AC/type", "Mains", "AC/online", "0", "BAT0/type", "Battery", "BAT0/status", "Discharging", "BAT0/capacity", "42"), Power{true, 42}},
		"two batteries":        {supply("BAT0/type", "Battery", "BAT0/status", "Discharging", "BAT0/capacity", "40", "BAT1/type", "Battery", "BAT1/status", "Unknown", "BAT1/capacity", "80"), Power{true, 60}},
		"charged by USB":       {supply("usb/type", "USB", "usb/online", "1", "BAT0/type", "Battery", "BAT0/status", "Discharging", "BAT0/capacity", "42"), Power{}},
		"a mouse":              {supply("hid/type", "Battery", "hid/scope", "Device", "hid/status", "Discharging", "hid/capacity", "3"), Power{}},
		"an empty slot":        {supply("BAT1/type", "Battery", "BAT1/present", "0", "BAT1/status", "Discharging"), Power{}},
		"a charge not told":    {supply("BAT0/type", "Battery", "BAT0/status", "Discharging", "BAT0/capacity", "many"), Power{true, -1}},
		"a full one unplugged": {supply("AC/type", "Mains", "AC/online", "0", "BAT0/type", "Battery", "BAT0/status", "Full"), Power{}},
	} {
		if got := (sysfs{c.files}).Power(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	SystemPower().Power()
}
