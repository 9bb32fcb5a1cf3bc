package repo

import (
	"sync/atomic"
	"time"
)

// parseTime reads RFC 3339 as appendTime writes it, several times faster than
// time.Parse. It reports false for anything unusual, which time.Parse then judges.
// The offset from UTC is kept, so that the same text can be written again.
func parseTime(b []byte) (time.Time, bool) {
	if len(b) < len("2006-01-02T15:04:05Z") || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return time.Time{}, false
	}
	century, ok1 := twoDigits(b[0:])
	rest, ok2 := twoDigits(b[2:])
	month, ok3 := twoDigits(b[5:])
	day, ok4 := twoDigits(b[8:])
	hour, ok5 := twoDigits(b[11:])
	minute, ok6 := twoDigits(b[14:])
	second, ok7 := twoDigits(b[17:])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) {
		return time.Time{}, false
	}
	year := century*100 + rest
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	nano, b, ok := fraction(b[19:])
	if !ok {
		return time.Time{}, false
	}
	unix := daysSinceEpoch(year, month, day)*86400 + int64(hour*3600+minute*60+second)
	if len(b) == 1 && b[0] == 'Z' {
		return time.Unix(unix, nano).UTC(), true
	}
	if len(b) != len("+00:00") || b[3] != ':' || (b[0] != '+' && b[0] != '-') {
		return time.Time{}, false
	}
	hours, ok1 := twoDigits(b[1:])
	minutes, ok2 := twoDigits(b[4:])
	if !ok1 || !ok2 || hours > 23 || minutes > 59 {
		return time.Time{}, false
	}
	offset := hours*60 + minutes
	if b[0] == '-' {
		offset = -offset
	}
	return time.Unix(unix-int64(offset)*60, nano).In(zone(offset)), true
}

func twoDigits(b []byte) (int, bool) {
	tens, ones := b[0]-'0', b[1]-'0'
	return int(tens)*10 + int(ones), tens <= 9 && ones <= 9
}

// fraction reads ".123" as nanoseconds; without a point it is 0.
func fraction(b []byte) (nano int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b, len(b) > 0
	}
	i, scale := 1, int64(100_000_000)
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		nano += int64(b[i]-'0') * scale
		scale /= 10
	}
	return nano, b[i:], i > 1 && i <= 10
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysSinceEpoch counts days from 1970-01-01 in the Gregorian calendar, for years
// from 0 on: years begin in March, so that the leap day is the last.
func daysSinceEpoch(year, month, day int) int64 {
	year += 400 // keeps January of the year 0 from being negative
	if month <= 2 {
		year--
		month += 12
	}
	const toEpoch = 719468 + 146097 // days from March of the year 0, and the 400 years
	return int64(year*365+year/4-year/100+year/400+(153*(month-3)+2)/5+day-1) - toEpoch
}

// zones holds a time.Location for each offset met, by minutes.
var zones [2 * 24 * 60]atomic.Pointer[time.Location]

func zone(minutes int) *time.Location {
	slot := &zones[minutes+24*60]
	if l := slot.Load(); l != nil {
		return l
	}
	l := time.FixedZone("", minutes*60)
	slot.Store(l)
	return l
}
