package getfiles

import (
	"time"

	"holdfast/ui/desktop/look"
)

// clockTime is how a moment of a day is written everywhere here.
const clockTime = "15:04"

// shortDay is the day of "deleted 4 Nov".
func shortDay(t, now time.Time) string {
	t = t.In(now.Location())
	switch {
	case sameDay(t, now):
		return "today"
	case sameDay(t, now.AddDate(0, 0, -1)):
		return "yesterday"
	case t.Year() == now.Year():
		return t.Format("2 Jan")
	}
	return t.Format("2 Jan 2006")
}

// changed is the date in the column Changed.
func changed(t, now time.Time, withTime bool) string {
	if t.IsZero() {
		return ""
	}
	layout := "2 Jan 2006"
	if withTime {
		layout += " " + clockTime
	}
	return t.In(now.Location()).Format(layout)
}

// asOf completes "as of …" and "As of …".
func asOf(at, now time.Time) string {
	if at.IsZero() {
		return "Today"
	}
	return look.When(at, now)
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// month is one page of the calendar: the days that have captures.
type month struct {
	first time.Time           // midnight of the first of the month
	days  map[int][]time.Time // by day of the month, newest first
}

// monthOf collects from all moments those of the month that t lies in.
func monthOf(moments []time.Time, t time.Time) month {
	m := month{
		first: time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location()),
		days:  map[int][]time.Time{},
	}
	for _, at := range moments {
		at = at.In(t.Location())
		if at.Year() == t.Year() && at.Month() == t.Month() {
			m.days[at.Day()] = append(m.days[at.Day()], at)
		}
	}
	return m
}

// length is the number of days.
func (m month) length() int { return m.first.AddDate(0, 1, -1).Day() }

// blanks is how many cells of the first week belong to the month before. Weeks
// begin on Monday (ISO 8601).
func (m month) blanks() int { return (int(m.first.Weekday()) + 6) % 7 }

func (m month) next() time.Time     { return m.first.AddDate(0, 1, 0) }
func (m month) previous() time.Time { return m.first.AddDate(0, -1, 0) }
