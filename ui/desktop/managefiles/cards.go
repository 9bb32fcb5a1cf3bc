package managefiles

import (
	"fmt"
	"slices"
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
	undo   *look.Button // as in the note card, which a narrow window has no room for
	undos  fyne.CanvasObject
	sheet  *fyne.Container    // the same list in a sheet
	drawn  []engine.Exclusion // the rules that have rows; their marks may be older
	rows   []*ruleRow         // two for each of them: of the card and of the sheet
}

func newRulesCard(s *Screen) *rulesCard {
	c := &rulesCard{screen: s, list: look.Column(8), count: look.SoftSmall(""), sheet: look.Column(8)}
	add := tight(look.Link("Add a rule…", s.addRule))
	// The scroll begins left of the boxes, so that it does not cut the ring of one
	// that has the focus, and its bar has room of its own.
	scrolled := look.Pad(look.Column(8, c.list, look.Pad(add, 0, 0, 0, ring)), 0, 8, 0, 0)
	body := look.Column(8, look.Pad(look.Heading("Exclusions"), 0, 0, 0, ring), look.Grow(look.Scroll(scrolled)))
	c.card = container.NewStack(look.NewBox(look.ColorSurface, look.ColorLine, look.CardRadius), look.Pad(body, 20, 12, 20, 20-ring))
	c.undo = look.SmallLink("", s.showRemovals)
	c.undos = look.Leading(c.undo)
	c.undos.Hide()
	c.short = look.Card(look.Column(8, look.Heading("Exclusions"), c.count,
		tight(look.Link("Show and change…", c.open)), c.undos))
	return c
}

// wanted is the height at which nothing has to be scrolled.
func (c *rulesCard) wanted() float32 {
	n := float32(len(c.list.Objects))
	return 2*20 + 20 + 8 + n*ruleHeight + max(0, n-1)*8 + 8 + 24
}

func (c *rulesCard) open() {
	var sheet *look.Dialog
	list := look.Pad(c.sheet, 0, 12, 0, 0)
	sheet = look.SheetSized(c.screen.deps.Window, "Exclusions", scrolled(list, list.MinSize().Height), 460,
		look.Secondary("Add a rule…", "plus", func() { sheet.Hide(); c.screen.addRule() }),
		look.Primary("Done", "", func() { sheet.Hide() }))
	sheet.Show()
}

// scrolled is what may be too high for a sheet, as high as it needs up to a limit.
func scrolled(o fyne.CanvasObject, wanted float32) fyne.CanvasObject {
	return look.Sized(look.Scroll(o), 0, min(wanted, 400))
}

// draw makes new rows only when there are other rules, so that a box that was just
// pressed keeps the focus.
func (c *rulesCard) draw() {
	s := &c.screen.state
	now := rules(s.draft)
	if !slices.EqualFunc(now, c.drawn, sameRule) {
		c.list.Objects, c.sheet.Objects, c.rows = nil, nil, nil
		for _, x := range now {
			a, b := newRuleRow(c.screen, x), newRuleRow(c.screen, x)
			c.rows = append(c.rows, a, b)
			c.list.Add(a.line)
			c.sheet.Add(b.line)
		}
		c.list.Refresh()
		c.sheet.Refresh()
	}
	c.drawn = now
	for i, x := range now {
		c.rows[2*i].draw(s, x)
		c.rows[2*i+1].draw(s, x)
	}
	c.count.Set(ruleCount(s.draft))
	c.screen.view.relayout()
}

// ruleRow is one exclusion: box, title, size, and the cross of one's own.
type ruleRow struct {
	line *fyne.Container
	box  *look.CheckBox
	size *look.Text
}

func newRuleRow(s *Screen, x engine.Exclusion) *ruleRow {
	r := &ruleRow{size: look.SoftSmall("").Right()}
	r.box = look.Check("", engine.MarkEmpty, func(on bool) { s.change(switchExclusion(s.state.draft, x, on)) })
	label := look.Tap(look.Body(ruleTitle(x)).Truncate(), r.box.Toggle)
	r.line = container.New(ruleLayout{}, r.box, label, r.size)
	if x.Kind != engine.ExcludePreset {
		r.line.Add(look.NewRowIcon("x", look.ColorSoft, "Remove the rule", func() { s.change(dropExclusion(s.state.draft, x)) }))
	}
	return r
}

func (r *ruleRow) draw(s *state, x engine.Exclusion) {
	r.box.SetChecked(!x.Off)
	x.Off = false
	if words := matchedSize(s.matched, x); words != r.size.Words() {
		r.size.Set(words)
		r.line.Refresh()
	}
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
	v, n := c.screen.view, len(c.screen.state.removals)
	words := look.Plural(int64(n), "removal", "removals") + " can be undone…"
	c.undo.SetText(words)
	v.rules.undo.SetText(words)
	show(c.offer, n > 0)
	show(v.rules.undos, n > 0)
	v.relayout()
}
