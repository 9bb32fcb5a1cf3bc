package managefiles

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// whyCard says why the selected row is or is not backed up.
type whyCard struct {
	screen *Screen
	card   fyne.CanvasObject
	ground *look.Box
	title  *look.Text
	words  *look.Words
	join   *look.CheckBox
	offer  *look.Button
	joins  fyne.CanvasObject // join in its place, which takes no room when hidden
	offers fyne.CanvasObject
	body   *fyne.Container
}

func newWhyCard(s *Screen) *whyCard {
	c := &whyCard{screen: s, title: look.Heading("Why?").Truncate(), words: look.SoftParagraph("")}
	c.join = look.Check("New items join", engine.MarkEmpty, func(on bool) {
		if n := s.state.selected; n != nil {
			s.join(n, on)
		}
	})
	c.offer = look.Link("Back it up anyway", s.anyway)
	head := look.Row(8, look.NewGlyph(look.Icon("circle-help", look.ColorText), look.IconSize), look.Grow(c.title))
	c.joins, c.offers = look.Leading(c.join), tight(c.offer)
	c.body = look.Column(8, head, c.words, c.joins, c.offers)
	c.ground = look.NewBox(look.ColorSurface, look.ColorLine, look.CardRadius)
	c.card = container.NewStack(c.ground, look.Pad(c.body, 20, 20, 20, 20))
	return c
}

// tight sets a link flush with the words above it.
func tight(link fyne.CanvasObject) fyne.CanvasObject {
	return look.Leading(look.Pad(link, -6, 0, -6, -8))
}

func (c *whyCard) draw() {
	s := &c.screen.state
	n := s.selected
	offer, title, words := "", "Why?", "Select a file or folder to see the one rule that decides whether it is backed up."
	switch {
	case n == nil:
	case s.unknown != "":
		title, words = "Why "+n.row.Name+"?", s.unknown
	case s.reason == nil:
		title, words = "Why "+n.row.Name+"?", "Looking…"
	default:
		title, words = whyTitle(n.row, *s.reason), whyWords(n.row, *s.reason)
		offer = anyway(n.row, *s.reason)
	}
	c.title.Set(title)
	c.words.Set(words)
	show(c.joins, n != nil && n.row.Mark == engine.MarkDash && n.row.Parent)
	if n != nil {
		c.join.SetChecked(n.row.NewItems)
	}
	c.offer.SetText(offer)
	show(c.offers, offer != "")
	c.ground.SetColors(look.ColorSurface, look.ColorLine)
	c.screen.view.relayout()
}

// flash draws the line around the card in the accent until the next reason.
func (c *whyCard) flash() { c.ground.SetColors(look.ColorSurface, look.ColorAccent) }

// whyWords are the rule and what else is known of the row.
func whyWords(row engine.SelectRow, r engine.Reason) string {
	words := strings.TrimSpace(r.Rule)
	if x := r.Exclusion; x != nil {
		title := ruleTitle(*x)
		if i := strings.Index(words, title); i >= 0 && !strings.Contains(words, "**") {
			words = words[:i] + "**" + title + "**" + words[i+len(title):]
		}
	}
	if row.Mark == engine.MarkEmpty && row.Size > 0 {
		words += fmt.Sprintf(" It would add %s.", look.Bytes(row.Size))
	}
	if !r.Last.IsZero() {
		words += " Its last version was stored on " + r.Last.Format("2 January 2006") + "."
	}
	return strings.TrimSpace(words)
}

func show(o fyne.CanvasObject, visible bool) {
	if visible {
		o.Show()
	} else {
		o.Hide()
	}
}

// rulesCard lists the exclusions; short is what stands for it in a narrow window.
type rulesCard struct {
	screen *Screen
	card   fyne.CanvasObject
	short  fyne.CanvasObject
	list   *fyne.Container
	count  *look.Text
	sheet  *fyne.Container // the same list in a sheet
}

