package settings

import (
	"testing"
	"time"

	"holdfast/engine"
)

func TestSpansAreSaidAsPeopleSayThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Minute: "1 minute", 15 * time.Minute: "15 minutes", time.Hour: "1 hour", 90 * time.Minute: "90 minutes",
		day: "1 day", week: "1 week", 90 * day: "90 days", year: "1 year", 2 * year: "2 years",
	} {
		if got := span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	if got := every(time.Minute); got != "Every minute" {
		t.Error(got)
	}
}

func TestTiersInWords(t *testing.T) {
	want := "Kept: every version for 1 week, one a day until 90 days, one a week until 1 year, then one a month for ever. The last version of a deleted file stays 90 days longer."
	if got := tiers(engine.DefaultSettings().Retention); got != want {
		t.Error(got)
	}
}

func TestNoTierEndsBeforeTheOneItFollows(t *testing.T) {
	r := ordered(engine.Retention{All: month, Daily: week, Weekly: day, Monthly: day})
	if r.Daily != month || r.Weekly != month || r.Monthly != month {
		t.Errorf("%+v", r)
	}
	if r := ordered(engine.Retention{All: month}); r.Monthly != 0 {
		t.Error("for ever has become an age")
	}
}

func TestAValueThatIsNotUsualIsOfferedInItsPlace(t *testing.T) {
	list := durations(20*time.Minute, span, 15*time.Minute, time.Hour)
	if len(list) != 3 || list[1].words != "20 minutes" {
		t.Errorf("%+v", list)
	}
}

func TestRatesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]int64{"2": 2_000_000, " 1,5 ": 1_500_000, "0.25": 250_000} {
		if got, ok := readRate(text); !ok || got != want {
			t.Errorf("%q is %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "fast", "0", "-1", "NaN", "Inf", "1e99"} {
		if got, ok := readRate(text); ok {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
}

func TestHours(t *testing.T) {
	work := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	h, sentence := readSpan(work, "18", "07:30")
	if sentence != "" || spanWords(h) != "Monday to Friday, 18:00 to 07:30" {
		t.Errorf("%q %q", spanWords(h), sentence)
	}
	if got := daysWords([]time.Weekday{time.Sunday, time.Monday}); got != "Monday, Sunday" {
		t.Error(got)
	}
	if got := daysWords(weekdays); got != "Every day" {
		t.Error(got)
	}
	for _, bad := range [][2]string{{"", "7"}, {"7", "x"}, {"7:60", "8"}, {"25", "8"}, {"24", "8"}, {"7", "07:00"}, {"-1", "8"}} {
		if h, sentence := readSpan(work, bad[0], bad[1]); sentence == "" {
			t.Errorf("%v is taken as %+v", bad, h)
		}
	}
	if _, sentence := readSpan(nil, "7", "8"); sentence == "" {
		t.Error("no day at all is taken")
	}
}

func TestWhatCanBeChosenInsteadOfAPassphrase(t *testing.T) {
	folder, college := engine.Destination{Address: "/media/backup"}, engine.Destination{Account: "ann@college.edu"}
	keys := func(kinds ...engine.KeyKind) (list []engine.Key) {
		for _, k := range kinds {
			list = append(list, engine.Key{Kind: k})
		}
		return list
	}
	for _, c := range []struct {
		name string
		at   engine.Destination
		keys []engine.Key
		want bool
	}{
		{"a folder without a passphrase", folder, keys(engine.KeyRecovery), false},
		{"a folder with a passphrase", folder, keys(engine.KeyPassphrase), true},
		{"an account of which nothing is known yet", college, nil, false},
		{"an account whose institution keeps a key", college, keys(engine.KeyInstitution, engine.KeyPassphrase), false},
		{"an account of which only the person has a key", college, keys(engine.KeyRecovery), true},
	} {
		if got := withoutPassphrase(c.at, c.keys); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestHowACheckEndedIsNeverBetterThanItWas(t *testing.T) {
	for _, c := range []struct {
		name string
		in   engine.CheckResult
		tone engine.Tone
	}{
		{"nothing wrong", engine.CheckResult{Packs: 3, Blobs: 9}, engine.ToneOK},
		{"healed", engine.CheckResult{Errors: []string{"x"}, Healed: 1}, engine.ToneWarn},
		{"files lost", engine.CheckResult{Errors: []string{"x"}, Damaged: []string{"/a"}}, engine.ToneBad},
	} {
		if text, tone := checked(c.in); tone != c.tone {
			t.Errorf("%s: %s %q", c.name, tone, text)
		}
	}
	if _, tone := proven(engine.Proof{Failed: []string{"x"}}); tone != engine.ToneBad {
		t.Error("a failed drill looks like a proof")
	}
}
