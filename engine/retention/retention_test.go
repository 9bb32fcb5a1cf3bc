package retention

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"holdfast/engine"
)

var (
	product = engine.DefaultSettings().Retention
	today   = time.Date(2026, time.July, 15, 12, 0, 0, 0, time.UTC) // a Wednesday
)

func at(times ...time.Time) []Version {
	versions := make([]Version, len(times))
	for i, t := range times {
		versions[i] = Version{t, fmt.Sprint(i)}
	}
	return versions
}

// every makes versions from a moment back, the oldest first.
func every(step, span time.Duration, end time.Time) []Version {
	var times []time.Time
	for t := end; end.Sub(t) <= span; t = t.Add(-step) {
		times = append(times, t)
	}
	slices.Reverse(times)
	return at(times...)
}

func kept(versions []Version, now time.Time, policy engine.Retention) []Version {
	var left []Version
	for i, stays := range Keep(versions, now, policy) {
		if stays {
			left = append(left, versions[i])
		}
	}
	return left
}

func between(versions []Version, from, to time.Duration) (n int) {
	for _, v := range versions {
		if age := today.Sub(v.Time); age > from && age <= to {
			n++
		}
	}
	return n
}

func TestTheTiersOfTheProduct(t *testing.T) {
	left := kept(every(time.Hour, 3*365*day, today), today, product)
	for _, c := range []struct {
		name     string
		from, to time.Duration
		low, top int
	}{
		{"every capture for a week", -1, 7 * day, 169, 169},
		{"daily for 90 days", 7 * day, 90 * day, 83, 84},
		{"weekly for a year", 90 * day, 365 * day, 39 + 4, 40 + 10}, // and the ends of months
		{"monthly after", 365 * day, 3 * 365 * day, 24, 25},
	} {
		if n := between(left, c.from, c.to); n < c.low || n > c.top {
			t.Errorf("%s: %d, want %d to %d", c.name, n, c.low, c.top)
		}
	}
}

func TestTheNewestOfEachSpanStays(t *testing.T) {
	now := today
	day := func(m time.Month, d, h int) time.Time { return time.Date(2026, m, d, h, 0, 0, 0, time.UTC) }
	versions := at(
		day(5, 4, 9), day(5, 4, 17), day(7, 6, 0), // one a day
		day(7, 14, 9), day(7, 14, 17), now, // within the week: all
	)
	if got := Keep(versions, now, product); !slices.Equal(got, []bool{false, true, true, true, true, true}) {
		t.Error(got)
	}
	weekly := at(day(1, 5, 9), day(1, 8, 9), day(1, 9, 9), day(1, 12, 9), day(1, 31, 9), now.Add(-8*24*time.Hour), now)
	if got := Keep(weekly, now, product); !slices.Equal(got, []bool{false, false, true, true, true, true, true}) {
		t.Error(got)
	}
}

func TestDaysAreThoseOfThePersonsTimeZone(t *testing.T) {
	zone := time.FixedZone("", -7*3600)
	evening := time.Date(2026, 6, 1, 23, 0, 0, 0, time.UTC) // 16:00 there
	night := evening.Add(2 * time.Hour)                     // the next day in UTC, 18:00 there
	versions := append(every(day, 20*day, today), Version{evening, "e"}, Version{night, "n"})
	n := len(versions)
	if got := Keep(versions, today.In(zone), product); got[n-2] || !got[n-1] {
		t.Error("one day there was taken for two")
	}
	if got := Keep(versions, today, product); !got[n-2] || !got[n-1] {
		t.Error("two days of UTC were taken for one")
	}
}

func TestNoVersionsAndOneVersion(t *testing.T) {
	if got := Keep(nil, today, product); len(got) != 0 {
		t.Error(got)
	}
	for name, policy := range policies() {
		if got := Keep(at(today.AddDate(-40, 0, 0)), today, policy); !got[0] {
			t.Errorf("%s: the only version goes", name)
		}
	}
}

func TestAWrongClockCostsNoVersion(t *testing.T) {
	versions := every(6*time.Hour, 60*day, today)
	want := kept(versions, today, product)
	t.Run("now is decades ahead", func(t *testing.T) {
		if got := kept(versions, today.AddDate(60, 0, 0), product); !slices.Equal(got, want) {
			t.Errorf("%d stay, want %d", len(got), len(want))
		}
	})
	t.Run("a day of captures was made decades ahead", func(t *testing.T) {
		ahead := today.AddDate(60, 0, 0)
		wrong := every(time.Hour, day, ahead)
		for _, now := range []time.Time{ahead, today.Add(time.Hour)} {
			got := kept(append(slices.Clone(versions), wrong...), now, product)
			if !slices.Equal(got, append(slices.Clone(want), wrong...)) {
				t.Errorf("at %v %d stay, want %d", now.Year(), len(got), len(want)+len(wrong))
			}
		}
	})
	t.Run("now is decades behind", func(t *testing.T) {
		if got := kept(versions, today.AddDate(-60, 0, 0), product); len(got) != len(versions) {
			t.Errorf("%d of %d stay", len(got), len(versions))
		}
	})
}

func TestAfterALongHolidayThinningGoesOnInAWeek(t *testing.T) {
	before := every(time.Hour, 20*day, today.AddDate(0, 0, -100))
	fresh := append(slices.Clone(before), every(time.Hour, day, today)...)
	later := append(slices.Clone(before), every(time.Hour, 8*day, today)...)
	if n := between(kept(fresh, today, product), 100*day-1, 107*day); n < 7*24 {
		t.Errorf("a day after the holiday, %d of the last week before it stay", n)
	}
	if n := between(kept(later, today, product), 100*day-1, 107*day); n > 3 {
		t.Errorf("a week after the holiday, %d of the last week before it stay", n)
	}
}

