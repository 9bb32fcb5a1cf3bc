package settings

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// option is one line of a choice.
type option[T comparable] struct {
	value T
	words string
}

// durations makes a choice of lengths of time. A value that is in force but not
// among the usual ones is offered too, in its place: what is true is never hidden.
func durations(now time.Duration, words func(time.Duration) string, usual ...time.Duration) []option[time.Duration] {
	all := usual
	if !slices.Contains(all, now) {
		all = append(slices.Clone(usual), now)
		slices.Sort(all)
	}
	var list []option[time.Duration]
	for _, d := range all {
		list = append(list, option[time.Duration]{d, words(d)})
	}
	return list
}

// numbers is the same for whole numbers.
func numbers[T int | int64](now T, words func(T) string, usual ...T) []option[T] {
	all := usual
	if !slices.Contains(all, now) {
		all = append(slices.Clone(usual), now)
		slices.Sort(all)
	}
	var list []option[T]
	for _, n := range all {
		list = append(list, option[T]{n, words(n)})
	}
	return list
}

const (
	kilobyte = 1000
	megabyte = 1000 * kilobyte
)

var usualRates = []int64{0, 128 * kilobyte, 256 * kilobyte, 512 * kilobyte, megabyte, 2 * megabyte, 5 * megabyte, 10 * megabyte, 20 * megabyte, 50 * megabyte}

// readRate reads a limit that was typed as megabytes per second, with a point or a
// comma; ok is false for anything else.
func readRate(text string) (bytes int64, ok bool) {
	text = strings.TrimSpace(strings.ReplaceAll(text, ",", "."))
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f >= 0.01 && f <= 100_000) {
		return 0, false
	}
	return int64(f*megabyte + 0.5), true
}
