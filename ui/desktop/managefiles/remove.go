package managefiles

import (
	"context"
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// hold is how long a removal can be undone.
const hold = 30 * 24 * time.Hour

// askRemove explains what removing means before it is done. It is a separate act:
// taking a check away never removes a version.
func (s *Screen) askRemove(n *node) {
	name, path := n.row.Name, n.row.Path
	s.desk.Once(func(ctx context.Context) func() {
		also, err := s.deps.Engine.RemoveAlso(ctx, path)
		return func() {
			if err != nil {
				look.Say(s.deps.Window, err)
				return
			}
			s.showRemove(name, path, also)
		}
	})
}

func (s *Screen) showRemove(name, path string, also []string) {
	words := look.SoftParagraph(removeWords(name, also, s.deps.Now().Add(hold)))
	var sheet *look.Dialog
	sheet = look.SheetSized(s.deps.Window, "Remove "+name+" from the backup?", words, 480,
		look.Secondary("Keep it", "", func() { sheet.Hide() }),
		look.Danger("Remove", "", func() { sheet.Hide(); s.remove(path) }))
	sheet.Show()
}

// removeWords say what goes, and until when it can come back. Also are the computers
// that this one replaced and that had it too.
func removeWords(name string, also []string, final time.Time) string {
	words := fmt.Sprintf("Every version of **%s** that is stored disappears from Get Files at once, and it is no longer backed up. ", name)
	if len(also) > 0 {
		words += "This computer has the place of another, so it disappears from **" + strings.Join(also, "** and **") + "** too. "
	}
	return words + fmt.Sprintf("Until %s you can undo both here; after that, the versions are deleted for good when space is freed. The files on this computer stay as they are.", final.Format("2 January"))
}

// remove removes, apart from whatever else the draft holds. The engine takes the check
// away with it, and gives it back with an undo.
func (s *Screen) remove(path string) {
	s.desk.Once(func(ctx context.Context) func() {
		_, err := s.deps.Engine.RemoveFromBackup(ctx, path)
		return func() {
			if err == nil && s.state.dirty() {
				s.state.draft = uncheck(s.state.draft, path)
			}
			look.Say(s.deps.Window, err)
			s.load()
		}
	})
}

// listRemovals asks what can still be undone.
func (s *Screen) listRemovals() {
	s.desk.Ask(&s.removing, func(ctx context.Context) func() {
		list, err := s.deps.Engine.Removals(ctx)
		return func() {
			if err != nil {
				return // the list is only an offer; the next load asks again
			}
			s.state.removals = list
			s.view.drawNote()
		}
	})
}

// showRemovals lists what was removed, each with its undo.
func (s *Screen) showRemovals() {
	list := look.Column(0)
	var sheet *look.Dialog
	for i, r := range s.state.removals {
		if i > 0 {
			list.Add(look.Rule())
		}
		list.Add(s.removalRow(r, func() { sheet.Hide() }))
	}
	body := look.Column(12,
		look.SoftParagraph("What was removed from the backup is deleted for good when space is freed after the day that stands beside it."), list)
	sheet = look.SheetSized(s.deps.Window, "Removed from the backup", scrolled(look.Pad(body, 0, 12, 0, 0), 60+58*float32(len(s.state.removals))), 560,
		look.Primary("Done", "", func() { sheet.Hide() }))
	sheet.Show()
}

func (s *Screen) removalRow(r engine.Removal, closed func()) fyne.CanvasObject {
	words := look.Column(0,
		look.Body(r.Path).TruncateMiddle(),
		look.SoftSmall(fmt.Sprintf("%s, %s · deleted for good after %s", look.Files(r.Amount.Files), look.Bytes(r.Amount.Bytes), r.Final.Format("2 January"))).Truncate())
	undo := look.Secondary("Undo", "undo-2", func() {
		closed()
		s.desk.Once(func(ctx context.Context) func() {
			err := s.deps.Engine.UndoRemove(ctx, r.ID)
			return func() {
				look.Say(s.deps.Window, err)
				s.load()
			}
		})
	})
	return look.Pad(look.Row(12, look.Grow(words), undo), 10, 0, 10, 0)
}
