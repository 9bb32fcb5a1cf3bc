package settings

import (
	"context"
	"fmt"
	"time"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

func newVersions(s *Screen) *section {
	tier := func(set func(*engine.Retention, time.Duration)) *choice[time.Duration] {
		return newChoice(func(d time.Duration) {
			r := s.state.settings.Retention
			set(&r, d)
			s.changeRetention(ordered(r))
		})
	}
	all := tier(func(r *engine.Retention, d time.Duration) { r.All = d })
	daily := tier(func(r *engine.Retention, d time.Duration) { r.Daily = d })
	weekly := tier(func(r *engine.Retention, d time.Duration) { r.Weekly = d })
	monthly := tier(func(r *engine.Retention, d time.Duration) { r.Monthly = d })
	deleted := tier(func(r *engine.Retention, d time.Duration) { r.Deleted = d })
	space, drawSpace := newSpace(s)
	words, keeps := look.Paragraph(""), look.SoftParagraph("")
	return &section{name: "Versions", icon: "history",
		content: look.Column(look.Gap, card("How long versions stay",
			row("Every version", "Each time something was stored.", all.field()),
			row("Then one a day", "Until a version is this old.", daily.field()),
			row("Then one a week", "Until a version is this old.", weekly.field()),
			row("Then one a month", "Until a version is this old.", monthly.field()),
			row("Deleted files", "The last version of a deleted file stays this much longer.", deleted.field())),
			card("In words", look.Column(6, words, keeps)),
			space),
		draw: func() {
			r := s.state.settings.Retention
			all.set(r.All, durations(r.All, span, day, 3*day, week, 2*week, month))
			daily.set(r.Daily, durations(r.Daily, span, week, month, 90*day, 180*day, year))
			weekly.set(r.Weekly, durations(r.Weekly, span, 90*day, year, 2*year, 5*year))
			monthly.set(r.Monthly, forEverLast(durations(r.Monthly, forEver, 0, year, 2*year, 5*year, 10*year)))
			deleted.set(r.Deleted, durations(r.Deleted, longer, 0, month, 90*day, year))
			words.Set(tiers(r))
			keeps.Set(keepWords(s.state.preview, s.state.known))
			drawSpace()
		}}
}

func forEver(d time.Duration) string {
	if d == 0 {
		return "For ever"
	}
	return span(d)
}

func longer(d time.Duration) string {
	if d == 0 {
		return "Not longer"
	}
	return span(d)
}

// forEverLast moves zero, which means for ever, behind the ages.
func forEverLast(list []option[time.Duration]) []option[time.Duration] {
	return append(list[1:len(list):len(list)], list[0])
}

// keepWords says what the tiers do to the versions that there are.
func keepWords(p engine.RetentionPreview, known bool) string {
	switch {
	case !known:
		return "Counting what that keeps…"
	case p.Sentence != "":
		return p.Sentence
	}
	return fmt.Sprintf("Of %s that are stored, %s stay.", look.Plural(int64(p.Captures), "version", "versions"), look.Count(int64(p.Kept)))
}

// changeRetention asks first when versions that stay now would go: unlike any other
// setting, this one cannot be undone here once the versions are gone.
func (s *Screen) changeRetention(r engine.Retention) {
	now, known := s.state.preview, s.state.known
	s.desk.Ask(&s.previewing, func(ctx context.Context) func() {
		then, err := s.deps.Engine.PreviewRetention(ctx, r)
		return func() {
			save := func() {
				s.change("How long versions stay was changed.", func(e *engine.Settings) { e.Retention = r })
			}
			fewer := now.Kept - then.Kept
			switch {
			case err != nil:
				look.Say(s.deps.Window, err)
				s.view.draw()
			case known && fewer > 0:
				s.askFewer(fewer, then, save)
			default:
				save()
			}
		}
	})
}

func (s *Screen) askFewer(fewer int, then engine.RetentionPreview, save func()) {
	words := fmt.Sprintf("%s that stay now %s %s",
		look.Plural(int64(fewer), "stored version", "stored versions"), fewerMeans(s.state.status.Destination), keepWords(then, true))
	var sheet *look.Dialog
	sheet = look.SheetSized(s.deps.Window, "Keep fewer versions?", look.SoftParagraph(words), 480,
		look.Secondary("Leave it as it is", "", func() { sheet.Hide() }),
		look.Danger("Keep fewer", "", func() { sheet.Hide(); save() }))
	sheet.OnClosed = s.view.draw
	sheet.Show()
}