func policies() map[string]engine.Retention {
	return map[string]engine.Retention{
		"product":        product,
		"nothing set":    {},
		"years only":     {Monthly: 5 * 365 * day},
		"short":          {All: day, Daily: 3 * day, Weekly: 14 * day, Monthly: 60 * day},
		"upside down":    {All: 60 * day, Daily: 7 * day, Weekly: day, Monthly: -1},
		"less than none": {All: -day, Daily: -day, Weekly: -day, Monthly: -day},
	}
}

func random(r *rand.Rand, n int, span time.Duration) []Version {
	times := make([]time.Time, n)
	for i := range times {
		times[i] = today.Add(-time.Duration(r.Int64N(int64(span))).Round(time.Minute))
	}
	return at(times...)
}

func TestWhateverThePolicyTheseHold(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		versions := random(r, 1+r.IntN(300), 3*365*day)
		for name, policy := range policies() {
			got := Keep(versions, today, policy)
			newest := 0
			for i, v := range versions {
				if v.Time.After(versions[newest].Time) || v.Time.Equal(versions[newest].Time) && v.ID > versions[newest].ID {
					newest = i
				}
			}
			if !got[newest] {
				t.Fatalf("%s, seed %d: the newest goes", name, seed)
			}
			shuffled := slices.Clone(versions)
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			stays := map[string]bool{}
			for i, v := range versions {
				stays[v.ID] = got[i]
			}
			for i, s := range Keep(shuffled, today, policy) {
				if s != stays[shuffled[i].ID] {
					t.Fatalf("%s, seed %d: the order of the versions matters", name, seed)
				}
			}
			longer := policy
			longer.All, longer.Daily, longer.Weekly = policy.All+day, policy.Daily+day, policy.Weekly+day
			for i, s := range Keep(versions, today, longer) {
				if got[i] && !s {
					t.Fatalf("%s, seed %d: a longer term keeps less", name, seed)
				}
			}
		}
	}
}

// A year of thinning every few days ends where thinning once at its end does.
func TestHowOftenThinningRunsMakesNoDifference(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 2))
		var all, thinned []Version
		now := today
		for range 150 {
			now = now.Add(time.Duration(r.Int64N(int64(5 * day))))
			v := Version{now, fmt.Sprint(len(all))}
			all, thinned = append(all, v), append(thinned, v)
			if r.IntN(3) == 0 {
				thinned = kept(thinned, now, product)
			}
		}
		if a, b := kept(all, now, product), kept(thinned, now, product); !slices.Equal(a, b) {
			t.Fatalf("seed %d: %d stay at once, %d step by step", seed, len(a), len(b))
		}
	}
}

func TestADeletedFileHasATermOfItsOwn(t *testing.T) {
	if got := DeletedUntil(today, product); !got.Equal(today.Add(97 * day)) {
		t.Error(got)
	}
	if got := DeletedUntil(today, engine.Retention{All: -1, Deleted: -1}); !got.Equal(today) {
		t.Error(got)
	}
}

func TestThePolicyInWords(t *testing.T) {
	for _, c := range []struct {
		policy engine.Retention
		want   string
	}{
		{product, "Holdfast keeps every version for 1 week, one a day for 90 days, one a week for 1 year and one a month after that. The newest version always stays. The last version of a deleted file stays 90 days longer."},
		{engine.Retention{}, "Holdfast keeps one a month for good. The newest version always stays."},
		{engine.Retention{All: day, Monthly: -1}, "Holdfast keeps every version for 1 day. Older ones go; the newest version always stays."},
		{engine.Retention{Monthly: -1, Deleted: day}, "Only the newest version stays. The last version of a deleted file stays 1 day longer."},
		{engine.Retention{All: 36 * time.Hour, Daily: 14 * day, Monthly: 730 * day}, "Holdfast keeps every version for 36 hours, one a day for 2 weeks and one a month for 2 years. Older ones go; the newest version always stays."},
	} {
		if got := Sentence(c.policy); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	p := Preview([][]Version{every(time.Hour, 30*day, today), at(today)}, today, product)
	if p.Captures != 30*24+2 || p.Kept >= p.Captures || p.Sentence[:30] != "Of 722 backups made so far, 19" {
		t.Errorf("%+v", p)
	}
}

func TestAtLeastKeepsWhatEitherPolicyKeeps(t *testing.T) {
	short, long := engine.Retention{All: time.Hour, Monthly: day}, engine.Retention{All: 30 * day, Monthly: 400 * day}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var versions []Version
	for i := range 4000 {
		versions = append(versions, Version{Time: now.Add(-time.Duration(i) * 7 * time.Hour), ID: fmt.Sprint(i)})
	}
	for _, two := range [][2]engine.Retention{{product, short}, {short, long}, {product, long}} {
		a, b, both := Keep(versions, now, two[0]), Keep(versions, now, two[1]), Keep(versions, now, AtLeast(two[0], two[1]))
		kept := 0
		for i := range versions {
			if (a[i] || b[i]) && !both[i] {
				t.Fatalf("%+v: version %d stays by one and goes by both", two, i)
			}
			if both[i] {
				kept++
			}
		}
		if kept == len(versions) {
			t.Errorf("%+v keep everything", two)
		}
	}
}
