package settings

import (
	"reflect"
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

func newSchedule(s *Screen) *section {
	interval := newChoice(func(d time.Duration) {
		s.change(every(d)+" what changed is stored.", func(e *engine.Settings) { e.Schedule.Every = d })
	})
	spans := look.Column(4)
	var drawn []engine.HourSpan
	add := look.Secondary("Add hours…", "plus", func() { s.addHours() })
	hours := look.Column(10,
		row("Hours", "Backups start only within these hours. Getting files back is never limited.", add), spans)
	return &section{name: "Schedule", icon: "clock",
		content: card("When to back up",
			row("Store what changed", "The more often, the less is lost between two versions.", interval.field()), hours),
		draw: func() {
			c := s.state.settings.Schedule
			interval.set(c.Every, durations(c.Every, every, time.Minute, 5*time.Minute, 15*time.Minute, 30*time.Minute,
				time.Hour, 2*time.Hour, 4*time.Hour, 12*time.Hour, day))
			if len(spans.Objects) > 0 && reflect.DeepEqual(drawn, c.Hours) {
				return // a row that is pressed must not be made anew
			}
			drawn = c.Hours
			spans.Objects = nil
			if len(c.Hours) == 0 {
				spans.Add(look.SoftBody("At any time"))
			}
			for i, h := range c.Hours {
				spans.Add(s.hoursRow(i, h))
			}
			spans.Refresh()
		}}
}

func (s *Screen) hoursRow(i int, h engine.HourSpan) fyne.CanvasObject {
	remove := look.IconButton("x", "Remove these hours", func() {
		s.change("The hours were removed.", func(e *engine.Settings) {
			e.Schedule.Hours = slices.Delete(slices.Clone(e.Schedule.Hours), i, i+1)
		})
	})
	return look.Row(8, look.NewGlyph(look.Icon("clock", look.ColorSoft), 16), look.Grow(look.Body(spanWords(h)).Truncate()), remove)
}

// addHours asks for days and two times.
func (s *Screen) addHours() {
	boxes := make([]*look.CheckBox, len(weekdays))
	days := look.Column(6)
	for i, d := range weekdays {
		boxes[i] = look.Check(d.String(), engine.MarkCheck, nil)
		days.Add(look.Leading(boxes[i]))
	}
	from, to := look.NewInput("18:00"), look.NewInput("07:00")
	from.SetText("18:00")
	to.SetText("07:00")
	wrong := look.Paragraph("")
	wrong.SetColor(look.ColorBad)
	wrong.Hide()
	var sheet *look.Dialog
	save := func() {
		var chosen []time.Weekday
		for i, b := range boxes {
			if b.Checked() {
				chosen = append(chosen, weekdays[i])
			}
		}
		h, says := readSpan(chosen, from.Text, to.Text)
		if says != "" {
			wrong.Set(says)
			wrong.Show()
			sheet.Resize()
			return
		}
		sheet.Hide()
		s.change("Backups now start within the hours below.", func(e *engine.Settings) {
			e.Schedule.Hours = append(slices.Clone(e.Schedule.Hours), h)
		})
	}
	from.OnEscape = func() bool { sheet.Hide(); return true }
	to.OnEscape = from.OnEscape
	from.OnSubmitted = func(string) { save() }
	to.OnSubmitted = from.OnSubmitted
	body := look.Column(look.Gap, days,
		look.Row(look.Gap, look.Sized(look.Field("From", from), 120, 0), look.Sized(look.Field("To", to), 120, 0)),
		look.SmallParagraph("An end before the beginning is on the next morning."), wrong)
	sheet = look.SheetSized(s.deps.Window, "Add hours", body, 420,
		look.Secondary("Cancel", "", func() { sheet.Hide() }), look.Primary("Add", "", save))
	sheet.Show()
}
