package managefiles

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// toggleCheck is what a press on the box of a row, or Space, does.
func (s *Screen) toggleCheck(n *node) {
	switch {
	case n.row.Mark == engine.MarkCheck:
		s.drop(n)
	case excluded(n.row):
		s.choose(n)
		s.why(n, s.anyway)
	default:
		s.take(n)
	}
}

// take backs up a row and everything in it.
func (s *Screen) take(n *node) {
	path := n.row.Path
	s.state.tree.expect(path, engine.MarkCheck)
	s.change(check(s.state.draft, path))
}

// drop stops backing up a row. The first time that this leaves a folder partly
// chosen, it asks whether new items in it still join.
func (s *Screen) drop(n *node) {
	path, folder := n.row.Path, n.parent
	before := s.state.draft
	s.state.tree.expect(path, engine.MarkEmpty)
	s.change(uncheck(before, path))
	if folder != nil && !s.state.asked && !partly(before) && inherits(before, path) {
		s.state.asked = true
		s.askJoin(n.row.Name, folder)
	}
}

// partly says whether a selection has a folder of which something was taken away
// before, so that the question about new items is an old one.
func partly(s engine.Selection) bool {
	for _, c := range s.Choices {
		if !c.Include || !c.NewItems {
			return true
		}
	}
	return false
}

func (s *Screen) askJoin(name string, folder *node) {
	words := fmt.Sprintf("%s is left out from now on. When something new appears in %s, is it to be backed up by itself? You can change this for each folder beside its reason.", name, folder.row.Name)
	var sheet *look.Dialog
	sheet = look.SheetSized(s.deps.Window, "New items in "+folder.row.Name, look.SoftParagraph(words), 480,
		look.Secondary("Only what is checked", "", func() { sheet.Hide(); s.join(folder, false) }),
		look.Primary("New items join", "", func() { sheet.Hide() }))
	sheet.Show()
}

// join says whether new items of a folder join. It asks for the rows of the folder
// under the draft first, because those that are there must not change.
func (s *Screen) join(n *node, on bool) {
	draft, path := s.state.draft, n.row.Path
	s.desk.Ask(&s.marking, func(ctx context.Context) func() {
		rows, err := s.deps.Engine.Children(ctx, draft, path)
		return func() {
			if err != nil {
				look.Say(s.deps.Window, err)
				s.mark()
				return
			}
			s.change(join(draft, path, on, rows))
		}
	})
}

// anyway is the offer of the card: it undoes the one rule that decides about the
// selected row.
func (s *Screen) anyway() {
	n, reason := s.state.selected, s.state.reason
	switch {
	case n == nil || reason == nil:
	case n.row.Mark == engine.MarkDash:
		s.take(n)
	case reason.Included:
		s.drop(n)
	case reason.Exclusion != nil:
		s.liftExclusion(n, *reason.Exclusion)
	default:
		s.take(n)
	}
}

// liftExclusion says what switching an exclusion off would bring before doing it:
// it is in force for every folder, not only for this row.
func (s *Screen) liftExclusion(n *node, x engine.Exclusion) {
	x.Off = false
	words := fmt.Sprintf("%s is left out because the exclusion **%s** is in force everywhere. Backing it up means switching that exclusion off.", n.row.Name, ruleTitle(x))
	if p, ok := s.state.matched[x]; ok {
		words += fmt.Sprintf(" %s, %s would then be backed up as well.", look.Files(p.Matched.Files), look.Bytes(p.Matched.Bytes))
	}
	var sheet *look.Dialog
	sheet = look.SheetSized(s.deps.Window, "Switch the exclusion off?", look.SoftParagraph(words), 480,
		look.Secondary("Leave it out", "", func() { sheet.Hide() }),
		look.Primary("Switch it off", "", func() {
			sheet.Hide()
			draft := switchExclusion(s.state.draft, x, false)
			if !inherits(draft, n.row.Path) && !own(draft, n.row.Path) {
				draft = check(draft, n.row.Path)
			}
			s.change(draft)
		}))
	sheet.Show()
}

// menu is what the other mouse button opens on a row.
func (s *Screen) menu(n *node) *fyne.Menu {
	item := fyne.NewMenuItem
	m := fyne.NewMenu("", item("Why…", func() { s.view.pointAtWhy(n) }))
	if n.row.Mark != engine.MarkCheck {
		m.Items = append(m.Items, item("Back it up", func() { s.toggleCheck(n) }))
	}
	if n.row.Mark != engine.MarkEmpty {
		m.Items = append(m.Items, item("Stop backing it up", func() { s.drop(n) }))
	}
	if n.row.Mark == engine.MarkDash && n.row.Parent {
		joins := item("New items join", func() { s.join(n, !n.row.NewItems) })
		joins.Checked = n.row.NewItems
		m.Items = append(m.Items, joins)
	}
	m.Items = append(m.Items, fyne.NewMenuItemSeparator(),
		item("Remove from backup…", func() { s.askRemove(n) }))
	return m
}
