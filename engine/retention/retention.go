// Package retention decides which versions stay. It is pure: times and a policy go
// in, a yes or no for each version comes out. Taking versions away, and keeping the
// last version of a deleted file beyond them, is done by whoever asks.
//
// The tiers are those of the product: every capture for a while, then the newest of
// each day, of each week, of each month. A version stays when any tier wants it, and
// each tier always wants the newest of its span. So a version that a later tier will
// want is never thinned by an earlier one, and it makes no difference whether
// thinning ran every hour or after a year: Keep of what Keep left, at a later time,
// is Keep of everything at that time.
//
// Days, weeks (from Monday) and months are those of now's time zone.
//
// Clocks are wrong at times, and a wrong clock must not cost a version. Ages are
// therefore measured from the newest version and not from now, so that a computer
// whose clock runs ahead, or one that was switched off for years, finds its versions
// as it left them; and a leap in the versions' own times is believed only once
// there are versions a week beyond it. A version from the future always stays.
package retention

import (
	"cmp"
	"slices"
	"time"

	"holdfast/engine"
)

// Version is one capture of one computer.
type Version struct {
	Time time.Time // with a server: when the server received it
	ID   string    // decides between equal times, so that the outcome is always the same
}

const (
	day = 24 * time.Hour
	// leap is a gap between two versions that might be a clock set wrong as well as
	// a long holiday; a version that much later than the leap proves the holiday.
	leap    = 30 * day
	settled = 7 * day
)

// Keep says for each version of one computer, in whatever order they come, whether
// it stays under a policy. Terms of the policy that are zero or less have no tier,
// except Monthly, where zero means for ever. The newest version always stays.
func Keep(versions []Version, now time.Time, policy engine.Retention) []bool {
	keep := make([]bool, len(versions))
	order := newestFirst(versions)
	if len(order) == 0 {
		return keep
	}
	reference := reference(versions, order, now)
	tiers := tiersOf(policy)
	for i, n := range order {
		v := versions[n]
		if i == 0 || v.Time.After(reference) || v.Time.After(now) {
			keep[n] = true
		}
		age := reference.Sub(v.Time)
		local := v.Time.In(now.Location())
		for t := range tiers {
			tier := &tiers[t]
			span := tier.span(local)
			newest := i == 0 || span != tier.last
			tier.last = span
			// The newest of its span, or one of a tier without spans.
			if (newest || tier.every) && (tier.ever || age <= tier.term) {
				keep[n] = true
			}
		}
	}
	return keep
}

// span is a day, week or month, as numbers that compare.
type span struct{ year, number, day int }

type tier struct {
	term  time.Duration
	ever  bool
	every bool
	span  func(time.Time) span
	last  span // of the version before, which is newer
}

func tiersOf(policy engine.Retention) []tier {
	instant := func(time.Time) span { return span{} }
	daily := func(t time.Time) span { return span{t.Year(), int(t.Month()), t.Day()} }
	weekly := func(t time.Time) span {
		year, week := t.ISOWeek()
		return span{year: year, number: week}
	}
	monthly := func(t time.Time) span { return span{year: t.Year(), number: int(t.Month())} }
	var tiers []tier
	for _, t := range []tier{
		{term: policy.All, every: true, span: instant},
		{term: policy.Daily, span: daily},
		{term: policy.Weekly, span: weekly},
		{term: policy.Monthly, ever: policy.Monthly == 0, span: monthly},
	} {
		if t.term > 0 || t.ever {
			tiers = append(tiers, t)
		}
	}
	return tiers
}

// AtLeast is the policy that keeps what either of two keeps.
func AtLeast(a, b engine.Retention) engine.Retention {
	longer := engine.Retention{
		All: max(a.All, b.All), Daily: max(a.Daily, b.Daily), Weekly: max(a.Weekly, b.Weekly),
		Monthly: max(a.Monthly, b.Monthly), Deleted: max(a.Deleted, b.Deleted),
	}
	if a.Monthly == 0 || b.Monthly == 0 {
		longer.Monthly = 0 // for ever
	}
	return longer
}

// newestFirst is the order of the versions, as indexes.
func newestFirst(versions []Version) []int {
	order := make([]int, len(versions))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(versions[b].Time.Compare(versions[a].Time), cmp.Compare(versions[b].ID, versions[a].ID), a-b)
	})
	return order
}

// reference is the moment from which ages count: the newest version that is not in
// the future; or, when a leap lies less than a week before it, the newest before the
// leap.
func reference(versions []Version, order []int, now time.Time) time.Time {
	first := 0
	for first < len(order)-1 && versions[order[first]].Time.After(now) {
		first++
	}
	newest := versions[order[first]].Time
	newer := newest
	for _, n := range order[first:] {
		here := versions[n].Time
		if newer.Sub(here) > leap {
			return here
		}
		if newest.Sub(here) >= settled {
			break
		}
		newer = here
	}
	return newest
}

// DeletedUntil is until when the last version of a file stays that was found gone at
// a moment: as long as every capture does, and the term for deleted files beyond.
// Thinning moves such files aside before the capture that holds them goes.
func DeletedUntil(gone time.Time, policy engine.Retention) time.Time {
	return gone.Add(max(0, policy.All)).Add(max(0, policy.Deleted))
}
