package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/engine"
)

const dayMinutes = 24 * 60

// weekdays in the order in which people list them.
var weekdays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// spanWords is a span of hours as a sentence's part: "Monday to Friday, 18:00 to 07:00".
func spanWords(h engine.HourSpan) string {
	return daysWords(h.Days) + ", " + clock(h.From) + " to " + clock(h.To)
}

// daysWords joins days that follow each other.
func daysWords(days []time.Weekday) string {
	if len(days) == 0 {
		return "No day"
	}
	var runs []string
	for i := 0; i < len(weekdays); {
		if !slices.Contains(days, weekdays[i]) {
			i++
			continue
		}
		first := i
		for i < len(weekdays) && slices.Contains(days, weekdays[i]) {
			i++
		}
		switch {
		case i-first == len(weekdays):
			return "Every day"
		case i-first == 1:
			runs = append(runs, weekdays[first].String())
		default:
			runs = append(runs, weekdays[first].String()+" to "+weekdays[i-1].String())
		}
	}
	return strings.Join(runs, ", ")
}

// clock is a minute of the day as a time.
func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// readClock reads a time of the day, as in "7", "07:30" or "24:00".
func readClock(text string) (minute int, ok bool) {
	hours, minutes, both := strings.Cut(strings.TrimSpace(text), ":")
	h, err := strconv.Atoi(hours)
	m := 0
	if err == nil && both {
		m, err = strconv.Atoi(minutes)
	}
	minute = h*60 + m
	return minute, err == nil && h >= 0 && m >= 0 && m < 60 && minute <= dayMinutes
}

// readSpan makes a span of what was chosen and typed, or says in a sentence what
// is wrong with it.
func readSpan(days []time.Weekday, from, to string) (engine.HourSpan, string) {
	if len(days) == 0 {
		return engine.HourSpan{}, "Choose at least one day."
	}
	f, ok := readClock(from)
	if !ok || f == dayMinutes {
		return engine.HourSpan{}, "Write the beginning as a time, as in 18:00."
	}
	t, ok := readClock(to)
	if !ok {
		return engine.HourSpan{}, "Write the end as a time, as in 07:00."
	}
	if f == t {
		return engine.HourSpan{}, "The beginning and the end are the same."
	}
	return engine.HourSpan{Days: days, From: f, To: t}, ""
}
