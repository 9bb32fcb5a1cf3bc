//go:build linux

package prune_test

import (
	"testing"
	"time"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/prune"
)

func TestWhatAReplacedComputerEndedWithStaysHoweverLongAnotherHasItsPlace(t *testing.T) {
	policy := engine.Retention{All: day, Monthly: day} // the shortest: the last day, and nothing older
	for _, row := range []struct {
		replaced []time.Time
		left     string
	}{
		{nil, "5 5.5 6"},
		{[]time.Time{start.Add(2*day + time.Hour)}, "1 1.5 2 5 5.5 6"},
		{[]time.Time{start.Add(2*day + time.Hour), start.Add(3 * day)}, "1 1.5 2 2.5 3 5 5.5 6"},
	} {
		b := New(t, Tree{"old": File("of the old computer")})
		was := map[string][]string{}
		for i := range 13 {
			if i == 5 {
				b.Remove("old")
			}
			at(b, float64(i)*0.5)
			was[b.Last().Time.UTC().String()] = Contents(t, b.Dir)
		}
		o := options(b, 6, policy)
		o.Devices[0].Replaced = row.replaced
		if _, err := prune.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if left := captures(b); left != row.left {
			t.Errorf("replaced at %v there are left %s, not %s", row.replaced, left, row.left)
		}
		sound(b, was)
	}
}