func newRulesCard(s *Screen) *rulesCard {
	c := &rulesCard{screen: s, list: look.Column(8), count: look.SoftSmall(""), sheet: look.Column(8)}
	add := tight(look.Link("Add a rule…", s.addRule))
	// The scroll begins left of the boxes, so that it does not cut the ring of one
	// that has the focus, and its bar has room of its own.
	scrolled := look.Pad(look.Column(8, c.list, look.Pad(add, 0, 0, 0, ring)), 0, 8, 0, 0)
	body := look.Column(8, look.Pad(look.Heading("Exclusions"), 0, 0, 0, ring), look.Grow(look.Scroll(scrolled)))
	c.card = container.NewStack(look.NewBox(look.ColorSurface, look.ColorLine, look.CardRadius), look.Pad(body, 20, 12, 20, 20-ring))
	c.short = look.CardPadded(look.Column(8, look.Heading("Exclusions"), c.count,
		tight(look.Link("Show and change…", c.open))), 20)
	return c
}

// wanted is the height at which nothing has to be scrolled.
func (c *rulesCard) wanted() float32 {
	n := float32(len(c.list.Objects))
	return 2*20 + 20 + 8 + n*ruleHeight + max(0, n-1)*8 + 8 + 24
}

func (c *rulesCard) open() {
	var sheet *look.Dialog
	sheet = look.SheetSized(c.screen.deps.Window, "Exclusions", look.Scroll(c.sheet), 460,
		look.Secondary("Add a rule…", "plus", func() { sheet.Hide(); c.screen.addRule() }),
		look.Primary("Done", "", func() { sheet.Hide() }))
	sheet.Show()
}

func (c *rulesCard) draw() {
	s := &c.screen.state
	c.list.Objects, c.sheet.Objects = nil, nil
	for _, x := range rules(s.draft) {
		c.list.Add(c.row(x))
		c.sheet.Add(c.row(x))
	}
	c.count.Set(ruleCount(s.draft))
	c.list.Refresh()
	c.sheet.Refresh()
	c.screen.view.relayout()
}

func (c *rulesCard) row(x engine.Exclusion) fyne.CanvasObject {
	s := c.screen
	mark := engine.MarkCheck
	if x.Off {
		mark = engine.MarkEmpty
	}
	key := x
	key.Off = false
	box := look.Check("", mark, func(on bool) { s.change(switchExclusion(s.state.draft, x, on)) })
	label := look.Tap(look.Body(ruleTitle(x)).Truncate(), box.Toggle)
	size := look.SoftSmall(matchedSize(s.state.matched, key)).Right()
	if x.Kind == engine.ExcludePreset {
		return container.New(ruleLayout{}, box, label, size)
	}
	remove := look.NewRowIcon("x", look.ColorSoft, "Remove the rule", func() { s.change(dropExclusion(s.state.draft, x)) })
	return container.New(ruleLayout{}, box, label, size, remove)
}

func matchedSize(known map[engine.Exclusion]engine.ExclusionPreview, x engine.Exclusion) string {
	p, ok := known[x]
	if !ok {
		return "…"
	}
	return look.Bytes(p.Matched.Bytes)
}

const (
	ring       float32 = 3 // around a box, for the focus
	ruleHeight float32 = 22
)

// ruleLayout puts box, title, size and perhaps the cross of a rule on one line; the
// title is cut where there is no room for it.
type ruleLayout struct{}

func (ruleLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(160, ruleHeight) }

func (ruleLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	right := size.Width
	if len(o) > 3 {
		right -= 20
		place(o[3], right, 0, 20, ruleHeight)
		right -= 2
	}
	wide := o[2].MinSize().Width
	place(o[0], 0, 0, ruleHeight, ruleHeight)
	place(o[2], right-wide, 0, wide, ruleHeight)
	place(o[1], 27, 0, max(0, right-wide-8-27), ruleHeight)
}

// noteCard says what taking a check away does, and what can still be undone.
type noteCard struct {
	screen *Screen
	card   fyne.CanvasObject
	undo   *look.Button
	offer  fyne.CanvasObject // undo in its place
}

func newNoteCard(s *Screen) *noteCard {
	c := &noteCard{screen: s}
	c.undo = look.SmallLink("", s.showRemovals)
	c.offer = look.Leading(c.undo)
	c.card = look.Card(look.Column(8, look.SmallParagraph("Taking a check away stops backing up. Versions that are stored stay."), c.offer))
	return c
}

func (c *noteCard) draw() {
	n := len(c.screen.state.removals)
	c.undo.SetText(look.Plural(int64(n), "removal", "removals") + " can be undone…")
	show(c.offer, n > 0)
	c.screen.view.relayout()
}
