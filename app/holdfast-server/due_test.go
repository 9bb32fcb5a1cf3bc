package main

import (
	"fmt"
	"testing"
	"time"

	"holdfast/engine"
)

func TestWhatCouldBeFreedIsToldWhenItHasWaitedForLong(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.join()
		due := func() engine.Due {
			t.Helper()
			s, err := p.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return s.Due
		}
		p.write("Old/draft.txt", "draft")
		for i := range 40 {
			p.write("letter.txt", fmt.Sprint("dear ", i))
			p.backUp()
			c.clock.pass(time.Hour)
		}
		if _, err := p.RemoveFromBackup(t.Context(), p.user+"/Old"); err != nil {
			t.Fatal(err)
		}
		c.clock.pass(25 * 24 * time.Hour)
		p.write("letter.txt", "a month later")
		p.backUp()
		if d := due(); d.Any() {
			t.Errorf("after a month: %+v", d)
		}
		c.clock.pass(70 * 24 * time.Hour)
		p.write("letter.txt", "three months later")
		p.backUp()
		d := due()
		if d.Versions < 30 || d.Versions > 40 || d.Removals != 1 || d.Since.IsZero() {
			t.Errorf("after three months: %+v", d)
		}
		p.signIn()
		out, err := p.Maintain(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if out.Forgotten != d.Versions {
			t.Errorf("told of %d, freed %d", d.Versions, out.Forgotten)
		}
		if d := due(); d.Any() {
			t.Errorf("after it was freed: %+v", d)
		}
		c.clock.pass(2 * 24 * time.Hour)
		p.backUp()
		if d := due(); d.Any() {
			t.Errorf("and soon after that: %+v", d)
		}
	})
}

func TestThePreviewOfVersionsCountsByTheTimesOfTheServer(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.join()
		for i := range 4 { // all within the day by the server's clock, days apart by the computer's
			p.fast = time.Duration(i) * 10 * 24 * time.Hour
			p.reopen()
			p.write("letter.txt", fmt.Sprint("dear ", i))
			p.backUp()
		}
		keepsDay := engine.Retention{All: 24 * time.Hour, Monthly: 24 * time.Hour}
		seen, err := p.PreviewRetention(t.Context(), keepsDay)
		if err != nil || seen.Captures != 4 || seen.Kept != 4 {
			t.Errorf("by the preview %d of %d stay, %v", seen.Kept, seen.Captures, err)
		}
		settings, err := p.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settings.Retention = keepsDay
		if err := p.SaveSettings(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
		p.signIn()
		if out, err := p.Maintain(t.Context()); err != nil || out.Forgotten != 0 {
			t.Errorf("%+v are gone, %v", out, err)
		}
	})
}
