package look

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/engine"
)

// Bytes writes a size with three digits at most, in decimal units.
func Bytes(n int64) string {
	if n < 0 {
		return "–"
	}
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	units := []string{"KB", "MB", "GB", "TB", "PB", "EB"}
	v, u := float64(n)/1000, 0
	for v >= 999.5 && u < len(units)-1 {
		v /= 1000
		u++
	}
	switch {
	case v < 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + " " + units[u]
	default:
		return fmt.Sprintf("%.0f ", v) + units[u]
	}
}

// Kept is where the files are, as Home says it: a folder, or an institution's server.
func Kept(d engine.Destination) string {
	if d.Account == "" {
		return d.Address
	}
	if d.Server == "" {
		return Host(d.Address)
	}
	return d.Server + ", " + Host(d.Address)
}

// Host is the address of a server without what all of them have.
func Host(address string) string { return strings.TrimPrefix(address, "https://") }

// Speed is bytes per second.
func Speed(n int64) string { return Bytes(n) + "/s" }

// Count writes a number with separated thousands.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Files is a count of files as words: "1 file", "128,402 files".
func Files(n int64) string { return Plural(n, "file", "files") }

// Plural is a count with the word that goes with it.
func Plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Day is a date as one says it: Today, Yesterday, Saturday, 21 November.
func Day(t, now time.Time) string {
	t = t.In(now.Location())
	switch days := daysBetween(t, now); {
	case days == 0:
		return "Today"
	case days == 1:
		return "Yesterday"
	case days == -1:
		return "Tomorrow"
	case days > 1 && days < 7, days < -1 && days > -7:
		return t.Format("Monday 2 January")
	case t.Year() == now.Year():
		return t.Format("2 January")
	}
	return t.Format("2 January 2006")
}

// When is a moment in full: "Today 17:58", "Thu 19 Nov 18:05", "3 Jan 2025 09:12".
func When(t, now time.Time) string {
	if t.IsZero() {
		return "Never"
	}
	t = t.In(now.Location())
	clock := t.Format("15:04")
	switch days := daysBetween(t, now); {
	case days == 0:
		return "Today " + clock
	case days == 1:
		return "Yesterday " + clock
	case days == -1:
		return "Tomorrow " + clock
	case days > 1 && days < 31:
		return t.Format("Mon 2 Jan ") + clock
	case t.Year() == now.Year():
		return t.Format("2 Jan ") + clock
	}
	return t.Format("2 Jan 2006 ") + clock
}

// Stamp is a date in a column, always of one form: "22 Nov 2026 16:40".
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2 Jan 2006 15:04")
}

// Ago says how long ago: "just now", "4 minutes ago", and after a day When.
func Ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	switch {
	case d < 0:
		return When(t, now)
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return Plural(int64(d/time.Minute), "minute", "minutes") + " ago"
	case d < 12*time.Hour:
		return Plural(int64(d/time.Hour), "hour", "hours") + " ago"
	}
	return When(t, now)
}

// About is how long something will still take, as an estimate in words.
func About(d time.Duration) string {
	if d < time.Second {
		return Duration(d)
	}
	return "about " + Duration(d)
}

// Duration is a length of time in words: "38 seconds", "33 minutes", "2 hours 10 minutes".
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "unknown"
	case d < time.Second:
		return "less than a second"
	case d < 90*time.Second:
		return Plural(int64(d.Round(time.Second)/time.Second), "second", "seconds")
	case d < 100*time.Minute:
		return Plural(int64(d.Round(time.Minute)/time.Minute), "minute", "minutes")
	case d < 48*time.Hour:
		d = d.Round(10 * time.Minute)
		hours := Plural(int64(d/time.Hour), "hour", "hours")
		if minutes := d % time.Hour / time.Minute; minutes > 0 && d < 10*time.Hour {
			return hours + " " + Plural(int64(minutes), "minute", "minutes")
		}
		return hours
	}
	return Plural(int64(d.Round(12*time.Hour)/(24*time.Hour)), "day", "days")
}

// daysBetween counts midnights from t to now, as the calendar does.
func daysBetween(t, now time.Time) int {
	y, m, d := t.Date()
	a := time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	y, m, d = now.Date()
	b := time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	return int(b.Sub(a) / (24 * time.Hour))
}
