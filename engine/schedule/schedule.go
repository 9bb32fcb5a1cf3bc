// Package schedule decides when to back up. Next is pure: what is, what is wanted
// and the time go in, a moment and a sentence come out. Wait sleeps until then.
//
// Moments are of the wall clock, because that is what people set hours by and what
// goes on while a computer sleeps. A wall clock can be wrong, so no jump of it may
// keep a backup from running: what seems to have happened in the future is taken for
// "due now", and Wait looks again every minute instead of trusting one long timer,
// which would stand still during sleep. Pulse tells when the clock has jumped, for
// those who then have to look at all files again.
//
// What a backup does, whether one runs already and what counts as a failure belong
// to the agent.
package schedule

import (
	"fmt"
	"time"

	"holdfast/engine"
)

// State is what the decision depends on besides the settings. Zero times: never.
type State struct {
	Started time.Time // when the last successful backup began
	Ended   time.Time // when it ended

	Failures int       // tries in a row that failed since
	Failed   time.Time // when the last of them did

	Paused      bool
	PausedAt    time.Time
	PausedUntil time.Time // zero: until resumed

	Power   Power
	Metered bool // the destination is reached over a network that costs by volume
}

const (
	defaultEvery = 15 * time.Minute
	leastEvery   = time.Minute
	leastRest    = time.Minute // between two backups that take longer than their interval
)

// backoff is how long to wait after one, two, … failures in a row.
var backoff = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
}

// Next says when the next backup should start, and why then, as a sentence. A moment
// that is not after now means at once. The zero time means that waiting alone brings
// nothing: only Resume, power or another network does.
func Next(s State, settings engine.Settings, now time.Time) (at time.Time, why string) {
	now = now.Round(0) // wall clock only: the monotonic one stands still during sleep

	// A pause that seems to begin in the future was made before the clock went back,
	// and its end means nothing any more.
	if s.Paused && !s.PausedAt.After(now) {
		if s.PausedUntil.IsZero() {
			return time.Time{}, "Paused until you resume."
		}
		if s.PausedUntil.After(now) {
			return s.PausedUntil.Round(0), fmt.Sprintf("Paused until %s.", clock(s.PausedUntil, now))
		}
	}
	if why := held(s, settings); why != "" {
		return time.Time{}, why
	}
	at, why = due(s, settings.Schedule, now)
	if open := opening(settings.Schedule.Hours, later(at, now)); open.After(later(at, now)) {
		return open, fmt.Sprintf("Waiting for the hours chosen in Settings: from %s.", clock(open, now))
	}
	return at, why
}

// held is what keeps a backup from starting now, "" for nothing.
func held(s State, settings engine.Settings) string {
	switch {
	case !s.Power.Battery:
	case !settings.Usage.OnBattery:
		return "Waiting for power: Settings say not to back up on battery."
	case s.Power.Percent >= 0 && s.Power.Percent < settings.Usage.BatteryFloor:
		return fmt.Sprintf("Waiting for power: the battery is at %d percent, below %d.", s.Power.Percent, settings.Usage.BatteryFloor)
	}
	if s.Metered && !settings.Network.Metered {
		return "Waiting for another network: this one is metered."
	}
	return ""
}

// due is the moment by the interval, or after failures.
func due(s State, schedule engine.Schedule, now time.Time) (time.Time, string) {
	every := schedule.Every
	if every <= 0 {
		every = defaultEvery
	}
	every = max(every, leastEvery)
	switch {
	case s.Failures > 0 && s.Failed.After(now), s.Started.After(now), s.Ended.After(now):
		return now, "The clock was set back; looking at once."
	case s.Failures > 0:
		at := s.Failed.Round(0).Add(backoff[min(s.Failures, len(backoff))-1])
		if !at.After(now) {
			return at, "Trying again."
		}
		return at, fmt.Sprintf("The last try failed; trying again at %s.", clock(at, now))
	case s.Started.IsZero():
		return now, "The first backup starts now."
	}
	at := later(s.Started.Round(0).Add(every), s.Ended.Round(0).Add(leastRest))
	if !at.After(now) {
		return at, "It is time for the next backup."
	}
	return at, fmt.Sprintf("The next backup is at %s.", clock(at, now))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// opening is the first moment, from t on, that lies within the hours. Hours that
// nothing can lie within are no hours: a slip in the settings must not end backups.
func opening(hours []engine.HourSpan, t time.Time) time.Time {
	var first time.Time
	for _, span := range hours {
		for offset := -1; offset <= 7; offset++ { // a span from yesterday may still be open
			begin, end, ok := onDay(span, t.AddDate(0, 0, offset))
			if !ok || !end.After(t) {
				continue
			}
			if begin = later(begin, t); first.IsZero() || begin.Before(first) {
				first = begin
			}
			break
		}
	}
	if first.IsZero() {
		return t
	}
	return first
}

// onDay is a span of the week on one day. One that ends before it begins ends the
// next day; one without days is of every day.
func onDay(span engine.HourSpan, day time.Time) (begin, end time.Time, ok bool) {
	on := len(span.Days) == 0
	for _, d := range span.Days {
		on = on || d == day.Weekday()
	}
	const whole = 24 * 60
	if !on || span.From < 0 || span.From > whole || span.To < 0 || span.To > whole {
		return time.Time{}, time.Time{}, false
	}
	to := span.To
	if to <= span.From {
		to += whole
	}
	minute := func(m int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), 0, m, 0, 0, day.Location())
	}
	return minute(span.From), minute(to), true
}

// clock says a moment as briefly as it is clear.
func clock(t, now time.Time) string {
	t = t.In(now.Location())
	begin := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch {
	case t.Before(begin.AddDate(0, 0, 1)):
		return t.Format("15:04")
	case t.Before(begin.AddDate(0, 0, 2)):
		return "tomorrow, " + t.Format("15:04")
	case t.Before(begin.AddDate(0, 0, 7)):
		return t.Format("Monday, 15:04")
	}
	return t.Format("2 January 2006, 15:04")
}
