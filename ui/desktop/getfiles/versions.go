package getfiles

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// The list of versions shows this many before it scrolls.
const (
	versionRows   = 5
	versionHeight = float32(40)
	bubbleWidth   = float32(304)
)

// versions is the bubble of the clock: all versions of one file.
type versions struct {
	screen   *Screen
	item     engine.Item
	computer string // name of the one that is browsed
	all      []engine.Version
	list     *look.List
	words    *look.Words
	body     *fyne.Container
	buttons  []*look.Button
	bubble   *bubble
}

// showVersions opens the clock of a row.
func (s *Screen) showVersions(i int) {
	if i < 0 || i >= len(s.state.Items) || !clockable(s.state.Items[i]) || s.window == nil {
		return
	}
	s.state.Now = s.now()
	v := &versions{screen: s, item: s.state.Items[i], computer: s.state.computer().Name}
	content := v.build()
	right, under, over := s.anchor(i)
	v.bubble = s.showBubble(content, nil, below(right, under, over))
	v.ask()
}

func (v *versions) build() fyne.CanvasObject {
	v.list = look.NewList(func() int { return len(v.all) },
		func() fyne.CanvasObject { return newVersionRow() },
		func(i int, o fyne.CanvasObject) { v.fill(i, o.(*versionRow)) })
	v.list.SetRowHeight(versionHeight)
	v.list.OnSelected = func(int) { v.list.Refresh() }
	v.list.OnActivated = func(int) { v.choose() }
	v.list.OnKey = func(_ int, e *fyne.KeyEvent) {
		if e.Name == fyne.KeyEscape {
			v.bubble.hide()
		}
	}
	v.words = look.SoftParagraph("Looking for versions…")
	v.body = look.Column(0, v.words)
	v.buttons = []*look.Button{
		look.Primary("Choose", "", v.choose),
		look.Secondary("Preview", "", v.preview),
		look.Secondary("Compare", "", v.compare),
	}
	for _, b := range v.buttons {
		b.Disable()
	}
	title := look.Heading("Versions of " + shown(v.item.Name)).Truncate()
	shut := look.IconButton("x", "Close", func() { v.bubble.hide() })
	head := look.Pad(look.Row(8, look.Grow(title), shut), 0, 0, 0, 10)
	foot := look.Pad(look.Row(8, v.buttons[0], v.buttons[1], v.buttons[2]), 8, 0, 0, 10)
	return look.Sized(look.Column(4, head, v.body, foot), bubbleWidth, 0)
}

// ask asks for the versions.
func (v *versions) ask() {
	s, computer := v.screen, v.screen.state.Computer
	s.desk.ask(&s.clock, func(ctx context.Context) func() {
		all, err := s.engine.Versions(ctx, computer, v.item.Path)
		return func() {
			if v.bubble == s.floating {
				v.got(all, err)
			}
		}
	})
}

func (v *versions) got(all []engine.Version, err error) {
	switch {
	case err != nil:
		v.words.Set(look.Sentence(err))
	case len(all) == 0:
		v.words.Set("No version of it is kept.")
	default:
		v.all = all
		rows := float32(min(len(all), versionRows))
		v.body.Objects = []fyne.CanvasObject{container.New(high(rows*versionHeight), v.list)}
		v.body.Refresh()
		for _, b := range v.buttons {
			b.Enable()
		}
	}
	v.bubble.Refresh()
	if len(v.all) > 0 {
		v.list.Select(v.begin())
		v.bubble.window.Canvas().Focus(v.list)
	}
}

// begin is the version that is marked at first: the one that is chosen already,
// else the newest as of the moment that is looked at.
func (v *versions) begin() int {
	st := &v.screen.state
	if p, ok := st.chosen().byPath[clean(v.item.Path)]; ok && p.version != "" {
		for i, one := range v.all {
			if one.ID == p.version {
				return i
			}
		}
	}
	for i, one := range v.all {
		if st.At.IsZero() || !one.Captured.After(st.At) {
			return i
		}
	}
	return 0
}

func (v *versions) fill(i int, r *versionRow) {
	one := v.all[i]
	r.dot.Set(i == v.list.Selected())
	r.when.Set(v.when(i))
	r.size.Set(look.Bytes(one.Size))
	from := ""
	if one.Computer != "" && one.Computer != v.computer {
		from = shown(one.Computer)
	}
	r.from.Set(from)
}

// when says when a version was stored, to the second where another one was stored
// in the same minute.
func (v *versions) when(i int) string {
	words := look.When(v.all[i].Captured, v.screen.state.Now)
	for _, j := range []int{i - 1, i + 1} {
		if j >= 0 && j < len(v.all) && look.When(v.all[j].Captured, v.screen.state.Now) == words {
			return words + v.all[i].Captured.In(v.screen.state.Now.Location()).Format(":05")
		}
	}
	return words
}

func (v *versions) selected() (engine.Version, bool) {
	if i := v.list.Selected(); i >= 0 && i < len(v.all) {
		return v.all[i], true
	}
	return engine.Version{}, false
}

func (v *versions) choose() {
	if one, ok := v.selected(); ok {
		v.bubble.hide()
		v.screen.chooseVersion(v.item, one)
	}
}

func (v *versions) preview() {
	if one, ok := v.selected(); ok {
		v.screen.showPreview(v.item, v.ref(one), "as of "+look.When(one.Captured, v.screen.state.Now))
	}
}

func (v *versions) compare() {
	if one, ok := v.selected(); ok {
		v.screen.showCompare(v.item, one, v.all)
	}
}

func (v *versions) ref(one engine.Version) engine.Ref {
	return engine.Ref{Computer: v.screen.state.Computer, Path: v.item.Path, Version: one.ID}
}

// high is the layout of one object at a height of its own, be it less than the
// object asks for.
type high float32

func (h high) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(80, float32(h)) }
func (h high) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
		o.Move(fyne.Position{})
	}
}

// versionRow is one version: when, on which computer if on another, how large.
type versionRow struct {
	widget.BaseWidget
	dot  *look.RadioDot
	when *look.Text
	from *look.Text
	size *look.Text
	row  fyne.CanvasObject
}

func newVersionRow() *versionRow {
	r := &versionRow{dot: look.NewRadioDot(false), when: look.Body(""), from: look.SoftSmall("").Truncate(), size: look.SmallFigures("").Right()}
	r.row = look.Pad(look.Row(8, r.dot, r.when, look.Grow(r.from), r.size), 0, 10, 0, 10)
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer is for Fyne.
func (r *versionRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.row) }
